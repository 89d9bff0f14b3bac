"""Many cells in a row, every tenth of which does harm: all are recorded, and nothing adds up."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.ledger.query import current
from harness.ledger.store import read_records
from harness.verdict import Reason
from tests.conftest import REFERENCE, mounts, needs_level
from tests.main_job.conftest import ROOT, harness
from tests.zoo.building import Build, as_it_is, forward, with_code

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("HARNESS_TESTS_MANY_CELLS", "120"))  # 1,000 take ten minutes
HOARD = "hoard = []\nfor _ in range(200):\n    hoard.append(b'x' * 20_000_000)\n"
HARM: tuple[tuple[Reason, Build], ...] = (
    (Reason.CRASHED, with_code(forward("import os; os.kill(os.getpid(), 11)"))),
    (Reason.TIMED_OUT, with_code(forward("import time; time.sleep(600)"))),
    (Reason.MEMORY_LIMIT, with_code(forward(f"{HOARD}import time; time.sleep(600)"))),
)
POLICY = """
schema = 1

[[limits]]
seconds = 60
memory_bytes = 1_500_000_000

[[limits]]
model = "timed-out-*"
seconds = 8
"""


def build(models: Path) -> dict[str, Reason | None]:
    """The models, and what each must come to."""
    expected: dict[str, Reason | None] = {}
    for number in range(COUNT):
        reason, made = (None, as_it_is("pytorch_state_dict"))
        if number % 10 == 9:
            reason, made = HARM[number // 10 % len(HARM)]
        name = f"{reason.slug if reason else 'good'}-{number:04}"
        made(models / name)
        expected[name] = reason
    return expected


class Sample(list[tuple[int, int]]):
    """Resident memory in bytes and open descriptors of the harness, over time."""

    def take(self, process: psutil.Process) -> None:
        with process.oneshot():
            self.append((process.memory_info().rss, process.num_fds()))

    def part(self, first: float, last: float, which: int) -> float:
        """The median of a part of the time."""
        chosen = self[int(first * len(self)) : max(int(last * len(self)), int(first * len(self)) + 1)]
        return statistics.median(values[which] for values in chosen)


@pytest.mark.parametrize("isolation", ["sandbox"])
def test_all_are_recorded_and_nothing_adds_up(isolation: str, tmp_path: Path) -> None:
    needs_level(isolation)
    assert harness("env", "build", "pytorch").returncode == 0
    models, temporary = tmp_path / "models", tmp_path / "tmp"
    models.mkdir()
    temporary.mkdir()
    expected = build(models)
    (tmp_path / "policy.toml").write_text(POLICY)
    mounts_before = mounts()
    sample = Sample()
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "harness", "run", str(models), "--output", str(tmp_path / "out")),
                *REFERENCE,
                *("--isolation", isolation, "--policy", str(tmp_path / "policy.toml"), "--jobs", "2"),
            ],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            if any((tmp_path / "out" / "ledger").glob("*.jsonl")):
                sample.take(watched)
            time.sleep(0.25)
    assert process.returncode == 1, (tmp_path / "log").read_text()
    records = current(read_records(tmp_path / "out" / "ledger"))
    assert {record.model.id: record.reason for record in records} == {
        name: reason.slug if reason else None for name, reason in expected.items()
    }
    assert list(temporary.iterdir()) == []
    assert mounts() == mounts_before
    assert [found for found in psutil.process_iter(["cmdline"]) if _bears(found, str(tmp_path))] == []
    memory, descriptors = 0, 1
    assert sample.part(0.7, 0.9, memory) < 1.1 * sample.part(0.2, 0.4, memory)
    assert sample.part(0.7, 0.9, descriptors) <= sample.part(0.2, 0.4, descriptors) + 4


def _bears(process: psutil.Process, text: str) -> bool:
    return any(text in argument for argument in process.info["cmdline"] or ())
