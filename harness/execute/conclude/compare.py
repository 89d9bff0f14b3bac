"""Hold what one prediction produced against the declared outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.cell import WeightsFormat
from harness.collection.description import Tensor
from harness.collection.tensors import Array
from harness.execute.conclude.evidence import ResultEvent
from harness.execute.conclude.produced import arrays_of
from harness.execute.conclude.question import Question
from harness.execute.conclude.targets import Target, targets_of
from harness.execute.conclude.tasks import Task
from harness.execute.judge.judge import Judgement, judge
from harness.verdict import PASSED, Reason, Verdict


class Difference(NamedTuple):
    """Two sets of outputs of one model.

    Attributes:
        largest: absolute difference; None if no finite number tells it.
        beyond: in words what differs beyond tolerance, empty if nothing does.
        atol, rtol: the widest that were allowed to an output; None if none was compared.
    """

    largest: float | None
    beyond: str
    atol: float | None = None
    rtol: float | None = None


class Comparison(NamedTuple):
    """One judgement, one produced array and its target for each output; none if they cannot be paired."""

    verdict: Verdict
    judgements: tuple[Judgement, ...] = ()
    produced: tuple[Array, ...] = ()
    targets: tuple[Target, ...] = ()


def compare(result: ResultEvent, task: Task, question: Question) -> Comparison:
    """Every output against its declared test tensor, or the file that it is to be compared with."""
    model = question.model
    targets = targets_of(result, model)
    if isinstance(targets, Verdict):
        return Comparison(targets)
    arrays = arrays_of(result, task)
    if isinstance(arrays, str):
        return Comparison(Verdict.because(Reason.REPLY_MALFORMED, arrays))
    judgements = tuple(
        judge(
            tensor.id,
            produced,
            expected,
            tolerance=question.tolerance(tensor.id),
            dtype=_handed_out(tensor, model.description.format_version),
            label_map=tensor.label_map,
            axes=tensor.axes,
        )
        for (tensor, expected), produced in zip(targets, arrays, strict=True)
    )
    message = "\n".join(_in_words(judgement) for judgement in judgements if not judgement.passed)
    reason = next((judgement.reason for judgement in judgements if judgement.reason), None)
    verdict = Verdict.because(reason, message) if reason else PASSED
    return Comparison(verdict, judgements, tuple(arrays), targets)


def _in_words(judgement: Judgement) -> str:
    result = judgement.result
    looks = f"\nlooks like: {result.kind}" if result.kind else ""
    return f"output {result.name}: {result.message}{looks}"


def _handed_out(tensor: Tensor, format_version: str) -> str:
    """The data type in which tools hand out a described output; an attachment has its own."""
    old = format_version.startswith("0.4") and not tensor.test_tensor.is_expected
    return "float32" if old else tensor.dtype


def first_difference(
    produced: tuple[Array, ...],
    reference: tuple[Array, ...],
    question: Question,
    *,
    outputs: Sequence[Tensor] = (),
    also: WeightsFormat | None = None,
) -> Difference:
    """Two sets of outputs of one model against each other, up to the first that differs beyond tolerance.

    Args:
        produced, reference: one array for each output.
        outputs: what these are; none for the described ones.
        also: the weights that gave ``reference``, if they are others.
    """
    found = Difference(0.0, "")
    for tensor, array, other in zip(
        outputs or question.model.description.outputs, produced, reference, strict=True
    ):
        judgement = judge(
            tensor.id,
            array,
            other,
            tolerance=question.tolerance(tensor.id, also=also),
            dtype=str(other.dtype),
            label_map=tensor.label_map,
            axes=tensor.axes,
        )
        result = judgement.result
        known = found.largest is not None and result.max_abs_diff is not None
        found = Difference(
            largest=max(found.largest or 0.0, result.max_abs_diff or 0.0) if known else None,
            beyond="" if judgement.passed else f"output {tensor.id}: {result.message}",
            atol=max(found.atol or 0.0, result.atol),
            rtol=max(found.rtol or 0.0, result.rtol),
        )
        if found.beyond:
            break
    return found
