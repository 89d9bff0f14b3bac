"""What a process may use. A limit that nobody set is None."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_GIB = 1024**3


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one process and of all that it starts.

    Attributes:
        seconds: wall time.
        cpu_seconds: processor time, summed over all processes.
        memory_bytes: resident memory, summed over all processes.
        processes: how many exist at one time.
        file_bytes: size of a single file that is written.
        disk_bytes: size of all files in the folders that belong to it.
        log_bytes: how much of its output is kept, the first and the last half of that.

    Raises:
        ValueError: a limit is not above zero.
    """

    seconds: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    file_bytes: int | None = None
    disk_bytes: int | None = None
    log_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.stated().items():
            if not 0 < value < float("inf"):
                raise ValueError(f"{name}: {value:g} is no number above 0")

    @classmethod
    def of(cls, stated: Mapping[str, float]) -> Limits:
        """What :meth:`stated` told, e.g. as a record keeps it; names that are no limits are passed over."""
        known = {name: value for name, value in stated.items() if name in cls.__struct_fields__}
        return msgspec.convert(known, cls, strict=False)

    def stated(self) -> dict[str, float]:
        """The limits that are set, by name."""
        every = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in every if value is not None}


LOG_BYTES = 512 * 1024
LONGEST_SECONDS = 7 * 24 * 3600.0  # no machine is left at one cell for more; sums of it are numbers

DEFAULTS = Limits(
    seconds=600,
    cpu_seconds=1200,
    memory_bytes=8 * _GIB,
    processes=128,
    file_bytes=4 * _GIB,
    disk_bytes=8 * _GIB,
    log_bytes=LOG_BYTES,
)


def layered(*layers: Limits) -> Limits:
    """All layers as one; what a later layer states wins."""
    stated = {name: getattr(layer, name) for layer in layers for name in layer.stated()}
    return Limits(**stated)
