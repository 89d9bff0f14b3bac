"""Whether what may be chance is to be believed (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from harness import labels
from harness.verdict import Reason, Status, Verdict

MAX_ATTEMPTS = 3


def needs_another(verdicts: Sequence[Verdict]) -> bool:
    """Whether one more attempt is needed after these.

    A verdict whose reason may be chance is believed once a second attempt says the same.
    """
    last = verdicts[-1].reason
    if last is None or not last.spurious or len(verdicts) >= MAX_ATTEMPTS:
        return False
    return not _said_twice(verdicts)


def confirmed(verdicts: Sequence[Verdict]) -> Verdict:
    """What the attempts say together.

    The last one, if it is no chance or was said twice, and no earlier one was a failure that it contradicts.
    Attempts that only the infrastructure spoiled contradict nothing, and never make a failure believed.
    """
    last = verdicts[-1]
    failures = {verdict.reason for verdict in verdicts if verdict.status is Status.FAILED}
    told = [verdict for verdict in verdicts if verdict.status is not Status.INCONCLUSIVE]
    spoiled = [verdict for verdict in verdicts if verdict.status is Status.INCONCLUSIVE]
    if last.reason is not None and last.reason.spurious and not _said_twice(verdicts):
        return spoiled[-1] if spoiled else _disagreement(verdicts)
    if last.status is Status.INCONCLUSIVE or failures <= {last.reason}:
        return last
    return _disagreement(told)


def _said_twice(verdicts: Sequence[Verdict]) -> bool:
    """Whether an earlier attempt said what the last one says.

    One reason may be told with two statuses: memory that ran out is the model's doing only at its own limit.
    """
    said = [(verdict.status, verdict.reason) for verdict in verdicts]
    return said.count(said[-1]) >= 2


def _disagreement(verdicts: Sequence[Verdict]) -> Verdict:
    said = ", then ".join(
        labels.REASON[verdict.reason].label if verdict.reason else "passed" for verdict in verdicts
    )
    return Verdict.because(
        Reason.NOT_DETERMINISTIC, f"the attempts disagree: {said}\n{verdicts[0].message}".rstrip()
    )
