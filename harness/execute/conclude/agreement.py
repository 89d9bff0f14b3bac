"""The check *agreement*: do all weights formats and devices of a model give the same outputs?

Each pair is compared once, when its second cell has run, with the wider of the two tolerances: two that are
both close to the declared outputs may still be far from each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.cell import Cell
from harness.collection.description import Tensor
from harness.collection.tensors import Array
from harness.execute.conclude.checks import check_of_verdict
from harness.execute.conclude.compare import first_difference
from harness.execute.conclude.question import Question
from harness.execute.kept import Kept
from harness.ledger.record import Agreement, CheckResult
from harness.verdict import PASSED, Check, CheckStatus, Reason, Verdict


def agreement(
    cell: Cell,
    produced: tuple[Array, ...],
    others: Sequence[tuple[Kept, tuple[Array, ...]]],
    question: Question,
    outputs: Sequence[Tensor] = (),
) -> tuple[CheckResult, tuple[Agreement, ...]]:
    """The check of one cell against those of the same model that ran before it, and each pair's answer.

    Args:
        outputs: what each of them gave; none for the described outputs.
    """
    if not others:
        what = "no other weights or device of this model has run yet"
        return CheckResult(name=Check.AGREEMENT, status=CheckStatus.SKIPPED, message=what), ()
    pairs: list[Agreement] = []
    agreeing: list[str] = []
    differing: list[str] = []
    reason: Reason | None = None
    for other, arrays in others:
        largest, beyond = _against(produced, arrays, question, other, outputs)
        pairs.append(
            Agreement(
                weights_format=other.weights_format,
                device=other.device,
                agrees=not beyond,
                max_abs_diff=largest,
            )
        )
        name = _name(other, cell)
        if beyond:
            only_device = other.weights_format is cell.weights_format
            reason = reason or (Reason.DEVICES_DISAGREE if only_device else Reason.FORMATS_DISAGREE)
            which = "reproduces" if other.reproduces else "does not reproduce"
            differing.append(f"differs from {name}, which {which} the declared outputs: {beyond}")
        else:
            agreeing.append(name)
    lines = [f"agrees with {', '.join(agreeing)}"] if agreeing else []
    message = "\n".join(differing + lines)
    verdict = Verdict.because(reason, message) if reason else PASSED
    return check_of_verdict(Check.AGREEMENT, verdict, passed=message), tuple(pairs)


def _against(
    produced: tuple[Array, ...],
    other: tuple[Array, ...],
    question: Question,
    kept: Kept,
    outputs: Sequence[Tensor],
) -> tuple[float | None, str]:
    if len(produced) != len(other):
        return None, f"{len(produced)} outputs against {len(other)}"
    return first_difference(produced, other, question, outputs=outputs, also=kept.weights_format)


def _name(other: Kept, cell: Cell) -> str:
    """The other one as a reader tells it from this cell."""
    device = f" on {other.device.value}" if other.device is not cell.device else ""
    return f"{other.weights_format.value}{device}"
