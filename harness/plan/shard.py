"""Split a plan into parts that run on different machines (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def shard(cells: Sequence[T], index: int, count: int) -> tuple[T, ...]:
    """Part ``index`` (from 1) of ``count``: every cell is in exactly one, sizes differ by one at most.

    Raises:
        ValueError: there is no such part.
    """
    if not 1 <= index <= count:
        raise ValueError(f"there is no part {index} of {count}")
    return tuple(cells[index - 1 :: count])
