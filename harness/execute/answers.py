"""From evidence to checks and a verdict: what each check asked, and what the worker's arrays answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.tensors import Array
from harness.collection.tolerance import tolerance_for
from harness.collection.variants import Size
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
    checks.append(_check_of(Check.RUNS, verdict, result))
    outputs: tuple[OutputResult, ...] = ()
    if result is not None:
        clock = time.perf_counter()
        judgements, verdict = _compare(result, by_name[REPRODUCES], model, weights_format)
        outputs = tuple(judgement.result for judgement in judgements)
        checks.append(_check(Check.REPRODUCES, verdict, time.perf_counter() - clock))
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
    message = "; ".join(f"output {j.result.name}: {j.result.message}" for j in judgements if not j.passed)
    reason = next((judgement.reason for judgement in judgements if judgement.reason), None)
    return judgements, Verdict.because(reason, message) if reason else PASSED


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
        why = model.description.variants_left_out or "no other size is described"
        return PASSED, CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
    if not evidence.began(mine[0].name):
        why = "the worker did not come so far"
        skipped = CheckResult(name=Check.VARIANTS, status=CheckStatus.SKIPPED, message=why)
        return explain_end(evidence, timeout=timeout), skipped
    results: list[ResultEvent] = []
    problems: dict[str, list[str]] = {}
    for task in mine:
        verdict, result = _ran(evidence, task.name, timeout)
        if result is not None:
            results.append(result)
            verdict = _as_described(result, task, model)
        if verdict.reason in (Reason.EXCEPTION, Reason.WRONG_SHAPE, Reason.WRONG_OUTPUT_COUNT):
            problems.setdefault(verdict.message, []).append(_in_sizes(task, model))
        elif verdict.reason is not None:
            # Not what the description says of sizes: no memory, no disk, a crash, the network.
            named = f"{task.variant.name if task.variant else task.name}: {verdict.message}"
            other = Verdict.because(verdict.reason, named)
            return other, _check(Check.VARIANTS, other, sum(done.seconds for done in results))
    lines = [f"{'; '.join(names)}: {message}" for message, names in problems.items()]
    verdict = Verdict.because(Reason.VARIANT_FAILS, "\n".join(lines)) if problems else PASSED
    names = ", ".join(f"({task.variant.name})" for task in mine if task.variant)
    if left_out := model.description.variants_left_out:
        names = f"{names}; {left_out}"
    check = _check(Check.VARIANTS, verdict, sum(result.seconds for result in results), passed=names)
    peak = max((result.peak_memory_bytes for result in results), default=0)
    return verdict, msgspec.structs.replace(check, peak_memory_bytes=peak)


def _in_sizes(task: Task, model: Model) -> str:
    """A variant by its name and the shapes of its inputs: "n=1, batch=2 (image 2x1x80x80)"."""
    if task.variant is None:
        return task.name
    inputs = zip(model.description.inputs, task.variant.inputs, strict=True)
    shapes = ", ".join(f"{tensor.id} {'×'.join(map(str, shape))}" for tensor, shape in inputs)
    return f"{task.variant.name} ({shapes})"


def _as_described(result: ResultEvent, task: Task, model: Model) -> Verdict:
    """Whether a variant's outputs have the described shapes."""
    described = model.description.outputs
    arrays = _arrays(result, task)
    if isinstance(arrays, str):
        return Verdict.because(Reason.REPLY_MALFORMED, arrays)
    if len(arrays) != len(described):
        message = f"{len(arrays)} outputs were produced, {len(described)} are described"
        return Verdict.because(Reason.WRONG_OUTPUT_COUNT, message)
    assert task.variant is not None, "only variants have described shapes"
    wrong = [
        f"output {tensor.id} has shape {array.shape}, described as {_in_words(sizes)}"
        for tensor, array, sizes in zip(described, arrays, task.variant.outputs, strict=True)
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
    return _check_of(Check.AS_CALLED, verdict, result)


def _check_of(check: Check, verdict: Verdict, result: ResultEvent | None) -> CheckResult:
    """The check that one prediction answers."""
    if result is None:
        return _check(check, verdict, 0.0)
    made = _check(check, verdict, result.seconds)
    return msgspec.structs.replace(made, peak_memory_bytes=result.peak_memory_bytes)


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
