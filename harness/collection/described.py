"""What a description says and whether its test tensors fit, found out once for each content.

Both take the format's own library, which is slow to import and slow to ask. What it said is kept by the
sha256 of all that it was asked about, a fault as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.collection import description_yaml
from harness.collection.description import Description, Parsed, parse_description, version_of
from harness.collection.fault import ModelFault
from harness.collection.known import Known, key_of
from harness.verdict import Reason


class Fault(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A ``ModelFault`` as it is kept; ``reason`` is a slug."""

    reason: str
    message: str

    def raised(self) -> ModelFault:
        """The exception."""
        return ModelFault(Reason.from_slug(self.reason), self.message)


class Described(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a description's file tells.

    Attributes:
        id: as stated, not checked; None if no text is stated.
        version: as stated, empty if none.
        is_mapping: whether it could be read at all.
        packed: the ``Description`` as MessagePack, empty if there is a fault.
        fault: what keeps it from being one.
    """

    id: str | None = None
    version: str = ""
    is_mapping: bool = False
    packed: bytes = b""
    fault: Fault | None = None

    def description(self) -> Description:
        """The description.

        Raises:
            ModelFault: it has none.
        """
        if self.fault is not None:
            raise self.fault.raised()
        return msgspec.msgpack.decode(self.packed, type=Description)


class _Fit(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Whether test tensors are as described."""

    fault: Fault | None


def describe(
    path: Path,
    sha256: str,
    *,
    shown: str,
    known: Known,
    on_new: Callable[[dict[str, Any]], None] = lambda _content: None,
) -> tuple[Described, Parsed | None]:
    """What a description with this sha256 tells, and what the library made of it if it was asked just now.

    Args:
        path: is read if it is not known what it tells.
        shown: how messages name the file.
        on_new: is called with what the YAML holds if it is not known what that means.

    Raises:
        ModelFault: the file cannot be read, or has another sha256 by now.
    """
    key = key_of("description", shown, sha256)
    described = known.get(key, Described)
    if described is not None:
        return described, None
    described, parsed = _describe(_read(path, sha256, shown), shown, on_new)
    known.put(key, described)
    return described, parsed


def check_test_tensors(
    sha256: str,
    parsed: Callable[[], Parsed],
    arrays: Callable[[], Mapping[str, Any]],
    unchanged: Callable[[], bool],
    *,
    shown: str,
    known: Known,
) -> None:
    """Hold the test tensors of a model against its description.

    Args:
        sha256: of the model, its files included.
        parsed: gives the description with the library's model of it, if that is not known.
        arrays: opens the test tensors, by tensor id; what it raises is not kept.
        unchanged: whether they are still what was hashed; if not, nothing is kept.

    Raises:
        ModelFault: TEST_TENSOR_INVALID.
    """
    key = key_of("test tensors", shown, sha256)
    fit = known.get(key, _Fit)
    if fit is None:
        opened = arrays()
        try:
            parsed().validate_test_tensors(opened, shown=shown)
            fit = _Fit(fault=None)
        except ModelFault as fault:
            fit = _Fit(fault=_kept(fault))
        if unchanged():
            known.put(key, fit)
    if fit.fault is not None:
        raise fit.fault.raised()


def parse(path: Path, sha256: str, *, shown: str) -> Parsed:
    """What the library makes of a description; raises ModelFault as ``describe``."""
    data = _read(path, sha256, shown)
    return parse_description(description_yaml.parse(data, shown=shown), shown=shown)


def _read(path: Path, sha256: str, shown: str) -> bytes:
    """The content with this sha256, by which everything is kept that follows from it."""
    data = description_yaml.read_bytes(path, shown=shown)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelFault(Reason.INTERNAL_ERROR, f"{shown}: was changed while it was read; run again")
    return data


def _describe(
    data: bytes, shown: str, on_new: Callable[[dict[str, Any]], None]
) -> tuple[Described, Parsed | None]:
    content: dict[str, Any] = {}
    parsed, fault = None, None
    try:
        content = description_yaml.parse(data, shown=shown)
        on_new(content)
        parsed = parse_description(content, shown=shown)
    except ModelFault as problem:
        fault = _kept(problem)
    stated = content.get("id")
    described = Described(
        id=stated if isinstance(stated, str) else None,
        version=version_of(content),
        is_mapping=bool(content),
        packed=msgspec.msgpack.encode(parsed.description) if parsed else b"",
        fault=fault,
    )
    return described, parsed


def _kept(fault: ModelFault) -> Fault:
    return Fault(reason=fault.reason.slug, message=fault.message)
