"""Weights that PyTorch loads only with ``weights_only=False``: the record says so, and what they need."""

from __future__ import annotations

import subprocess

import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.spec import load_all
from harness.ledger.record import Record
from harness.verdict import Check, CheckStatus, Reason
from tests.conftest import ROOT
from tests.zoo.building import package

from .conftest import Run, run_harness

pytestmark = pytest.mark.slow

WEIGHTS = "weights_state_dict.pt"
LOAD = """
import numpy, torch
from unet2d import UNet2d
state = torch.load(WEIGHTS, weights_only=True)
network = UNet2d(in_channels=1, out_channels=2, width=8, margin=24)
network.load_state_dict(state)
"""
SAVE = {
    "only-weights": "torch.save(dict(state), WEIGHTS)",
    "whole-model": "torch.save(network, WEIGHTS)",
    "whole-model-of-old": "torch.save(network, WEIGHTS, _use_new_zipfile_serialization=False)",
    "number-of-numpy": "torch.save(dict(state, best=numpy.float64(0.5)), WEIGHTS)",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A model of each kind, saved by PyTorch itself."""
    built = store.ensure(load_all(ROOT / "environments")["pytorch"], Backend.VENV, on_progress=print)
    models = tmp_path_factory.mktemp("models")
    for name, save in SAVE.items():
        with package(models / name, "pytorch_state_dict"):
            code = f"WEIGHTS = {WEIGHTS!r}\n{LOAD}\n{save}\n"
            subprocess.run([built.python, "-B", "-c", code], cwd=models / name, check=True)
    return run_harness(models, tmp_path_factory.mktemp("output"))


def record_of(run: Run, name: str) -> Record:
    (record,) = [record for record in run.records if record.model.id == name]
    return record


def test_weights_that_are_only_weights(run: Run) -> None:
    record = record_of(run, "only-weights")
    load = record.check(Check.LOAD)
    assert load is not None
    assert (load.status, load.message) == (CheckStatus.PASSED, "")


@pytest.mark.parametrize(
    ("name", "holds", "needs"),
    [
        (
            "whole-model",
            "a whole pickled model, not a state dictionary",
            "unet2d.ConvBlock, unet2d.UNet2d, torch.nn.modules.act",
        ),
        ("whole-model-of-old", "more than tensors", "unet2d.UNet2d"),
        ("number-of-numpy", "more than tensors", "numpy._core.multiarray.scalar, numpy.dtype"),
    ],
)
def test_weights_that_need_more(run: Run, name: str, holds: str, needs: str) -> None:
    record = record_of(run, name)
    assert record.reason == Reason.LOAD_FAILED.slug
    load = record.check(Check.LOAD)
    assert load is not None
    assert load.message.startswith(f"the weights file holds {holds}: it needs {needs}")
    assert load.message.endswith("with weights_only=True; save model.state_dict() and nothing else")
    assert record.message == load.message, "not how to load it all the same, which PyTorch tells"


def test_the_models_own_code_is_listed_for_reviewers(run: Run) -> None:
    scan = record_of(run, "only-weights").check(Check.SCAN)
    assert scan is not None
    assert scan.message == "nothing dangerous was found in 2 files\nunet2d.py imports torch, torch.nn"
