"""Arrays as pictures that ImageJ reads, for tools that open files (needs numpy and tifffile)."""

from __future__ import annotations

import numpy
import tifffile

_ORDER = "TZCYX"  # ImageJ's own
_OF = {"time": "T", "t": "T", "z": "Z", "channel": "C", "c": "C", "y": "Y", "x": "X"}
_PIXELS = ("uint8", "uint16", "float32")


def write(path: str, axes: list[str]) -> None:
    """Write ``NAME.tif`` beside ``NAME.npy``, with the axes in ImageJ's order TZCYX.

    Several images of a batch become time points. What ImageJ has no pixels for becomes float32. Nothing is
    written for an array that is no picture: without y and x, or with an axis that ImageJ does not know.

    Args:
        axes: their ids, one for each dimension.
    """
    array = numpy.load(path, allow_pickle=False)
    letters = [_OF.get(axis, "?") for axis in axes]
    if "T" not in letters:
        letters = ["T" if axis in ("batch", "b") else letter for axis, letter in zip(axes, letters)]
    single = tuple(i for i, letter in enumerate(letters) if letter == "?" and array.shape[i] == 1)
    array = numpy.squeeze(array, axis=single)
    letters = [letter for i, letter in enumerate(letters) if i not in single]
    if "?" in letters or not {"Y", "X"} <= set(letters):
        return
    array = numpy.transpose(array, sorted(range(array.ndim), key=lambda i: _ORDER.index(letters[i])))
    if array.dtype.name not in _PIXELS:
        array = array.astype("float32")
    written = "".join(sorted(letters, key=_ORDER.index))
    tifffile.imwrite(path[: -len("npy")] + "tif", array, imagej=True, metadata={"axes": written})
