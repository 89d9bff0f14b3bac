"""Exit code 0 if TensorFlow and Keras on it compute, and the reference runtime is there."""

import bioimageio.core
import keras
import numpy
import tensorflow

product = tensorflow.linalg.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
assert product.tolist() == [[11.0]], f"wrong product: {product}"

assert keras.backend.backend() == "tensorflow", f"Keras runs on {keras.backend.backend()}"
pooled = numpy.asarray(keras.layers.MaxPooling2D()(numpy.arange(4, dtype="float32").reshape(1, 2, 2, 1)))
assert pooled.tolist() == [[[[3.0]]]], f"wrong pooling: {pooled}"

print(
    "tensorflow", tensorflow.__version__, "keras", keras.__version__, "bioimageio.core", bioimageio.core.__version__
)
