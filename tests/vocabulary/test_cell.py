"""The key of a cell: another one for anything that can change the verdict, the same one for all else."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import (
    Backend,
    Cell,
    ConsumerRef,
    Device,
    EnvironmentRef,
    ModelRef,
    WeightsFormat,
    cell_key,
)
from harness.policy import Policy
from harness.policy.bounds import Bound, Bounds
from harness.policy.policy import FINDINGS, Checks

NAMES = st.text(max_size=5)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "model.id": NAMES,
    "model.version": NAMES,
    "model.sha256": NAMES,
    "model.source": NAMES,
    "weights_format": st.none() | st.sampled_from([word.value for word in WeightsFormat]),
    "consumer.name": NAMES,
    "consumer.version": NAMES,
    "environment.name": NAMES,
    "environment.backend": st.sampled_from([word.value for word in Backend]),
    "environment.digest": NAMES,
    "device": st.sampled_from([word.value for word in Device]),
}
DECISIVE = sorted(set(FIELDS) - {"model.source"})
SETTINGS = st.dictionaries(NAMES, NAMES, max_size=3)

FULL = Cell(
    model=ModelRef(id="zoo/m", version="1", sha256="a" * 64, source="m"),
    weights_format=WeightsFormat.ONNX,
    consumer=ConsumerRef(name="bioimageio.core", version="0.11.0"),
    environment=EnvironmentRef(name="onnx", backend=Backend.VENV, digest="d"),
    device=Device.CPU,
)


def with_fields(cell: Cell, values: dict[str, object]) -> Cell:
    """The cell with other values of some fields, e.g. of "model.sha256"."""
    plain: dict[str, Any] = msgspec.to_builtins(cell)
    for path, value in values.items():
        parent, _, name = path.rpartition(".")
        (plain[parent] if parent else plain)[name] = value
    return msgspec.convert(plain, Cell)


CELLS = st.fixed_dictionaries(FIELDS).map(lambda values: with_fields(FULL, values))
WITHOUT_ENVIRONMENT = CELLS.map(lambda cell: msgspec.structs.replace(cell, environment=None))


def decisive(cell: Cell, settings: dict[str, str]) -> tuple[Cell, dict[str, str]]:
    """All that the key is made from."""
    return with_fields(cell, {"model.source": ""}), settings


def test_every_field_of_a_cell_is_looked_at_here() -> None:
    plain = msgspec.to_builtins(FULL)
    inner = {f"{name}.{field}" for name in plain if isinstance(plain[name], dict) for field in plain[name]}
    assert set(FIELDS) == inner | {name for name in plain if not isinstance(plain[name], dict)}


@pytest.mark.parametrize("path", DECISIVE)
@settings(max_examples=25)
@given(cell=CELLS, data=st.data())
def test_another_value_of_a_field_is_another_key(path: str, cell: Cell, data: st.DataObject) -> None:
    changed = with_fields(cell, {path: data.draw(FIELDS[path])})
    assert (cell_key(changed, settings={}) == cell_key(cell, settings={})) is (changed == cell)


@given(CELLS, NAMES)
def test_a_model_may_move(cell: Cell, source: str) -> None:
    moved = with_fields(cell, {"model.source": source})
    assert cell_key(moved, settings={}) == cell_key(cell, settings={})


@given(CELLS)
def test_that_nothing_runs_is_another_key_than_any_environment(cell: Cell) -> None:
    nowhere = msgspec.structs.replace(cell, environment=None)
    assert cell_key(nowhere, settings={}) != cell_key(cell, settings={})


@given(CELLS | WITHOUT_ENVIRONMENT, CELLS | WITHOUT_ENVIRONMENT, SETTINGS, SETTINGS)
def test_keys_are_equal_exactly_if_all_that_decides_is(
    one: Cell, other: Cell, mine: dict[str, str], others: dict[str, str]
) -> None:
    same = decisive(one, mine) == decisive(other, others)
    assert (cell_key(one, settings=mine) == cell_key(other, settings=others)) is same


@given(SETTINGS, SETTINGS, st.randoms(use_true_random=False))
def test_settings_count_by_name_and_value_and_not_by_order(
    mine: dict[str, str], others: dict[str, str], random: Random
) -> None:
    def key(stated: dict[str, str]) -> str:
        return cell_key(FULL, settings=stated)

    shuffled = list(mine.items())
    random.shuffle(shuffled)
    assert key(dict(shuffled)) == key(mine)
    assert (key(others) == key(mine)) is (others == mine)
    assert key({**mine, "more than five": ""}) != key(mine)
    for name, value in mine.items():
        less = {other: text for other, text in mine.items() if other != name}
        assert key(less) != key(mine)
        assert key({**less, name: value + "x"}) != key(mine)
        if value and name + value[0] not in less:  # the same letters, cut elsewhere
            assert key({**less, name + value[0]: value[1:]}) != key(mine)


# A policy whose required checks are a set: in another order with another seed of Python's hashes.
POLICY = Policy(
    checks=Checks(required=FINDINGS), tolerance=Bounds(floor=Bound(atol=0.5), ceiling=Bound(ppm=1.0))
)
STORED: list[Cell] = [
    FULL,
    msgspec.structs.replace(FULL, weights_format=None, environment=None),
    with_fields(FULL, {"model.id": "zoo/zażółć 細胞"}),
]
SCRIPT = """
import msgspec, sys
from harness.cell import Cell, cell_key
from harness.policy import Policy
cells, policy = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[list[Cell], Policy])
print(*[cell_key(cell, settings={**policy.deciding(), "code": "c"}) for cell in cells])
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_process_makes_the_same_key(seed: str) -> None:
    keys = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        input=msgspec.json.encode((STORED, POLICY)),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    deciding = {"code": "c", **POLICY.deciding()}
    assert keys.split() == [cell_key(cell, settings=deciding) for cell in STORED]


def test_keys_that_are_stored_stay_what_they_are() -> None:
    # If this changes, every question in every ledger is asked again.
    assert cell_key(FULL, settings={"threads": "1"}) == (
        "7e94824de6fababd308b292ad2ccfbf806e2c639f70638234516068f1db96820"
    )
