"""Limits, and their layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.limits import DEFAULTS, Limits, layered

PARTIAL = st.builds(
    Limits,
    seconds=st.none() | st.floats(min_value=0.1, max_value=1e6),
    cpu_seconds=st.none() | st.floats(min_value=0.1, max_value=1e6),
    memory_bytes=st.none() | st.integers(min_value=1, max_value=2**50),
    processes=st.none() | st.integers(min_value=1, max_value=10_000),
)


@given(st.lists(PARTIAL, max_size=4))
def test_what_a_later_layer_states_wins(layers: list[Limits]) -> None:
    result = layered(*layers).stated()
    for name in Limits.__struct_fields__:
        stated = [layer.stated()[name] for layer in layers if name in layer.stated()]
        assert result.get(name) == (stated[-1] if stated else None)


@given(PARTIAL)
def test_what_is_stored_reads_as_the_same(limits: Limits) -> None:
    assert Limits.of({name: float(value) for name, value in limits.stated().items()}) == limits


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan")])
def test_a_limit_is_above_zero(wrong: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        Limits(seconds=wrong)


def test_every_limit_has_a_default() -> None:
    assert set(DEFAULTS.stated()) == set(Limits.__struct_fields__)


def test_names_that_are_no_limits_are_passed_over() -> None:
    assert Limits.of({"seconds": 3.0, "patience": 1.0}) == Limits(seconds=3.0)
