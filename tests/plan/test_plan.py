from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from harness import jsonio
from harness.cell import Backend, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.collection.model import Model, Unreadable
from harness.consumers import CONSUMERS, Consumer
from harness.environments.spec import EnvironmentSpec, load_versions
from harness.errors import ConfigurationError, UsageError
from harness.plan.make import make_plan, models_of
from harness.plan.matrix import Offer, Selection, plan_cells
from harness.plan.offers import offers_of
from harness.plan.plan import LeftOut, Plan, PlannedCell, Settled, collection_name, read_plan
from harness.policy import Level
from harness.verdict import Blame, Reason
from tests.collection.packages import read, write_model
from tests.environments.conftest import TOML as ENVIRONMENT
from tests.environments.conftest import Maker
from tests.plan.cells import planned

TORCHSCRIPT, ONNX, TENSORFLOW_JS = (
    WeightsFormat.TORCHSCRIPT,
    WeightsFormat.ONNX,
    WeightsFormat.TENSORFLOW_JS,
)
TOOL = cast(
    Consumer,
    SimpleNamespace(
        DEPTH=Depth.RUNTIME,
        LEVEL=Level.REQUIRED,
        DISTRIBUTION="tool",
        TITLE="Tool",
        OWNER="tool-team",
        TESTED=">=0",
        applicable=lambda _description, weights: (
            "tool has no TensorFlow.js" if weights is TENSORFLOW_JS else None
        ),
    ),
)
TOOLS = {"tool": TOOL}


def _offer(name: str, *weights: WeightsFormat, version: str = "0.9.6") -> Offer:
    ref = EnvironmentRef(name=name, backend=Backend.VENV, digest=name)
    return Offer(ref=ref, weights_formats=weights, consumers={"tool": version})


OFFERS = [_offer("old", TORCHSCRIPT), _offer("new", TORCHSCRIPT, version="0.11.0")]


def _plan(
    *models: Model | Unreadable,
    tools: dict[str, Consumer] = TOOLS,
    offers: list[Offer] = OFFERS,
    settings: dict[str, str] | None = None,
    **selection: Any,
) -> tuple[tuple[PlannedCell, ...], tuple[LeftOut, ...]]:
    return plan_cells(
        models,
        consumers=tools,
        offers=offers,
        selection=Selection(**selection),
        settings=settings or {},
    )


@pytest.fixture
def model(tmp_path: Path) -> Model:
    weights = {name: {"source": "weights.pt", **entry} for name, entry in WEIGHTS.items()}
    (whole,) = read(write_model(tmp_path / "m", id="zoo/m", weights=weights))
    assert isinstance(whole, Model)
    return whole


WEIGHTS: dict[str, dict[str, Any]] = {
    "torchscript": {"pytorch_version": "2.1"},
    "onnx": {"opset_version": 17},
    "tensorflow_js": {"tensorflow_version": "2.1"},
}


def _unreadable(source: str = "m") -> Unreadable:
    ref = ModelRef(id="m", source=source)
    return Unreadable(ref=ref, reason=Reason.DESCRIPTION_INVALID, message="rdf.yaml: is not valid YAML")


def test_every_weights_entry_is_a_cell_or_left_out_with_the_reason(model: Model) -> None:
    cells, left_out = _plan(model)
    assert [(c.cell.weights_format, c.cell.environment and c.cell.environment.name) for c in cells] == [
        (TORCHSCRIPT, "old"),
        (TORCHSCRIPT, "new"),
        (TENSORFLOW_JS, None),
        (TENSORFLOW_JS, None),
    ]
    assert [c.cell.consumer.version for c in cells] == ["0.9.6", "0.11.0", "0.9.6", "0.11.0"]
    assert (
        cells[2].settled
        == cells[3].settled
        == Settled(reason="format-not-supported", message="tool has no TensorFlow.js")
    )
    assert [entry.why for entry in left_out] == ["no environment has tool for onnx"]
    assert len({cell.key for cell in cells}) == 4


def test_what_was_not_selected_is_said(model: Model) -> None:
    assert _plan(model, models=("other*",))[1] == (LeftOut(what="zoo/m", why="not selected by --select"),)
    cells, left_out = _plan(model, weights=(ONNX,), models=("zoo/*",))
    assert cells == ()
    assert [entry.why for entry in left_out].count("not selected by --weights") == 2
    _, left_out = _plan(model, tools={"other": TOOL, "tool": TOOL}, consumers=("tool",))
    assert LeftOut(what="zoo/m · other", why="not selected by --consumer") in left_out
    _, left_out = _plan(model, devices=(Device.CUDA,))
    assert "environment old has no build for cuda" in [entry.why for entry in left_out]


