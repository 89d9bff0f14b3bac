"""Graphs of ONNX and TensorFlow, and code of TorchScript, that reach out of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collection.scan.payloads import HARMLESS, field, scan, torch_file, varint, zipped

OPSET = field(8, b"\x10\x11")


def tensor(location: str) -> bytes:
    """A TensorProto with external data."""
    entries = (("location", location), ("offset", "0"))
    return b"".join(field(13, field(1, k.encode()), field(2, v.encode())) for k, v in entries) + b"\x70\x01"


def places(content: bytes) -> dict[str, bytes]:
    """ONNX models that hold a tensor in every place that there is."""
    subgraph = field(6, field(1, field(5, field(5, content))))
    graphs = {
        "initializer": field(5, content),
        "sparse initializer": field(15, field(2, content)),
        "attribute": field(1, field(5, field(5, content))),
        "attribute with tensors": field(1, field(5, field(10, content))),
        "attribute with a sparse tensor": field(1, field(5, field(22, field(1, content)))),
        "graph of a node": field(1, field(5, subgraph)),
        "graphs of a node": field(1, field(5, field(11, field(5, content)))),
    }
    return {
        **{place: field(7, graph) + OPSET for place, graph in graphs.items()},
        "training": field(7, b"") + OPSET + field(20, field(1, field(5, content))),
        "function": field(7, b"") + OPSET + field(25, field(7, field(5, field(5, content)))),
        "default of a function": field(7, b"") + OPSET + field(25, field(11, field(5, content))),
    }


@pytest.mark.parametrize("place", places(b""))
def test_external_data_outside_the_folder(place: str, tmp_path: Path) -> None:
    for location in ("../../etc/passwd", "/etc/passwd", "C:\\x", "..\\x"):
        result = scan(tmp_path, places(tensor(location))[place], "model.onnx")
        assert result.found == (f"model.onnx reads tensors from {location!r}, outside its folder",)
    assert scan(tmp_path, places(tensor("weights.bin"))[place], "model.onnx").status == "clean"


def test_each_place_outside_is_told_once(tmp_path: Path) -> None:
    graph = b"".join(field(5, tensor(location)) for location in ("/a", "/b", "/a"))
    assert len(scan(tmp_path, field(7, graph) + OPSET, "model.onnx").found) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"no model",
        b"\x08",
        b"\x08\xff",
        b"\x0b",
        b"\x09\x00",
        b"\x0d\x00",
        OPSET,
        field(7, b""),
        field(7, b"graph")[:-1] + OPSET,
        varint(7 << 3 | 2) + b"\xff" * 10,
    ],
)
def test_what_is_no_onnx_model(data: bytes, tmp_path: Path) -> None:
    assert scan(tmp_path, data, "model.onnx").status == "failed"


def test_a_real_onnx_model_that_is_cut_off(collection: Path, tmp_path: Path) -> None:
    whole = (collection / "nuclei-unet2d" / "weights.onnx").read_bytes()
    assert scan(tmp_path, whole, "weights.onnx").status == "clean"
    for size in range(1, len(whole), 997):
        assert scan(tmp_path, whole[:size], "weights.onnx").status == "failed"


def saved_model(operation: str, *, in_function: bool = False) -> bytes:
    """A saved model with one operation beside a harmless one."""
    nodes = [field(1, b"ReadFile"), field(2, b"Identity")], [field(1, b"x"), field(2, operation.encode())]
    if in_function:
        graph = field(2, field(1, *(field(3, *node) for node in nodes)))
    else:
        graph = b"".join(field(1, *node) for node in nodes)
    return b"\x08\x01" + field(2, field(2, graph))


@pytest.mark.parametrize("in_function", [False, True])
@pytest.mark.parametrize("operation", ["ReadFile", "WriteFile", "PyFunc", "PyFuncStateless", "EagerPyFunc"])
def test_operations_that_reach_files_or_python(operation: str, in_function: bool, tmp_path: Path) -> None:
    data = saved_model(operation, in_function=in_function)
    result = scan(tmp_path, zipped({"model/saved_model.pb": data}), "weights.zip")
    assert result.status == "dangerous"
    assert f"weights.zip: model/saved_model.pb has the TensorFlow operation {operation}" in result.message


def test_a_harmless_saved_model(tmp_path: Path) -> None:
    result = scan(tmp_path, zipped({"saved_model.pb": saved_model("Conv2D")}), "weights.zip")
    assert result.status == "clean"


def test_a_saved_model_as_text(tmp_path: Path) -> None:
    text = b'node { name: "ReadFile" op : "%s" }'
    assert scan(tmp_path, text % b"WriteFile", "saved_model.pbtxt").status == "dangerous"
    assert scan(tmp_path, text % b"Conv2D", "saved_model.pbtxt").status == "clean"


@pytest.mark.parametrize("data", [b"\x08\x01", b"junk", saved_model("Conv2D")[:-1]])
def test_what_is_no_saved_model(data: bytes, tmp_path: Path) -> None:
    assert scan(tmp_path, zipped({"saved_model.pb": data}), "weights.zip").status == "failed"


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ('torch.save(x, "/tmp/x")', "torch.save"),
        ('y = torch.from_file("/etc/passwd", None, 10)', "torch.from_file"),
        ("ops.aten . save (x)", "torch.save"),
        ("(self).save(x)", ""),
        ("torch.saved(x)", ""),
    ],
)
def test_torchscript_that_reaches_files(code: str, called: str, tmp_path: Path) -> None:
    data = torch_file(HARMLESS, **{"weights/code/__torch__/net.py": code.encode()})
    result = scan(tmp_path, data)
    assert result.status == ("dangerous" if called else "clean")
    assert called in result.message
