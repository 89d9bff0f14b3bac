"""What cells needed when they ran last."""

from __future__ import annotations

import msgspec

from harness.ledger.durations import Needed, needed_by_names
from tests.ledger.records import PLAIN, at, record


def test_the_newest_execution_of_each_cell_whichever_its_files() -> None:
    changed = msgspec.structs.replace(PLAIN.model, sha256="b" * 64, version="2")
    other = msgspec.structs.replace(PLAIN.model, id="other")
    records = [
        record(seconds=5.0, peak_memory_bytes=50, started_at=at(2), model=changed),
        record(seconds=9.0, peak_memory_bytes=90, started_at=at(1)),
        record(seconds=0.0, peak_memory_bytes=0, started_at=at(3)),  # nothing ran
        record(seconds=1.0, peak_memory_bytes=10, model=other),
    ]
    assert needed_by_names(records) == {
        ("zoo/m", "onnx", "bioimageio.core", "onnx", "cpu"): Needed(5.0, 50),
        ("other", "onnx", "bioimageio.core", "onnx", "cpu"): Needed(1.0, 10),
    }
