"""What to believe after all attempts at a cell."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.environments import store
from harness.environments.built import BuiltEnvironment
from harness.environments.integrity import damage
from harness.execute.answers import Conclusion
from harness.execute.confirm import confirmed
from harness.execute.determinism import determinism
from harness.execute.question import Question
from harness.ledger.record import CheckResult
from harness.verdict import Check, CheckStatus, Reason, Status, Verdict


def believed(conclusions: Sequence[Conclusion], question: Question, built: BuiltEnvironment) -> Conclusion:
    """The last conclusion with the verdict that all attempts support, once the circumstances hold.

    Outputs that differ from the declared ones and from each other are no evidence of a wrong model, only of
    an unstable one. A damaged environment, or a collection that was edited meanwhile, is no fault of the
    model.
    """
    last = conclusions[-1]
    verdict = confirmed([conclusion.verdict for conclusion in conclusions])
    checks = last.checks
    if verdict.status is Status.FAILED and (unstable := _unstable(conclusions, question)):
        verdict = Verdict.because(Reason.NOT_DETERMINISTIC, f"the attempts disagree: {unstable}")
        checks = (*(check for check in checks if check.name is not Check.DETERMINISM), _failed(unstable))
    if verdict.status is not Status.PASSED and (damaged := of_damage(built)):
        verdict = damaged
    elif changed := question.model.changed():
        verdict = Verdict.because(Reason.INTERNAL_ERROR, f"{changed} while the cell ran; run again")
    return msgspec.structs.replace(last, verdict=verdict, checks=checks)


def of_damage(built: BuiltEnvironment) -> Verdict | None:
    """The verdict of an environment that was damaged since it was built, which is then given up; or None."""
    if not (missing := damage(built)):
        return None
    store.discard(built)
    return Verdict.because(
        Reason.ENVIRONMENT_UNHEALTHY,
        f"the environment is damaged: {missing}; the next run builds it",
    )


def _unstable(conclusions: Sequence[Conclusion], question: Question) -> str:
    """How the outputs of the attempts differ from each other beyond tolerance; empty if they do not."""
    runs = [
        conclusion.compared.produced
        for conclusion in conclusions
        if conclusion.compared is not None and conclusion.compared.produced
    ]
    if len(runs) < 2:
        return ""
    verdict, measured = determinism(runs, question)
    return measured if verdict.reason is Reason.NOT_DETERMINISTIC else ""


def _failed(measured: str) -> CheckResult:
    return CheckResult(
        name=Check.DETERMINISM,
        status=CheckStatus.FAILED,
        message=measured,
        reason=Reason.NOT_DETERMINISTIC.slug,
    )
