"""A file, or one entry of an archive, as scanners see it."""

from __future__ import annotations

import mmap
from typing import BinaryIO, Protocol, TypeAlias

Buffer: TypeAlias = "bytes | mmap.mmap"


class Piece(Protocol):
    """Something that may hold dangerous content.

    Attributes:
        where: how findings name it, e.g. "weights.pt: archive/data.pkl".
        name: its own path, whose end may tell what it should be.
    """

    where: str
    name: str

    def prefix(self, size: int) -> bytes:
        """Its first ``size`` bytes, or all if there are fewer."""

    def whole(self) -> Buffer:
        """All of it. Raises Unreadable if that is more than a scanner reads."""

    def stream(self) -> BinaryIO:
        """All of it, to be read and sought in."""


class FilePiece:
    """A whole file: mapped, so that only what is looked at is read."""

    def __init__(self, name: str, stream: BinaryIO, mapped: mmap.mmap) -> None:
        self.where = self.name = name
        self._stream = stream
        self._mapped = mapped

    def prefix(self, size: int) -> bytes:
        """Its first bytes."""
        return self._mapped[:size]

    def whole(self) -> Buffer:
        """All of it; nothing is read yet."""
        return self._mapped

    def stream(self) -> BinaryIO:
        """The open file."""
        return self._stream
