"""Every file that a description names, with the field that names it and the sha256 that it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.cell import WeightsFormat


class NamedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as named: relative path or URL, and its stated sha256 (None where the format allows that)."""

    field: str
    source: str
    sha256: str | None = None

    @property
    def remote(self) -> bool:
        """Whether the source is a URL."""
        return self.source.startswith(("http://", "https://"))


def find(content: Mapping[str, Any]) -> tuple[NamedFile, ...]:
    """All files that a valid description of format 0.4 or 0.5 names, in the order of its fields."""
    return tuple(_find(content))


def _find(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    for field in ("covers", "test_inputs", "test_outputs", "sample_inputs", "sample_outputs"):
        yield from _each(field, content.get(field))
    for field in ("documentation", "icon"):
        yield from _file(field, content.get(field), only_paths=True)
    attachments = content.get("attachments") or []
    listed = attachments.get("files") if isinstance(attachments, Mapping) else attachments
    yield from _each("attachments", listed)
    for side in ("inputs", "outputs"):
        for index, tensor in enumerate(content.get(side) or []):
            for field in ("test_tensor", "sample_tensor"):
                yield from _file(f"{side}[{index}].{field}", tensor.get(field))
            for step in ("preprocessing", "postprocessing"):
                for number, entry in enumerate(tensor.get(step) or []):
                    yield from _file(f"packages.{side}[{index}].{step}[{number}]", entry)
    for format_ in WeightsFormat:
        entry = (content.get("weights") or {}).get(format_.value)
        if isinstance(entry, Mapping):
            yield from _weights(f"weights.{format_.value}", entry)


def _weights(field: str, entry: Mapping[str, Any]) -> Iterator[NamedFile]:
    yield from _file(f"{field}.source", entry)
    architecture = entry.get("architecture")
    if isinstance(architecture, Mapping):  # 0.5; from a library it names no file
        yield from _file(f"{field}.architecture", architecture)
    elif isinstance(architecture, str) and ":" in architecture:  # 0.4: "file.py:Class", else "package.Class"
        source = architecture.rpartition(":")[0]
        yield NamedFile(field=f"{field}.architecture", source=source, sha256=entry.get("architecture_sha256"))
    dependencies = entry.get("dependencies")
    if isinstance(dependencies, str):  # 0.4: "conda:environment.yaml"
        yield from _file(f"{field}.dependencies", dependencies.partition(":")[2] or dependencies)
    else:
        yield from _file(f"{field}.dependencies", dependencies)
    yield from _each(f"{field}.attachments", (entry.get("attachments") or {}).get("files"))


def _each(field: str, values: Any) -> Iterator[NamedFile]:
    for index, value in enumerate(values or []):
        yield from _file(f"{field}[{index}]", value)


def _file(field: str, value: Any, *, only_paths: bool = False) -> Iterator[NamedFile]:
    """A source given as text, or as a mapping with ``source`` and maybe ``sha256``."""
    if isinstance(value, Mapping):
        source, sha256 = value.get("source"), value.get("sha256")
    else:
        source, sha256 = value, None
    if not isinstance(source, str) or not source:
        return
    if only_paths and ("\n" in source or len(source) > 1000):  # text or an emoji where a file may be named
        return
    if only_paths and "." not in source:
        return
    yield NamedFile(field=field, source=source, sha256=str(sha256) if sha256 else None)
