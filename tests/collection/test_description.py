"""What is read out of descriptions, first of all the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import WeightsFormat
from harness.collection import format_library, named_files, variants
from harness.collection.description import Description, parse_description
from harness.collection.fault import ModelFault
from harness.verdict import Reason
from tests.collection import packages
from tests.collection.values import VALUES
from tests.conftest import SHARED

ROOT = Path(__file__).parents[2]
REAL = sorted([*ROOT.glob("collection/*/rdf.yaml"), *SHARED.glob("models/*/rdf.yaml")])


def _described(**changes: Any) -> Description:
    return parse_description(packages.content(**changes), shown="rdf.yaml").description


def test_the_descriptions_of_the_zoo_parse_or_are_refused_in_words(
    zoo_descriptions: dict[str, dict[str, Any]],
) -> None:
    assert len(zoo_descriptions) == 87
    refused = {}
    not_converted = []
    for name, content in zoo_descriptions.items():
        try:
            parsed = parse_description(content, shown="rdf.yaml").description
        except ModelFault as fault:
            refused[name] = fault
        else:
            assert parsed.weights
            assert all(parsed.files_for(weights) for weights in parsed.weights)
            assert parsed.variants or parsed.variants_left_out
            not_converted += [name] if parsed.variants_left_out else []
    assert sorted(refused) == ["independent-mouse", "modest-spider"]
    assert refused["modest-spider"].reason is Reason.DESCRIPTION_INVALID
    assert "field " in refused["modest-spider"].message
    assert sorted(not_converted) == ["dynamic-t-rex", "joyful-deer"]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.parent.name)
def test_real_models_are_read_whole(path: Path) -> None:
    packages.good(path.parent)


def test_every_file_of_the_zoo_is_named(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    """What is looked for by its shape (a value beside a sha256, a list of files) is found by its field."""
    for content in zoo_descriptions.values():
        named = {file.source for file in named_files.find(content)}
        described = {key: value for key, value in content.items() if key not in ("config", "cite", "badges")}
        assert set(_sources(described)) <= named


def _sources(value: Any) -> list[str]:
    if isinstance(value, list):
        return [source for item in value for source in _sources(item)]
    if not isinstance(value, dict):
        return []
    here = [value["source"]] if "sha256" in value and "source" in value else []
    listed = [
        source
        for key in ("covers", "files", "test_inputs", "test_outputs")
        for source in value.get(key) or ()
    ]
    inner = [s for key, item in value.items() if key != "kwargs" for s in _sources(item)]
    return here + [source for source in listed if isinstance(source, str)] + inner


def test_the_files_of_format_0_5() -> None:
    described = packages.content(
        icon={"source": "icon.png"},
        license={"source": "LICENSE.txt"},
        attachments=[{"source": "careamics.yaml"}, {"source": "out.npy"}],
        weights={
            "onnx": {
                "source": "w.onnx",
                "opset_version": 17,
                "external_data": {"source": "w.onnx.data", "sha256": "a" * 64},
            },
            "pytorch_state_dict": {
                "source": "w.pt",
                "pytorch_version": "2.1",
                "architecture": {"source": "net.py", "callable": "Net", "sha256": "b" * 64},
                "dependencies": {"source": "environment.yaml"},
            },
            "keras_hdf5": {"source": "w.h5", "tensorflow_version": "2.1"},
            "torchscript": None,
        },
    )
    custom = {"id": "custom", "callable": "f", "source": "post.py", "sha256": "c" * 64}
    described["outputs"][0]["postprocessing"] = [{"id": "sigmoid"}, custom]
    parsed = parse_description(described, shown="rdf.yaml").description
    assert {file.field: file.source for file in parsed.files} == {
        "covers[0]": "cover.png",
        "documentation": "README.md",
        "icon": "icon.png",
        "license": "LICENSE.txt",
        "attachments[0]": "careamics.yaml",
        "attachments[1]": "out.npy",
        "inputs[0].test_tensor": "in.npy",
        "outputs[0].test_tensor": "out.npy",
        "outputs[0].postprocessing[1]": "post.py",
        "weights.onnx.source": "w.onnx",
        "weights.onnx.external_data": "w.onnx.data",
        "weights.pytorch_state_dict.source": "w.pt",
        "weights.pytorch_state_dict.architecture": "net.py",
        "weights.pytorch_state_dict.dependencies": "environment.yaml",
        "weights.keras_hdf5.source": "w.h5",
    }
    assert WeightsFormat.TORCHSCRIPT not in parsed.weights
    needed = {w: {file.source for file in parsed.files_for(w)} for w in parsed.weights}
    common = {"careamics.yaml", "post.py"}
    assert needed == {
        WeightsFormat.ONNX: {"w.onnx", "w.onnx.data"} | common,
        WeightsFormat.PYTORCH_STATE_DICT: {"w.pt", "net.py", "environment.yaml"} | common,
        WeightsFormat.KERAS_HDF5: {"w.h5"} | common,
    }
    assert parsed.license == "LICENSE.txt"


def test_the_files_of_format_0_4() -> None:
    described = packages.old_content(
        sample_inputs=["sample.tif"],
        icon="🦈",
        attachments={"files": ["macro.ijm"], "note": "free"},
        weights={
            "pytorch_state_dict": {
                "source": "w.pt",
                "sha256": "a" * 64,
                "architecture": "unet.py:UNet",
                "architecture_sha256": "b" * 64,
                "kwargs": {"depth": 2},
                "dependencies": "conda:./environment.yaml",
                "attachments": {"files": ["blocks.py"]},
                "pytorch_version": "1.9",
            }
        },
    )
    parsed = parse_description(described, shown="rdf.yaml").description
    assert {file.field: (file.source, file.sha256) for file in parsed.files if "test_" not in file.field} == {
        "sample_inputs[0]": ("sample.tif", None),
        "documentation": ("README.md", None),
        "attachments.files[0]": ("macro.ijm", None),
        "weights.pytorch_state_dict.source": ("w.pt", "a" * 64),
        "weights.pytorch_state_dict.architecture": ("unet.py", "b" * 64),
        "weights.pytorch_state_dict.dependencies": ("./environment.yaml", None),
        "weights.pytorch_state_dict.attachments.files[0]": ("blocks.py", None),
    }
    assert {file.source for file in parsed.files_for(WeightsFormat.PYTORCH_STATE_DICT)} == {
        "w.pt",
        "unet.py",
        "./environment.yaml",
        "blocks.py",
        "macro.ijm",
    }


def test_architectures_from_a_library_name_no_file() -> None:
    named = named_files.find(
        {"weights": {"pytorch_state_dict": {"source": "w.pt", "architecture": "monai.networks.nets.UNet"}}}
    )
    assert [file.field for file in named] == ["weights.pytorch_state_dict.source"]


@pytest.mark.parametrize(
    ("id_", "words", "dtype", "expected"),
    [
        ("labels", "", "int32", True),
        ("out", "Instance segmentation", "uint16", True),
        ("nuclei_instances", "", "uint8", True),
        ("labels", "", "float32", False),
        ("mask", "foreground", "uint8", False),
        ("labels", "class of each pixel", "uint8", False),
        ("semantic-labels", "", "uint8", False),
        ("labeled", "", "uint8", False),
    ],
)
def test_only_numbered_objects_are_label_maps(id_: str, words: str, dtype: str, expected: bool) -> None:
    described = packages.content()
    id_ = id_.replace("-", "_")
    described["outputs"][0] |= {"id": id_, "description": words, "data": {"type": dtype}}
    parsed = parse_description(described, shown="rdf.yaml").description
    assert parsed.outputs[0].label_map is expected
    described["outputs"][0]["data"] = {"type": dtype, "values": [0, 1, 2]}
    if dtype != "float32":
        assert not parse_description(described, shown="rdf.yaml").description.outputs[0].label_map


def test_variants_are_minimum_and_steps_and_batches() -> None:
    variants = _described().variants
    assert [variant.inputs for variant in variants] == [((b, x),) for b in (1, 2) for x in (4, 6, 8)]
    assert variants[0].name == "n=0, batch=1"
    assert all(v.outputs[0][1].allows(v.inputs[0][1]) for v in variants)
    assert not variants[0].outputs[0][1].allows(5)


def test_what_is_too_large_is_left_out_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _described().variants_left_out == ""
    monkeypatch.setattr(variants, "MAX_ELEMENTS", 10)
    described = _described()
    assert [variant.name for variant in described.variants] == [
        "n=0, batch=1",
        "n=1, batch=1",
        "n=2, batch=1",
        "n=0, batch=2",
    ]
    assert described.variants_left_out == (
        "sizes beyond 10 elements are not tested: n=1, batch=2; n=2, batch=2"
    )
    fixed = packages.content()
    for side in ("inputs", "outputs"):
        fixed[side][0]["axes"] = [{"type": "space", "id": "x", "size": 2**40}]
    left_out = parse_description(fixed, shown="rdf.yaml").description
    assert (left_out.variants, left_out.variants_left_out) == (
        (),
        "sizes beyond 10 elements are not tested: as described",
    )


def test_an_old_description_that_cannot_be_converted_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    old = parse_description(packages.old_content(), shown="rdf.yaml").description
    assert (len(old.variants), old.variants_left_out) == (2, "")
    monkeypatch.setattr(format_library, "converted", lambda _content: None)
    old = parse_description(packages.old_content(), shown="rdf.yaml").description
    assert old.variants == ()
    assert "bioimageio.spec cannot convert this 0.4 description" in old.variants_left_out


def test_a_description_that_library_and_json_cannot_hold_is_refused() -> None:
    nested: Any = {}
    for _ in range(280):
        nested = {"a": nested}
    with pytest.raises(ModelFault, match="depth exceeded"):
        _described(config=nested)


@settings(deadline=None)
@given(st.data())
def test_descriptions_with_any_value_anywhere_are_read_or_refused(data: st.DataObject) -> None:
    described = data.draw(st.sampled_from([packages.content(), packages.old_content()]))
    node: Any = described
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else list(range(len(node)))))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(VALUES)
    message = "rdf.yaml: parsed"
    try:
        parse_description(described, shown="rdf.yaml")
    except ModelFault as fault:
        message = fault.message
    assert message.startswith("rdf.yaml: ")
    assert "\n" not in message


def test_test_tensors_are_validated_with_what_was_parsed() -> None:
    parsed = parse_description(packages.content(), shown="rdf.yaml")
    arrays = {"raw": np.ones((1, 8), "float32"), "out": np.ones((1, 6), "float32")}
    with pytest.raises(ModelFault, match=r"rdf\.yaml: outputs\[out\]"):
        parsed.validate_test_tensors(arrays, shown="rdf.yaml")
    old = parse_description(packages.old_content(), shown="rdf.yaml")
    old.validate_test_tensors({}, shown="rdf.yaml")
