"""From evidence to checks and a verdict: what each check asked, and what the worker's arrays answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.tensors import Array
from harness.collection.tolerance import tolerance_for
from harness.execute.classify import explain_end, explain_error
from harness.execute.evidence import Evidence, ResultEvent
from harness.execute.judge import Judgement, judge
from harness.execute.tasks import AS_CALLED, REPRODUCES, Task
from harness.ledger.record import CheckResult, OutputResult
from harness.verdict import PASSED, Check, CheckStatus, Reason, Status, Verdict


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one attempt with its checks and compared outputs."""

    verdict: Verdict
    checks: tuple[CheckResult, ...]
    outputs: tuple[OutputResult, ...] = ()


def conclude(
    evidence: Evidence,
    tasks: Sequence[Task],
    *,
    model: Model,
    weights_format: WeightsFormat,
    timeout: float,
) -> Conclusion:
    """Judge everything that the worker produced; the first required check that did not pass decides."""
    load_error = evidence.error()
    if load_error is not None or evidence.load_seconds is None or evidence.malformed is not None:
        verdict = explain_error(load_error) if load_error else explain_end(evidence, timeout=timeout)
        return Conclusion(verdict=verdict, checks=(_check(Check.LOAD, verdict, 0.0),))
    checks = [_check(Check.LOAD, PASSED, evidence.load_seconds)]
    by_name = {task.name: task for task in tasks}

    verdict, result = _ran(evidence, REPRODUCES, timeout)
    checks.append(_check(Check.RUNS, verdict, result.seconds if result else 0.0))
    outputs: tuple[OutputResult, ...] = ()
    if result is not None:
        judgements, verdict = _compare(result, by_name[REPRODUCES], model, weights_format)
        outputs = tuple(judgement.result for judgement in judgements)
        checks.append(_check(Check.REPRODUCES, verdict, result.seconds))
    else:
        checks.append(
            CheckResult(name=Check.REPRODUCES, status=CheckStatus.SKIPPED, message="the model did not run")
        )

    variants, variants_check = _variants(evidence, tasks, model, timeout)
    checks.append(variants_check)
    if verdict.status is Status.PASSED:
        verdict = variants
    checks.append(_as_called(evidence, by_name[AS_CALLED], model, weights_format, timeout))
    return Conclusion(verdict=verdict, checks=tuple(checks), outputs=outputs)


def _ran(evidence: Evidence, task: str, timeout: float) -> tuple[Verdict, ResultEvent | None]:
    """Whether a task produced arrays, and if not, why."""
    result = evidence.result(task)
    if result is not None:
        return PASSED, result
    error = evidence.error(task)
    return (explain_error(error) if error else explain_end(evidence, timeout=timeout)), None


def _compare(
    result: ResultEvent, task: Task, model: Model, weights_format: WeightsFormat
) -> tuple[list[Judgement], Verdict]:
    """Every described output against its declared test tensor, in the description's order."""
    described = model.description.outputs
    if len(result.outputs) != len(described):
        message = f"{len(result.outputs)} outputs were produced, {len(described)} are described"
        return [], Verdict.because(Reason.WRONG_OUTPUT_COUNT, message)
    arrays = _arrays(result, task)
    if isinstance(arrays, str):
        return [], Verdict.because(Reason.REPLY_MALFORMED, arrays)
    judgements = [
        judge(
            tensor.id,
            produced,
            model.test_tensor(tensor),
            tolerance=tolerance_for(
                model.description.tolerances, weights_format=weights_format, output=tensor.id
            ),
            dtype=tensor.dtype,
            label_map=tensor.label_map,
        )
        for tensor, produced in zip(described, arrays, strict=True)
    ]
    wrong = [judgement for judgement in judgements if judgement.reason is not None]
    if not wrong or wrong[0].reason is None:
        return judgements, PASSED
    message = "; ".join(f"output {judgement.result.name}: {judgement.result.message}" for judgement in wrong)
    return judgements, Verdict.because(wrong[0].reason, message)


