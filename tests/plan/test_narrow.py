"""The part of a plan that a change asks for."""

from __future__ import annotations

import msgspec

from harness.cell import WeightsFormat
from harness.plan.narrow import Wanted, columns_of, narrowed, with_recorded
from harness.plan.plan import LeftOut, PlannedCell
from tests.plan.cells import planned
from tests.plan.test_expect import plan_of

SHORT = planned("short", environment="onnx", seconds=1)
LONG = planned("long", environment="onnx", seconds=9)
TORCH = planned("long", environment="pytorch", weights=WeightsFormat.TORCHSCRIPT, seconds=9)
OTHER_TOOL = planned("long", "other", "onnx", seconds=9)
SETTLED = planned("settled")
PLAN = plan_of(LONG, TORCH, OTHER_TOOL, SHORT, SETTLED)


def test_every_cell_of_a_model_that_is_touched() -> None:
    plan = narrowed(PLAN, Wanted(models={"long"}))
    assert plan.cells == (LONG, TORCH, OTHER_TOOL)
    why = "not selected: the change does not touch it"
    assert plan.left_out == (LeftOut(what="short", why=why), LeftOut(what="settled", why=why))
    assert plan.sources == PLAN.sources


def test_of_everything_the_shortest_of_each_kind() -> None:
    assert narrowed(PLAN, Wanted(harness=True)).cells == (TORCH, OTHER_TOOL, SHORT)


def test_of_an_environment_the_shortest_of_each_kind_in_it() -> None:
    assert narrowed(PLAN, Wanted(environments={"onnx"})).cells == (OTHER_TOOL, SHORT)


def test_which_is_chosen_does_not_hang_on_the_order() -> None:
    cells = [planned(name, environment="onnx", seconds=1) for name in "cab"]
    for order in (cells, cells[::-1]):
        (chosen,) = narrowed(plan_of(*order), Wanted(harness=True)).cells
        assert chosen.cell.model.id == "a"


def test_a_selection_and_models_together() -> None:
    assert narrowed(PLAN, Wanted(models={"settled"}, environments={"pytorch"})).cells == (TORCH, SETTLED)


def test_nothing() -> None:
    assert narrowed(PLAN, Wanted()).cells == ()


def test_columns_of_environments_are_all_that_is_in_them() -> None:
    plan = columns_of(PLAN, {"onnx"})
    assert plan.cells == (LONG, OTHER_TOOL, SHORT)
    assert plan.left_out == (LeftOut(what="environment pytorch", why="not selected: it is not new"),)
    assert columns_of(PLAN, {"absent"}).cells == ()


def test_what_a_new_version_does_not_open_is_in_its_column() -> None:
    def of(version: str, entry: PlannedCell) -> PlannedCell:
        consumer = msgspec.structs.replace(entry.cell.consumer, version=version)
        cell = msgspec.structs.replace(entry.cell, consumer=consumer)
        return msgspec.structs.replace(entry, key=f"{entry.key} {version}", cell=cell)

    columns = [(of(v, planned("m", environment=f"tool-{v}")), of(v, planned("settled"))) for v in "12"]
    plan = plan_of(*columns[0], *columns[1])
    assert columns_of(plan, {"tool-2"}).cells == columns[1]
    assert columns_of(plan, {"tool-1", "tool-2"}) == plan


def test_what_is_recorded_is_noted_unless_it_runs_again() -> None:
    keys = {SHORT.key, LONG.key, SETTLED.key}
    assert [entry.recorded for entry in with_recorded(PLAN, keys, None).cells] == [
        True,
        False,
        False,
        True,
        False,
    ]
    wanted = Wanted(models={"long"}, environments={"onnx"})
    plan = with_recorded(narrowed(PLAN, wanted), keys, wanted)
    assert {entry.key: entry.recorded for entry in plan.cells} == {
        LONG.key: True,
        TORCH.key: False,
        OTHER_TOOL.key: False,
        SHORT.key: False,
    }
