from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.policy.bounds import Bound, Bounds

NUMBERS = st.floats(0, 1e9)
TOLERANCES = st.tuples(NUMBERS, NUMBERS, NUMBERS)
MAYBE = st.none() | NUMBERS


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    floor, ceiling = {}, {}
    for name in Bound.__struct_fields__:
        low, high = draw(MAYBE), draw(MAYBE)
        if low is not None and high is not None:
            low, high = sorted((low, high))
        floor[name], ceiling[name] = low, high
    return Bounds(floor=Bound(**floor), ceiling=Bound(**ceiling))


@given(bounds(), TOLERANCES)
def test_a_tolerance_is_moved_within_the_bounds_once(
    limits: Bounds, tolerance: tuple[float, float, float]
) -> None:
    moved = limits.bounded(*tolerance)
    assert limits.bounded(*moved) == moved
    for name, before, after in zip(Bound.__struct_fields__, tolerance, moved, strict=True):
        low, high = getattr(limits.floor, name), getattr(limits.ceiling, name)
        assert low is None or after >= low
        assert high is None or after <= high
        assert after in (before, low, high)
        if (low is None or before >= low) and (high is None or before <= high):
            assert after == before


def test_each_part_has_its_own_bounds() -> None:
    limits = Bounds(floor=Bound(atol=1), ceiling=Bound(rtol=2, ppm=3))
    assert limits.bounded(0, 9, 9) == (1, 2, 3)
    assert limits.bounded(5, 1, 1) == (5, 1, 1)


@pytest.mark.parametrize("number", [-1, math.nan, math.inf])
@pytest.mark.parametrize("name", Bound.__struct_fields__)
def test_a_bound_is_a_number(name: str, number: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: .* is no number of 0 or more"):
        Bound(**{name: number})


def test_a_floor_above_the_ceiling() -> None:
    with pytest.raises(ValueError, match=r"floor\.rtol: 0\.2 is above the ceiling, 0\.1"):
        Bounds(floor=Bound(rtol=0.2), ceiling=Bound(rtol=0.1))
    Bounds(floor=Bound(rtol=0.1), ceiling=Bound(rtol=0.1))
