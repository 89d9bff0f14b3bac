"""A build leaves nothing in the temporary folder, however it ends; what it cannot tidy up is swept later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import ExitCode
from tests.conftest import ROOT

from .conftest import Index, Maker

WAITS = """
import pathlib, tempfile, time
pathlib.Path({began!r}).write_text(tempfile.gettempdir())
time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of what is started."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def _build(environments: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "env", "build", "small", "--environments", str(environments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell starts background jobs with interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


@contextmanager
def _in_health_check(make: Maker, began: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A build whose health check has begun, and the folder that was made for the check."""
    make(health=WAITS.format(began=str(began)))
    with _build(make.folder) as building:
        try:
            deadline = time.monotonic() + 60
            while not (began.exists() and began.read_text()):
                assert building.poll() is None, building.communicate()[0]
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield building, Path(began.read_text())
        finally:
            building.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_build_that_is_stopped_tidies_up(
    how: signal.Signals, index: Index, make: Maker, temporary: Path, tmp_path: Path
) -> None:
    with _in_health_check(make, tmp_path / "began") as (building, folder):
        assert list(temporary.iterdir()) == [folder]
        building.send_signal(how)
        said, _ = building.communicate(timeout=30)
    assert building.returncode == ExitCode.INTERRUPTED
    assert "run the same command again to go on" in said
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("health", "code"), [("", 0), ("raise SystemExit(3)", ExitCode.NO_VERDICT)])
def test_a_build_that_ends_tidies_up(
    health: str, code: int, index: Index, make: Maker, temporary: Path
) -> None:
    make(health=health)
    building = _build(make.folder)
    said, _ = building.communicate(timeout=60)
    assert building.returncode == code, said
    assert list(temporary.iterdir()) == []


def test_what_a_killed_build_left_is_swept_when_it_is_old(
    index: Index, make: Maker, temporary: Path, tmp_path: Path
) -> None:
    with _in_health_check(make, tmp_path / "began") as (building, folder):
        building.kill()
    sweep = "from harness.execute.scratch import sweep; sweep()"
    subprocess.run([sys.executable, "-c", sweep], cwd=ROOT, check=True)
    assert list(temporary.iterdir()) == [folder], "it may be another's that runs"
    a_day_ago = time.time() - 86_401
    os.utime(folder, (a_day_ago, a_day_ago))
    subprocess.run([sys.executable, "-c", sweep], cwd=ROOT, check=True)
    assert list(temporary.iterdir()) == []
