"""Models that run and give something else than they declare, or not the same twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.verdict import Check, CheckStatus, Reason
from tests.zoo.building import (
    COLLECTION,
    edit_array,
    forward,
    package,
    with_code,
    with_content,
    with_expected,
)
from tests.zoo.case import Case

NOISE = forward(
    """
    import os
    chance = torch.Generator().manual_seed(int.from_bytes(os.urandom(7), "little"))
    return _forward(self, image) + torch.rand(image.shape, generator=chance)
    """
)
# 128 pixels is the size of the test input; 64 and 80 are among the others that the description allows.
FAILS_ELSEWHERE = forward(
    """
    if image.shape[-1] < 128:
        raise ValueError("too small for me")
    return _forward(self, image)
    """
)
ANOTHER_SIZE_ELSEWHERE = forward(
    """
    logits = _forward(self, image)
    return logits if image.shape[-1] == 128 else logits[..., :-16]
    """
)


def _second_output(content: dict[str, Any]) -> None:
    """The network has one output."""
    content["outputs"].append({**content["outputs"][0], "id": "distance", "postprocessing": []})


def _first_output_only(content: dict[str, Any]) -> None:
    """The network has two outputs; the reference runtime leaves out the ones that are not described."""
    del content["outputs"][1:]


def _any_size(content: dict[str, Any]) -> None:
    """The network needs multiples of 4."""
    for axis in content["inputs"][0]["axes"][2:]:
        axis["size"]["step"] = 1


def _percent(content: dict[str, Any]) -> None:
    """Probabilities are described, whole percents come out."""
    content["outputs"][0]["postprocessing"] += [
        {"id": "scale_linear", "kwargs": {"gain": 100.0, "offset": 0.0}},
        {"id": "ensure_dtype", "kwargs": {"dtype": "uint8"}},
    ]


def _old_mask(folder: Path) -> None:
    """In format 0.4 the reference runtime makes logits whole, and hands out every output as float32."""
    with package(folder, "onnx", original=COLLECTION / "membrane-unet2d") as content:
        content["outputs"][0]["data_type"] = "int16"
        content["outputs"][0]["postprocessing"] = [{"name": "binarize", "kwargs": {"threshold": 0.5}}]
        one = 1 / (1 + np.exp(-1))  # the probability of the smallest logit that is not below 1
        edit_array(folder / "test_membrane.npy", lambda array: (array >= one).astype("int16"))


def _one_element(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.reshape(-1)[0] = 1 - array.reshape(-1)[0]
    return array


CASES = (
    Case(
        "more-outputs-than-described",
        with_content(_first_output_only, "onnx", original="cells-two-channel"),
    ),
    Case(
        "fewer-outputs-than-described",
        with_content(_second_output, "onnx"),
        Reason.WRONG_OUTPUT_COUNT,
        ("1 outputs were produced, 2 are described",),
    ),
    Case(
        "wrong-shape",
        with_code(forward("return _forward(self, image)[..., ::2]")),
        Reason.WRONG_SHAPE,
        ("output probability", "(1, 2, 128, 64)", "(1, 2, 128, 128)"),
    ),
    Case(
        "wrong-data-type",
        with_content(_percent, "onnx"),
        Reason.WRONG_DTYPE,
        ("output probability", "uint8", "float32"),
    ),
    Case("old-mask", _old_mask),
    Case(
        "nan",
        with_code(forward("return _forward(self, image) * float('nan')")),
        Reason.UNEXPECTED_NAN,
        ("output probability", "32,768"),
    ),
    Case("one-element-in-32768-differs", with_expected(_one_element)),  # of a million, 100 may
    Case(
        "differs-slightly",
        with_expected(lambda array: array + np.float32(0.0005)),
        Reason.VALUES_DIFFER,
        ("output probability", "largest difference 0.0005"),
    ),
    Case(
        "differs-by-a-factor",
        with_expected(lambda array: array * np.float32(255)),
        Reason.VALUES_DIFFER,
        ("output probability", "largest difference 254"),
    ),
    Case(
        "flipped-axes",
        with_expected(lambda array: array.swapaxes(2, 3)),
        Reason.VALUES_DIFFER,
        ("output probability",),
    ),
    Case("noise", with_code(NOISE), Reason.NOT_DETERMINISTIC, ("output probability",)),
    Case(
        "another-size-fails",
        with_code(FAILS_ELSEWHERE),
        Reason.VARIANT_FAILS,
        ("n=0", "1×1×64×64", "too small for me"),
        findings=((Check.REPRODUCES, CheckStatus.PASSED),),
    ),
    Case(
        "another-size-gives-another-shape",
        with_code(ANOTHER_SIZE_ELSEWHERE),
        Reason.VARIANT_FAILS,
        ("n=0", "output probability", "(1, 2, 64, 48)", "(1, 2, 64, 64)"),
        findings=((Check.REPRODUCES, CheckStatus.PASSED),),
    ),
    Case("allows-any-size", with_content(_any_size, "onnx"), Reason.VARIANT_FAILS, ("n=1",)),
)
