"""Noise-free scenes that microscopes look at: nuclei, cells with membranes, diffraction-limited spots.

Lengths are pixels, angles are radians, light is relative (0 dark, 1 bright). Every random choice comes
from the generator that is passed in, so a seed fixes the scene.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatImage = NDArray[np.float32]
LabelImage = NDArray[np.int32]


class Ellipse(NamedTuple):
    """An ellipse: ``centre`` (y, x) and half ``axes`` in pixels, ``angle`` of its first axis in radians."""

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float


class Spots(NamedTuple):
    """Point sources: ``positions`` (count, 2) as y, x in pixels, ``light`` of shape (height, width)."""

    positions: NDArray[np.float64]
    light: FloatImage


def ellipse_distance(shape: tuple[int, int], ellipse: Ellipse) -> FloatImage:
    """Distance from an ellipse's centre: below 1 inside, above 1 outside; shape (height, width)."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dy, dx = y - ellipse.centre[0], x - ellipse.centre[1]
    along = dy * np.cos(ellipse.angle) + dx * np.sin(ellipse.angle)
    across = dx * np.cos(ellipse.angle) - dy * np.sin(ellipse.angle)
    return np.asarray(np.hypot(along / ellipse.axes[0], across / ellipse.axes[1]), np.float32)


def draw_ellipse(rng: np.random.Generator, shape: tuple[int, int], radius: tuple[float, float]) -> Ellipse:
    """A random ellipse with its centre in the image and half axes between the two radii (pixels)."""
    return Ellipse(
        centre=(rng.uniform(0, shape[0]), rng.uniform(0, shape[1])),
        axes=(rng.uniform(*radius), rng.uniform(*radius)),
        angle=rng.uniform(0, np.pi),
    )


def nuclei_labels(
    rng: np.random.Generator, shape: tuple[int, int], *, count: int, radius: tuple[float, float]
) -> LabelImage:
    """Elliptic nuclei numbered from 1, 0 is background; shape (height, width).

    Nuclei may touch, but one that would lose more than a tenth of its area to others is left out,
    as nuclei squeeze each other but do not sit on top of each other.
    """
    labels = np.zeros(shape, np.int32)
    for _ in range(count):
        inside = ellipse_distance(shape, draw_ellipse(rng, shape, radius)) < 1
        free = inside & (labels == 0)
        if free.sum() > 0.9 * inside.sum():
            labels[free] = labels.max() + 1
    return labels


def nuclei_light(rng: np.random.Generator, labels: LabelImage) -> FloatImage:
    """Light of stained nuclei: each has its own brightness and a chromatin texture; same shape as labels."""
    brightness = rng.uniform(0.35, 1.0, labels.max() + 1)
    brightness[0] = 0.03
    texture = ndimage.gaussian_filter(rng.standard_normal(labels.shape), 1.5)
    texture = 1 + 0.25 * texture / max(float(texture.std()), 1e-6)
    return np.asarray(brightness[labels] * np.clip(texture, 0.3, 1.7), np.float32)


def boundaries(labels: LabelImage) -> NDArray[np.bool_]:
    """Pixels whose 3 by 3 neighbourhood has another label; works for stacks too; same shape as labels."""
    size = 3
    changed = ndimage.maximum_filter(labels, size) != ndimage.minimum_filter(labels, size)
    return np.asarray(changed, np.bool_)


def cell_labels(rng: np.random.Generator, shape: tuple[int, int], *, count: int) -> LabelImage:
    """A tissue of cells numbered from 1 without gaps; shape (height, width).

    Cells are the regions nearest to jittered seeds; a smooth warp bends their straight borders.
    """
    seeds = rng.uniform(-8, np.array(shape) + 8, (count, 2))
    warp = [ndimage.gaussian_filter(rng.standard_normal(shape), 6) for _ in range(2)]
    y, x = np.mgrid[: shape[0], : shape[1]]
    y = y + 4 * warp[0] / warp[0].std()
    x = x + 4 * warp[1] / warp[1].std()
    squared = (y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2
    return np.asarray(squared.argmin(-1) + 1, np.int32)


def spots(rng: np.random.Generator, shape: tuple[int, int], *, count: int, sigma: float) -> Spots:
    """Point sources blurred to Gaussians of ``sigma`` pixels, at least 4 sigma apart, away from the rim."""
    positions: list[NDArray[np.float64]] = []
    light = np.zeros(shape, np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for _ in range(count):
        centre = rng.uniform(2, np.array(shape) - 3)
        if any(np.hypot(*(centre - other)) < 4 * sigma for other in positions):
            continue
        positions.append(centre)
        squared = (y - centre[0]) ** 2 + (x - centre[1]) ** 2
        light += (rng.uniform(0.3, 1.0) * np.exp(-squared / (2 * sigma**2))).astype(np.float32)
    return Spots(np.array(positions).reshape(-1, 2), light)
