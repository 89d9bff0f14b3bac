"""The check *variants*: do the other described sizes run and give the described output shapes?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.collection.model import Model
from harness.collection.variants import Size, Variant
from harness.execute.conclude.checks import check_of_verdict, ran
from harness.execute.conclude.classify import explain_end
from harness.execute.conclude.evidence import Evidence, ResultEvent
from harness.execute.conclude.produced import arrays_of
from harness.execute.conclude.question import Question
from harness.execute.conclude.tasks import Task
from harness.ledger.record import CheckResult
from harness.verdict import PASSED, Check, CheckStatus, Reason, Verdict

_OF_SIZES = (Reason.EXCEPTION, Reason.WRONG_SHAPE, Reason.WRONG_OUTPUT_COUNT)


def answer_variants(
    evidence: Evidence, tasks: Sequence[Task], question: Question
) -> tuple[Verdict, CheckResult]:
    """The verdict of all variants together, and the check."""
    model = question.model
    mine = [(task, task.variant) for task in tasks if task.variant is not None]
    if not mine:
        why = model.description.variants_left_out or "no other size is described"
        return PASSED, CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
    if not evidence.began(mine[0][0].name):
        why = "the worker did not come so far"
        skipped = CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
        return explain_end(evidence, question.limits), skipped
    results: list[ResultEvent] = []
    problems: dict[str, list[str]] = {}
    for task, variant in mine:
        verdict, result = ran(evidence, task, question)
        if result is not None:
            results.append(result)
            verdict = _as_described(result, task, variant, model)
        if verdict.reason in _OF_SIZES:
            problems.setdefault(verdict.message, []).append(_in_sizes(variant, model))
        elif verdict.reason is not None:
            # Not what the description says of sizes: no memory, no disk, a crash, the network.
            other = msgspec.structs.replace(verdict, message=f"{variant.name}: {verdict.message}")
            return other, check_of_verdict(Check.VARIANTS, other, sum(done.seconds for done in results))
    lines = [f"{'; '.join(names)}: {message}" for message, names in problems.items()]
    verdict = Verdict.because(Reason.VARIANT_FAILS, "\n".join(lines)) if problems else PASSED
    names = ", ".join(f"({variant.name})" for _, variant in mine)
    if left_out := model.description.variants_left_out:
        names = f"{names}; {left_out}"
    check = check_of_verdict(Check.VARIANTS, verdict, sum(result.seconds for result in results), passed=names)
    peak = max((result.peak_memory_bytes for result in results), default=0)
    return verdict, msgspec.structs.replace(check, peak_memory_bytes=peak)


def _in_sizes(variant: Variant, model: Model) -> str:
    """A variant by its name and the shapes of its inputs: "n=1, batch=2 (image 2x1x80x80)"."""
    inputs = zip(model.description.inputs, variant.inputs, strict=True)
    shapes = ", ".join(f"{tensor.id} {'×'.join(map(str, shape))}" for tensor, shape in inputs)
    return f"{variant.name} ({shapes})"


def _as_described(result: ResultEvent, task: Task, variant: Variant, model: Model) -> Verdict:
    """Whether a variant's outputs have the described shapes."""
    described = model.description.outputs
    arrays = arrays_of(result, task)
    if isinstance(arrays, str):
        return Verdict.because(Reason.REPLY_MALFORMED, arrays)
    plain = [array for array, output in zip(arrays, result.outputs, strict=True) if not output.expected]
    if arrays and not plain:  # all are compared with files, and of those no sizes are described
        return PASSED
    if len(plain) != len(described):
        message = f"{len(plain)} outputs were produced, {len(described)} are described"
        return Verdict.because(Reason.WRONG_OUTPUT_COUNT, message)
    wrong = [
        f"output {tensor.id} has shape {array.shape}, described as {_in_words(sizes)}"
        for tensor, array, sizes in zip(described, plain, variant.outputs, strict=True)
        if not _fits(array.shape, sizes)
    ]
    return Verdict.because(Reason.WRONG_SHAPE, "; ".join(wrong)) if wrong else PASSED


def _fits(shape: tuple[int, ...], sizes: tuple[Size, ...]) -> bool:
    return len(shape) == len(sizes) and all(
        size.allows(have) for have, size in zip(shape, sizes, strict=True)
    )


def _in_words(sizes: tuple[Size, ...]) -> str:
    words = [str(size.min) if size.min == size.max else f"{size.min}..{size.max or ''}" for size in sizes]
    return f"({', '.join(words)})"
