"""What a scanner says, and what it may cost."""

from __future__ import annotations

from enum import Enum
from typing import IO, NamedTuple

from harness.plain_text import one_line

MAX_PIECE = 64 * 1024**2
"""Bytes of one pickle, configuration or inner archive; the tensors beside them are not read."""

_MAX_READ = 1024**3
_MAX_STEPS = 2_000_000


class Level(Enum):
    """What follows from a finding."""

    DANGER = "danger"
    UNREADABLE = "unreadable"
    NOTE = "note"


class Finding(NamedTuple):
    """One thing to tell: in which file or part of it, and what."""

    level: Level
    where: str
    what: str

    def __str__(self) -> str:
        """A sentence in one line, whatever bytes the names in it were made of."""
        return one_line(f"{self.where} {self.what}")


class Unreadable(Exception):  # noqa: N818  of the file, not of this program
    """Content that cannot be scanned; the message says why, without the file's name."""


class Budget:
    """What one file may cost, so that none keeps the scanner busy or fills the memory.

    A step is an opcode of a pickle or a field of a message, about a microsecond: a checkpoint of 1,000
    tensors takes 35,000.
    """

    def __init__(self) -> None:
        self._bytes = _MAX_READ
        self._steps = _MAX_STEPS

    def step(self, count: int = 1) -> None:
        """Count steps. Raises Unreadable when there were too many."""
        self._steps -= count
        if self._steps < 0:
            raise Unreadable("it takes too long to scan")

    def read(self, stream: IO[bytes], size: int) -> bytes:
        """At most ``size`` bytes. Raises Unreadable when the file's parts are too much in all."""
        if self._bytes <= 0:
            raise Unreadable(f"its parts are more than {_MAX_READ >> 20:,} MiB")
        data = stream.read(size)
        self._bytes -= len(data)
        return data
