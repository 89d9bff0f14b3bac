"""The three answers of a scan, for any file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.collection.index import find_models
from harness.collection.model import Model, read_models
from harness.collection.scan import scan_files, scan_weights
from tests.collection.packages import content, good, sha256, write_model
from tests.collection.scan.payloads import (
    HARMLESS,
    HDF5,
    OLD_TORCH,
    attack,
    importing,
    scan,
    torch_file,
    zipped,
)

NAMES = (
    "weights.pt weights.pkl weights.h5 weights.keras weights.onnx weights.zip x.npy x.npz saved_model.pb "
    "saved_model.pbtxt keras_metadata.pb README.md unet.py"
)
HEADS = [
    *(b"", b"\x80\x02", b"\x80\x04\x95", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\x00", b"\x08\x07\x3a"),
    *(HDF5, b"".join(OLD_TORCH), b'{"class_name": ', attack()),
    *(torch_file(HARMLESS), zipped({"config.json": b"{}"})),
]


@given(head=st.sampled_from(HEADS), data=st.binary(max_size=200), name=st.sampled_from(NAMES.split()))
def test_any_bytes_get_one_of_three_answers(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, data: bytes, name: str
) -> None:
    result = scan(tmp_path_factory.getbasetemp(), head + data, name)
    assert result.status in ("clean", "dangerous", "failed")
    assert (result.status == "dangerous") is bool(result.found)
    assert result.message.isprintable()


@given(data=st.data())
def test_a_weights_file_that_is_cut_off_is_a_failed_scan(
    tmp_path_factory: pytest.TempPathFactory, collection: Path, data: st.DataObject
) -> None:
    names = ["nuclei-unet2d/weights_state_dict.pt", "nuclei-unet2d/weights_torchscript.pt",
             "spots-denoise2d/weights.keras", "spots-denoise2d/weights.h5",
             "spots-heatmap2d/weights_saved_model.zip"]  # fmt: skip
    name = data.draw(st.sampled_from(names))
    whole = (collection / name).read_bytes()
    size = data.draw(st.integers(0, len(whole) - 1))
    result = scan(tmp_path_factory.getbasetemp(), whole[:size], name)
    assert (result.status, result.found) == ("failed", ())


def test_real_models_are_clean(collection: Path, real_models: Path) -> None:
    models = [
        model for folder in (collection, real_models) for model in read_models(find_models(str(folder)))
    ]
    assert len(models) > 5
    for model in models:
        assert isinstance(model, Model)
        for weights_format in model.description.weights:
            result = scan_weights(model, weights_format)
            assert (result.status, "look at this" in result.message) == ("clean", False), result.message


def test_all_that_a_consumer_may_open_is_scanned(tmp_path: Path) -> None:
    weights = {
        "torchscript": {"source": "weights.bin", "pytorch_version": "2.1.0"},
        "onnx": {"source": "weights.onnx", "opset_version": 17},
    }
    described = content(weights=weights, attachments=[{"source": "notes"}])
    folder = write_model(tmp_path / "model", described)
    (folder / "weights.bin").write_bytes(torch_file(HARMLESS))
    (folder / "weights.onnx").write_bytes(attack())
    (folder / "notes").write_bytes(b"Notes")
    model = good(folder)
    torchscript, onnx = model.description.weights
    assert scan_weights(model, torchscript).message == "nothing dangerous was found in 2 files"
    assert scan_weights(model, onnx).found == (f"weights.onnx imports {os.name}.system",)
    (folder / "notes").write_bytes(attack())
    assert scan_weights(good(folder), torchscript).status == "dangerous"


@pytest.mark.parametrize(
    ("weights", "data", "message"),
    [
        ("torchscript", b"garbled", "it has no list of its entries"),
        ("torchscript", HARMLESS, "zip archive expected, pickle found"),
        ("pytorch_state_dict", b"garbled", "from byte 0 on it is no whole pickle"),
        ("pytorch_state_dict", HDF5, "pickle or zip archive expected, HDF5 file found"),
        ("keras_hdf5", b"garbled", "it does not begin like an HDF5 file"),
        ("onnx", b"garbled", "at byte 1 it is no protocol buffer"),
        ("onnx", b"", "it is empty"),
    ],
)
def test_the_format_of_weights_says_what_their_file_must_be(
    weights: str, data: bytes, message: str, tmp_path: Path
) -> None:
    entry = {
        "source": "weights",
        "pytorch_version": "2.1.0",
        "tensorflow_version": "2.15",
        "opset_version": 17,
    }
    architecture = {"source": "net.py", "callable": "Net", "sha256": sha256(b"")}
    keys = {
        "torchscript": ("source", "pytorch_version"),
        "pytorch_state_dict": ("source", "pytorch_version"),
        "keras_hdf5": ("source", "tensorflow_version"),
        "onnx": ("source", "opset_version"),
    }[weights]
    described = {key: entry[key] for key in keys}
    if weights == "pytorch_state_dict":
        described["architecture"] = architecture
    folder = write_model(tmp_path / "model", weights={weights: described})
    (folder / "weights").write_bytes(data)
    (folder / "net.py").write_bytes(b"")
    model = good(folder)
    result = scan_weights(model, model.description.weights[0])
    assert result.status == "failed"
    assert result.message.startswith(f"weights cannot be scanned: {message}")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    result = scan_files({"weights.pt": tmp_path / "gone"})
    assert (result.status, "weights.pt cannot be read: " in result.message) == ("failed", True)


def test_an_empty_file_that_is_no_weights(tmp_path: Path) -> None:
    assert scan(tmp_path, b"", "__init__.py").status == "clean"


def test_many_findings_are_told_in_short(tmp_path: Path) -> None:
    pickled = b"".join(importing("os", f"f{number}") for number in range(30))
    result = scan(tmp_path, pickled + importing("os", "f1"))
    assert len(result.found) == 20
    assert result.message.endswith("; and 17 more")


def test_a_finding_of_any_length_is_one_short_line(tmp_path: Path) -> None:
    (found,) = scan(tmp_path, importing("os", "f" * 400)).found
    assert (len(found), found[-1]) == (300, "…")
