"""Label maps: the same objects up to renumbering, 0 being background."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.execute.judge.chunks import Array, chunks, order_of

MOST_PAIRS = 1 << 20
_CHUNK = 1 << 17
_Columns = tuple[Array, Array, Array]


class Matching(NamedTuple):
    """How many elements belong to matched objects, and each matched produced label's expected one."""

    elements: int
    partners: dict[int, int]


class Overlaps(NamedTuple):
    """Each pair of labels that meet, and in how many elements; the largest first, then the lowest labels."""

    produced: Array
    expected: Array
    counts: Array

    def matching(self) -> Matching:
        """Objects one to one by overlap, the largest first; background is always matched with background."""
        elements, partners, taken = 0, {0: 0}, {0}
        columns = (column.tolist() for column in self)
        for p, e, count in zip(*columns, strict=True):
            if (p == 0 and e == 0) or (p not in partners and e not in taken):
                elements += count
                partners[p] = e
                taken.add(e)
        return Matching(elements, partners)

    def in_words(self) -> str:
        """What became of the expected objects, e.g. "of 40 objects: 5 missing, 2 split".

        An object belongs to the one that it overlaps most: a missing one to background, as does an extra one;
        to a split one several produced objects belong, to a merged one several expected objects.
        """
        total, partners = _largest_partners(self.expected, self.produced)
        _, origins = _largest_partners(self.produced, self.expected)
        counts = {
            "missing": int(np.count_nonzero(partners == 0)),
            "split": _shared(origins),
            "merged": _shared(partners),
            "extra": int(np.count_nonzero(origins == 0)),
        }
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        return f"of {total:,} objects: {told}" if told else f"the same {total:,} objects, other outlines"


def overlaps(produced: Array, expected: Array) -> Overlaps | None:
    """The overlaps of all labels of two arrays of one shape; None if more than ``MOST_PAIRS`` pairs meet."""
    parts: list[_Columns] = []
    for p, e in chunks(produced, expected, order_of(produced, expected), size=_CHUNK):
        parts.append(_count_pairs(*_runs(p, e)))
        if sum(len(part[0]) for part in parts) > MOST_PAIRS:
            parts = [_merged(parts)]
            if len(parts[0][0]) > MOST_PAIRS:
                return None
    if not parts:
        return Overlaps(*(np.empty(0, np.int64) for _ in range(3)))
    p, e, counts = _merged(parts)
    order = np.argsort(-counts, kind="stable")
    return Overlaps(p[order], e[order], counts[order])


def _largest_partners(labels: Array, others: Array) -> tuple[int, Array]:
    """How many objects are in ``labels``, and for each the label in ``others`` that it overlaps most."""
    objects, first = np.unique(labels, return_index=True)
    return int(np.count_nonzero(objects)), others[first[objects != 0]]


def _shared(partners: Array) -> int:
    """How many objects are the partner of more than one."""
    _, counts = np.unique(partners[partners != 0], return_counts=True)
    return int(np.count_nonzero(counts > 1))


def _merged(parts: list[_Columns]) -> _Columns:
    p, e, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _count_pairs(p, e, counts)


def _runs(produced: Array, expected: Array) -> _Columns:
    """Labels and length of each run of equal pairs: there are far fewer of them than elements."""
    changes = (produced[1:] != produced[:-1]) | (expected[1:] != expected[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    return produced[starts], expected[starts], np.diff(starts, append=produced.size)


def _count_pairs(produced: Array, expected: Array, counts: Array) -> _Columns:
    """The different pairs, sorted, with the sum of their counts. A pair is encoded as one number."""
    p_labels, p = np.unique(produced, return_inverse=True)
    e_labels, e = np.unique(expected, return_inverse=True)
    codes, index = np.unique(p.astype(np.int64) * e_labels.size + e, return_inverse=True)
    sums = np.bincount(index, weights=counts).astype(np.int64)
    return p_labels[codes // e_labels.size], e_labels[codes % e_labels.size], sums
