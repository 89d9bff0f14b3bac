"""What has passed its health check need not pass it again: remembered for each entry of the store.

    <cache>/environments/venv/
        proven/pytorch-0123456789abcdef.json     the fingerprint of what passed last

It outlives the environment: made again of the same files, on the same machine, it would only take the time of
importing its framework once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    schema: Literal[1] = 1
    fingerprint: str


def is_proven(entry: Path, fingerprint: str) -> bool:
    """Whether exactly this has passed its health check."""
    try:
        return jsonio.read(_file(entry), _Proof).fingerprint == fingerprint
    except ConfigurationError:  # there is none
        return False


def keep(entry: Path, fingerprint: str) -> None:
    """Remember that it has passed, in place of what passed before; raises OutputError."""
    jsonio.write(_file(entry), _Proof(fingerprint=fingerprint))


def forget(entry: Path) -> None:
    """Have the next build checked, whatever it turns out to be; raises OSError."""
    _file(entry).unlink(missing_ok=True)


def _file(entry: Path) -> Path:
    return entry.parent / "proven" / f"{entry.name}.json"
