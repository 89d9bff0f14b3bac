"""Real networks of the zoo, broken in the ways in which uploads break; kept beside the checkout."""

from __future__ import annotations

from pathlib import Path

from harness.verdict import Check, CheckStatus, Reason
from tests.conftest import SHARED
from tests.zoo.building import edit, edit_array, first_half, package
from tests.zoo.case import Case

ORIGINALS = SHARED / "models"
BROAD = ORIGINALS / "unet2d-nuclei-broad"


def _truncated(folder: Path) -> None:
    with package(folder, "torchscript", original=BROAD):
        edit(folder / "weights.pt", first_half)


def _flipped_output(folder: Path) -> None:
    with package(folder, "onnx", original=BROAD):
        edit_array(folder / "test_output.npy", lambda array: array[..., ::-1, :])


def _as_it_is(folder: Path) -> None:
    with package(folder, "onnx", original=BROAD):
        pass


CASES = (
    Case(
        "real-unet",
        _as_it_is,
        findings=((Check.REPRODUCES, CheckStatus.PASSED), (Check.AS_CALLED, CheckStatus.FAILED)),
    ),
    Case("real-unet-truncated", _truncated, Reason.LOAD_FAILED, ("failed reading zip archive",)),
    Case("real-unet-flipped-output", _flipped_output, Reason.VALUES_DIFFER, ("output probability",)),
)
