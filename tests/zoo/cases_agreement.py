"""Models with two weights formats that do not give the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.cell import WeightsFormat
from harness.verdict import Check, CheckStatus, Reason
from tests.zoo.building import add_code, edit_array, forward, package
from tests.zoo.case import Case


def _one_format_differs(folder: Path) -> None:
    """ONNX gives the declared output, the state dictionary with its code another one."""
    with package(folder, "pytorch_state_dict", "onnx"):
        add_code(folder, forward("return _forward(self, image) + 1"))


def _formats_disagree(folder: Path) -> None:
    """The declared output is between those of the two formats, near enough to each.

    ONNX gives p, the state dictionary 0.98 p, declared is 0.99 p with a tolerance of 0.012: where p is near
    1, both are within 0.01 of it, and 0.02 apart.
    """
    with package(folder, "pytorch_state_dict", "onnx") as content:
        add_code(folder, forward("return torch.logit(0.98 * torch.sigmoid(_forward(self, image)))"))
        content["config"]["bioimageio"]["reproducibility_tolerance"] = [
            {"absolute_tolerance": 0.012, "relative_tolerance": 0.0}
        ]
        edit_array(folder / "test_probability.npy", lambda array: array * np.float32(0.99))


_REPRODUCES = ((Check.REPRODUCES, CheckStatus.PASSED),)
_DISAGREES = ((Check.AGREEMENT, CheckStatus.FAILED),)

# The second format to run is held against the first: ONNX, if one cell runs after the other.
FINDINGS = (
    Case(
        "one-format-differs",
        _one_format_differs,
        Reason.VALUES_DIFFER,
        ("output probability",),
        weights=WeightsFormat.PYTORCH_STATE_DICT,
    ),
    Case(
        "one-format-differs",
        _one_format_differs,
        weights=WeightsFormat.ONNX,
        findings=_REPRODUCES + _DISAGREES,
    ),
    Case(
        "formats-disagree",
        _formats_disagree,
        weights=WeightsFormat.PYTORCH_STATE_DICT,
        findings=_REPRODUCES,
    ),
    Case(
        "formats-disagree",
        _formats_disagree,
        weights=WeightsFormat.ONNX,
        findings=_REPRODUCES + _DISAGREES,
    ),
)
# The same where the policy requires that weights formats agree.
REQUIRED = (
    Case(
        "formats-disagree",
        _formats_disagree,
        Reason.FORMATS_DISAGREE,
        ("differs from pytorch_state_dict", "output probability"),
        weights=WeightsFormat.ONNX,
        findings=_REPRODUCES + _DISAGREES,
    ),
)
