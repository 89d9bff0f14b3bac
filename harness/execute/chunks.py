"""Read two arrays of one shape together, a bounded number of elements at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
CHUNK = 1 << 20


def order_of(produced: Array, expected: Array) -> Literal["C", "F"]:
    """The order in which both are read: as they are stored, if they are stored alike."""
    return "F" if produced.flags.fnc and expected.flags.fnc else "C"


def chunks(produced: Array, expected: Array, order: Literal["C", "F"]) -> Iterator[tuple[Array, Array]]:
    """Both arrays in one order, some elements at a time (1-D): nothing copies a memory-mapped array whole."""
    if expected.size:
        # A pair is valid until the next one is asked for.
        yield from np.nditer(
            [produced, expected], flags=["external_loop", "buffered"], order=order, buffersize=CHUNK
        )


def overlaps(produced: Array, expected: Array) -> Iterator[tuple[int, int, int]]:
    """Each pair of labels that meet, and in how many elements; the largest first, then the lowest labels."""
    pairs = chunks(produced, expected, order_of(produced, expected))
    parts = [_count_pairs(*_runs(p, e)) for p, e in pairs]
    if parts:
        p, e, counts = _count_pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        order = np.argsort(-counts, kind="stable")
        yield from zip(p[order].tolist(), e[order].tolist(), counts[order].tolist(), strict=True)


def _runs(produced: Array, expected: Array) -> tuple[Array, Array, Array]:
    """Labels and length of each run of equal pairs: there are far fewer of them than elements."""
    changes = (produced[1:] != produced[:-1]) | (expected[1:] != expected[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    return produced[starts], expected[starts], np.diff(starts, append=produced.size)


def _count_pairs(produced: Array, expected: Array, counts: Array) -> tuple[Array, Array, Array]:
    """The different pairs, sorted, with the sum of their counts. A pair is encoded as one number."""
    p_labels, p = np.unique(produced, return_inverse=True)
    e_labels, e = np.unique(expected, return_inverse=True)
    codes, index = np.unique(p.astype(np.int64) * e_labels.size + e, return_inverse=True)
    sums = np.bincount(index, weights=counts).astype(np.int64)
    return p_labels[codes // e_labels.size], e_labels[codes % e_labels.size], sums
