"""``harness doctor`` tells people and programs what holds on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli import doctor_isolation, run_command_line
from harness.errors import ExitCode
from harness.execute.isolate.level import Level
from harness.execute.isolate.probe import ATTEMPTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(autouse=True)
def no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine there is nothing to wait for."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def doctor(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> tuple[int, str]:
    code = run_command_line(["doctor", "--output", str(folder), *options])
    told = capsys.readouterr()
    assert told.out, told.err
    return code, told.out


def levels(printed: str) -> dict[str, Any]:
    return {report["level"]: report for report in json.loads(printed)["isolation"]}


def test_a_table_of_what_every_level_stops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, printed = doctor(capsys, tmp_path, "--isolation", "sandbox")
    assert code in (ExitCode.SATISFIED, ExitCode.NO_VERDICT)
    assert "isolation sandbox holds: sandbox (bubblewrap as" in printed
    assert "isolation container cannot be had: " in printed
    rows = {
        line.strip().rsplit(maxsplit=2)[0].strip(): line.split()[-2:]
        for line in printed.splitlines()
        if line.strip()
    }
    assert rows[ATTEMPTS["tcp"]] == ["yes", "no"]
    assert set(ATTEMPTS.values()) <= set(rows) | {ATTEMPTS[name] for name in ("cache", "home")}


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, printed = doctor(capsys, tmp_path, "--format", "json")
    report = json.loads(printed)
    assert (report["schema"], report["asked"], report["holds"]) == (1, "auto", True)
    assert {"Python", "memory", "uv", "bwrap", "docker"} <= {
        finding["what"] for finding in report["findings"]
    }
    sandbox = levels(printed)["sandbox"]
    assert sandbox["holds"]
    assert [attempt["name"] for attempt in sandbox["attempts"]] == list(ATTEMPTS)
    assert not any(attempt["escaped"] for attempt in sandbox["attempts"])
    process = {attempt["name"]: attempt for attempt in levels(printed)["process"]["attempts"]}
    assert (process["tcp"]["escaped"], process["tcp"]["promised"]) == (True, False)


def test_a_level_that_is_asked_for_decides(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, printed = doctor(capsys, tmp_path, "--isolation", "sandbox", "--format", "json")
    assert (code, json.loads(printed)["holds"]) == (ExitCode.USAGE, False)
    assert "bubblewrap is not installed" in levels(printed)["sandbox"]["says"]
    code, printed = doctor(capsys, tmp_path, "--format", "json")
    assert code != ExitCode.USAGE
    assert json.loads(printed)["holds"]


def test_it_knows_every_level() -> None:
    assert tuple(level.value for level in Level) == doctor_isolation.LEVELS
