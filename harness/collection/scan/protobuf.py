"""Walk through messages of protocol buffers without their schema; what is not asked for is skipped unread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from harness.collection.scan.finding import Budget, Unreadable
from harness.collection.scan.piece import Buffer

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class Span(NamedTuple):
    """Where a message or text is in the data."""

    start: int
    end: int


class Messages:
    """The messages in some data."""

    def __init__(self, data: Buffer, budget: Budget) -> None:
        self._data = data
        self._budget = budget
        self.root = Span(0, len(data))

    def at(self, message: Span, *paths: tuple[int, ...]) -> Iterator[Span]:
        """Every message, text or bytes that is reached through field numbers, in the order of the data.

        Raises:
            Unreadable: what is walked through is no message or cut off.
        """
        for number, found in self._fields(message):
            inner = [path[1:] for path in paths if path[0] == number]
            if () in inner:
                yield found
            if deeper := [path for path in inner if path]:
                yield from self.at(found, *deeper)

    def text(self, span: Span) -> str:
        """A text; what is no UTF-8 in it is replaced."""
        return self._data[span.start : span.end].decode("utf-8", "replace")

    def _fields(self, message: Span) -> Iterator[tuple[int, Span]]:
        """Number and place of each field that has a length; the others are checked and passed over."""
        place, end = message
        while place < end:
            self._budget.step()
            key, place = self._varint(place, end)
            kind = key & 7
            start = place
            if kind == _VARINT:
                _, place = self._varint(place, end)
            elif kind == _BYTES:
                length, start = self._varint(place, end)
                place = start + length
            elif kind in (_FIXED_64, _FIXED_32):
                place += 8 if kind == _FIXED_64 else 4
            else:
                raise Unreadable(f"at byte {place:,} it is no protocol buffer")
            if place > end:
                raise Unreadable(f"it is cut off or damaged: a field at byte {start:,} is too long")
            if kind == _BYTES:
                yield key >> 3, Span(start, place)

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for index in range(min(_LONGEST_VARINT, end - place)):
            byte = self._data[place + index]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value, place + index + 1
        raise Unreadable(f"it is cut off or damaged: there is no number at byte {place:,}")
