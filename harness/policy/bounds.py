"""Bounds of tolerance: no description may ask for too little, none may excuse too much."""

from __future__ import annotations

import msgspec


class Bound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bound of each part of a tolerance; None does not bound it.

    Raises:
        ValueError: a bound is no finite number of 0 or more.
    """

    atol: float | None = None
    rtol: float | None = None
    ppm: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name}: {value} is no number of 0 or more")


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The least and the most that a tolerance may be, whoever states it.

    Raises:
        ValueError: the floor of a part is above its ceiling.
    """

    floor: Bound = Bound()
    ceiling: Bound = Bound()

    def __post_init__(self) -> None:
        for name in Bound.__struct_fields__:
            low, high = getattr(self.floor, name), getattr(self.ceiling, name)
            if low is not None and high is not None and low > high:
                raise ValueError(f"floor.{name}: {low:g} is above the ceiling, {high:g}")

    def bounded(self, atol: float, rtol: float, ppm: float) -> tuple[float, float, float]:
        """The tolerance, each part raised to its floor or lowered to its ceiling."""
        return (
            _clamped(atol, self.floor.atol, self.ceiling.atol),
            _clamped(rtol, self.floor.rtol, self.ceiling.rtol),
            _clamped(ppm, self.floor.ppm, self.ceiling.ppm),
        )


def _clamped(value: float, low: float | None, high: float | None) -> float:
    raised = value if low is None else max(value, low)
    return raised if high is None else min(raised, high)
