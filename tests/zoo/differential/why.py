"""Why the two do not give the same answer, by the case that shows it."""

from __future__ import annotations

_NO_LIMIT = "The command sets no limit."
_HARNESS_ONLY = "The model attacks a file that only the harness has."
_CRITERION = (
    "One run that differs is a failure; the harness asks again, and the answers differ from each other."
)
_TOLERANCE_TOO_WIDE = (
    "The command refuses a tolerance above 1 % of the largest value; the harness takes what is stated, "
    "unless its policy bounds it."
)

WHY: dict[str, str] = {
    "source-outside": "`../passes/weights.onnx` is read, beside the package.",
    "link-out-of-the-package": "The link is followed.",
    "archive-that-climbs-out": "An entry `../escaped.txt` is no reason to refuse an archive.",
    "pickle-with-rubbish-after-it": "Weights are not scanned; what follows the pickle is not looked at.",
    "eats-memory": _NO_LIMIT,
    "fills-the-disk": _NO_LIMIT,
    "writes-a-huge-file": _NO_LIMIT,
    "spoils-its-reply": _HARNESS_ONLY,
    "links-its-outputs": _HARNESS_ONLY,
    "nan": "NaN does not count as a difference.",
    "nan-expected": "Where NaN is declared, any output passes.",
    "infinity-expected": "Where infinity is declared, any output passes.",
    "whole-numbers-for-floats": "The data type of an output is not looked at.",
    "old-format-allows-any-size": "Models of format 0.4 run with the size of the test input only.",
    "old-format-beyond-its-tolerance": "In format 0.4 the tolerance that the description states is not used.",
    "old-format-within-its-tolerance": "In format 0.4 the tolerance that the description states is not used.",
    "truncated-hdf5-beside-keras3": "Asked for `keras_hdf5`, it opens the `keras_v3` weights beside them.",
    "renumbered-labels": "Label maps are compared by number; the harness compares objects.",
    "sample-is-no-image": "The sample tensor is opened; no verdict of the harness depends on it.",
    "formats-disagree-pytorch_state_dict": _TOLERANCE_TOO_WIDE,
    "formats-disagree-onnx": _TOLERANCE_TOO_WIDE,
    "noise": "It runs once; the harness asks again, and the answers differ from each other.",
    "removes-its-folder": "The error is held against the model; with the folder, the harness loses the answer.",
}
