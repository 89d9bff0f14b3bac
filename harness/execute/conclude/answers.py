"""From evidence to checks and a verdict: what each check asked, and what the worker's arrays answer."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from harness.collection.tensors import Array
from harness.execute.conclude.answer_variants import answer_variants
from harness.execute.conclude.checks import check_of_prediction, check_of_verdict, explained, ran
from harness.execute.conclude.compare import Comparison, compare
from harness.execute.conclude.determinism import determinism
from harness.execute.conclude.evidence import Evidence
from harness.execute.conclude.more_than_weights import in_words, with_needs
from harness.execute.conclude.produced import arrays_of
from harness.execute.conclude.question import Question
from harness.execute.conclude.targets import Target, targets_of
from harness.execute.conclude.tasks import AS_CALLED, REPRODUCES, Task
from harness.ledger.record import CheckResult
from harness.verdict import PASSED, Blame, Check, CheckStatus, Reason, Status, Verdict


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one attempt with its checks; ``compared`` is None if there was nothing to compare."""

    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()
    compared: Comparison | None = None


def conclude(evidence: Evidence, tasks: Sequence[Task], question: Question) -> Conclusion:
    """Judge everything that the worker produced; the first check that did not pass decides.

    Findings (determinism, as called) do so only where the policy requires them: a verdict that may be chance
    is tried again, whichever check it is of. Without tasks, to load was all that was asked.
    """
    if evidence.error() is not None or evidence.load_seconds is None or evidence.malformed is not None:
        verdict = with_needs(explained(evidence, question), evidence)
        return Conclusion(verdict=verdict, checks=(check_of_verdict(Check.LOAD, verdict),))
    checks = [check_of_verdict(Check.LOAD, PASSED, evidence.load_seconds, passed=in_words(evidence))]
    if not tasks:
        return Conclusion(verdict=PASSED, checks=tuple(checks))
    by_name = {task.name: task for task in tasks}
    verdict, result = ran(evidence, by_name[REPRODUCES], question)
    checks.append(check_of_prediction(Check.RUNS, verdict, result))
    compared: Comparison | None = None
    if result is not None:
        clock = time.perf_counter()
        compared = compare(result, by_name[REPRODUCES], question)
        verdict = compared.verdict
        checks.append(check_of_verdict(Check.REPRODUCES, verdict, time.perf_counter() - clock))
    else:
        checks.append(_skipped(Check.REPRODUCES, "the model did not run"))
    if question.repeat > 1:
        checks.append(_determinism(evidence, tasks, question))
    variants, variants_check = answer_variants(evidence, tasks, question)
    checks.append(variants_check)
    if verdict.status is Status.PASSED:
        verdict = variants
    if AS_CALLED in by_name:
        checks.append(_as_called(evidence, by_name[AS_CALLED], question))
    conclusion = Conclusion(verdict=verdict, checks=tuple(checks), compared=compared)
    return with_required(conclusion, question.policy.required_checks)


def with_required(conclusion: Conclusion, required: frozenset[Check]) -> Conclusion:
    """A passed verdict becomes the one of the first finding that failed although the policy requires it.

    What the policy requires the model has to give: an unstable result is then a failure.
    """
    if conclusion.verdict.status is not Status.PASSED:
        return conclusion
    for check in conclusion.checks:
        if (check.name in required and check.status is CheckStatus.FAILED) or _undecided(check, required):
            assert check.reason is not None, "a check that did not pass says why"
            reason = Reason.from_slug(check.reason)
            message = f"the policy requires {check.name.value}: {check.message}"
            verdict = Verdict.because(reason, message)
            if reason is Reason.NOT_DETERMINISTIC:
                verdict = Verdict(status=Status.FAILED, reason=reason, blame=Blame.MODEL, message=message)
            return msgspec.structs.replace(conclusion, verdict=verdict)
    return conclusion


def _undecided(check: CheckResult, required: frozenset[Check]) -> bool:
    return check.name in required and check.status is CheckStatus.INCONCLUSIVE


def _skipped(check: Check, why: str) -> CheckResult:
    return CheckResult(name=check, status=CheckStatus.SKIPPED, message=why)


def _determinism(evidence: Evidence, tasks: Sequence[Task], question: Question) -> CheckResult:
    """Whether the runs on the declared inputs gave the same outputs."""
    mine = [task for task in tasks if task.name == REPRODUCES or task.repeats]
    runs: list[tuple[Array, ...]] = []
    targets: tuple[Target, ...] | Verdict = ()
    seconds = 0.0
    for task in mine:
        if not evidence.began(task.name):
            return _skipped(Check.DETERMINISM, "the worker did not come so far")
        verdict, result = ran(evidence, task, question)
        if result is None:
            return check_of_verdict(Check.DETERMINISM, verdict)
        arrays = arrays_of(result, task)
        if isinstance(arrays, str):
            return check_of_verdict(Check.DETERMINISM, Verdict.because(Reason.REPLY_MALFORMED, arrays))
        targets = targets if runs else targets_of(result, question.model)
        runs.append(tuple(arrays))
        seconds += result.seconds
    if isinstance(targets, Verdict):
        return _skipped(Check.DETERMINISM, "what was produced cannot be told apart")
    verdict, measured = determinism(runs, question, [target.tensor for target in targets])
    check = check_of_verdict(Check.DETERMINISM, verdict, seconds, passed=measured)
    if verdict.reason is Reason.NOT_DETERMINISTIC:
        # As a verdict it answers nothing; as the answer to this very question it is a clear no.
        check = msgspec.structs.replace(check, status=CheckStatus.FAILED)
    return check


def _as_called(evidence: Evidence, task: Task, question: Question) -> CheckResult:
    """The consumer's default call, with its padding: a finding beside the verdict."""
    if not evidence.began(task.name):
        return _skipped(Check.AS_CALLED, "the worker did not come so far")
    verdict, result = ran(evidence, task, question)
    if result is not None:
        verdict = compare(result, task, question).verdict
    return check_of_prediction(Check.AS_CALLED, verdict, result)
