"""A plan for any machine, and what of it is left for one that lacks a device."""

from __future__ import annotations

from harness.cell import Backend, Device
from harness.environments.spec import load_all
from harness.plan.devices import devices_of, for_machine
from harness.plan.make import make_plan
from harness.plan.matrix import Selection
from harness.plan.plan import Plan
from tests.conftest import ROOT

MISSING = {Device.CUDA: "there is no driver"}


def _plan(*devices: Device) -> Plan:
    return make_plan(
        str(ROOT / "collection"),
        specs={name: spec for name, spec in load_all(ROOT / "environments").items() if not spec.newer},
        backend=Backend.VENV,
        selection=Selection(models=("nuclei-unet2d",), consumers=("bioimageio.core",), devices=devices),
        settings={},
        created_at="now",
    ).plan


def test_a_plan_does_not_ask_what_the_machine_has() -> None:
    plan = _plan(Device.CPU, Device.CUDA)
    places = [
        (str(entry.cell.environment and entry.cell.environment.name), entry.why) for entry in plan.cells
    ]
    assert [name for name, _ in places] == ["pytorch", "pytorch-cuda"] * 2 + ["onnx-1.31.1", "onnx-cuda"]
    assert all(("with a GPU" in why) is name.endswith("-cuda") for name, why in places)
    assert devices_of(plan) == {Device.CPU, Device.CUDA}
    # Nothing is said of what computes elsewhere: each device has an environment of its own.
    assert [left.what for left in plan.left_out if "no build" in left.why] == []


def test_what_needs_a_missing_device_is_left_out_with_the_reason() -> None:
    plan = _plan(Device.CPU, Device.CUDA)
    here = for_machine(plan, missing=MISSING, required=())
    assert {entry.cell.device for entry in here.cells} == {Device.CPU}
    added = here.left_out[len(plan.left_out) :]
    assert len(added) == 3
    assert added[0].what == "nuclei-unet2d · pytorch_state_dict · bioimageio.core · pytorch-cuda · cuda"
    assert added[0].why == "cuda cannot be used on this machine: there is no driver"


def test_what_a_policy_requires_stays_as_it_was_planned() -> None:
    plan = _plan(Device.CUDA)
    assert for_machine(plan, missing=MISSING, required=(Device.CUDA,)) == plan
    assert for_machine(plan, missing={}, required=()) == plan
