"""Which packages weights need, as far as a description says: a file, and whose format it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.cell import WeightsFormat

CONDA, PIP = "conda", "pip"
_MANAGERS = {"mamba": CONDA}  # another program for the same files
_VERSIONS = ("pytorch_version", "tensorflow_version")


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """What one weights entry declares.

    Attributes:
        weights_format: of the entry.
        manager: what reads the file: "conda", "pip", or the name of another program.
        source: the file, as the description names it.
        framework_version: what the entry says of the framework that made it, empty if nothing.
    """

    weights_format: WeightsFormat
    manager: str
    source: str
    framework_version: str = ""


def find(content: Mapping[str, Any]) -> tuple[Dependencies, ...]:
    """The declarations in a valid description of format 0.4 ("conda:environment.yaml") or 0.5 (a file)."""
    return tuple(_find(content.get("weights") or {}))


def _find(weights: Mapping[str, Any]) -> Iterator[Dependencies]:
    for weights_format in WeightsFormat:
        entry = weights.get(weights_format.value)
        if not isinstance(entry, Mapping):
            continue
        declared = entry.get("dependencies")
        if isinstance(declared, Mapping):  # 0.5: always conda's
            manager, source = CONDA, declared.get("source")
        elif isinstance(declared, str):  # 0.4
            manager, _, source = declared.partition(":")
        else:
            continue
        if isinstance(source, str) and source:
            yield Dependencies(
                weights_format=weights_format,
                manager=_MANAGERS.get(manager.strip(), manager.strip()),
                source=source,
                framework_version=_version(entry),
            )


def _version(entry: Mapping[str, Any]) -> str:
    stated = (entry.get(field) for field in _VERSIONS)
    return next((str(version) for version in stated if isinstance(version, (str, int, float))), "")
