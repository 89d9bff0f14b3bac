"""A BioEngine service: which models can be asked for there. How it is called: tests/main_job."""

from __future__ import annotations

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import parse_description
from harness.consumers import bioengine_service
from harness.environments.spec import load
from tests.collection.packages import content
from tests.conftest import ROOT


def test_a_model_is_asked_for_by_its_id() -> None:
    stated = parse_description(content(id="some-model"), shown="rdf.yaml").description
    found = {weights: bioengine_service.applicable(stated, weights) for weights in WeightsFormat}
    assert [weights for weights, why in found.items() if why] == [WeightsFormat.TENSORFLOW_JS]
    unnamed = {name: value for name, value in content().items() if name != "id"}
    described = parse_description(unnamed, shown="rdf.yaml").description
    why = bioengine_service.applicable(described, WeightsFormat.ONNX)
    assert why == "a BioEngine service knows models by their ids, and this description states none"


def test_without_the_setting_its_environment_has_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_BIOENGINE", raising=False)
    environment = load(ROOT / "environments" / "bioengine-service")
    assert environment.consumers == ()
    assert environment.absent == {"bioengine-service": "HARNESS_BIOENGINE"}
