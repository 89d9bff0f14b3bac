"""What a cell needs beside what is declared."""

from __future__ import annotations

import pytest

from harness.cell import WeightsFormat
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.needs import FRAMEWORKS, Needs, needs

TOOL = "bioimageio-core==0.11.0"
TORCH = WeightsFormat.PYTORCH_STATE_DICT


def needed(declaration: Declaration, weights: WeightsFormat = TORCH, *, stated: str = "") -> Needs:
    return needs(declaration, weights, stated=stated, tool=TOOL, constraints=("pydantic<2.14",))


@pytest.mark.parametrize(
    "declaration",
    [
        Declaration(pip=("numpy", "torch==2.1")),
        Declaration(conda=("numpy", "pytorch>=1.6,<2.0")),
        Declaration(conda=("pytorch::pytorch",)),
        Declaration(conda=("pytorch-gpu=2",)),
    ],
)
def test_a_framework_that_is_declared_is_not_added(declaration: Declaration) -> None:
    assert needed(declaration, stated="2.4.0") == Needs((TOOL, "pydantic<2.14"), ())


@pytest.mark.parametrize(
    ("weights", "stated", "requirement"),
    [
        (TORCH, "2.4.0", "torch==2.4.0"),
        (TORCH, "2.4.0+cu118", "torch==2.4.0"),
        (TORCH, "1.13", "torch==1.13.*"),
        (TORCH, "2", "torch==2.*"),
        (TORCH, "2.9.0rc1", "torch==2.9.0rc1"),
        (WeightsFormat.TORCHSCRIPT, "2.5.1", "torch==2.5.1"),
        (WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE, "2.11.0", "tensorflow-cpu==2.11.0"),
    ],
)
def test_a_framework_comes_in_the_version_that_the_entry_states(
    weights: WeightsFormat, stated: str, requirement: str
) -> None:
    found = needed(Declaration(pip=("timm==1.0.14",)), weights, stated=stated)
    assert found.requirements == (TOOL, "pydantic<2.14", requirement)
    assert found.notes == (f"{requirement} (not declared: as the weights entry states)",)


@pytest.mark.parametrize(
    ("weights", "stated", "package"),
    [
        (TORCH, "", "torch"),
        (TORCH, "the newest", "torch"),
        (WeightsFormat.KERAS_HDF5, "1.15", "tensorflow-cpu"),
        (WeightsFormat.ONNX, "", "onnxruntime"),
    ],
)
def test_or_in_the_version_that_fits(weights: WeightsFormat, stated: str, package: str) -> None:
    found = needed(Declaration(), weights, stated=stated)
    assert found.requirements[-1] == package
    assert found.notes == (f"{package} (not declared: in the version that fits)",)


def test_weights_whose_framework_is_for_the_author_to_choose() -> None:
    assert needed(Declaration(), WeightsFormat.KERAS_V3) == Needs((TOOL, "pydantic<2.14"), ())


def test_the_package_is_one_of_the_names() -> None:
    assert all(framework.package in framework.names for framework in FRAMEWORKS.values())
