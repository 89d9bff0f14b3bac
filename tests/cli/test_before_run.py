"""What a run looks at before anything is built."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.cli.before_run import lack_of_room, take_over
from harness.environments.spec import load_all
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


def test_a_disk_that_may_be_too_small_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    folder = shutil.copytree(ROOT / "environments" / "pytorch", tmp_path / "environments" / "huge")
    many = (f"nvidia-{number}==1.0\n" for number in range(100_000))  # 20 TB
    (folder / "requirements.lock").write_text("".join(many))
    specs = load_all(folder.parent)
    said = lack_of_room([planned("m", environment="huge")], specs)
    assert re.search(r"GB are free, and huge may take up to 2\d{4}\.\d GB; ", said)
    assert lack_of_room([planned("m")], specs) == ""


def test_nothing_is_said_of_room_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    assert lack_of_room([planned("m", environment="icy")], load_all(ROOT / "environments")) == ""
