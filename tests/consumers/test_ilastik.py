"""For which models ilastik is: held against what its team's own check said of the zoo."""

from __future__ import annotations

import contextlib
import json
import tarfile
from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import parse_description
from harness.collection.fault import ModelFault
from harness.consumers import ilastik
from tests.conftest import SHARED

_SAID = "ilastik only supports a single input/output tensor"


@pytest.fixture(scope="module")
def turned_down() -> set[str]:
    """The models of the snapshot that ilastik's own check turned down for the number of their tensors."""
    archive = SHARED / "zoo" / "zoo-snapshot.tar.xz"
    if not archive.is_file():
        pytest.skip("needs ../shared/zoo/zoo-snapshot.tar.xz")
    found = set()
    with tarfile.open(archive) as snapshot:
        for member in snapshot:
            name = member.name.split("/")
            if name[-1] != "ilastik_1.4.2rc1.json":
                continue
            stream = snapshot.extractfile(member)
            assert stream
            if _SAID in (json.load(stream)["error"] or ""):
                found.add(name[-4])
    return found


def test_it_turns_down_the_same_models_as_its_own_check(
    zoo_descriptions: dict[str, dict[str, Any]], turned_down: set[str]
) -> None:
    valid, ours = set(), set()
    for name, content in zoo_descriptions.items():
        with contextlib.suppress(ModelFault):
            description = parse_description(content, shown="rdf.yaml").description
            valid.add(name)
            if ilastik.applicable(description, WeightsFormat.ONNX):
                ours.add(name)
    assert len(ours) > 5
    assert ours == turned_down & valid


def test_frameworks_that_it_does_not_have(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    content = zoo_descriptions["affable-shark"]
    description = parse_description(content, shown="rdf.yaml").description
    assert ilastik.applicable(description, WeightsFormat.TORCHSCRIPT) is None
    why = ilastik.applicable(description, WeightsFormat.KERAS_HDF5)
    assert why == "ilastik has no framework for keras_hdf5 weights, but for PyTorch and ONNX"