def test_a_model_that_cannot_be_read_is_one_settled_cell() -> None:
    (cell,), left_out = _plan(_unreadable())
    assert left_out == ()
    assert cell.cell.weights_format is None
    assert cell.settled is not None
    assert cell.settled.blame is Blame.METADATA
    other = _plan(_unreadable("group/m"))[0][0]
    assert other.key != cell.key


def test_settings_are_part_of_the_key(model: Model) -> None:
    keys = [{cell.key for cell in _plan(model, settings={"judge": version})[0]} for version in "12"]
    assert not keys[0] & keys[1]


def _make(collection: Path, **selection: Any) -> Any:
    return make_plan(
        str(collection),
        specs={},
        backend=Backend.VENV,
        selection=Selection(**selection),
        settings={},
        created_at="2026-01-01T00:00:00Z",
    )


def test_a_plan_is_made_stored_and_read_again(tmp_path: Path) -> None:
    write_model(tmp_path / "c" / "a", id="a")
    (tmp_path / "c" / "b").mkdir()
    heard: list[tuple[int, int, str]] = []
    made = make_plan(
        str(tmp_path / "c"),
        specs={},
        backend=Backend.VENV,
        selection=Selection(),
        settings={},
        created_at="now",
        on_model=lambda done, total, source: heard.append((done, total, source)),
    )
    assert heard == [(0, 2, "a"), (1, 2, "b")]
    assert list(made.models) == ["a"]
    jsonio.write(tmp_path / "plan.json", made.plan)
    plan = read_plan(tmp_path / "plan.json")
    assert plan == made.plan
    assert list(models_of(plan)) == ["a"]


def test_selections_that_match_nothing(tmp_path: Path) -> None:
    write_model(tmp_path / "a", id="a")
    with pytest.raises(UsageError, match="--consumer nobody: no such consumer; known: "):
        _make(tmp_path, consumers=("nobody",))
    with pytest.raises(UsageError, match=r"--select x\*: matches none of the 1 models"):
        _make(tmp_path, models=("x*",))
    assert _make(tmp_path, models=("a",)).plan.left_out
    assert set(CONSUMERS)


def test_models_that_changed_since_the_plan_was_made(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "c" / "m", id="zoo/m")
    (whole,) = read(tmp_path / "c")
    assert isinstance(whole, Model)
    plan = Plan(collection=str(tmp_path / "c"), created_at="", harness="", sources=(), cells=_plan(whole)[0])
    assert list(models_of(plan)) == ["m"]
    (folder / "weights.pt").write_bytes(b"changed")
    with pytest.raises(ConfigurationError, match="m: is not what it was when the plan was made"):
        models_of(plan)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 2}, "field schema: is 2, this harness reads 1"),
        ({"cells": 1}, "cells"),
        ({"cells": [{"settled": {"reason": "bored", "message": ""}}]}, "unknown reason|missing required"),
    ],
)
def test_plans_that_are_none(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    plan = Plan(collection="c", created_at="", harness="", sources=(), cells=())
    (tmp_path / "plan.json").write_text(json.dumps(msgspec.to_builtins(plan) | changes))
    with pytest.raises(ConfigurationError, match=words):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("field", ["seconds", "setup_seconds"])
@pytest.mark.parametrize("seconds", [-0.02, 1e308])
def test_a_plan_by_which_no_shards_can_be_made(field: str, seconds: float, tmp_path: Path) -> None:
    cell = msgspec.structs.replace(planned("a", environment="onnx"), **{field: seconds})
    plan = Plan(collection="c", created_at="", harness="", sources=("a",), cells=(cell,))
    jsonio.write(tmp_path / "plan.json", plan)
    with pytest.raises(ConfigurationError, match=rf"plan\.json: .*cells\[0\]\.{field}"):
        read_plan(tmp_path / "plan.json")


def test_records_name_a_collection_and_no_folder_above_it(tmp_path: Path) -> None:
    assert collection_name("https://zoo.example/index.json") == "https://zoo.example/index.json"
    one, other = tmp_path / "a" / "models", tmp_path / "b" / "models"
    assert collection_name(str(one)).startswith("models (")
    assert str(tmp_path) not in collection_name(str(one))
    assert collection_name(str(one)) == collection_name(f"{one}/") != collection_name(str(other))


def _spec(folder: Path, *consumers: str) -> EnvironmentSpec:
    (folder / "requirements.lock").write_text("tool==0.11.0\n")
    return EnvironmentSpec(
        name="onnx",
        folder=folder,
        description="",
        python="3.11",
        weights_formats=(ONNX,),
        consumers=consumers,
        variables={},
        torch_backend="",
    )


def test_environments_are_offered_with_the_locked_version_of_their_tools(tmp_path: Path) -> None:
    (offer,) = offers_of([_spec(tmp_path, "tool")], backend=Backend.VENV, consumers=TOOLS)
    assert (offer.ref.name, offer.consumers, offer.weights_formats) == ("onnx", {"tool": "0.11.0"}, (ONNX,))


def test_environments_that_offer_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="field consumers: there is no consumer 'fiji'; known: tool"):
        offers_of([_spec(tmp_path, "fiji")], backend=Backend.VENV, consumers=TOOLS)
    spec = _spec(tmp_path, "tool")
    spec.lock.write_text("other==1\n")
    with pytest.raises(
        ConfigurationError, match=r"tool is not in requirements\.lock; run `harness env lock onnx`"
    ):
        offers_of([spec], backend=Backend.VENV, consumers=TOOLS)


