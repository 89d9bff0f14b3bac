"""The two JavaScript tools on the project's own collection."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Depth, WeightsFormat
from harness.verdict import Status

from .conftest import run_harness

pytestmark = pytest.mark.slow

RUN = {"onnxruntime-web": WeightsFormat.ONNX, "tensorflow.js": WeightsFormat.TENSORFLOW_JS}


def test_they_reproduce_every_model_that_has_their_weights(collection: Path, tmp_path: Path) -> None:
    options = (word for name in RUN for word in ("--consumer", name))
    run = run_harness(collection, tmp_path / "out", *options)
    assert run.code == 0, run.stdout + run.stderr
    ran = [record for record in run.records if record.status is not Status.NOT_APPLICABLE]
    models = {(record.consumer.name, record.model.id) for record in ran}
    assert models == {
        ("onnxruntime-web", "cells-two-channel"),
        ("onnxruntime-web", "foci-binary2d"),
        ("onnxruntime-web", "membrane-unet2d"),
        ("onnxruntime-web", "nuclei-unet2d"),
        ("tensorflow.js", "spots-heatmap2d"),
    }
    for record in ran:
        assert (record.status, record.depth) == (Status.PASSED, Depth.TOOL), record.message
        assert record.weights_format is RUN[record.consumer.name]
        for output in record.outputs:
            assert output.max_abs_diff is not None
            assert output.max_abs_diff < 1e-5, "as near as the reference runtime's"
    assert all(
        record.weights_format is not RUN[record.consumer.name] for record in run.records if record not in ran
    )
