"""Records to store."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.cell import Backend, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.ledger.record import HarnessRef, OutputResult, Record
from harness.verdict import Reason, Status

PLAIN = Record(
    key="k",
    run="r",
    model=ModelRef(id="zoo/m", version="1", sha256="a" * 64, source="m"),
    weights_format=WeightsFormat.ONNX,
    consumer=ConsumerRef(name="bioimageio.core", version="0.11.0"),
    depth=Depth.RUNTIME,
    environment=EnvironmentRef(name="onnx", backend=Backend.VENV, digest="d"),
    device=Device.CPU,
    status=Status.PASSED,
    reason=None,
    blame=None,
    stage=None,
    message="",
    hint="",
    started_at="2026-01-01T00:00:00.000Z",
    harness=HarnessRef(version="0"),
)
OUTPUT = OutputResult(
    name="out",
    shape=(1, 8),
    dtype="float32",
    max_abs_diff=0.0,
    max_rel_diff=None,
    mismatched_ppm=0.0,
    atol=1e-3,
    rtol=1e-3,
    allowed_ppm=0.0,
    headroom=1.0,
)


def record(reason: Reason | None = None, **changes: Any) -> Record:
    """A record that passed, or with the verdict of ``reason``."""
    if reason is not None:
        verdict = {
            "status": reason.status,
            "reason": reason.slug,
            "blame": reason.blame,
            "stage": reason.stage,
        }
        changes = verdict | changes
    return msgspec.structs.replace(PLAIN, **changes)


def unreadable(reason: Reason, **changes: Any) -> Record:
    """A record of a model that could not be read."""
    return record(reason, **{"weights_format": None, "environment": None, "key": reason.slug} | changes)


def at(second: int) -> str:
    """A time."""
    return f"2026-01-01T00:00:{second:02d}.000Z"
