"""Whether this harness may ask the network: for packages, interpreters, models."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "HARNESS_OFFLINE"
_NO = frozenset({"", "0", "false", "no", "off"})


def offline(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether HARNESS_OFFLINE says that nothing may be downloaded."""
    return is_on(environ.get(VARIABLE, ""))


def go_offline() -> None:
    """Download nothing from now on, in this process and in those that it starts."""
    os.environ[VARIABLE] = "1"


def is_on(value: str) -> bool:
    """The truth of an environment variable."""
    return value.strip().lower() not in _NO
