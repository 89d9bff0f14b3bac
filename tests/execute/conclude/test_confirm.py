"""What several attempts say together."""

from __future__ import annotations

import itertools

import pytest

from harness.execute.conclude.confirm import MAX_ATTEMPTS, confirmed, needs_another
from harness.verdict import PASSED, Blame, Reason, Status, Verdict


def verdicts(*reasons: Reason | None) -> list[Verdict]:
    return [Verdict.because(reason, "words") if reason else PASSED for reason in reasons]


CRASH, SLOW, LOST, WRONG = Reason.CRASHED, Reason.TIMED_OUT, Reason.NO_REPLY, Reason.VALUES_DIFFER
SHAPE, MEMORY = Reason.WRONG_SHAPE, Reason.MEMORY_LIMIT


@pytest.mark.parametrize(
    ("reasons", "another"),
    [
        ([None], False),
        ([WRONG], True),
        ([WRONG, WRONG], False),
        ([SHAPE], False),
        ([CRASH], True),
        ([CRASH, CRASH], False),
        ([CRASH, None], False),
        ([LOST, CRASH], True),
        ([LOST, CRASH, CRASH], False),
        ([LOST, CRASH, SLOW], False),
    ],
)
def test_when_to_try_again(reasons: list[Reason | None], another: bool) -> None:
    assert needs_another(verdicts(*reasons)) is another


@pytest.mark.parametrize(
    ("reasons", "result"),
    [
        ([None], None),
        ([WRONG, WRONG], WRONG),
        ([WRONG, None], Reason.NOT_DETERMINISTIC),
        ([SHAPE], SHAPE),
        ([CRASH, CRASH], CRASH),
        ([CRASH, None], Reason.NOT_DETERMINISTIC),
        ([CRASH, SHAPE], Reason.NOT_DETERMINISTIC),
        ([LOST, None], None),
        ([LOST, SHAPE], SHAPE),
        ([LOST, WRONG, WRONG], WRONG),
        ([LOST, LOST], LOST),
        ([LOST, CRASH, CRASH], CRASH),
        ([LOST, CRASH, SLOW], LOST),
        ([CRASH, LOST, SLOW], LOST),
        ([CRASH, SLOW, CRASH], Reason.NOT_DETERMINISTIC),
        ([CRASH, Reason.DISK_FULL], Reason.DISK_FULL),
    ],
)
def test_what_they_say_together(reasons: list[Reason | None], result: Reason | None) -> None:
    assert confirmed(verdicts(*reasons)).reason is result


def test_one_reason_told_with_two_statuses_is_not_said_twice() -> None:
    machine = Verdict(status=Status.INCONCLUSIVE, reason=MEMORY, blame=Blame.INFRASTRUCTURE)
    limit = Verdict.because(MEMORY, "words")
    assert needs_another([machine, limit])
    assert confirmed([machine, limit]) == machine
    assert confirmed([machine, limit, limit]) == limit
    assert confirmed([limit, machine, limit]) == limit
    assert confirmed([limit, machine, machine]) == machine


def test_a_failure_that_may_be_chance_is_never_believed_from_one_attempt() -> None:
    for reasons in itertools.product([None, CRASH, SLOW, LOST, WRONG], repeat=MAX_ATTEMPTS):
        said = verdicts(*reasons)
        answer = confirmed(said)
        if answer.status is Status.FAILED and answer.reason and answer.reason.spurious:
            assert [verdict.reason for verdict in said].count(answer.reason) >= 2
