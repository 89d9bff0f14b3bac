"""What to believe after all attempts at a cell (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.execute.conclude.answers import Conclusion
from harness.execute.conclude.confirm import confirmed
from harness.execute.conclude.determinism import determinism
from harness.execute.conclude.question import Question
from harness.ledger.record import CheckResult
from harness.verdict import Check, CheckStatus, Reason, Status, Verdict


def believed(conclusions: Sequence[Conclusion], question: Question) -> Conclusion:
    """The last conclusion, with the verdict that all attempts support.

    Outputs that differ from the declared ones and from each other are no evidence of a wrong model, only of
    an unstable one.
    """
    last = conclusions[-1]
    verdict = confirmed([conclusion.verdict for conclusion in conclusions])
    checks = last.checks
    if verdict.status is Status.FAILED and (unstable := _unstable(conclusions, question)):
        verdict = Verdict.because(Reason.NOT_DETERMINISTIC, f"the attempts disagree: {unstable}")
        checks = (*(check for check in checks if check.name is not Check.DETERMINISM), _failed(unstable))
    return msgspec.structs.replace(last, verdict=verdict, checks=checks)


def _unstable(conclusions: Sequence[Conclusion], question: Question) -> str:
    """How the outputs of the attempts differ from each other beyond tolerance; empty if they do not."""
    runs = [
        conclusion.compared.produced
        for conclusion in conclusions
        if conclusion.compared is not None and conclusion.compared.produced
    ]
    if len(runs) < 2:
        return ""
    last = conclusions[-1].compared
    outputs = [target.tensor for target in last.targets] if last is not None else []
    verdict, measured = determinism(runs, question, outputs)
    return measured if verdict.reason is Reason.NOT_DETERMINISTIC else ""


def _failed(measured: str) -> CheckResult:
    return CheckResult(
        name=Check.DETERMINISM,
        status=CheckStatus.FAILED,
        message=measured,
        reason=Reason.NOT_DETERMINISTIC.slug,
    )
