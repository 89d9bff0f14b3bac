"""Which weights the Java tools open."""

from __future__ import annotations

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import parse_description
from harness.consumers import Consumer, deepimagej, fiji, icy, qupath
from harness.environments.spec import load
from tests.collection.packages import content
from tests.conftest import ROOT


@pytest.mark.parametrize("consumer", [deepimagej, fiji, icy, qupath])
def test_they_open_what_their_engines_read(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    described = parse_description(content(), shown="rdf.yaml").description
    opened = {each for each in WeightsFormat if consumer.applicable(described, each) is None}
    assert {each.value for each in opened} == {"torchscript", "onnx", "tensorflow_saved_model_bundle"}
    why = consumer.applicable(described, WeightsFormat.PYTORCH_STATE_DICT)
    assert (
        why
        == f"{consumer.TITLE} runs TorchScript, ONNX and SavedModel weights, and these are pytorch_state_dict"
    )
    monkeypatch.delenv(f"HARNESS_{consumer.NAME.upper()}", raising=False)
    environment = load(ROOT / "environments" / consumer.NAME)
    assert set(environment.weights_formats) == opened
    assert environment.consumers == (), "the tool lives on machines with the setting"
