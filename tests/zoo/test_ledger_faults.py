"""What a run has recorded outlives whatever happens to the harness, its disk and its clock."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness import jsonio
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.verdict import Status
from tests.main_job.conftest import Run, harness
from tests.processes import processes_with
from tests.zoo.building import as_it_is, edit_array, forward, package, with_code
from tests.zoo.cases_run import CHILD
from tests.zoo.faults import Bench, small_disk

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a file system")
# Of its images the first one has 128 pixels.
LEAVES_CHILDREN_AND_WAITS = CHILD + forward(
    """
    if image.shape[-1] == 128:
        child({}, own_session=True, twice=True)
        time.sleep(4)
    return _forward(self, image)
    """
)


def records_in(bench: Bench) -> list[Record]:
    return list(read_records(bench.output / "ledger"))


def statuses(run: Run) -> dict[str, Status]:
    return {record.model.id: record.status for record in run.records}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be written there, not even by root."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def assert_refused(run: Run, bench: Bench) -> None:
    """Nothing was run, and one sentence says what to do."""
    assert run.code == 2, run.stdout + run.stderr
    assert str(bench.output / "ledger") in run.stderr
    assert "choose another --output" in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert list(bench.scratch.iterdir()) == []


def test_a_file_in_place_of_the_ledger(bench: Bench) -> None:
    as_it_is("onnx")(bench.models / "good")
    bench.output.mkdir()
    (bench.output / "ledger").write_text("in the way", "utf-8")
    assert_refused(bench.run(), bench)


@needs_root
def test_a_ledger_that_is_read_only(bench: Bench) -> None:
    as_it_is("onnx")(bench.models / "good")
    (bench.output / "ledger").mkdir(parents=True)
    with read_only(bench.output / "ledger"):
        assert_refused(bench.run(), bench)


@needs_root
def test_a_disk_that_becomes_read_only_meanwhile(bench: Bench) -> None:
    """As Linux does with a disk that has errors: what was recorded stays, and the next run goes on."""
    as_it_is("onnx")(bench.models / "a-first-one")
    as_it_is("onnx")(bench.models / "b-second-one")
    with small_disk(bench.output, kilobytes=4096):
        process = bench.start()
        bench.wait_for(lambda: records_in(bench), process)
        subprocess.run(["mount", "-o", "remount,ro", str(bench.output)], check=True)
        output = process.communicate(timeout=120)[0]
        assert process.returncode == 3, output
        assert "(Read-only file system)" in output
        assert "Traceback" not in output
        assert [record.model.id for record in records_in(bench)] == ["a-first-one"]
        subprocess.run(["mount", "-o", "remount,rw", str(bench.output)], check=True)
        again = bench.run()
        assert "(1 run now, 1 unchanged)" in again.stdout
        assert statuses(again) == {"a-first-one": Status.PASSED, "b-second-one": Status.PASSED}


def test_a_record_that_was_cut_short_is_made_again(bench: Bench) -> None:
    for name in ("first", "second"):
        as_it_is("onnx")(bench.models / name)
    assert bench.run().code == 0
    (segment,) = (bench.output / "ledger").glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-100])
    assert [record.model.id for record in records_in(bench)] == ["first"]
    again = bench.run()
    assert again.code == 0, again.stdout + again.stderr
    assert "(1 run now, 1 unchanged)" in again.stdout
    assert statuses(again) == {"first": Status.PASSED, "second": Status.PASSED}


def test_a_clock_that_was_set_back(bench: Bench) -> None:
    """The newest verdict is the one that was recorded last, whatever the clock said then and says now."""
    as_it_is("onnx")(bench.models / "good")
    assert bench.run().code == 0
    (segment,) = (bench.output / "ledger").glob("*.jsonl")
    (record,) = records_in(bench)
    ahead = msgspec.structs.replace(record, started_at="2099-01-01T00:00:00.000Z")
    segment.write_bytes(jsonio.dumps(ahead) + b"\n")

    shutil.rmtree(bench.models / "good")
    with package(bench.models / "good", "onnx"):
        edit_array(bench.models / "good" / "test_probability.npy", lambda array: array + np.float32(1))
    failed = bench.run()
    assert failed.code == 1, failed.stdout + failed.stderr
    assert statuses(failed) == {"good": Status.FAILED}
    listed = harness("results", "--format", "csv", "--output", bench.output).stdout
    assert "failed" in listed
    assert "passed" not in listed


def test_a_harness_that_was_killed_leaves_no_process_and_is_resumed(bench: Bench) -> None:
    as_it_is("onnx")(bench.models / "a-good-one")
    with_code(LEAVES_CHILDREN_AND_WAITS)(bench.models / "b-slow-one")
    process = bench.start()
    bench.wait_for(lambda: records_in(bench) and children_of(bench), process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while bench.workers() or children_of(bench):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    again = bench.run()
    assert again.code == 0, again.stdout + again.stderr
    assert "(1 run now, 1 unchanged)" in again.stdout
    assert statuses(again) == {"a-good-one": Status.PASSED, "b-slow-one": Status.PASSED}


def children_of(bench: Bench) -> list[int]:
    """What models left running: such a process names its model's folder."""
    return processes_with(bench.models, "a child of")
