"""The models that are shown to the reference command: those of the zoo, and more that tell the two apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from harness.cell import WeightsFormat
from harness.verdict import Reason
from tests.collection.conftest import Server
from tests.zoo import cases, cases_agreement, web
from tests.zoo.building import (
    COLLECTION,
    Build,
    as_it_is,
    edit,
    edit_array,
    first_half,
    package,
    with_content,
    with_expected,
)
from tests.zoo.case import Case

OLD = "membrane-unet2d"  # format 0.4


class Place(NamedTuple):
    """Where a case is: its folder, archive or URL, and the weights to test (None for all)."""

    case: Case
    source: str
    weights: WeightsFormat | None


def _whole_numbers(folder: Path) -> None:
    """Zeros and ones are declared as float32, and come out as uint8."""
    with package(folder, "onnx") as content:
        content["outputs"][0]["postprocessing"] += [
            {"id": "binarize", "kwargs": {"threshold": 0.5}},
            {"id": "ensure_dtype", "kwargs": {"dtype": "uint8"}},
        ]
        edit_array(folder / "test_probability.npy", lambda array: (array > 0.5).astype(array.dtype))


def _expects(value: float) -> Build:
    return with_expected(lambda array: np.full_like(array, value))


def _any_size(content: dict[str, Any]) -> None:
    """The network needs multiples of 4."""
    content["inputs"][0]["shape"]["step"] = [0, 0, 1, 1]


def _old(*, tolerance: float, difference: float) -> Build:
    """Format 0.4 with a tolerance of its own, and a declared output that is off."""

    def build(folder: Path) -> None:
        with package(folder, "onnx", original=COLLECTION / OLD) as content:
            content["config"]["bioimageio"]["test_kwargs"] = {
                "onnx": {"absolute_tolerance": tolerance, "relative_tolerance": 0.0}
            }
            edit_array(folder / "test_membrane.npy", lambda array: array + np.float32(difference))

    return build


def _renumbered_labels(folder: Path) -> None:
    """The declared label map has the same objects with other numbers."""
    with package(folder, "torchscript", original=COLLECTION / "nuclei-labels2d"):
        edit_array(
            folder / "test_labels.npy",
            lambda array: np.where(array > 0, array.max() + 1 - array, 0).astype(array.dtype),
        )


def _truncated_hdf5(folder: Path) -> None:
    """The other weights format is whole."""
    with package(folder, "keras_v3", "keras_hdf5", original=COLLECTION / "spots-denoise2d"):
        edit(folder / "weights.h5", first_half)


def _sample_is_no_image(folder: Path) -> None:
    with package(folder, "onnx") as content:
        (folder / content["inputs"][0]["sample_tensor"]["source"]).write_bytes(b"no image")


def _key_twice(folder: Path) -> None:
    as_it_is("onnx")(folder)
    with (folder / "rdf.yaml").open("a", encoding="utf-8") as description:
        description.write("\nname: Another name\n")


# Not in the zoo: each is there for a difference.
MORE: tuple[Case, ...] = (
    Case("nan-expected", _expects(np.nan), Reason.UNEXPECTED_NAN, ("expected nan",)),
    Case("infinity-expected", _expects(np.inf), Reason.UNEXPECTED_NAN, ("expected inf",)),
    Case("whole-numbers-for-floats", _whole_numbers, Reason.WRONG_DTYPE, ("uint8", "float32")),
    Case(
        "old-format-allows-any-size",
        with_content(_any_size, "onnx", original=OLD),
        Reason.VARIANT_FAILS,
        ("n=1",),
    ),
    Case(
        "old-format-beyond-its-tolerance",
        _old(tolerance=0.0001, difference=0.0005),
        Reason.VALUES_DIFFER,
        ("output membrane", "largest difference 0.0005"),
    ),
    Case("old-format-within-its-tolerance", _old(tolerance=0.01, difference=0.005)),
    Case("renumbered-labels", _renumbered_labels),
    Case(
        "truncated-hdf5-beside-keras3",
        _truncated_hdf5,
        Reason.LOAD_FAILED,
        ("truncated file",),
        weights=WeightsFormat.KERAS_HDF5,
    ),
    Case("sample-is-no-image", _sample_is_no_image),
    Case("key-twice", _key_twice, Reason.DESCRIPTION_INVALID, ("the key 'name' is there twice",)),
)
LOCAL: tuple[Case, ...] = (*cases.OURS, *cases_agreement.FINDINGS, *MORE)
# The sha256 that the last one breaks is stated by an index, and the command reads none.
WEB: tuple[Case, ...] = tuple(case for _, case in web.CASES if case.reason is not Reason.SHA256_MISMATCH)
CASES: tuple[Case, ...] = LOCAL + WEB


@contextmanager
def placed(folder: Path) -> Iterator[list[Place]]:
    """All cases, made below an empty folder; those of the web are served while the block runs."""
    for name, build in {case.name: case.build for case in LOCAL}.items():
        build(folder / "models" / name)
    (folder / "served").mkdir()
    server = Server(folder / "served")
    try:
        web.serve(server)
        yield [
            *(_place(case, folder / "models" / case.name) for case in LOCAL),
            *(Place(case, f"{server.url}/{case.name}/rdf.yaml", None) for case in WEB),
        ]
    finally:
        server.close()


def _place(case: Case, folder: Path) -> Place:
    if not folder.is_dir():
        return Place(case, str(folder.with_suffix(".zip")), None)
    description = folder / "rdf.yaml"
    if case.weights or not description.is_file():
        return Place(case, str(folder), case.weights)
    (only,) = map(WeightsFormat, yaml.safe_load(description.read_text("utf-8"))["weights"])
    offered = only is not WeightsFormat.TENSORFLOW_JS  # the command line does not know it
    return Place(case, str(folder), only if offered else None)
