"""A process that is killed while it writes loses no record that it had finished."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.ledger.store import LedgerWriter, read_records
from tests.conftest import ROOT
from tests.ledger.records import record

SIZE = 2_000_000  # bytes of a message: most of the time goes into writing it
SCRIPT = f"""
import sys
from pathlib import Path
from harness.ledger.store import LedgerWriter
from tests.ledger.records import record

writer = LedgerWriter(Path(sys.argv[1]), "r")
number = int(sys.argv[2])
while True:
    writer.append(record(message=str(number) + " " * {SIZE}))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("seed", range(2))
def test_what_was_appended_outlives_kill_9(seed: int, tmp_path: Path) -> None:
    moments = random.Random(seed)  # noqa: S311 - no secret
    finished = 0
    for _ in range(4):  # each goes on in the segment that the last one left
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), str(finished)], cwd=ROOT, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(moments.randint(1, 4))]
            killer = threading.Timer(moments.uniform(0, 0.02), writer.kill)
            killer.start()
            told += [int(line) for line in writer.stdout]
            killer.join()
        assert writer.returncode == -signal.SIGKILL
        read = [int(stored.message) for stored in read_records(tmp_path)]
        assert read == list(range(len(read)))
        assert told[-1] < len(read) <= told[-1] + 2  # one more may be whole that nobody heard of
        finished = len(read)


def test_threads_share_a_writer(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path, "r")

    def write(name: int) -> None:
        for number in range(20):
            writer.append(record(message=f"{name} {number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = [stored.message for stored in read_records(tmp_path)]
    assert sorted(messages) == sorted(f"{name} {number}" for name in range(4) for number in range(20))
    for name in range(4):  # and each thread's in its order
        mine = [message for message in messages if message.startswith(f"{name} ")]
        assert mine == [f"{name} {number}" for number in range(20)]
