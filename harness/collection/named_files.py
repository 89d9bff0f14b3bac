"""Every file that a description names, with the field that names it and the sha256 that it states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.cell import WeightsFormat

_PROCESSING = re.compile(r"(inputs|outputs)\[\d+\]\.(pre|post)processing\[")
_TENSOR = re.compile(r"(test|sample)_(inputs|outputs)\[|(inputs|outputs)\[\d+\]\.(test|sample)_tensor$")
EXPECTED = "expected_"  # what the names of attachments begin with that no worker sees
_LONGEST_PATH = 1000
_LONGEST_EMOJI = 2


class NamedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as named: relative path or URL, and its stated sha256 (None where the format allows that)."""

    field: str
    source: str
    sha256: str | None = None

    @property
    def remote(self) -> bool:
        """Whether the source is a URL."""
        return self.source.startswith(("http://", "https://"))

    @property
    def is_processing(self) -> bool:
        """Whether it is code of a custom pre- or postprocessing step."""
        return _PROCESSING.match(self.field) is not None

    @property
    def is_expected(self) -> bool:
        """Whether it is attached to be compared with what a tool makes beside the described outputs."""
        name = self.source.partition("?")[0].rpartition("/")[2]
        return self.field.startswith("attachments") and name.startswith(EXPECTED)

    @property
    def is_tensor(self) -> bool:
        """Whether it is a test or sample tensor."""
        return _TENSOR.match(self.field) is not None


def find(content: Mapping[str, Any]) -> tuple[NamedFile, ...]:
    """All files that a valid description of format 0.4 or 0.5 names, in the order of its fields."""
    return tuple(_find(content))


def _find(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    for field in ("covers", "test_inputs", "test_outputs", "sample_inputs", "sample_outputs"):
        yield from _each(field, content.get(field))
    yield from _documents(content)
    attachments = content.get("attachments")
    if isinstance(attachments, Mapping):  # 0.4
        yield from _each("attachments.files", attachments.get("files"))
    else:
        yield from _each("attachments", attachments)
    for side in ("inputs", "outputs"):
        for index, tensor in enumerate(content.get(side) or []):
            for field in ("test_tensor", "sample_tensor"):
                yield from _file(f"{side}[{index}].{field}", tensor.get(field))
            for step in ("preprocessing", "postprocessing"):
                yield from _each(f"{side}[{index}].{step}", tensor.get(step))
    for format_ in WeightsFormat:
        entry = (content.get("weights") or {}).get(format_.value)
        if isinstance(entry, Mapping):
            yield from _weights(f"weights.{format_.value}", entry)


def _documents(content: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Documentation, icon and licence: files, or a text, an emoji and the name of a licence."""
    documentation, icon, license_ = (content.get(field) for field in ("documentation", "icon", "license"))
    if not isinstance(documentation, str) or _may_be_path(documentation):
        yield from _file("documentation", documentation)
    if not isinstance(icon, str) or (len(icon) > _LONGEST_EMOJI and _may_be_path(icon)):
        yield from _file("icon", icon)
    if isinstance(license_, Mapping):
        yield from _file("license", license_)


def _may_be_path(text: str) -> bool:
    return "." in text and "\n" not in text and len(text) <= _LONGEST_PATH


def _weights(field: str, entry: Mapping[str, Any]) -> Iterator[NamedFile]:
    yield from _file(f"{field}.source", entry)
    yield from _file(f"{field}.external_data", entry.get("external_data"))  # of onnx
    architecture = entry.get("architecture")
    if isinstance(architecture, Mapping):  # 0.5; from a library it names no file
        yield from _file(f"{field}.architecture", architecture)
    elif isinstance(architecture, str) and ":" in architecture:  # 0.4: "file.py:Class", else "package.Class"
        source = architecture.rpartition(":")[0]
        yield NamedFile(
            field=f"{field}.architecture", source=source, sha256=_sha256(entry.get("architecture_sha256"))
        )
    dependencies = entry.get("dependencies")
    if isinstance(dependencies, str):  # 0.4: "conda:environment.yaml"
        yield from _file(f"{field}.dependencies", dependencies.partition(":")[2] or dependencies)
    else:
        yield from _file(f"{field}.dependencies", dependencies)
    attachments = entry.get("attachments")
    if isinstance(attachments, Mapping):  # 0.4
        yield from _each(f"{field}.attachments.files", attachments.get("files"))


def _each(field: str, values: Any) -> Iterator[NamedFile]:
    for index, value in enumerate(values or []):
        yield from _file(f"{field}[{index}]", value)


def _file(field: str, value: Any) -> Iterator[NamedFile]:
    """A source given as text, or as a mapping with ``source`` and maybe ``sha256``."""
    if isinstance(value, Mapping):
        source, sha256 = value.get("source"), value.get("sha256")
    else:
        source, sha256 = value, None
    if isinstance(source, str) and source:
        yield NamedFile(field=field, source=source, sha256=_sha256(sha256))


def _sha256(stated: object) -> str | None:
    return str(stated) if stated else None
