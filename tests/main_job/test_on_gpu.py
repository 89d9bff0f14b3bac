"""The main job on a GPU, for real; skipped on machines without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Device
from harness.ledger.record import Record
from harness.verdict import Check, CheckStatus, Reason, Status
from tests.conftest import needs_gpu
from tests.main_job.conftest import Run, run_harness
from tests.zoo.building import forward, with_code

PRODUCED = {Reason.DEVICES_DISAGREE}
BOTH = ("--device", "cpu", "--device", "cuda", "--jobs", "2")
MORE_ON_THE_GPU = """
logits = self._forward(image)
return -logits if logits.is_cuda else logits
"""

pytestmark = [pytest.mark.slow, pytest.mark.may_skip]


@pytest.fixture(scope="module")
def run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    needs_gpu()
    return run_harness(collection, tmp_path_factory.mktemp("on-gpu"), *BOTH)


def _on(run: Run, device: Device) -> dict[tuple[str, str], Record]:
    return {
        (record.model.id, record.weights_format.value): record
        for record in run.records
        if record.device is device and record.weights_format and record.status is not Status.NOT_APPLICABLE
    }


def test_the_collection_has_the_same_verdicts_on_both(run: Run) -> None:
    on_cpu, on_gpu = _on(run, Device.CPU), _on(run, Device.CUDA)
    assert {model for model, _ in on_gpu} >= {"nuclei-unet2d", "nuclei-unet3d"}
    assert {place: record.status for place, record in on_gpu.items()} == {
        place: on_cpu[place].status for place in on_gpu
    }


def test_records_tell_of_the_gpu_and_of_the_difference(run: Run) -> None:
    for record in _on(run, Device.CUDA).values():
        assert record.machine.gpu.startswith("GPU ")
        assert record.peak_device_memory_bytes > 0
        on_cpu = [pair for pair in record.agreement if pair.device is Device.CPU]
        same = next(pair for pair in on_cpu if pair.weights_format is record.weights_format)
        assert same.agrees
        assert same.max_abs_diff is not None
        assert same.atol is not None


@pytest.mark.parametrize("isolation", ["process", "sandbox", "container"])
def test_at_every_level_of_isolation(isolation: str, collection: Path, tmp_path: Path) -> None:
    needs_gpu()
    only = ("--select", "nuclei-unet2d", "--device", "cuda", "--isolation", isolation)
    ran = run_harness(collection, tmp_path, *only)
    assert {record.status for record in ran.records} == {Status.PASSED}, ran.stdout


def test_devices_that_disagree(tmp_path: Path) -> None:
    needs_gpu()
    with_code(forward(MORE_ON_THE_GPU))(tmp_path / "models" / "odd")
    ran = run_harness(tmp_path / "models", tmp_path / "out", *BOTH, "--weights", "pytorch_state_dict")
    (record,) = _on(ran, Device.CUDA).values()
    check = record.check(Check.AGREEMENT)
    assert check is not None
    assert (check.status, check.reason) == (CheckStatus.FAILED, Reason.DEVICES_DISAGREE.slug)
    assert record.hint.startswith("Only the GPU differs")
