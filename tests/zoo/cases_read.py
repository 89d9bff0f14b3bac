"""Models that cannot be read: their files and their descriptions. Nothing of them is run."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from harness.verdict import Reason
from tests.zoo.building import (
    COLLECTION,
    as_it_is,
    edit,
    edit_array,
    package,
    with_content,
)
from tests.zoo.case import Case


def _changed_after_its_sha256(folder: Path) -> None:
    as_it_is("onnx")(folder)
    edit(folder / "weights.onnx", lambda data: data + b"\0")


def _without_weights(folder: Path) -> None:
    as_it_is("onnx")(folder)
    (folder / "weights.onnx").unlink()


def _without_description(folder: Path) -> None:
    as_it_is("onnx")(folder)
    (folder / "rdf.yaml").unlink()


def _names_a_file_outside(content: dict[str, Any]) -> None:
    content["weights"]["onnx"]["source"] = "../passes/weights.onnx"


def _links_outside(folder: Path) -> None:
    as_it_is("onnx")(folder)
    (folder / "weights.onnx").unlink()
    (folder / "weights.onnx").symlink_to(COLLECTION / "nuclei-unet2d" / "weights.onnx")


def _archive_that_climbs_out(folder: Path) -> None:
    """A package with an entry that a careless program unpacks beside the package's folder."""
    as_it_is("onnx")(folder)
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    with zipfile.ZipFile(folder.with_suffix(".zip"), "a") as archive:
        archive.writestr("../escaped.txt", "out")


def _test_tensor_of_another_rank(folder: Path) -> None:
    with package(folder, "onnx"):
        edit_array(folder / "test_image.npy", lambda array: array[0])


def _test_tensor_of_objects(folder: Path) -> None:
    with package(folder, "onnx"):
        np.save(folder / "test_image.npy", np.array([{"not": "numbers"}]), allow_pickle=True)


CASES = (
    Case(
        "wrong-sha256",
        _changed_after_its_sha256,
        Reason.SHA256_MISMATCH,
        ("weights.onnx.source", "'weights.onnx'"),
    ),
    Case("missing-file", _without_weights, Reason.FILE_MISSING, ("weights.onnx.source", "'weights.onnx'")),
    Case("missing-description", _without_description, Reason.FILE_MISSING, ("rdf.yaml",)),
    Case(
        "source-outside",
        with_content(_names_a_file_outside, "onnx"),
        Reason.SOURCE_OUTSIDE_PACKAGE,
        ("weights.onnx.source", "'../passes/weights.onnx'"),
    ),
    Case(
        "link-out-of-the-package",
        _links_outside,
        Reason.SOURCE_OUTSIDE_PACKAGE,
        ("weights.onnx.source", "symbolic link 'weights.onnx'"),
    ),
    Case("archive-that-climbs-out", _archive_that_climbs_out, Reason.ARCHIVE_UNSAFE, ("'../escaped.txt'",)),
    Case(
        "invalid-description",
        with_content(lambda content: content["outputs"][0].pop("axes"), "onnx"),
        Reason.DESCRIPTION_INVALID,
        ("rdf.yaml", "outputs[0].axes"),
    ),
    Case(
        "invalid-old-description",
        with_content(lambda content: content["inputs"][0].pop("axes"), "onnx", original="membrane-unet2d"),
        Reason.DESCRIPTION_INVALID,
        ("rdf.yaml", "inputs[0].axes"),
    ),
    Case(
        "format-of-the-future",
        with_content(lambda content: content.update(format_version="0.9.0"), "onnx"),
        Reason.FORMAT_VERSION_UNSUPPORTED,
        ("rdf.yaml", "format_version", "0.9.0"),
    ),
    Case(
        "test-tensor-of-another-rank",
        _test_tensor_of_another_rank,
        Reason.TEST_TENSOR_INVALID,
        ("inputs[0].test_tensor", "'test_image.npy'"),
    ),
    Case(
        "test-tensor-of-objects",
        _test_tensor_of_objects,
        Reason.TEST_TENSOR_INVALID,
        ("inputs[0].test_tensor", "'test_image.npy'", "Python objects"),
    ),
    Case(
        "tensorflow-js-only",
        as_it_is("tensorflow_js", original="spots-heatmap2d"),
        Reason.FORMAT_NOT_SUPPORTED,
        ("TensorFlow.js",),
    ),
)
