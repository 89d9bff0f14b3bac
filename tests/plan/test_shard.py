"""Shards: each cell in one, what is compared together, as even as can be with environments to build."""

from __future__ import annotations

import math
import time
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import Device, WeightsFormat
from harness.plan.plan import PlannedCell
from harness.plan.shard import shard, shard_count, split
from tests.plan.cells import planned

SETUPS = {"": 0.0, "onnx": 50.0, "pytorch": 60.0, "fiji": 5.0}


@st.composite
def plans(draw: st.DrawFn) -> list[PlannedCell]:
    """Cells of a few models, tools, environments and devices; some recorded, some without an estimate."""
    names = st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from(["one", "two"]),
        st.sampled_from(sorted(SETUPS)),
        st.sampled_from([WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT]),
        st.sampled_from(Device),
    )
    return [
        planned(
            model,
            consumer,
            environment,
            weights=weights,
            device=device,
            seconds=draw(st.sampled_from([0.0, 1.0, 10.0, 600.0])) if environment else 0.0,
            setup_seconds=SETUPS[environment],
            recorded=bool(environment) and draw(st.booleans()),
        )
        for model, consumer, environment, weights, device in draw(st.lists(names, unique=True, max_size=25))
    ]


@settings(deadline=None)
@given(plans(), st.integers(1, 9))
def test_every_cell_is_in_one_shard_in_the_order_of_the_plan(cells: list[PlannedCell], count: int) -> None:
    parts = [shard(cells, index, count) for index in range(1, count + 1)]
    assert Counter(cell.key for part in parts for cell in part) == Counter(cell.key for cell in cells)
    for part in parts:
        assert list(part) == [cell for cell in cells if cell in part]
    assert parts == [part.cells for part in split(cells, count)], "each machine finds the same"


@settings(deadline=None)
@given(plans(), st.integers(1, 9))
def test_what_is_compared_stays_together(cells: list[PlannedCell], count: int) -> None:
    units = [
        {(cell.cell.model.source, cell.cell.consumer.name) for cell in part.cells}
        for part in split(cells, count)
    ]
    assert sum(map(len, units)) == len(set().union(*units))


@settings(deadline=None)
@given(plans(), st.integers(1, 9))
def test_no_shard_takes_longer_than_one_alone_would(cells: list[PlannedCell], count: int) -> None:
    (whole,) = split(cells, 1)
    assert max(part.seconds for part in split(cells, count)) <= whole.seconds + 1e-6


@settings(deadline=None)
@given(plans(), st.floats(1, 5000), st.integers(1, 256))
def test_no_more_shards_than_units_or_than_allowed(
    cells: list[PlannedCell], target: float, most: int
) -> None:
    units = {(cell.cell.model.source, cell.cell.consumer.name) for cell in cells}
    assert 1 <= shard_count(cells, target_seconds=target, most=most) <= max(1, min(len(units), most))


def test_each_environment_is_built_where_its_cells_are() -> None:
    cells = [
        planned(f"{name}{number}", environment=name, seconds=10, setup_seconds=100)
        for name in ("x", "y", "z")
        for number in range(10)
    ]
    assert [part.seconds for part in split(cells, 3)] == pytest.approx([200.2] * 3)


def test_what_runs_in_no_environment_builds_none() -> None:
    cell = msgspec.structs.replace(planned("m", seconds=5.0, setup_seconds=50.0), settled=None)
    assert [round(part.seconds) for part in split([cell], 1)] == [5]


def test_long_cells_are_balanced() -> None:
    cells = [planned(f"m{n}", environment="onnx", seconds=n, setup_seconds=1) for n in (8, 7, 6, 5, 4)]
    assert sorted(round(part.seconds) for part in split(cells, 2)) == [14, 18]


def test_one_environment_is_shared_out_when_its_cells_take_long() -> None:
    cells = [planned(f"m{n}", environment="x", seconds=100, setup_seconds=50) for n in range(8)]
    assert [round(part.seconds) for part in split(cells, 4)] == [250] * 4


def test_what_is_recorded_needs_no_time_and_no_environment() -> None:
    known = [
        planned(f"k{n}", environment="x", seconds=900, setup_seconds=99, recorded=True) for n in range(9)
    ]
    new = [planned(f"n{n}", environment="y", seconds=10, setup_seconds=10) for n in range(2)]
    assert shard_count([*known, *new], target_seconds=900) == 1
    assert max(part.seconds for part in split([*known, *new], 2)) < 21


@settings(deadline=None)
@given(plans(), st.floats(1, 5000))
def test_no_machine_is_started_for_what_does_not_run(cells: list[PlannedCell], target: float) -> None:
    parts = split(cells, shard_count(cells, target_seconds=target))
    running = [[c for c in part.cells if c.settled is None and not c.recorded] for part in parts]
    assert len(parts) == 1 or all(running[number] for number, part in enumerate(parts) if part.cells)


def test_gpus_are_kept_for_what_needs_them() -> None:
    cells = [planned(f"m{n}", environment="onnx", seconds=100, setup_seconds=10) for n in range(9)]
    cells += [planned("g", environment="gpu", device=Device.CUDA, seconds=5, setup_seconds=200)]
    parts = split(cells, shard_count(cells, target_seconds=400))
    assert len(parts) > 2
    on_gpu = [part for part in parts if any(c.cell.device is Device.CUDA for c in part.cells)]
    assert [[cell.cell.model.id for cell in part.cells] for part in on_gpu] == [["g"]]
    assert shard_count(cells, target_seconds=1e6) == 2, "one for each kind of machine"


@pytest.mark.parametrize(("seconds", "target", "count"), [(10, 1200, 1), (100, 1000, 11), (1e6, 600, 100)])
def test_how_many_shards(seconds: float, target: float, count: int) -> None:
    cells = [planned(f"m{n}", environment="x", seconds=seconds, setup_seconds=50) for n in range(100)]
    assert shard_count(cells, target_seconds=target) == count


def test_with_nothing_to_do_there_is_one_shard() -> None:
    assert shard_count([], target_seconds=60) == 1
    assert shard([], 1, 1) == ()


def test_ten_thousand_models_are_split_in_seconds() -> None:
    cells = [
        planned(
            f"m{n}", f"tool{tool}", "" if (n + tool) % 4 else f"env{tool}", seconds=n % 37, setup_seconds=60
        )
        for n in range(10_000)
        for tool in range(8)
    ]
    started = time.process_time()
    count = shard_count(cells, target_seconds=900)
    parts = split(cells, count)
    assert time.process_time() - started < 20
    seconds = [part.seconds for part in parts]
    assert count == 256
    assert max(seconds) < 1.1 * math.fsum(seconds) / count


def test_of_many_models_none_ends_much_later_than_the_others() -> None:
    """Of each tool: the seconds to run a model in it, and to set it up."""
    tools = {"a": (100, 157), "b": (40, 84), "c": (30, 17), "d": (30, 114)}
    cells = [
        planned(f"m{n}", tool, f"env-{tool}", seconds=seconds, setup_seconds=setup)
        for n in range(5_000)
        for tool, (seconds, setup) in tools.items()
    ]
    seconds = [part.seconds for part in split(cells, 256)]
    assert max(seconds) < 1.1 * math.fsum(seconds) / 256


@pytest.mark.parametrize(("index", "count"), [(0, 2), (3, 2), (1, 0)])
def test_a_shard_that_is_none(index: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"no part {index} of {count}"):
        shard([], index, count)