def test_a_version_of_a_tool_can_be_asked_for(model: Model) -> None:
    def versions(*consumers: str) -> list[tuple[WeightsFormat | None, str]]:
        cells, _ = _plan(model, consumers=consumers)
        return [(entry.cell.weights_format, entry.cell.consumer.version) for entry in cells]

    assert versions("tool==0.9.6") == [(TORCHSCRIPT, "0.9.6"), (TENSORFLOW_JS, "0.9.6")]
    assert versions("tool==0.9.6", "tool") == versions("tool") == versions()


def test_the_older_of_a_package_that_is_not_the_tool_are_told_apart(tmp_path: Path) -> None:
    environments = Maker(tmp_path)
    made = environments(
        lock="tiny==1.0\n",
        toml=ENVIRONMENT + 'versioned = "Other_Package"\nversions = ["2.0", "1.0rc1"]\n',
    )
    for version in ("2.0", "1.0rc1"):
        (made.folder / f"requirements-{version}.lock").write_text("tool==0.9\nother-package==1\n", "utf-8")
    tools = {"tool": TOOL}
    specs = [msgspec.structs.replace(spec, consumers=("tool",)) for spec in load_versions(made.folder)]
    found = [offer.consumers["tool"] for offer in offers_of(specs, backend=Backend.VENV, consumers=tools)]
    assert found == ["0.9", "0.9+other.package.1.0rc1"]
    own = [msgspec.structs.replace(spec, versioned="Tool") for spec in specs]
    assert [o.consumers["tool"] for o in offers_of(own, backend=Backend.VENV, consumers=tools)] == ["0.9"] * 2


def test_a_version_that_the_adapter_was_not_tested_with_gets_no_verdict(model: Model) -> None:
    tool = cast(Consumer, SimpleNamespace(**{**vars(TOOL), "TESTED": "<0.10"}))
    cells, _ = _plan(model, tools={"tool": tool}, weights=(TORCHSCRIPT,))
    old, new = cells
    assert old.settled is None
    assert new.settled is not None
    assert new.settled.verdict.reason is Reason.TOOL_VERSION_UNTESTED
    assert new.settled.blame is Blame.TOOL
    assert "tested with <0.10, this is 0.11.0" in new.settled.message
    assert "tool-team" in new.settled.message
    odd = _offer("odd", TORCHSCRIPT, version="nightly")
    (cell,), _ = _plan(model, offers=[odd], weights=(TORCHSCRIPT,))
    assert cell.settled is not None, "who knows what that is"


def test_what_a_tool_opens_in_other_models_is_said_of_this_model(model: Model) -> None:
    tool = cast(Consumer, SimpleNamespace(**{**vars(TOOL), "applicable": lambda *_: "has no tool.yaml"}))
    cells, _ = _plan(model, tools={"tool": tool})
    assert {(c.cell.weights_format, c.settled.reason) for c in cells if c.settled} == {
        (TORCHSCRIPT, "model-not-supported"),
        (ONNX, "format-not-supported"),
        (TENSORFLOW_JS, "format-not-supported"),
    }
