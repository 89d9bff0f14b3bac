"""A real model, and the question that a cell asks of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cell import WeightsFormat
from harness.collection.index import find_models
from harness.collection.model import Model, read_model
from harness.collection.tolerance import Tolerance, ToleranceRule
from harness.execute.conclude.question import Question
from harness.limits import DEFAULTS
from harness.policy import DEFAULT


@pytest.fixture(scope="session")
def model(collection: Path) -> Model:
    """A model with one output and weights in several formats."""
    (found,) = find_models(str(collection / "nuclei-unet2d"))
    model = read_model(found)
    assert isinstance(model, Model)
    return model


@pytest.fixture
def question(model: Model) -> Question:
    """Its outputs may be 0.1 from the declared ones, and 0.2 with ONNX weights."""
    rules = (
        ToleranceRule(tolerance=Tolerance(atol=0.2, rtol=0.0), weights_formats=("onnx",)),
        ToleranceRule(tolerance=Tolerance(atol=0.1, rtol=0.0)),
    )
    described = msgspec.structs.replace(model.description, tolerances=rules)
    return Question(
        model=msgspec.structs.replace(model, description=described),
        weights_format=WeightsFormat.PYTORCH_STATE_DICT,
        limits=DEFAULTS,
        policy=DEFAULT,
    )
