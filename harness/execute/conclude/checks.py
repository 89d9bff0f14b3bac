"""From a verdict about one question to the check that is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from harness.execute.conclude.classify import explain
from harness.execute.conclude.evidence import Evidence, ResultEvent
from harness.execute.conclude.question import Question
from harness.execute.conclude.tasks import Task
from harness.ledger.record import CheckResult
from harness.verdict import PASSED, Check, CheckStatus, Reason, Status, Verdict

_OF_STATUS: Mapping[Status, CheckStatus] = {
    Status.PASSED: CheckStatus.PASSED,
    Status.FAILED: CheckStatus.FAILED,
    Status.INCONCLUSIVE: CheckStatus.INCONCLUSIVE,
    Status.NOT_APPLICABLE: CheckStatus.SKIPPED,
}


def ran(evidence: Evidence, task: Task, question: Question) -> tuple[Verdict, ResultEvent | None]:
    """Whether a task produced arrays, and if not, why."""
    result = evidence.result(task.name)
    if result is not None:
        return PASSED, result
    return explained(evidence, question, task=task.name), None


def explained(evidence: Evidence, question: Question, *, task: str | None = None) -> Verdict:
    """Why a task, or loading, gave nothing, in the light of what the description declares."""
    verdict = explain(evidence, question.limits, task=task)
    declared = question.dependencies_not_installed
    if verdict.reason is Reason.UNDECLARED_DEPENDENCY and declared is not None:
        message = f"{verdict.message}\nthe dependencies that {declared} declares are not installed"
        return Verdict.because(Reason.DEPENDENCY_NOT_INSTALLED, message)
    if verdict.reason is Reason.TOOL_UNUSABLE and question.as_described:
        # Its owner knows of the packages that the tool was tested with, not of those that an author chose.
        return Verdict.because(Reason.ENVIRONMENT_UNHEALTHY, verdict.message)
    return verdict


def check_of_verdict(
    check: Check, verdict: Verdict, seconds: float = 0.0, *, passed: str = ""
) -> CheckResult:
    """The check with this verdict; ``passed`` is its message where the verdict has none."""
    return CheckResult(
        name=check,
        status=_OF_STATUS[verdict.status],
        seconds=round(seconds, 6),
        message=verdict.message or passed,
        reason=verdict.reason.slug if verdict.reason else None,
    )


def with_notes(check: CheckResult, notes: Sequence[str]) -> CheckResult:
    """The check *environment* of a cell whose environment was declared, with what of that was changed."""
    if not notes:
        return check
    message = "\n".join(filter(None, (check.message, f"changed in what is declared: {'; '.join(notes)}")))
    return msgspec.structs.replace(check, message=message)


def check_of_prediction(check: Check, verdict: Verdict, result: ResultEvent | None) -> CheckResult:
    """The check that one prediction answers, with what it took."""
    if result is None:
        return check_of_verdict(check, verdict)
    made = check_of_verdict(check, verdict, result.seconds)
    return msgspec.structs.replace(made, peak_memory_bytes=result.peak_memory_bytes)
