"""Models that cannot be loaded: code, weights, and what the tool does not support."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.verdict import Reason
from tests.zoo.building import (
    Build,
    add_code,
    first_half,
    package,
    with_code,
    with_content,
    with_file,
)
from tests.zoo.case import Case

ANOTHER_NETWORK = """

class UNet2d(nn.Module):
    def __init__(self, **_):
        super().__init__()
        self.other = nn.Linear(2, 2)

    def forward(self, image):
        return image
"""


def _another_name(content: dict[str, Any]) -> None:
    content["weights"]["pytorch_state_dict"]["architecture"]["callable"] = "UNet3d"


def _unknown_operator(onnx: bytes) -> bytes:
    """The type of every convolution (field 4 of ONNX's NodeProto) is one that nobody has."""
    return onnx.replace(b"\x22\x04Conv", b"\x22\x04Konv")


def _opset_of_the_future(onnx: bytes) -> bytes:
    """The version of the standard operators (field 2 of ONNX's OperatorSetIdProto) is 99 instead of 18."""
    assert onnx.count(b"\x10\x12", len(onnx) - 64) == 1
    start = onnx.rindex(b"\x10\x12")
    return onnx[:start] + b"\x10\x63" + onnx[start + 2 :]


def _scale_along_axes(content: dict[str, Any]) -> None:
    """Format 0.4 allows it; the tool says of itself that it does not implement it."""
    content["inputs"][0]["preprocessing"] = [
        {"name": "scale_linear", "kwargs": {"axes": "yx", "gain": [2.0], "offset": [0.0]}}
    ]


def with_declared_dependency(module: str) -> Build:
    """The architecture imports a module that the weights' environment file names."""

    def build(folder: Path) -> None:
        with package(folder, "pytorch_state_dict") as content:
            add_code(folder, f"\nimport {module}\n")
            (folder / "environment.yaml").write_text(f"dependencies: [pip, pip: [{module}]]\n", "utf-8")
            content["weights"]["pytorch_state_dict"]["dependencies"] = {"source": "environment.yaml"}

    return build


CASES = (
    Case("syntax-error", with_code("def broken(:\n"), Reason.IMPORT_ERROR, ("unet2d.py",)),
    Case(
        "imports-a-missing-name",
        with_code("\nfrom torch.nn import NoSuchLayer\n"),
        Reason.IMPORT_ERROR,
        ("NoSuchLayer",),
    ),
    Case(
        "names-a-missing-callable",
        with_content(_another_name, "pytorch_state_dict"),
        Reason.IMPORT_ERROR,
        ("UNet3d",),
    ),
    Case(
        "undeclared-dependency",
        with_code("\nimport a_package_that_nobody_has\n"),
        Reason.UNDECLARED_DEPENDENCY,
        ("a_package_that_nobody_has",),
    ),
    Case(
        "declared-dependency",
        with_declared_dependency("a_package_that_nobody_has"),
        Reason.DEPENDENCY_NOT_INSTALLED,
        ("a_package_that_nobody_has", "environment.yaml"),
    ),
    Case("weights-of-another-network", with_code(ANOTHER_NETWORK), Reason.WEIGHTS_MISMATCH, ("fine_in",)),
    Case(
        "truncated-state-dict",
        with_file("weights_state_dict.pt", first_half, "pytorch_state_dict"),
        Reason.LOAD_FAILED,
        ("failed reading zip archive",),
    ),
    Case(
        "truncated-torchscript",
        with_file("weights_torchscript.pt", first_half, "torchscript"),
        Reason.LOAD_FAILED,
        ("failed reading zip archive",),
    ),
    Case(
        "truncated-onnx",
        with_file("weights.onnx", first_half, "onnx"),
        Reason.LOAD_FAILED,
        ("INVALID_PROTOBUF",),
    ),
    Case(
        "unknown-operator",
        with_file("weights.onnx", _unknown_operator, "onnx"),
        Reason.UNSUPPORTED_OPERATOR,
        ("Konv",),
    ),
    Case(
        "opset-of-the-future",
        with_file("weights.onnx", _opset_of_the_future, "onnx"),
        Reason.UNSUPPORTED_OPERATOR,
        ("Opset 99",),
    ),
    Case(
        "unsupported-preprocessing",
        with_content(_scale_along_axes, "onnx", original="membrane-unet2d"),
        Reason.UNSUPPORTED_PREPROCESSING,
        ("ScaleLinearKwargs with axes not implemented",),
    ),
)
