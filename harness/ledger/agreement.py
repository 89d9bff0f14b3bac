"""What all weights formats and devices of one model say together (pure): which of them is off?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.ledger.record import Record
from harness.verdict import Check, CheckStatus


class _Side(NamedTuple):
    """A weights format on a device."""

    weights_format: str
    device: str


def explain_agreement(records: Iterable[Record]) -> str:
    """One sentence about the records of one model in one tool; empty if they say nothing together.

    Whether the reference is off or only some weights are follows from two comparisons: each side with the
    declared outputs, and the sides with each other.
    """
    reproduces: dict[_Side, bool] = {}
    agree: dict[frozenset[_Side], bool] = {}
    for record in records:
        check = record.check(Check.REPRODUCES)
        if record.weights_format is None or check is None or check.status not in _COMPARED:
            continue
        side = _Side(record.weights_format.value, record.device.value)
        reproduces[side] = check.status is CheckStatus.PASSED
        for pair in record.agreement:
            other = _Side(pair.weights_format.value, pair.device.value)
            agree[frozenset((side, other))] = pair.agrees
    known = {pair: same for pair, same in agree.items() if pair <= set(reproduces)}
    right = [side for side, passed in reproduces.items() if passed]
    wrong = [side for side, passed in reproduces.items() if not passed]
    if right and wrong:
        return (
            f"Only these are off: {_named(wrong, reproduces)}. "
            f"These give the declared outputs: {_named(right, reproduces)}."
        )
    if not known:
        return ""
    if wrong and all(known.values()):
        return (
            f"{_named(wrong, reproduces)} give the same outputs, and these are not the declared ones: "
            "probably the declared test output is off."
        )
    if wrong:
        return f"{_named(wrong, reproduces)} neither give the declared outputs nor agree with each other."
    apart = sorted({side for pair, same in known.items() if not same for side in pair})
    if apart:
        return f"{_named(apart, reproduces)} give the declared outputs within tolerance, yet not the same."
    return ""


_COMPARED = (CheckStatus.PASSED, CheckStatus.FAILED)


def _named(sides: list[_Side], every: Iterable[_Side]) -> str:
    """The sides in words; the device is named only where there are several."""
    several = len({side.device for side in every}) > 1
    names = [f"{side.weights_format} on {side.device}" if several else side.weights_format for side in sides]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
