"""Does the same input give the same output again? Bitwise, within tolerance, or not (unstable)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.collection.description import Tensor
from harness.collection.tensors import Array
from harness.execute.conclude.compare import first_difference
from harness.execute.conclude.question import Question
from harness.execute.judge.chunks import chunks, order_of
from harness.verdict import PASSED, Reason, Verdict


def bitwise_equal(first: Array, second: Array) -> bool:
    """Whether shape, data type and every bit are the same."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return all(a.tobytes() == b.tobytes() for a, b in chunks(first, second, order_of(first, second)))


def determinism(
    runs: Sequence[tuple[Array, ...]], question: Question, outputs: Sequence[Tensor] = ()
) -> tuple[Verdict, str]:
    """What runs on the same input, two or more, say: the verdict, and in words what was measured.

    Args:
        outputs: what each run gave; none for the described outputs.
    """
    first, *others = runs
    largest: float | None = 0.0
    bitwise = True
    for number, other in enumerate(others, start=2):
        if len(other) != len(first):
            message = f"unstable: run {number} gave {len(other)} outputs, the first {len(first)}"
            return Verdict.because(Reason.NOT_DETERMINISTIC, message), message
        if all(map(bitwise_equal, other, first)):
            continue
        bitwise = False
        difference, beyond = first_difference(other, first, question, outputs=outputs)
        if beyond:
            message = f"unstable: run {number} differs from the first: {beyond}"
            return Verdict.because(Reason.NOT_DETERMINISTIC, message), message
        largest = None if largest is None or difference is None else max(largest, difference)
    if bitwise:
        return PASSED, f"{len(runs)} runs are bitwise equal"
    size = "" if largest is None else f"; largest difference {largest:.3g}"
    return PASSED, f"{len(runs)} runs agree within tolerance, not bitwise{size}"
