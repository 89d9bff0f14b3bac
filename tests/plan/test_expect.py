"""How long cells will take."""

from __future__ import annotations

from harness.cell import WeightsFormat
from harness.plan.expect import expect
from harness.plan.plan import Plan, PlannedCell
from harness.plan.shard import shard_count
from tests.plan.cells import planned


def plan_of(*cells: PlannedCell) -> Plan:
    sources = tuple(dict.fromkeys(entry.cell.model.source for entry in cells))
    return Plan(collection="c", created_at="", harness="0", sources=sources, cells=cells)


def test_as_they_did_before_or_as_their_like_or_a_guess() -> None:
    known, like, other = (planned(name, environment="onnx") for name in ("known", "like", "other"))
    torch = planned("other", environment="pytorch", weights=WeightsFormat.TORCHSCRIPT)
    settled = planned("known", "another")
    recorded = {
        known.cell.names: 7.0,
        planned("gone", environment="onnx").cell.names: 9.0,
        planned("gone too", environment="onnx").cell.names: 100.0,
    }
    plan = expect(
        plan_of(known, like, other, torch, settled), recorded=recorded, setup_seconds={"onnx": 40.0}
    )
    assert [entry.seconds for entry in plan.cells] == [7.0, 9.0, 9.0, 20.0, 0.0]
    assert [entry.setup_seconds for entry in plan.cells] == [40.0, 40.0, 40.0, 0.0, 0.0]
    assert [entry.key for entry in plan.cells] == [e.key for e in (known, like, other, torch, settled)]


def test_a_newer_version_of_a_model_takes_as_long_as_the_one_before() -> None:
    one = planned("m", environment="onnx")
    assert expect(plan_of(one), recorded={one.cell.names: 3.0}, setup_seconds={}).cells[0].seconds == 3.0


def test_a_ledger_that_says_impossible_things_does_not_stop_the_planning() -> None:
    cells = [planned(name, environment="onnx") for name in ("one", "two", "three")]
    recorded = {cells[0].cell.names: 1e308, cells[1].cell.names: 1e308}
    plan = expect(plan_of(*cells), recorded=recorded, setup_seconds={"onnx": 1e308})
    assert {(entry.seconds, entry.setup_seconds) for entry in plan.cells} == {(604_800.0, 604_800.0)}
    assert shard_count(plan.cells, target_seconds=600) == 3
    below = expect(plan_of(cells[0]), recorded={cells[0].cell.names: -5.0}, setup_seconds={})
    assert below.cells[0].seconds == 0.0
