"""Ended by SIGKILL at any moment: what is left is whole, opens no gate, and the same command completes it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.ledger.store import read_records
from harness.published.branch import get
from harness.published.git import Remote
from tests.cli.github.shards import hand_over, keep, naming, write_plan
from tests.cli.planned import outcome_of
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")]

_TIMES = 20
_CELLS = 150


def _handed_over(folder: Path) -> list[Path]:
    """The folders of three jobs, each record with a log of its own."""
    outcomes = [outcome_of(f"m{number:03}") for number in range(_CELLS)]
    write_plan(folder / "plan", *outcomes)
    shards = hand_over(folder, 3, *outcomes)
    for shard in shards:
        mine = list(read_records(shard / "ledger"))
        shutil.rmtree(shard / "ledger")
        named = [naming(one, keep(shard, one.key.encode() * 500, kind="log", suffix=".txt")) for one in mine]
        hand_over(folder, 1, *named)  # one segment, in a folder that is moved to where it belongs
        (folder / "shard-1-of-1" / "ledger").replace(shard / "ledger")
        (folder / "shard-1-of-1").rmdir()
    return shards


def _start(folder: Path, *words: str | Path) -> subprocess.Popen[bytes]:
    (folder / "tmp").mkdir(exist_ok=True)
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    command = [sys.executable, "-m", "harness", *map(str, words)]
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _seconds_of(process: subprocess.Popen[bytes], folder: Path) -> tuple[float, float]:
    """When there was something in the folder, and when the command had ended."""
    begun = time.perf_counter()
    first = 0.0
    while process.poll() is None:
        if not first and any(folder.iterdir()):
            first = time.perf_counter() - begun
        time.sleep(0.001)
    assert process.returncode == 0
    return first, time.perf_counter() - begun


def _kill_when(process: subprocess.Popen[bytes], is_time: Callable[[], bool]) -> None:
    while process.poll() is None and not is_time():
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def _has(folder: Path, count: int) -> bool:
    return sum(len(names) for _, _, names in os.walk(folder)) >= count


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = _handed_over(tmp_path)
    monkeypatch.chdir(tmp_path)
    watched = tmp_path / "whole"
    watched.mkdir()
    words: list[str | Path] = ["github", "take", "plan", *shards, "--output"]
    first, last = _seconds_of(_start(tmp_path, *words, watched / "out"), watched)
    expected = _files(watched / "out")
    chance = random.Random(0)  # noqa: S311
    for number in range(_TIMES):
        out = tmp_path / "each" / str(number) / "out"
        out.parent.mkdir(parents=True)
        count = chance.randrange(1, len(expected))  # of files that are there: to move them takes no time
        is_time = partial(_has, out, count) if number % 2 else _after(chance.uniform(first, last))
        _kill_when(_start(tmp_path, *words, out), is_time)
        left = _files(out)
        assert left.items() <= expected.items(), "a file is there that is not whole"
        if left != expected:
            assert run_command_line(["gate", "--output", str(out)]) in (ExitCode.USAGE, ExitCode.NO_VERDICT)
        assert run_command_line(["github", *map(str, words[1:]), str(out)]) == ExitCode.SATISFIED
        assert _files(out) == expected
        assert run_command_line(["gate", "--output", str(out)]) == ExitCode.SATISFIED


def test_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = _handed_over(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["github", "take", "plan", *map(str, shards), "--output", "out"]) == 0
    expected = _files(tmp_path / "out")

    def repository(name: str) -> Path:
        subprocess.run(["git", "init", "--quiet", "--bare", name], check=True, cwd=tmp_path)
        return tmp_path / name

    shutil.copytree("out", "once")
    (tmp_path / "tmp").mkdir()
    once: list[str | Path] = ["github", "publish", "--remote", repository("once.git"), "--output", "once"]
    first, last = _seconds_of(_start(tmp_path, *once), tmp_path / "tmp")
    chance = random.Random(0)  # noqa: S311
    for number in range(_TIMES):
        bare, out = repository(f"{number}.git"), tmp_path / f"out-{number}"
        shutil.copytree("out", out)
        words: list[str | Path] = ["github", "publish", "--remote", bare, "--output", out]
        _kill_when(_start(tmp_path, *words), _after(chance.uniform(first, last)))
        assert _files(out).items() >= expected.items()
        there = tmp_path / f"there-{number}"
        if get(Remote(name="bare", url=str(bare), branch="ledger"), there):
            assert len(list(read_records(there / "ledger"))) == _CELLS
        assert run_command_line(list(map(str, words))) == ExitCode.SATISFIED
        assert get(Remote(name="bare", url=str(bare), branch="ledger"), there)
        assert {one.key for one in read_records(there / "ledger")} == {f"m{n:03}" for n in range(_CELLS)}
