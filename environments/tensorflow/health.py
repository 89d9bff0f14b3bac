"""Ends with exit code 0 if TensorFlow and Keras on it compute, and the reference runtime is there."""

import bioimageio.core
import keras
import numpy
import tensorflow

product = tensorflow.linalg.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
if product.tolist() != [[11.0]]:
    raise SystemExit(f"TensorFlow computes a wrong product: {product}")

if keras.backend.backend() != "tensorflow":
    raise SystemExit(f"Keras runs on {keras.backend.backend()}")
pooled = numpy.asarray(keras.layers.MaxPooling2D()(numpy.arange(4, dtype="float32").reshape(1, 2, 2, 1)))
if pooled.tolist() != [[[[3.0]]]]:
    raise SystemExit(f"Keras computes a wrong pooling: {pooled}")

print(  # noqa: T201
    f"tensorflow {tensorflow.__version__}, keras {keras.__version__}, "
    f"bioimageio.core {bioimageio.core.__version__}"
)
