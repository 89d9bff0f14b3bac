"""What breaks around a model is never held against it, and what was recorded is never lost."""

from __future__ import annotations

import os

import pytest

from harness.verdict import Status
from tests.main_job.conftest import Run
from tests.zoo.asserting import assert_verdict
from tests.zoo.building import as_it_is
from tests.zoo.case import Case
from tests.zoo.faults import FAULTS, Bench, Fault, kill_workers

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_verdict(fault: Fault, bench: Bench) -> None:
    if fault.needs_root and os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system")
    run = fault.inject(bench)
    (record,) = [record for record in run.records if record.model.id == fault.model]
    case = Case(fault.model, as_it_is("onnx"), fault.reason, fault.says, status=fault.status)
    assert_verdict(record, case)
    assert "Traceback" not in run.stdout + run.stderr
    assert list(bench.scratch.iterdir()) == []


def test_a_worker_that_was_killed_once_is_asked_again(bench: Bench) -> None:
    as_it_is("onnx")(bench.models / "good")
    process = bench.start()
    bench.wait_for(lambda: kill_workers(bench), process)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    (record,) = Run(0, "", "", bench.output).records
    assert (record.status, record.attempts) == (Status.PASSED, 2)
