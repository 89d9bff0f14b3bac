"""What a run looks at before anything is built."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli.before_run import refuse_without_room, take_over
from harness.environments.spec import load_all
from harness.errors import ExitCode, OutputError
from harness.ledger.store import LedgerWriter, read_records
from harness.verdict import Reason
from tests.conftest import ROOT
from tests.ledger.records import record
from tests.plan.cells import planned


def test_records_are_taken_over_once_and_only_for_own_cells(tmp_path: Path) -> None:
    mine = planned("mine", environment="onnx", recorded=True)
    runs = planned("runs", environment="onnx")
    published = LedgerWriter(tmp_path / "published", "p")
    for key in (mine.key, runs.key, "other"):
        published.append(record(key=key))
    published.append(record(Reason.NO_REPLY, key=mine.key))
    for _ in range(2):
        take_over([mine, runs], tmp_path / "published", LedgerWriter(tmp_path / "ledger", "run"))
        taken = list(read_records(tmp_path / "ledger"))
        assert [(made.key, made.reason) for made in taken] == [(mine.key, None)]


def test_without_room_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    folder = shutil.copytree(ROOT / "environments" / "pytorch", tmp_path / "environments" / "huge")
    many = (f"nvidia-{number}==1.0\n" for number in range(100_000))  # 20 TB
    (folder / "requirements.lock").write_text("".join(many))
    specs = load_all(folder.parent)
    with pytest.raises(
        OutputError, match=r"GB are free, but huge will take about 2\d{4}\.\d GB; "
    ) as refused:
        refuse_without_room([planned("m", environment="huge")], specs)
    assert refused.value.exit_code is ExitCode.NO_VERDICT
    refuse_without_room([planned("m")], specs)


def test_with_room_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    refuse_without_room([planned("m", environment="icy")], load_all(ROOT / "environments"))
