"""The records of cells that did not run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.execute.clock import Clock
from harness.execute.not_run import NotRun
from harness.execute.settings import Settings
from harness.ledger.record import Artifact
from harness.verdict import Blame, Check, CheckStatus, Reason, Status, Verdict
from tests.execute.cells import planned


@pytest.fixture
def not_run(tmp_path: Path) -> NotRun:
    settings = Settings(run="run", collection="zoo", artifacts=tmp_path, threads=1, clock=Clock())
    return NotRun({}, settings)


@pytest.mark.parametrize(
    ("reason", "checks"),
    [
        (Reason.DESCRIPTION_INVALID, [Check.VALIDATE]),
        (Reason.SHA256_MISMATCH, [Check.FETCH]),
        (Reason.INTERNAL_ERROR, []),
        (Reason.ENVIRONMENT_UNSATISFIABLE, [Check.ENVIRONMENT]),
    ],
)
def test_a_settled_cell_has_the_check_of_its_stage(
    reason: Reason, checks: list[Check], not_run: NotRun
) -> None:
    record = not_run.settled(planned("a", reason))
    assert [check.name for check in record.checks] == checks
    assert {check.reason for check in record.checks} <= {reason.slug}


def test_a_declaration_that_is_only_not_followed_here_has_no_verdict(not_run: NotRun) -> None:
    cell = planned("a", Reason.ENVIRONMENT_UNSATISFIABLE)
    assert cell.settled is not None
    inconclusive = msgspec.structs.replace(cell.settled, status=Status.INCONCLUSIVE)
    record = not_run.settled(msgspec.structs.replace(cell, settled=inconclusive))
    assert (record.status, record.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert record.checks[0].status is CheckStatus.INCONCLUSIVE


def test_without_a_device(not_run: NotRun) -> None:
    record = not_run.without_device(planned("a"), Reason.DEVICE_UNAVAILABLE, "no GPU is here")
    assert (record.reason, record.message) == ("device-unavailable", "no GPU is here")
    assert [(check.name, check.reason) for check in record.checks] == [
        (Check.ENVIRONMENT, "device-unavailable")
    ]


def test_without_an_environment(not_run: NotRun) -> None:
    log = Artifact(kind="build-log", path="logs/x.txt", bytes=1)
    cell = msgspec.structs.replace(planned("a"), notes=("python=3.8 became 3.11",))
    verdict = Verdict.because(Reason.ENVIRONMENT_BUILD_FAILED, "no such package")
    record = not_run.without_environment(cell, verdict, (log,), at="2026-01-01T00:00:00.000Z")
    assert (record.started_at, record.artifacts) == ("2026-01-01T00:00:00.000Z", (log,))
    (check,) = record.checks
    assert check.name is Check.ENVIRONMENT
    assert check.message == "no such package\nchanged in what is declared: python=3.8 became 3.11"
