"""Cells and policies of every kind."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from harness.cell import Backend, Cell, ConsumerRef, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.policy.policy import Level, Policy, Rule, Waiver
from harness.verdict import Reason, Status

TODAY = datetime.date(2026, 6, 15)
ONNX = EnvironmentRef(name="onnx", backend=Backend.VENV, digest="d")
CELL = Cell(
    model=ModelRef(id="zoo/nuclei", source="nuclei"),
    weights_format=WeightsFormat.ONNX,
    consumer=ConsumerRef(name="bioimageio.core", version="1"),
    environment=ONNX,
    device=Device.CPU,
)
UNREADABLE = msgspec.structs.replace(CELL, weights_format=None, environment=None)

RED = [reason for reason in Reason if reason.status in (Status.FAILED, Status.INCONCLUSIVE)]
FEW_REASONS = st.sampled_from([Reason.VALUES_DIFFER, Reason.CRASHED, Reason.NO_REPLY])
CELLS = st.builds(
    Cell,
    model=st.builds(ModelRef, id=st.sampled_from(["a", "ab", "b"]), source=st.just("s")),
    weights_format=st.sampled_from([None, WeightsFormat.ONNX, WeightsFormat.KERAS_V3]),
    consumer=st.just(CELL.consumer),
    environment=st.sampled_from([None, ONNX]),
    device=st.sampled_from(Device),
)
MATCHES: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from(["*", "a*", "b"]),
    "weights": st.sampled_from(["*", "keras_*"]),
    "device": st.sampled_from(["*", "cuda"]),
}
RULES = st.builds(Rule, level=st.sampled_from(Level), why=st.just("w"), **MATCHES)
WAIVERS = st.builds(
    Waiver,
    reasons=st.lists(FEW_REASONS.map(lambda reason: reason.slug), min_size=1, max_size=2).map(tuple),
    owner=st.just("@octocat"),
    why=st.just("w"),
    expires=st.dates(TODAY - datetime.timedelta(days=2), TODAY + datetime.timedelta(days=2)),
    **MATCHES,
)
POLICIES = st.builds(
    Policy,
    rules=st.lists(RULES, max_size=3).map(tuple),
    waivers=st.lists(WAIVERS, max_size=3).map(tuple),
)


def rule(level: Level, **globs: str) -> Rule:
    """A rule."""
    return Rule(level=level, why="so", **globs)


def waiver(*reasons: Reason, days: int = 0, **globs: str) -> Waiver:
    """A waiver that holds for so many days after TODAY."""
    return Waiver(
        reasons=tuple(reason.slug for reason in reasons),
        owner="@octocat",
        why="known",
        expires=TODAY + datetime.timedelta(days=days),
        **globs,
    )
