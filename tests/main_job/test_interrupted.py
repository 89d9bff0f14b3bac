"""Stopped at any moment, a run loses no finished record, leaves nothing behind, and goes on the next time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.ledger.store import read_records
from tests.conftest import ONNX_ENVIRONMENT, REFERENCE
from tests.processes import processes_with

from .conftest import ROOT, harness, run_harness

pytestmark = pytest.mark.slow

SELECTION = ("--weights", "onnx", "--jobs", "1")


def start(collection: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "harness",
            "run",
            str(collection),
            "--output",
            str(output),
            *REFERENCE,
            *options,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell starts background jobs with interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
    )


def wait_for_records(output: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while sum(len(path.read_bytes().splitlines()) for path in (output / "ledger").glob("*.jsonl")) < count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_next_run_goes_on(
    how: signal.Signals, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))  # everything that it starts has this in its command line
    assert harness("env", "build", ONNX_ENVIRONMENT).returncode == 0
    process = start(collection, tmp_path / "out", *SELECTION)
    wait_for_records(tmp_path / "out", 1, process)
    os.kill(process.pid, how)
    output = process.communicate(timeout=60)[0]
    kept = {record.key for record in read_records(tmp_path / "out" / "ledger")}
    assert len(kept) >= 1
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "run the same command again" in output
        assert "Traceback" not in output
        assert processes_with(scratch) == []
        assert list(scratch.glob("bioimage-harness-*")) == []
    again = run_harness(collection, tmp_path / "out", *SELECTION)
    assert again.code == 0, again.stdout + again.stderr
    recorded = [record.key for record in read_records(tmp_path / "out" / "ledger")]
    assert len(recorded) == len(set(recorded)), "no cell ran twice"
    ran = re.search(r"\((\d+) run now, (\d+) unchanged\)", again.stdout)
    assert ran
    assert int(ran[2]) == len(kept)


def test_two_runs_at_once_share_one_ledger(collection: Path, tmp_path: Path) -> None:
    runs = [start(collection, tmp_path, *SELECTION, "--select", "nuclei-*") for _ in range(2)]
    outputs = [process.communicate(timeout=600)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], outputs
    assert len(list((tmp_path / "ledger").glob("*.jsonl"))) <= 2
    assert run_harness(collection, tmp_path, *SELECTION, "--select", "nuclei-*").code == 0


def test_a_full_disk_is_said_and_nothing_recorded_is_lost(collection: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    output = tmp_path / "small"
    output.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(output)], check=True)
    try:
        run = run_harness(collection, output, *SELECTION)
        assert run.code == 3, run.stdout + run.stderr
        assert "No space left on device" in run.stderr
        assert "Traceback" not in run.stderr
        list(read_records(output / "ledger"))
    finally:
        subprocess.run(["umount", "--lazy", str(output)], check=True)
