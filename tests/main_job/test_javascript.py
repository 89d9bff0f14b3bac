"""The two JavaScript tools on the project's own collection."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from harness.cell import Depth, WeightsFormat
from harness.verdict import Blame, Reason, Status
from tests.collection.packages import write_model

from .conftest import run_harness
from .test_java import GRAPH

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


def _onnx(folder: Path, graph: bytes) -> None:
    write_model(folder, id=folder.name, weights={"onnx": {"source": "weights.onnx", "opset_version": 13}})
    (folder / "weights.onnx").write_bytes(b"\x08\x08" + graph)


def _tfjs(folder: Path, files: dict[str, bytes]) -> None:
    weights = {"tensorflow_js": {"source": "weights.zip", "tensorflow_version": "4.22.0"}}
    write_model(folder, id=folder.name, weights=weights)
    with zipfile.ZipFile(folder / "weights.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_each_failure_has_its_reason(collection: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    _onnx(models / "operator", GRAPH.replace(b"Relu", b"Rela"))
    _onnx(models / "rank", GRAPH)
    with zipfile.ZipFile(collection / "spots-heatmap2d" / "weights_tfjs.zip") as archive:
        good = {name: archive.read(name) for name in archive.namelist()}
    topology = good["model.json"]
    _tfjs(models / "layer", {**good, "model.json": topology.replace(b'"UpSampling2D"', b'"Upside2D"')})
    _tfjs(models / "json", {"model.json": b"{"})
    _tfjs(models / "empty", {"readme.txt": b"nothing"})
    _tfjs(models / "shard", {"model.json": topology})
    run = run_harness(
        models, tmp_path / "out", "--consumer", "onnxruntime-web", "--consumer", "tensorflow.js"
    )
    found = {
        record.model.id: (record.reason, record.blame)
        for record in run.records
        if record.status is not Status.NOT_APPLICABLE
    }
    assert found == {
        "operator": (Reason.UNSUPPORTED_OPERATOR.slug, Blame.TOOL),
        "rank": (Reason.EXCEPTION.slug, Blame.TOOL),
        "layer": (Reason.UNSUPPORTED_OPERATOR.slug, Blame.TOOL),
        "json": (Reason.LOAD_FAILED.slug, Blame.TOOL),
        "empty": (Reason.LOAD_FAILED.slug, Blame.TOOL),
        "shard": (Reason.LOAD_FAILED.slug, Blame.TOOL),
    }
