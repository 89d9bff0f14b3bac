"""Versioned, sorted, atomic JSON: the only reader and writer of the harness's own files."""

from __future__ import annotations

import hashlib
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import ConfigurationError, OutputError

T = TypeVar("T")

# What NaN and infinities begin with in MessagePack; other bytes may look alike.
_NON_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")


def dumps(value: object, *, indent: int = 0) -> bytes:
    """Canonical JSON (keys sorted, UTF-8) of a value made of structs and plain types.

    Raises:
        ValueError: it holds a number that JSON has no word for (NaN, infinity) and that would become null.
    """
    encoded = msgspec.json.encode(value, order="sorted")
    if b"null" in encoded and _may_be_non_finite(value):
        _refuse_non_finite(msgspec.to_builtins(value))
    return msgspec.json.format(encoded, indent=indent) + b"\n" if indent else encoded


def loads(data: bytes, kind: type[T], *, origin: str) -> T:
    """Decode JSON into ``kind``.

    Raises:
        ConfigurationError: names ``origin`` and the field that is wrong.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{origin}: is not UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise ConfigurationError(f"{origin}: is nested too deeply") from error
    except ValueError as error:  # DecodeError and ValidationError
        raise ConfigurationError(f"{origin}: {error}") from error


def read(path: Path, kind: type[T]) -> T:
    """Read ``path`` into ``kind``; raises ConfigurationError if it is missing or not that."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    return loads(data, kind, origin=str(path))


def write(path: Path, value: object) -> None:
    """Write indented JSON so that a reader sees the old file or the new one, never a part.

    Raises:
        OutputError: names the path and why it cannot be written.
    """
    write_bytes(path, dumps(value, indent=2))


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` atomically; raises OutputError with the path if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); free space or choose another --output"
        ) from error


def _may_be_non_finite(value: object) -> bool:
    """Whether it may hold such a number; most values do not, and to look at each part of them takes long."""
    try:
        return _NON_FINITE.search(msgspec.msgpack.encode(value)) is not None
    except OverflowError:  # JSON has larger integers than MessagePack
        return True


def _refuse_non_finite(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no {value}; store None")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_non_finite(item)


def digest(value: Any) -> str:
    """The sha256 (hex) of a value's canonical JSON."""
    return hashlib.sha256(dumps(value)).hexdigest()
