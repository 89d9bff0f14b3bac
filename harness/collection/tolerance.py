"""How far outputs may be from the declared ones: the description's tolerance, else its format's default."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.cell import WeightsFormat
from harness.collection.fault import ModelFault
from harness.verdict import Reason


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


def rules_of(content: Mapping[str, Any], *, shown: str) -> tuple[ToleranceRule, ...]:
    """The rules of a valid description in the order in which they are tried; the last one always matches.

    Format 0.5 lists ``config.bioimageio.reproducibility_tolerance``; 0.4 (and old 0.5) has ``test_kwargs`` by
    weights format. See bioimageio.core, ``_get_tolerance``, for the reference.

    Raises:
        ModelFault: DESCRIPTION_INVALID with the field, since the format leaves ``config`` free.
    """
    config = _mapping(_mapping(content, "config", shown), "bioimageio", shown, parent="config.")
    default = DEFAULT_0_4 if str(content["format_version"]).startswith("0.4") else DEFAULT_0_5
    return (
        *_listed(config, shown),
        *_by_weights_format(config, default, shown),
        ToleranceRule(tolerance=default),
    )


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


def _listed(config: Mapping[str, Any], shown: str) -> Iterator[ToleranceRule]:
    field = "config.bioimageio.reproducibility_tolerance"
    entries = config.get("reproducibility_tolerance") or ()
    if not isinstance(entries, (list, tuple)):
        raise _invalid(shown, field, "is no list")
    for index, entry in enumerate(entries):
        where = f"{field}[{index}]"
        if not isinstance(entry, Mapping):
            raise _invalid(shown, where, "is no mapping")
        yield ToleranceRule(
            tolerance=Tolerance(
                atol=_number(entry, "absolute_tolerance", DEFAULT_0_5.atol, shown, where),
                rtol=_number(entry, "relative_tolerance", DEFAULT_0_5.rtol, shown, where),
                ppm=_number(entry, "mismatched_elements_per_million", DEFAULT_0_5.ppm, shown, where),
            ),
            weights_formats=_names(entry, "weights_formats", shown, where),
            outputs=_names(entry, "output_ids", shown, where),
        )


def _by_weights_format(config: Mapping[str, Any], default: Tolerance, shown: str) -> Iterator[ToleranceRule]:
    stated = _mapping(config, "test_kwargs", shown, parent="config.bioimageio.")
    for weights_format in stated:
        where = "config.bioimageio.test_kwargs."
        kwargs = _mapping(stated, weights_format, shown, parent=where)
        where += str(weights_format)
        yield ToleranceRule(
            tolerance=Tolerance(
                atol=_number(kwargs, "absolute_tolerance", default.atol, shown, where),
                rtol=_number(kwargs, "relative_tolerance", default.rtol, shown, where),
                ppm=default.ppm,
            ),
            weights_formats=(str(weights_format),),
        )


def _mapping(content: Mapping[str, Any], field: str, shown: str, *, parent: str = "") -> Mapping[str, Any]:
    value = content.get(field) or {}
    if not isinstance(value, Mapping):
        raise _invalid(shown, f"{parent}{field}", "is no mapping")
    return value


def _number(entry: Mapping[str, Any], name: str, default: float, shown: str, where: str) -> float:
    """A tolerance is a finite number: with any other one, everything would pass, or nothing."""
    value = entry.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= sys.float_info.max:
        raise _invalid(shown, f"{where}.{name}", f"{value!r:.100} is no number of 0 or more")
    return float(value)


def _names(entry: Mapping[str, Any], name: str, shown: str, where: str) -> tuple[str, ...]:
    names = entry.get(name) or ()
    if not isinstance(names, (list, tuple)):
        raise _invalid(shown, f"{where}.{name}", "is no list")
    return tuple(map(str, names))


def _invalid(shown: str, field: str, what: str) -> ModelFault:
    return ModelFault(Reason.DESCRIPTION_INVALID, f"{shown}: field {field}: {what}")
