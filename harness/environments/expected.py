"""What building an environment will take, as far as its locks tell: a guess, to plan and to warn by."""

from __future__ import annotations

from typing import NamedTuple

from harness.cell import Backend
from harness.environments import lock, npm_lock
from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError

_SECONDS = 15.0
_SECONDS_PER_PACKAGE = 0.7
_BYTES_PER_PACKAGE = 20_000_000
_LARGE = {"tensorflow": 900_000_000, "torch": 500_000_000}
_LARGE_PREFIX, _LARGE_PREFIX_BYTES = "nvidia-", 200_000_000
_BYTES_PER_SECOND = 40_000_000  # what is more than usual has to be downloaded
_UNKNOWN_PACKAGES = 50
_IMAGE = 2  # an image holds a system, too, and is packed


class Expected(NamedTuple):
    """Seconds of wall time and bytes on the disk, on a machine that has none of its packages."""

    seconds: float
    bytes: int


def expected(spec: EnvironmentSpec, backend: Backend) -> Expected:
    """What building it will take; one whose lock is yet to be made counts as one of middling size."""
    try:
        names = [*lock.pins(read_text(spec.lock)), *npm_lock.pins(spec.folder)]
    except ConfigurationError:
        names = [""] * _UNKNOWN_PACKAGES
    large = sum(_LARGE.get(name, 0) or _LARGE_PREFIX_BYTES * name.startswith(_LARGE_PREFIX) for name in names)
    factor = _IMAGE if backend is Backend.DOCKER else 1
    return Expected(
        seconds=factor * (_SECONDS + _SECONDS_PER_PACKAGE * len(names) + large / _BYTES_PER_SECOND),
        bytes=factor * (_BYTES_PER_PACKAGE * len(names) + large),
    )
