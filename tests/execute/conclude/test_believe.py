"""What several attempts at a cell say together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.execute.conclude.answers import Conclusion, conclude
from harness.execute.conclude.believe import believed
from harness.verdict import Blame, Check, CheckStatus, Reason, Status
from tests.execute.conclude.replies import LOADED, Setting, declared, error, evidence, result, setting, worked


@pytest.fixture
def asked(tmp_path: Path) -> Setting:
    return setting(tmp_path)


def off_by(asked: Setting, offset: float) -> Conclusion:
    """An attempt whose output is that far from the declared one."""
    first = asked.tasks[0]
    produced = result(first, declared(first) + np.float32(offset))
    return conclude(evidence(*worked(asked.tasks, reproduces=produced)), asked.tasks, asked.question)


def crashed(asked: Setting) -> Conclusion:
    return conclude(evidence(*LOADED, exit_code=None, signal="SIGSEGV"), asked.tasks, asked.question)


def test_one_attempt_that_passed(asked: Setting) -> None:
    conclusion = off_by(asked, 0)
    assert believed([conclusion], asked.question) == conclusion


def test_two_attempts_that_are_off_alike_are_believed(asked: Setting) -> None:
    verdict = believed([off_by(asked, 1), off_by(asked, 1)], asked.question).verdict
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.VALUES_DIFFER)


def test_two_attempts_that_are_off_by_something_else_are_no_evidence(asked: Setting) -> None:
    conclusion = believed([off_by(asked, 1), off_by(asked, 2)], asked.question)
    assert conclusion.verdict.reason is Reason.NOT_DETERMINISTIC
    assert conclusion.verdict.blame is not Blame.MODEL
    assert conclusion.verdict.message.startswith("the attempts disagree: unstable: run 2 differs")
    (determinism,) = [check for check in conclusion.checks if check.name is Check.DETERMINISM]
    assert (determinism.status, determinism.reason) == (CheckStatus.FAILED, "not-deterministic")


def test_an_attempt_without_outputs_is_not_compared(asked: Setting) -> None:
    verdict = believed([crashed(asked), crashed(asked)], asked.question).verdict
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.CRASHED)
    raised = conclude(
        evidence(*worked(asked.tasks, reproduces=error(asked.tasks[0]))), asked.tasks, asked.question
    )
    assert believed([raised], asked.question).verdict.reason is Reason.EXCEPTION


def test_a_crash_that_did_not_come_again(asked: Setting) -> None:
    verdict = believed([crashed(asked), off_by(asked, 0)], asked.question).verdict
    assert (verdict.status, verdict.reason) == (Status.INCONCLUSIVE, Reason.NOT_DETERMINISTIC)
