"""Weights files of Keras networks: HDF5, Keras v3, TensorFlow SavedModel."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import tensorflow as tf

from tools.collection.files import Json, write_archive

TENSORFLOW_VERSION = "2.21.0"
KERAS_VERSION = "3.15.1"


def keras_v3(network: keras.Model, folder: Path) -> dict[str, Json]:
    """Writes ``weights.keras``; returns its weights entry."""
    _for_inference(network).save(folder / "weights.keras")
    return {
        "source": "weights.keras",
        "keras_version": KERAS_VERSION,
        "backend": ["tensorflow", TENSORFLOW_VERSION],
    }


def keras_hdf5(network: keras.Model, folder: Path) -> dict[str, Json]:
    """Writes ``weights.h5``; returns its weights entry."""
    _for_inference(network).save(folder / "weights.h5")
    return {"source": "weights.h5", "tensorflow_version": TENSORFLOW_VERSION}


def saved_model(network: keras.Model, folder: Path, *, image: str, output: str) -> dict[str, Json]:
    """Writes ``weights_saved_model.zip``, whose signature has the given tensor names; returns its entry.

    ``keras.Model.export`` writes a signature that the reference runtime cannot call, so the signature is
    made here and saved by TensorFlow itself.
    """
    inner = _for_inference(network)
    module = tf.Module()
    module.network = inner
    shape = [None, *inner.inputs[0].shape[1:]]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name=image)])  # type: ignore[untyped-decorator]
    def serve(tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        return {output: inner(tensor, training=False)}

    with TemporaryDirectory() as scratch:
        tf.saved_model.save(module, scratch, signatures={"serving_default": serve})
        write_archive(Path(scratch), folder / "weights_saved_model.zip")
    return {"source": "weights_saved_model.zip", "tensorflow_version": TENSORFLOW_VERSION}


def _for_inference(network: keras.Model) -> keras.Model:
    """A copy without optimiser and loss, which would double the size of the files."""
    copy = keras.Model.from_config(network.get_config())
    copy.set_weights(network.get_weights())
    return copy
