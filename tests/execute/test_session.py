"""Every planned cell ends in one record, also when the harness itself fails; what need not run does not."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend, Depth, Device, EnvironmentRef, WeightsFormat
from harness.execute.clock import Clock
from harness.execute.preparation import Preparation
from harness.execute.rerun import Rerun, to_run
from harness.execute.session import Session
from harness.execute.settings import Settings
from harness.ledger.record import HarnessRef, Record
from harness.ledger.store import LedgerWriter, read_records
from harness.limits import DEFAULTS, Limits
from harness.plan.plan import PlannedCell
from harness.verdict import Reason, Status
from tests.execute.cells import planned


class Watcher:
    """Hears of records, and fails at the one that it is told to."""

    def __init__(self, *, fails_at: int = -1) -> None:
        self.heard: list[str] = []
        self._fails_at = fails_at

    def isolation(self, description: str) -> None:
        raise AssertionError(description)

    def environment(self, line: str) -> None:
        raise AssertionError(line)

    def recorded(self, record: Record) -> None:
        self.heard.append(record.key)
        if len(self.heard) == self._fails_at:
            raise RuntimeError("a bug in the display")


def execute(cells: list[PlannedCell], output: Path, watcher: Watcher) -> dict[str, Record]:
    preparing = Preparation(isolation="auto", threads=1, warm=True, cancel=threading.Event())
    with preparing as preparation:
        Session(
            models={},
            specs={},
            ledger=LedgerWriter(output / "ledger", "run"),
            settings=Settings(
                run="run",
                collection="zoo",
                artifacts=output / "artifacts",
                threads=1,
                clock=Clock(),
            ),
            observer=watcher,
            preparation=preparation,
        ).execute(cells, jobs=2)
    return {record.key: record for record in read_records(output / "ledger")}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))


def test_a_bug_of_the_harness_leaves_a_record_for_every_cell(tmp_path: Path) -> None:
    cells = [planned(name) for name in "abcd"]
    records = execute(cells, tmp_path, Watcher(fails_at=2))
    assert sorted(records) == list("abcd")
    assert [records[name].reason for name in "abcd"] == [
        "description-invalid",
        "description-invalid",
        "internal-error",
        "internal-error",
    ]
    lost = records["d"]
    assert (lost.status, lost.message) == (Status.INCONCLUSIVE, "RuntimeError: a bug in the display")
    (log,) = lost.artifacts
    assert "in recorded" in (tmp_path / "artifacts" / log.path).read_text("utf-8")


def record_of(cell: PlannedCell, reason: Reason | None, **changes: object) -> Record:
    plain = Record(
        key=cell.key,
        run="r",
        model=cell.cell.model,
        weights_format=WeightsFormat.ONNX,
        consumer=cell.cell.consumer,
        depth=Depth.TOOL,
        environment=EnvironmentRef(name="onnx", backend=Backend.VENV, digest="d"),
        device=Device.CPU,
        status=reason.status if reason else Status.PASSED,
        reason=reason.slug if reason else None,
        blame=reason.blame if reason else None,
        stage=reason.stage if reason else None,
        message="",
        hint="",
        harness=HarnessRef(version="0"),
        limits=DEFAULTS.stated(),
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    ("reason", "rerun", "runs"),
    [
        (None, Rerun.INCONCLUSIVE, False),
        (None, Rerun.FAILED, False),
        (None, Rerun.ALL, True),
        (Reason.VALUES_DIFFER, Rerun.INCONCLUSIVE, False),
        (Reason.VALUES_DIFFER, Rerun.FAILED, True),
        (Reason.NO_REPLY, Rerun.INCONCLUSIVE, True),
        (Reason.FORMAT_NOT_SUPPORTED, Rerun.FAILED, False),
    ],
)
def test_what_runs_again(reason: Reason | None, rerun: Rerun, runs: bool) -> None:
    cell = planned("a")
    todo = to_run([cell], [record_of(cell, reason)], rerun, limits_of=lambda _: DEFAULTS)
    assert todo == ([cell] if runs else [])


def test_a_cell_without_a_record_runs() -> None:
    assert to_run([planned("a")], [], Rerun.INCONCLUSIVE, limits_of=lambda _: DEFAULTS) == [planned("a")]


@pytest.mark.parametrize(
    "reason", [Reason.TIMED_OUT, Reason.MEMORY_LIMIT, Reason.PROCESS_LIMIT, Reason.DISK_LIMIT]
)
@pytest.mark.parametrize(
    ("limits", "runs"),
    [
        (DEFAULTS, False),
        (Limits(seconds=60), False),
        (Limits(seconds=601), True),
        (Limits(memory_bytes=16 * 1024**3), True),
    ],
)
def test_a_cell_that_hit_a_limit_runs_when_it_may_use_more(
    reason: Reason, limits: Limits, runs: bool
) -> None:
    cell = planned("a")
    todo = to_run([cell], [record_of(cell, reason)], Rerun.INCONCLUSIVE, limits_of=lambda _: limits)
    assert bool(todo) is runs


def test_a_failure_for_another_reason_does_not_run_for_a_higher_limit() -> None:
    cell = planned("a")
    known = [record_of(cell, Reason.EXCEPTION)]
    assert to_run([cell], known, Rerun.INCONCLUSIVE, limits_of=lambda _: Limits(seconds=9999)) == []


def test_a_cell_that_disagrees_with_another_one_runs_again_when_that_one_does() -> None:
    mine, sibling = planned("a"), msgspec.structs.replace(planned("a"), key="a of another format")
    known = [record_of(mine, Reason.FORMATS_DISAGREE)]
    assert to_run([mine, sibling], known, Rerun.INCONCLUSIVE, limits_of=lambda _: DEFAULTS) == [mine, sibling]
    settled = [*known, record_of(sibling, None)]
    assert to_run([mine, sibling], settled, Rerun.INCONCLUSIVE, limits_of=lambda _: DEFAULTS) == []
    other = planned("b")
    assert to_run([mine, other], known, Rerun.INCONCLUSIVE, limits_of=lambda _: DEFAULTS) == [other]
