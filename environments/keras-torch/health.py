"""Ends with exit code 0 if Keras computes on PyTorch and TensorFlow is absent; also imports the runtime."""

from importlib.util import find_spec

import bioimageio.core
import keras
import numpy
import torch

if find_spec("tensorflow") is not None:
    raise SystemExit("TensorFlow is installed: Keras would load it for some files")
if keras.backend.backend() != "torch":
    raise SystemExit(f"Keras runs on {keras.backend.backend()}")

pooled = keras.layers.MaxPooling2D()(numpy.arange(4, dtype="float32").reshape(1, 2, 2, 1))
if not isinstance(pooled, torch.Tensor) or pooled.tolist() != [[[[3.0]]]]:
    raise SystemExit(f"Keras computes a wrong pooling: {pooled!r}")

print(  # noqa: T201
    f"keras {keras.__version__}, torch {torch.__version__}, bioimageio.core {bioimageio.core.__version__}"
)
