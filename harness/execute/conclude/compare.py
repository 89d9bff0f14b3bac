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
            dtype=_handed_out(tensor.dtype, model.description.format_version),
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


def _handed_out(dtype: str, format_version: str) -> str:
    """The data type in which the reference runtime hands out an output that is described with ``dtype``."""
    return "float32" if format_version.startswith("0.4") else dtype


def first_difference(
    produced: tuple[Array, ...],
    reference: tuple[Array, ...],
    question: Question,
    *,
    outputs: Sequence[Tensor] = (),
    also: WeightsFormat | None = None,
) -> tuple[float | None, str]:
    """Two sets of outputs of one model against each other.

    Args:
        produced, reference: one array for each output.
        outputs: what these are; none for the described ones.
        also: the weights that gave ``reference``, if they are others.

    Returns:
        The largest absolute difference (None if no finite number tells it), and in words what differs beyond
        tolerance; empty if nothing does.
    """
    largest: float | None = 0.0
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
        difference = judgement.result.max_abs_diff
        largest = None if largest is None or difference is None else max(largest, difference)
        if not judgement.passed:
            return largest, f"output {tensor.id}: {judgement.result.message}"
    return largest, ""
