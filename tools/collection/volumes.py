"""Noise-free stacks of nuclei; axes are z, y, x, lengths are pixels of the y and x axes."""

from __future__ import annotations

import numpy as np

from tools.collection.shapes import LabelImage


def stack_labels(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    *,
    count: int,
    radius: tuple[float, float],
    z_step: float,
) -> LabelImage:
    """Ellipsoid nuclei numbered from 1, 0 is background; shape (depth, height, width).

    ``z_step`` is the distance between planes in pixels of the y and x axes: planes are further apart
    than pixels in confocal stacks. Nuclei that would lose a tenth of their volume to others are left out.
    """
    labels = np.zeros(shape, np.int32)
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]].astype(np.float32)
    for _ in range(count):
        centre = rng.uniform(0, shape)
        axes = rng.uniform(*radius, 3)
        angle = rng.uniform(0, np.pi)
        dz, dy, dx = (z - centre[0]) * z_step, y - centre[1], x - centre[2]
        along = dy * np.cos(angle) + dx * np.sin(angle)
        across = dx * np.cos(angle) - dy * np.sin(angle)
        inside = (dz / axes[0]) ** 2 + (along / axes[1]) ** 2 + (across / axes[2]) ** 2 < 1
        free = inside & (labels == 0)
        if free.any() and free.sum() > 0.9 * inside.sum():
            labels[free] = labels.max() + 1
    return labels
