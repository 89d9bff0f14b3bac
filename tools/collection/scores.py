"""Scores on held-out images, as stated in the models' READMEs; 1 is perfect unless said otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from tools.collection.shapes import LabelImage


def dice(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Twice the overlap over the sum of both areas; 1 if both are empty."""
    total = int(predicted.sum()) + int(true.sum())
    return 1.0 if total == 0 else 2 * int((predicted & true).sum()) / total


def psnr(image: NDArray[np.generic], truth: NDArray[np.generic]) -> float:
    """Peak signal to noise ratio in dB; the peak is the truth's range."""
    error = np.mean((np.asarray(image, np.float64) - np.asarray(truth, np.float64)) ** 2)
    return float(20 * np.log10(np.ptp(truth)) - 10 * np.log10(error))


def peaks(heatmap: NDArray[np.float32], *, threshold: float) -> NDArray[np.float64]:
    """Local maxima (3 by 3) above the threshold; shape (count, 2) as y, x in pixels."""
    summit = (heatmap == ndimage.maximum_filter(heatmap, 3)) & (heatmap > threshold)
    return np.argwhere(summit).astype(np.float64)


def detection_f1(found: NDArray[np.float64], true: NDArray[np.float64], *, reach: float) -> float:
    """F1 of points matched one to one within ``reach`` pixels; both arrays have shape (count, 2)."""
    if len(found) == 0 or len(true) == 0:
        return 1.0 if len(found) == len(true) else 0.0
    distance = np.linalg.norm(found[:, None] - true[None], axis=-1)
    rows, columns = optimize.linear_sum_assignment(np.minimum(distance, reach * 10))
    hits = int((distance[rows, columns] <= reach).sum())
    return 2 * hits / (len(found) + len(true))


def object_f1(predicted: LabelImage, true: LabelImage, *, overlap: float = 0.5) -> float:
    """F1 of objects whose intersection over union is above ``overlap``; both are label maps of one shape."""
    wanted = [true == index for index in np.unique(true[true > 0])]
    found = [predicted == index for index in np.unique(predicted[predicted > 0])]
    if not wanted or not found:
        return 1.0 if len(wanted) == len(found) else 0.0
    hits = sum(
        any((mask & other).sum() > overlap * (mask | other).sum() for other in found) for mask in wanted
    )
    return 2 * hits / (len(found) + len(wanted))
