"""Why the two do not give the same answer, by the case that shows it."""

from __future__ import annotations

_HARNESS_ONLY = "The model attacks a file that only the harness has."
_CRITERION = (
    "One run that differs is a failure; the harness asks again, and the answers differ from each other."
)
_TOLERANCE = "A tolerance above 1 % of the largest declared value is refused; the harness takes it."

WHY: dict[str, str] = {
    "source-outside": "`../passes/weights.onnx` is read, beside the package.",
    "link-out-of-the-package": "The link is followed.",
    "archive-that-climbs-out": "An entry `../escaped.txt` is no reason to refuse an archive.",
    "pickle-with-rubbish-after-it": "Weights are not scanned; what follows the pickle is not looked at.",
    "eats-memory": "It may take 3 GB; the harness gives it 1.5 GB.",
    "fills-the-disk": "It may write 400 MB; the harness gives it 100 MB.",
    "writes-a-huge-file": "A file may have 400 MB; the harness allows 100 MB.",
    "spoils-its-reply": _HARNESS_ONLY,
    "links-its-outputs": _HARNESS_ONLY,
    "nan": "NaN does not count as a difference.",
    "nan-expected": "NaN is declared and numbers come out: that does not count as a difference.",
    "infinity-expected": "Infinity is declared and numbers come out: that does not count as a difference.",
    "whole-numbers-for-floats": "The data type of an output is not looked at.",
    "old-format-allows-any-size": "Models of format 0.4 run with the size of the test input only.",
    "old-format-beyond-its-tolerance": "In format 0.4 the tolerance that the description states is not used.",
    "old-format-within-its-tolerance": "In format 0.4 the tolerance that the description states is not used.",
    "truncated-hdf5-beside-keras3-keras_hdf5": "The `keras_v3` weights beside them are opened instead.",
    "renumbered-labels": "Label maps are compared by number; the harness compares objects.",
    "sample-is-no-image": "The sample tensor is opened; no verdict of the harness depends on it.",
    "formats-disagree-pytorch_state_dict": _TOLERANCE,
    "formats-disagree-onnx": _TOLERANCE,
    "declared-dependency": "A declared package that the environment lacks is an error like others.",
    "noise": "It runs once; the harness asks again, and the answers differ from each other.",
    "removes-its-folder": "An error like others; the harness loses the model's answer with the folder.",
}
