"""Cover pictures: the model's input beside its output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Panel = NDArray[np.uint8]
"""A picture of shape (height, width, 3)."""

GAP = 6
"""White pixels between panels."""


def grey(image: NDArray[np.generic]) -> Panel:
    """A grey panel; the image's 0.5 and 99.5 percentiles become black and white."""
    data = np.asarray(image, np.float32)
    low, high = np.percentile(data, (0.5, 99.5))
    shade = np.clip((data - low) / max(float(high - low), 1e-6), 0, 1) * 255
    return np.repeat(shade.astype(np.uint8)[..., None], 3, axis=-1)


def heat(probability: NDArray[np.generic]) -> Panel:
    """A panel from black over orange to white for values from 0 to 1."""
    data = np.clip(np.asarray(probability, np.float32), 0, 1)
    red, green, blue = np.clip(data * 1.8, 0, 1), np.clip(data * 1.8 - 0.5, 0, 1), np.clip(data * 3 - 2, 0, 1)
    return (np.stack((red, green, blue), axis=-1) * 255).astype(np.uint8)


def coloured(labels: NDArray[np.generic]) -> Panel:
    """A panel with one colour for each label, black background."""
    rng = np.random.default_rng(7)
    numbers = np.asarray(labels, np.int64)
    palette = rng.integers(70, 256, (int(numbers.max()) + 1, 3))
    palette[0] = 0
    return palette[numbers].astype(np.uint8)


def outlined(image: NDArray[np.generic], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> Panel:
    """A grey panel with the mask's inner outline drawn in a colour."""
    panel = grey(image)
    panel[mask & ~ndimage.binary_erosion(mask, border_value=1)] = colour
    return panel


def write_cover(path: Path, panels: Sequence[Panel], *, height: int = 256) -> None:
    """Writes panels of one shape side by side as PNG; each is enlarged to ``height`` pixels."""
    enlarged: list[NDArray[np.uint8]] = []
    for panel in panels:
        factor = height / panel.shape[0]
        size = (round(panel.shape[1] * factor), height)
        enlarged += [np.asarray(Image.fromarray(panel).resize(size, Image.Resampling.NEAREST))]
        enlarged += [np.full((height, GAP, 3), 255, np.uint8)]
    Image.fromarray(np.hstack(enlarged[:-1])).save(path, optimize=True)
