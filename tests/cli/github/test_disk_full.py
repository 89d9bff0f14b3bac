"""A full disk while results are fetched and taken: one sentence, no verdict, and nothing half is trusted."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import ExitCode
from tests.cli.github.conftest import RUN, Harness
from tests.cli.github.shards import append, keep, naming, write_plan
from tests.cli.github.test_fetch import files_below
from tests.cli.planned import outcome_of
from tests.github.double import Double

pytestmark = pytest.mark.may_skip

_MEGABYTE = random.Random(0).randbytes(2**20)  # noqa: S311  it does not compress


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs of 1 MiB")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """What two jobs handed over, with logs that are more than a mebibyte together."""
    one, two = outcome_of("one"), outcome_of("two")
    write_plan(tmp_path / "jobs" / "plan", one, two)
    for number, outcome in enumerate((one, two), start=1):
        shard = tmp_path / "jobs" / f"shard-{number}-of-2"
        log = keep(shard, _MEGABYTE[:-number], kind="log", suffix=".txt")
        append(shard, naming(outcome, log))
    return tmp_path / "jobs"


def one_sentence(said: str, *words: str) -> None:
    assert len(said.strip().splitlines()) == 1, said
    assert "Traceback" not in said
    for word in words:
        assert word in said


def test_take(harness: Harness, jobs: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("take", jobs / "plan", *sorted(jobs.glob("shard-*")), "--output")
    assert harness(*words, small_disk / "out") == ExitCode.NO_VERDICT
    one_sentence(capsys.readouterr().err, "small/", "No space left on device", "free space or choose another")
    assert list(small_disk.iterdir()) == []
    assert harness(*words, jobs.parent / "out") == ExitCode.SATISFIED


@pytest.mark.parametrize("full", ["output", "temporary"])
def test_fetch(
    repository: Double,
    harness: Harness,
    jobs: Path,
    small_disk: Path,
    full: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = hashlib.sha256((jobs / "plan" / "plan.json").read_bytes()).hexdigest()
    repository.state.runs[RUN].jobs = [f"collection / run {number}/2, plan {digest}" for number in (1, 2)]
    for folder in jobs.iterdir():
        repository.state.add_artifact(RUN, folder.name, files_below(folder))
    output = small_disk / "in" if full == "output" else Path("in")
    if full == "temporary":
        (small_disk / "nearly-all-of-it").write_bytes(bytes(3 * 2**18))
        monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    assert harness("fetch", "--output", output) == ExitCode.NO_VERDICT
    one_sentence(capsys.readouterr().err, "No space left on device", "free space")
    assert not (output / "fetched.json").exists()
    # What is there is whole, and is not enough for the gate.
    assert all(files_below(found) == files_below(jobs / found.name) for found in output.glob("*"))
    if (output / "plan").exists():
        assert harness("take", output / "plan", output, "--output", "out") == ExitCode.SATISFIED


def test_publish(
    harness: Harness,
    jobs: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bare = jobs.parent / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    words = ("publish", "--remote", bare, "--output", jobs / "shard-1-of-2")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("tempfile.tempdir", str(small_disk))
        assert harness(*words) == ExitCode.NO_VERDICT
        one_sentence(capsys.readouterr().err, "small/", "No space left on device", "free space")
    assert subprocess.run(
        ["git", "-C", bare, "rev-parse", "--verify", "--quiet", "ledger"], check=False
    ).returncode
    assert harness(*words) == ExitCode.SATISFIED


def test_not_even_a_folder_can_be_made(
    harness: Harness,
    jobs: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    subprocess.run(["mount", "-o", "remount,nr_inodes=1", small_disk], check=True)
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    bare = jobs.parent / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    assert harness("publish", "--remote", bare, "--output", jobs / "shard-1-of-2") == ExitCode.NO_VERDICT
    one_sentence(capsys.readouterr().err, "small/", "No space left on device", "free space")