def _arrays(result: ResultEvent, task: Task) -> list[Array] | str:
    """The produced arrays, memory-mapped; or what is wrong with the files that the worker names."""
    folder = Path(task.outputs).resolve()
    arrays: list[Array] = []
    for output in result.outputs:
        path = Path(output.path)
        if path.is_symlink() or path.resolve().parent != folder:
            return f"output {output.name}: {path.name} is not in the folder of its task"
        try:
            arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            return f"output {output.name}: {path.name} is no readable array ({error})"
    return arrays


def _variants(
    evidence: Evidence, tasks: Sequence[Task], model: Model, timeout: float
) -> tuple[Verdict, CheckResult]:
    """Whether every other described size runs and gives the described output shapes."""
    mine = [task for task in tasks if task.variant is not None]
    if not mine:
        why = "no other size is described"
        return PASSED, CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
    if not evidence.began(mine[0].name):
        why = "the worker did not come so far"
        skipped = CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
        return explain_end(evidence, timeout=timeout), skipped
    seconds = 0.0
    problems: list[str] = []
    for task in mine:
        name = task.variant.name if task.variant else task.name
        verdict, result = _ran(evidence, task.name, timeout)
        if result is None:
            if evidence.error(task.name) is None:  # the process ended here: later variants say nothing
                ended = Verdict.because(_reason(verdict), f"{name}: {verdict.message}")
                return ended, _check(Check.VARIANTS, ended, seconds)
            problems.append(f"{name}: {verdict.message}")
        else:
            seconds += result.seconds
            problems += [f"{name}: {problem}" for problem in _wrong_shapes(result, task, model)]
    verdict = Verdict.because(Reason.VARIANT_FAILS, "\n".join(problems)) if problems else PASSED
    names = ", ".join(f"({task.variant.name})" for task in mine if task.variant)
    return verdict, _check(Check.VARIANTS, verdict, seconds, passed=names)


def _wrong_shapes(result: ResultEvent, task: Task, model: Model) -> list[str]:
    described = model.description.outputs
    arrays = _arrays(result, task)
    if isinstance(arrays, str):
        return [arrays]
    if len(arrays) != len(described):
        return [f"{len(arrays)} outputs were produced, {len(described)} are described"]
    variant = task.variant
    assert variant is not None, "only variants have described shapes"
    wrong = []
    for tensor, array, sizes in zip(described, arrays, variant.outputs, strict=True):
        fits = len(array.shape) == len(sizes) and all(
            size.allows(have) for have, size in zip(array.shape, sizes, strict=True)
        )
        if not fits:
            expected = tuple(
                size.min if size.min == size.max else f"{size.min}..{size.max or ''}" for size in sizes
            )
            wrong.append(f"output {tensor.id} has shape {array.shape}, described as {expected}")
    return wrong


def _as_called(
    evidence: Evidence, task: Task, model: Model, weights_format: WeightsFormat, timeout: float
) -> CheckResult:
    """The consumer's default call, with its padding: a finding beside the verdict."""
    if not evidence.began(task.name):
        return CheckResult(
            name=Check.AS_CALLED, status=CheckStatus.SKIPPED, message="the worker did not come so far"
        )
    verdict, result = _ran(evidence, task.name, timeout)
    if result is not None:
        _, verdict = _compare(result, task, model, weights_format)
    return _check(Check.AS_CALLED, verdict, result.seconds if result else 0.0)


def _check(check: Check, verdict: Verdict, seconds: float, *, passed: str = "") -> CheckResult:
    statuses: Mapping[Status, CheckStatus] = {
        Status.PASSED: CheckStatus.PASSED,
        Status.FAILED: CheckStatus.FAILED,
        Status.INCONCLUSIVE: CheckStatus.INCONCLUSIVE,
        Status.NOT_APPLICABLE: CheckStatus.SKIPPED,
    }
    return CheckResult(
        name=check,
        status=statuses[verdict.status],
        seconds=round(seconds, 6),
        message=verdict.message or passed,
    )


def _reason(verdict: Verdict) -> Reason:
    assert verdict.reason is not None, "only a verdict that is not passed explains an end"
    return verdict.reason
