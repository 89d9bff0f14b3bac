"""Made-up records: a plain one to change, and a small zoo of them with every status."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec

from harness import labels
from harness.cell import Backend, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.ledger.record import (
    Artifact,
    CheckResult,
    HarnessRef,
    ModelInfo,
    OutputResult,
    Record,
)
from harness.verdict import Blame, Check, CheckStatus, Reason, Status

GENERATED_AT = "2026-05-21T06:30:00Z"
CORE = ConsumerRef(name="bioimageio.core", version="0.11.0")
CORE_OLD = ConsumerRef(name="bioimageio.core", version="0.9.6")
BIAPY = ConsumerRef(name="biapy", version="3.7.1")
CAREAMICS = ConsumerRef(name="careamics", version="0.3.5")
TORCH = EnvironmentRef(name="torch-2.13", backend=Backend.VENV, digest="9f" * 32)
ONNX = EnvironmentRef(name="onnxruntime-1.31", backend=Backend.CONDA, digest="4c" * 32)

_PASSING = (Check.FETCH, Check.VALIDATE, Check.SCAN, Check.ENVIRONMENT, Check.LOAD, Check.RUNS)
_SECONDS = {Check.FETCH: 0.8, Check.VALIDATE: 0.12, Check.SCAN: 0.07, Check.LOAD: 1.9, Check.RUNS: 2.4}


def make_record(**changes: Any) -> Record:
    """A passed record of "zoo/plain-model" in CORE with torchscript on the CPU, with ``changes``.

    Unless given, the key follows from the cell, so that different cells have different keys.
    """
    plain = Record(
        key="",
        run="run-7",
        model=ModelRef(id="zoo/plain-model", version="1.2", sha256="ab" * 32, source="zoo/plain-model"),
        weights_format=WeightsFormat.TORCHSCRIPT,
        consumer=CORE,
        depth=Depth.RUNTIME,
        environment=TORCH,
        device=Device.CPU,
        status=Status.PASSED,
        reason=None,
        blame=None,
        stage=None,
        message="",
        hint="",
        checks=(CheckResult(name=Check.RUNS, status=CheckStatus.PASSED, seconds=2.4),),
        outputs=(make_output(),),
        seconds=5.2,
        peak_memory_bytes=1_500_000_000,
        started_at="2026-05-20T12:03:11Z",
        harness=HarnessRef(version="0.1.0", commit="3f2a91c07b"),
        threads=4,
        isolation="sandbox",
        platform="Linux x86_64",
        model_info=ModelInfo(name="Plain Model"),
    )
    record = msgspec.structs.replace(plain, **changes)
    if record.key:
        return record
    digest = hashlib.sha256(msgspec.json.encode(record.cell)).hexdigest()
    return msgspec.structs.replace(record, key=digest)


def because(reason: Reason, message: str = "it says so", *, blame: Blame | None = None) -> dict[str, Any]:
    """The changes that make a record say ``reason``."""
    return {
        "status": reason.status,
        "reason": reason.slug,
        "blame": blame or reason.blame,
        "stage": reason.stage,
        "message": message,
        "hint": labels.REASON[reason].hint,
        "outputs": (),
    }


def make_model(model_id: str, *, version: str = "", **changes: Any) -> ModelRef:
    """A reference to a model."""
    digest = hashlib.sha256(f"{model_id}@{version}".encode("utf-8", "replace")).hexdigest()
    return msgspec.structs.replace(
        ModelRef(id=model_id, version=version, sha256=digest, source=model_id), **changes
    )


def make_output(**changes: Any) -> OutputResult:
    """An output that equals the declared one but for rounding."""
    plain = OutputResult(
        name="probability",
        shape=(1, 2, 512, 512),
        expected_shape=(1, 2, 512, 512),
        dtype="float32",
        expected_dtype="float32",
        max_abs_diff=1.43e-6,
        max_rel_diff=3.1e-5,
        mismatched_ppm=0.0,
        atol=1e-4,
        rtol=1e-3,
        allowed_ppm=10.0,
        headroom=0.986,
    )
    return msgspec.structs.replace(plain, **changes)


def finding(check: Check, message: str = "max_abs_diff 0.353") -> CheckResult:
    """A failed check."""
    return CheckResult(name=check, status=CheckStatus.FAILED, seconds=2.2, message=message)


def checks_until(last: Check, status: CheckStatus, message: str) -> tuple[CheckResult, ...]:
    """Checks in their order: passed before ``last``, skipped after it."""
    names = [*_PASSING, Check.REPRODUCES, Check.VARIANTS, Check.AS_CALLED, Check.DETERMINISM]
    at = names.index(last)
    return (
        *(CheckResult(name=n, status=CheckStatus.PASSED, seconds=_SECONDS.get(n, 0.0)) for n in names[:at]),
        CheckResult(name=last, status=status, seconds=1.1, message=message),
        *(CheckResult(name=n, status=CheckStatus.SKIPPED) for n in names[at + 1 :]),
    )


def small_picture(width: int = 96, height: int = 72) -> bytes:
    """A PNG that looks a bit like cells."""
    rows = b"".join(
        b"\0"
        + bytes((40 + (x * y) % 120 + 60 * (((x - 30) ** 2 + (y - 30) ** 2) < 400)) for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def keep_artifact(artifacts: Path, kind: str, path: str, data: bytes) -> Artifact:
    """Store a file as an artifact of ``kind``."""
    file = artifacts / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return Artifact(kind=kind, path=path, bytes=len(data))
