"""Ends with exit code 0 if StarDist draws a polygon and its TensorFlow computes."""

import numpy
import stardist
import tensorflow
from stardist.geometry import dist_to_coord, polygons_to_label

product = tensorflow.linalg.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
if product.tolist() != [[11.0]]:
    raise SystemExit(f"TensorFlow computes a wrong product: {product}")

middle = numpy.array([[8, 8]])
circle = polygons_to_label(numpy.full((1, 32), 4.0), middle, shape=(17, 17))
corners = dist_to_coord(numpy.full((1, 32), 4.0), middle)
if corners.shape != (1, 2, 32) or circle[8, 8] != 1 or circle[0, 0] != 0 or not 40 < circle.sum() < 60:
    raise SystemExit(f"StarDist draws a wrong circle of {circle.sum()} pixels")

print(f"stardist {stardist.__version__}, tensorflow {tensorflow.__version__}")  # noqa: T201
