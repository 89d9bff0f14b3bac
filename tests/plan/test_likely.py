"""What a plan will likely need is said once, before the plan is made, and only for what is selected."""

from __future__ import annotations

import pytest

from harness.cell import Backend, EnvironmentRef, WeightsFormat
from harness.plan.likely import Likely
from harness.plan.matrix import Offer, Selection


def _offer(name: str, *formats: WeightsFormat) -> Offer:
    ref = EnvironmentRef(name=name, backend=Backend.VENV, digest="0" * 64)
    return Offer(ref=ref, weights_formats=formats, consumers={"core": "1", "other": "2"})


OFFERS = [_offer("torch", WeightsFormat.TORCHSCRIPT), _offer("onnx", WeightsFormat.ONNX)]


def _said(selection: Selection, *contents: dict[str, object]) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    likely = Likely(OFFERS, selection, lambda environment, consumer: said.append((environment, consumer)))
    for number, content in enumerate(contents):
        likely.new(f"model-{number}", content)
    return said


def test_each_pair_is_said_once() -> None:
    content: dict[str, object] = {"weights": {"onnx": {}}}
    assert _said(Selection(), content, content) == [("onnx", "core"), ("onnx", "other")]


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(consumers=("core",)), [("torch", "core"), ("onnx", "core")]),
        (Selection(weights=(WeightsFormat.ONNX,), consumers=("other",)), [("onnx", "other")]),
        (Selection(models=("id-*",), consumers=("core",)), [("torch", "core"), ("onnx", "core")]),
        (Selection(models=("model-0",), consumers=("core",)), [("torch", "core"), ("onnx", "core")]),
        (Selection(models=("another",)), []),
    ],
)
def test_of_what_is_selected(selection: Selection, said: list[tuple[str, str]]) -> None:
    assert _said(selection, {"id": "id-1", "weights": {"torchscript": 1, "onnx": None}}) == said


@pytest.mark.parametrize("weights", [None, [], "onnx", {"tensorflow_js": {}}, {1: 2}])
def test_nothing_is_said_of_weights_that_nobody_can_run(weights: object) -> None:
    assert _said(Selection(), {"weights": weights}, {}) == []
