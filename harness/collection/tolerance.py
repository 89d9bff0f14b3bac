"""How far outputs may be from the declared ones: the description's own tolerance, else its format's default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.cell import WeightsFormat


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """An element differs if ``|produced - expected| > atol + rtol * |expected|``; ``ppm`` of them may."""

    atol: float = 1e-3
    rtol: float = 1e-3
    ppm: float = 0.0


class ToleranceRule(msgspec.Struct, frozen=True, kw_only=True):
    """A tolerance for some weights formats and outputs; an empty tuple means every one."""

    tolerance: Tolerance
    weights_formats: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


DEFAULT_0_4 = Tolerance()
DEFAULT_0_5 = Tolerance(ppm=100.0)


def rules_of(content: Mapping[str, Any]) -> tuple[ToleranceRule, ...]:
    """The rules of a valid description in the order in which they are tried; the last one always matches.

    Format 0.5 lists ``config.bioimageio.reproducibility_tolerance``; 0.4 (and old 0.5) has ``test_kwargs`` by
    weights format. See bioimageio.core, ``_get_tolerance``, for the reference.
    """
    config = (content.get("config") or {}).get("bioimageio") or {}
    default = DEFAULT_0_4 if str(content["format_version"]).startswith("0.4") else DEFAULT_0_5
    rules = [
        ToleranceRule(
            tolerance=Tolerance(
                atol=float(entry.get("absolute_tolerance", DEFAULT_0_5.atol)),
                rtol=float(entry.get("relative_tolerance", DEFAULT_0_5.rtol)),
                ppm=float(entry.get("mismatched_elements_per_million", DEFAULT_0_5.ppm)),
            ),
            weights_formats=tuple(map(str, entry.get("weights_formats") or ())),
            outputs=tuple(map(str, entry.get("output_ids") or ())),
        )
        for entry in config.get("reproducibility_tolerance") or ()
    ]
    for weights_format, kwargs in (config.get("test_kwargs") or {}).items():
        kwargs_known = kwargs if isinstance(kwargs, Mapping) else {}
        rules.append(
            ToleranceRule(
                tolerance=Tolerance(
                    atol=float(kwargs_known.get("absolute_tolerance", default.atol)),
                    rtol=float(kwargs_known.get("relative_tolerance", default.rtol)),
                    ppm=default.ppm,
                ),
                weights_formats=(str(weights_format),),
            )
        )
    return (*rules, ToleranceRule(tolerance=default))


def tolerance_for(
    rules: tuple[ToleranceRule, ...], *, weights_format: WeightsFormat, output: str
) -> Tolerance:
    """The tolerance of the first rule that matches; every list of rules ends with one that always does."""
    for rule in rules:
        if (not rule.weights_formats or weights_format.value in rule.weights_formats) and (
            not rule.outputs or output in rule.outputs
        ):
            return rule.tolerance
    raise ValueError("the rules of a description end with one that matches everything")
