"""Exit code 0 if Keras computes on PyTorch, TensorFlow is absent, and the reference runtime is there."""

from importlib.util import find_spec

import bioimageio.core
import keras
import numpy
import torch

assert find_spec("tensorflow") is None, "TensorFlow is installed: Keras would load it for some files"
assert keras.backend.backend() == "torch", f"Keras runs on {keras.backend.backend()}"

pooled = keras.layers.MaxPooling2D()(numpy.arange(4, dtype="float32").reshape(1, 2, 2, 1))
assert isinstance(pooled, torch.Tensor), f"Keras answers with {type(pooled)}"
assert pooled.tolist() == [[[[3.0]]]], f"wrong pooling: {pooled}"

print("keras", keras.__version__, "torch", torch.__version__, "bioimageio.core", bioimageio.core.__version__)
