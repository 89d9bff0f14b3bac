"""Keras models whose configuration holds code, or names what it should not."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from harness.collection.scan import finding, keras
from tests.collection.scan.payloads import HDF5, scan, zipped


def model(layer: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a model with one layer, named like those of Keras."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 8], "name": "image"}}
    return {"class_name": "Functional", "config": {"name": "model", "layers": [first, layer]}}


def keras_2(function_type: str) -> dict[str, Any]:
    """A Lambda layer as Keras 2 stores it."""
    config = {"name": "scale", "function": ["4wEAAAAA", None, None], "function_type": function_type}
    return model({"class_name": "Lambda", "config": config})


def keras_3(function: dict[str, Any]) -> dict[str, Any]:
    """A Lambda layer as Keras 3 stores it."""
    config = {"name": "scale", "function": function, "arguments": {}}
    return model(
        {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}
    )


DANGEROUS = {
    "bytecode of Keras 2": keras_2("lambda"),
    "raw bytecode": keras_2("raw"),
    "bytecode of Keras 3": keras_3({"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}),
    "bytecode anywhere": model({"class_name": "Dense", "config": {"f": {"class_name": "__lambda__"}}}),
    "a function of Python": keras_3({"module": "builtins", "class_name": "function", "config": "exec"}),
    "a class of subprocess": model({"module": "subprocess", "class_name": "Popen", "config": {}}),
    "a download": model({"module": "keras.utils", "class_name": "function", "config": "get_file"}),
    "TensorFlow's operation": model({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}),
}  # fmt: skip
CLEAN = {
    "a function by name": keras_3({"module": "builtins", "class_name": "function", "config": "my>scale"}),
    "a function of Keras 2 by name": keras_2("function"),
    "a harmless operation": model({"class_name": "TFOpLambda", "config": {"function": "math.add"}}),
    "a layer": model({"module": "keras.layers", "class_name": "Conv2D", "config": {"name": "__lambda__"}}),
    "a configuration that is a list": model({"class_name": "Lambda", "config": ["lambda"]}),
}


@pytest.mark.parametrize("config", DANGEROUS.values(), ids=DANGEROUS)
def test_dangerous_configurations(config: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(config).encode()
    archived = scan(tmp_path, zipped({"metadata.json": b"{}", "config.json": text}), "weights.keras")
    assert archived.status == "dangerous"
    assert archived.found[0].startswith("weights.keras: config.json h")
    assert scan(tmp_path, HDF5 + text + b"\x00\x01", "weights.h5").status == "dangerous"
    metadata = zipped({"keras_metadata.pb": b"\x0a\xff\x01" + text})
    unread = scan(tmp_path, metadata, "weights.zip")  # TensorFlow computes the graph, not the layers
    assert (unread.status, "look at this: " in unread.message) == ("clean", True)


@pytest.mark.parametrize("config", CLEAN.values(), ids=CLEAN)
def test_clean_configurations(config: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(config).encode()
    assert scan(tmp_path, zipped({"config.json": text}), "weights.keras").status == "clean"
    assert scan(tmp_path, HDF5 + text, "weights.h5").status == "clean"


def test_an_own_layer_is_a_note_for_the_reviewer(tmp_path: Path) -> None:
    config = model({"module": "my_layers", "class_name": "Scale", "config": {}})
    result = scan(tmp_path, zipped({"config.json": json.dumps(config).encode()}), "weights.keras")
    assert result.status == "clean"
    assert "config.json has Keras import my_layers.Scale, which is not its own" in result.message


@pytest.mark.parametrize("rewrite", [
    lambda text: text.replace('": ', '"  :\n\t'),
    lambda text: text.replace("{", "{\r\n  "),
    lambda text: text.replace("_lambda__", "\\u005flambda\\u005f_"),
    lambda text: '{"broken": [1, {"a" ' + text,
    lambda text: '{"first": 1}' + text,
    lambda text: '{"text": "é\udcff"}' + text,
])  # fmt: skip
def test_a_lambda_however_its_json_is_written(rewrite: Any, tmp_path: Path) -> None:
    text = rewrite(json.dumps(DANGEROUS["bytecode of Keras 3"])).encode("utf-8", "surrogateescape")
    assert scan(tmp_path, HDF5 + b"\x00\xff" + text + b"\x00", "weights.h5").status == "dangerous"


def test_a_real_model_with_a_lambda_written_into_it(collection: Path, tmp_path: Path) -> None:
    real = (collection / "spots-heatmap2d" / "weights.h5").read_bytes()
    layer = b'"class_name": "Conv2D", "config": {"name": "fine_in_1"'
    code = b'"class_name":"Lambda","config":{"function_type":"raw"'
    assert real.count(layer) == 1
    assert scan(tmp_path, real, "weights.h5").status == "clean"
    changed = real.replace(layer, code.ljust(len(layer)))
    assert scan(tmp_path, changed, "weights.h5").status == "dangerous"


def test_a_real_model_that_is_cut_off(collection: Path, tmp_path: Path) -> None:
    real = (collection / "spots-heatmap2d" / "weights.h5").read_bytes()
    for size in (0, 1, 8, 60, 100, len(real) // 2, len(real) - 1):
        result = scan(tmp_path, real[:size], "weights.h5")
        assert (result.status, result.found) == ("failed", ())


@pytest.mark.parametrize(("version", "at"), [(0, 40), (1, 44), (2, 28), (3, 28)])
def test_every_version_states_where_the_file_ends(version: int, at: int, tmp_path: Path) -> None:
    header = bytearray(HDF5[:8] + bytes([version]) + b"\x00" * 91)
    for end, status in ((100, "clean"), (101, "failed")):
        struct.pack_into("<Q", header, at, end)
        assert scan(tmp_path, bytes(header), "weights.h5").status == status


def test_an_unknown_version_of_hdf5(tmp_path: Path) -> None:
    assert scan(tmp_path, HDF5[:8] + b"\x09" + HDF5[9:], "weights.h5").status == "failed"


def test_weights_without_a_configuration_are_not_read(tmp_path: Path) -> None:
    data = zipped({"config.json": b"{}", "model.weights.h5": keras.HDF5_MAGIC + b"cut off"})
    assert scan(tmp_path, data, "weights.keras").status == "clean"
    assert scan(tmp_path, zipped({"model.h5": keras.HDF5_MAGIC}), "weights.zip").status == "failed"


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_configuration_that_is_no_json(text: bytes, tmp_path: Path) -> None:
    assert scan(tmp_path, zipped({"config.json": text}), "weights.keras").status == "failed"


def test_texts_that_are_made_to_keep_the_scanner_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nested too deeply" in scan(tmp_path, HDF5 + b'{"a":[' * 10**5, "weights.h5").message
    assert scan(tmp_path, HDF5 + b'{"a":' + b"1" * 10**6 + b"}", "weights.h5").status == "clean"
    monkeypatch.setattr(finding, "_MAX_STEPS", 1000)
    assert "takes too long" in scan(tmp_path, HDF5 + b'{"a" ' * 10**4, "weights.h5").message


def test_a_text_longer_than_any_configuration(tmp_path: Path) -> None:
    text = b'{"a": "' + b"x" * 17 * 1024**2 + b'"}'
    assert "text of more than 16 MiB" in scan(tmp_path, HDF5 + text, "weights.h5").message
