"""What breaks around a model is never held against it, and what was recorded is never lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.prune import prune
from harness.environments.spec import load_all
from harness.verdict import Reason, Status
from tests.main_job.conftest import ROOT, Run
from tests.zoo.asserting import assert_verdict
from tests.zoo.building import as_it_is, package, with_code
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


def test_a_tool_that_cannot_be_used_is_not_tried_with_every_model(bench: Bench) -> None:
    for name in ("a", "b", "c", "d"):
        with package(bench.models / name, "onnx") as content:
            content["description"] = f"Model {name}."
    run = bench.run_in()  # and a fifth
    assert {record.reason for record in run.records} == {Reason.TOOL_UNUSABLE.slug}
    assert len({record.message for record in run.records}) == 1
    tried = [record for record in run.records if any(found.kind == "log" for found in record.artifacts)]
    assert (len(tried), len(run.records)) == (2, 5)
    assert run.code == 3
    assert run.stdout.count("the tool cannot be imported") == 1, "it is said once"
    assert "so it is with 4 more cells" in run.stdout


def test_a_worker_that_was_killed_once_is_asked_again(bench: Bench) -> None:
    as_it_is("onnx")(bench.models / "good")
    process = bench.start()
    bench.wait_for(lambda: kill_workers(bench), process)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    (record,) = Run(0, "", "", bench.output).records
    assert (record.status, record.attempts) == (Status.PASSED, 2)


def test_nobody_removes_the_environment_of_a_run(bench: Bench) -> None:
    with_code("\nimport time; time.sleep(60)\n")(bench.models / "slow")
    ref = load_all(ROOT / "environments")["pytorch"].ref(Backend.VENV)
    entry = store.entry_folder(ref)
    process = bench.start()
    bench.wait_for(bench.workers, process)
    assert _leases(entry, process.pid)
    assert "pytorch" in [each.name for each in prune([], now=time.time(), dry_run=True).kept]
    process.kill()  # SIGKILL: it cannot let go
    process.communicate()
    assert _leases(entry, process.pid)
    prune([], now=time.time(), dry_run=True)
    assert not _leases(entry, process.pid)


def _leases(entry: Path, pid: int) -> list[Path]:
    return list((entry.parent / "in-use" / entry.name).glob(f"{pid}-*.lock"))
