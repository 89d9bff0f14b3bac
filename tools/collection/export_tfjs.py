"""TensorFlow.js weights: the script ``export_tfjs.cjs`` builds, saves and checks the network in Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from numpy.typing import NDArray

from tools.collection.files import Json, write_archive

TFJS_VERSION = "4.22.0"
SCRIPT = Path(__file__).with_name("export_tfjs.cjs")


def tensorflow_js(
    network: keras.Model, folder: Path, *, width: int, image: NDArray[np.float32]
) -> dict[str, Json]:
    """Writes ``weights_tfjs.zip`` (model.json and its shard) of a ``unet``; returns its weights entry.

    Args:
        width: channels of the network's finest level.
        image: a preprocessed input (batch, height, width, 1) on which both libraries have to agree.
    """
    arrays = {"image": image, "expected": np.asarray(network(image, training=False))}
    for layer in network.layers:
        for kind, array in zip(("kernel", "bias"), layer.get_weights(), strict=False):
            arrays[f"{layer.name}/{kind}"] = array
    with TemporaryDirectory() as scratch:
        given, made = Path(scratch) / "given", Path(scratch) / "made"
        given.mkdir()
        made.mkdir()
        places: dict[str, Json] = {}
        start = 0
        for name, array in arrays.items():
            places[name] = {"shape": list(array.shape), "start": start}
            start += array.size
        flat = np.concatenate([np.asarray(array, "<f4").ravel() for array in arrays.values()])
        (given / "arrays.bin").write_bytes(flat.tobytes())
        (given / "arrays.json").write_text(json.dumps({"width": width, "arrays": places}))
        subprocess.run(["node", str(SCRIPT), str(given), str(made)], check=True)
        write_archive(made, folder / "weights_tfjs.zip")
    return {
        "source": "weights_tfjs.zip",
        "tensorflow_version": TFJS_VERSION,
        "comment": f"Written and checked with TensorFlow.js {TFJS_VERSION}, whose version is meant.",
    }
