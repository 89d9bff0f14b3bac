"""The two JavaScript tools on the project's own collection."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cell import Depth, WeightsFormat
from harness.verdict import Blame, Reason, Status
from tests.collection.packages import content, write_model

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


def _tfjs(folder: Path, files: dict[str, bytes], **changes: Any) -> None:
    weights = {"tensorflow_js": {"source": "weights.zip", "tensorflow_version": "4.22.0"}}
    write_model(folder, id=folder.name, weights=weights, **changes)
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


def _node(op: str, name: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    kind = {} if op in {"Const", "Placeholder"} else {"T": {"type": "DT_FLOAT"}}
    return {"name": name, "op": op, "input": list(inputs), "attr": kind | attributes}


_IMAGE = _node("Placeholder", "x", dtype={"type": "DT_FLOAT"}, shape={"shape": {"dim": [{"size": "-1"}] * 2}})
_SAME_AND_NEGATIVE = (_IMAGE, _node("Identity", "Identity", "x"), _node("Neg", "Identity_1", "x"))
_CONTROL_FLOW = (
    _IMAGE,
    _node("Const", "yes", dtype={"type": "DT_BOOL"}),
    _node("Switch", "switch", "x", "yes"),
    _node("Merge", "merge", "switch", "switch:1", N={"i": "2"}),
    _node("Identity", "Identity", "merge"),
)


def _graph(
    folder: Path, nodes: Sequence[dict[str, Any]], described: Sequence[str], keys: Sequence[str] | None
) -> None:
    """A graph model: what its nodes ``Identity*`` compute, called so by ``keys``, in their order.

    Args:
        described: the outputs in the description's order; ``negative`` is the negative of the input.
    """
    ends = [node["name"] for node in nodes if node["name"].startswith("Identity")]
    signature = {
        "inputs": {"x": {"name": "x:0", "dtype": "DT_FLOAT"}},
        "outputs": {name: {"name": f"{name}:0", "dtype": "DT_FLOAT"} for name in ends},
    }
    model: dict[str, Any] = {
        "format": "graph-model",
        "modelTopology": {"node": nodes, "versions": {"producer": 1, "minConsumer": 1}},
        "weightsManifest": [
            {"paths": ["group1.bin"], "weights": [{"name": "yes", "shape": [], "dtype": "bool"}]}
        ],
        "signature": signature,
        "userDefinedMetadata": {} if keys is None else {"structuredOutputKeys": keys},
    }
    (output,) = content()["outputs"]
    outputs = [{**output, "id": name, "test_tensor": {"source": f"{name}.npy"}} for name in described]
    files = {"model.json": json.dumps(model).encode(), "group1.bin": b"\x01"}
    _tfjs(folder, files, outputs=outputs)
    array = np.load(folder / "in.npy")
    for name in described:
        np.save(folder / f"{name}.npy", -array if name == "negative" else array)


def test_outputs_of_a_graph_are_found_by_name_or_by_order(tmp_path: Path) -> None:
    models = tmp_path / "models"
    two = _SAME_AND_NEGATIVE
    _graph(models / "named", two, ["negative", "same"], ["same", "negative"])
    _graph(models / "one-of-two-named", two, ["negative"], ["same", "negative"])
    # An object of JavaScript has keys that look like numbers in another order than the graph.
    _graph(models / "named-otherwise", two, ["same", "negative"], ["1", "0"])
    _graph(models / "named-in-part", two, ["same", "negative"], ["negative", "else"])
    _graph(models / "without-names", two, ["same", "negative"], None)
    _graph(models / "single", (_IMAGE, two[2]), ["negative"], ["out"])
    _graph(models / "control-flow", _CONTROL_FLOW, ["same"], ["out"])
    run = run_harness(models, tmp_path / "out", "--consumer", "tensorflow.js")
    found = {record.model.id: (record.status, record.message) for record in run.records}
    assert found == {folder.name: (Status.PASSED, "") for folder in models.iterdir()}


def test_a_graph_that_computes_something_else_is_told(tmp_path: Path) -> None:
    _graph(tmp_path / "models" / "swapped", _SAME_AND_NEGATIVE, ["same", "negative"], ["negative", "same"])
    (record,) = run_harness(tmp_path / "models", tmp_path / "out", "--consumer", "tensorflow.js").records
    assert record.reason == Reason.VALUES_DIFFER.slug
