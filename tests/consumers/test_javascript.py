"""Which models of the zoo the two JavaScript tools open, and why not the others."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import Description, parse_description
from harness.collection.fault import ModelFault
from harness.consumers import Consumer, onnxruntime_web, tensorflow_js
from harness.worker.runners.node import STEPS
from tests.collection.packages import content

ONNX, TFJS = WeightsFormat.ONNX, WeightsFormat.TENSORFLOW_JS


def _described(described: dict[str, Any]) -> Description:
    return parse_description(described, shown="rdf.yaml").description


@pytest.fixture(scope="module")
def zoo(zoo_descriptions: dict[str, dict[str, Any]]) -> dict[str, Description]:
    """Those that can be read."""
    found: dict[str, Description] = {}
    for name, described in zoo_descriptions.items():
        try:
            found[name] = _described(described)
        except ModelFault:
            continue
    return found


@pytest.mark.parametrize(("consumer", "weights"), [(onnxruntime_web, ONNX), (tensorflow_js, TFJS)])
def test_each_opens_its_own_weights_in_the_whole_zoo(
    consumer: Consumer, weights: WeightsFormat, zoo: dict[str, Description]
) -> None:
    asked = [(model, each) for model in zoo.values() for each in model.weights]
    opened = {each for model, each in asked if consumer.applicable(model, each) is None}
    refused = {each for model, each in asked if consumer.applicable(model, each) is not None}
    assert (opened | refused) >= {ONNX, WeightsFormat.PYTORCH_STATE_DICT}
    assert opened <= {weights}
    assert weights not in refused


def test_every_step_that_is_in_use_is_written_in_javascript(zoo: dict[str, Description]) -> None:
    tensors = [tensor for model in zoo.values() for tensor in (*model.inputs, *model.outputs)]
    used = {step for tensor in tensors for step in tensor.steps}
    assert used == STEPS


@pytest.mark.parametrize("consumer", [onnxruntime_web, tensorflow_js])
def test_a_step_that_is_not_written_is_named(consumer: Consumer) -> None:
    weights = {
        ONNX: {"source": "w.onnx", "opset_version": 18},
        TFJS: {"source": "w.zip", "tensorflow_version": "4"},
    }
    own = ONNX if consumer.NAME == onnxruntime_web.NAME else TFJS
    described = content(weights={own.value: weights[own]})
    described["outputs"][0]["postprocessing"] = [{"id": "softmax", "kwargs": {"axis": "x"}}]
    assert consumer.applicable(_described(described), own) == (
        f"no JavaScript is there for the processing step softmax, which {consumer.TITLE} itself has not"
    )
    other = WeightsFormat.TORCHSCRIPT
    assert str(consumer.applicable(_described(content()), other)).endswith("and these are torchscript")
