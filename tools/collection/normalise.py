"""The preprocessing steps of the descriptions, for training: same formulas as the bioimage.io format.

Arrays are float32; statistics are taken over all axes, so hand over one channel of one image at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.collection.shapes import FloatImage

EPSILON = 1e-6
"""The format's default guard against division by zero."""


def zero_mean_unit_variance(image: NDArray[np.generic]) -> FloatImage:
    """The image minus its mean, over its standard deviation."""
    data = np.asarray(image, np.float32)
    return np.asarray((data - data.mean()) / (data.std() + EPSILON), np.float32)


def fixed_zero_mean_unit_variance(image: NDArray[np.generic], *, mean: float, std: float) -> FloatImage:
    """The image minus ``mean``, over ``std``."""
    return np.asarray((np.asarray(image, np.float32) - mean) / (std + EPSILON), np.float32)


def scale_range(image: NDArray[np.generic], *, low: float, high: float) -> FloatImage:
    """The image scaled so that its ``low`` percentile becomes 0 and its ``high`` percentile becomes 1."""
    data = np.asarray(image, np.float32)
    lower, upper = np.percentile(data, (low, high))
    return np.asarray((data - lower) / (upper - lower + EPSILON), np.float32)
