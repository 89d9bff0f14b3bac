"""Training and held-out examples: what the camera saw, and what the network should say about it.

Images are one channel (height, width) or (depth, height, width); targets have a leading channel axis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.collection import shapes, volumes
from tools.collection.camera import Camera, digitise, expose, photograph
from tools.collection.shapes import FloatImage, LabelImage


class NucleiExample(NamedTuple):
    """``image`` in camera counts and the nuclei in it, numbered from 1; same shape."""

    image: NDArray[np.uint16]
    labels: LabelImage


class TissueExample(NamedTuple):
    """``nuclei`` and ``membrane`` stains in camera counts, with the true nuclei and border pixels."""

    nuclei: NDArray[np.uint16]
    membrane: NDArray[np.uint16]
    nuclei_mask: NDArray[np.bool_]
    border: NDArray[np.bool_]


class MembraneExample(NamedTuple):
    """A stained section, ``image`` of 8 bit with dark membranes, and the membrane pixels."""

    image: NDArray[np.uint8]
    membrane: NDArray[np.bool_]


class SpotsExample(NamedTuple):
    """Spots in camera counts: ``image`` as recorded, ``clean`` of noise, ``positions`` (count, 2) as y, x."""

    image: NDArray[np.uint16]
    clean: FloatImage
    positions: NDArray[np.float64]


def nuclei_example(rng: np.random.Generator, size: int = 96) -> NucleiExample:
    """Round nuclei of 5 to 10 pixels radius, some touching."""
    count = int(rng.integers(6, 30) * (size / 96) ** 2)
    labels = shapes.nuclei_labels(rng, (size, size), count=count, radius=(5, 10))
    return NucleiExample(photograph(rng, shapes.nuclei_light(rng, labels), Camera()), labels)


def stack_example(rng: np.random.Generator, shape: tuple[int, int, int] = (16, 48, 48)) -> NucleiExample:
    """A confocal stack of nuclei; planes are 2 pixels apart and the blur is longer along z."""
    labels = volumes.stack_labels(rng, shape, count=int(rng.integers(8, 24)), radius=(5, 9), z_step=2)
    return NucleiExample(photograph(rng, shapes.nuclei_light(rng, labels), Camera(blur=(0.8, 1, 1))), labels)


def tissue_example(rng: np.random.Generator, size: int = 96) -> TissueExample:
    """A sheet of cells, each with a nucleus, in two stains of different brightness."""
    cells = shapes.cell_labels(rng, (size, size), count=int(rng.integers(14, 26) * (size / 96) ** 2))
    border = shapes.boundaries(cells)
    mask = np.zeros((size, size), np.bool_)
    for index in range(1, int(cells.max()) + 1):
        depth = ndimage.distance_transform_edt(cells == index)
        if depth.max() > 4:
            centre = np.unravel_index(int(depth.argmax()), depth.shape)
            reach = float(depth.max())
            ellipse = shapes.Ellipse(
                (float(centre[0]), float(centre[1])),
                (reach * rng.uniform(0.5, 0.8), reach * rng.uniform(0.5, 0.8)),
                rng.uniform(0, np.pi),
            )
            mask |= shapes.ellipse_distance((size, size), ellipse) < 1
    nuclei_light = shapes.nuclei_light(rng, ndimage.label(mask)[0].astype(np.int32))
    membrane_light = np.where(border, 1.0, 0.12).astype(np.float32)
    membrane_light *= 1 + 0.3 * ndimage.gaussian_filter(rng.standard_normal((size, size)), 3) * 6
    faint = Camera(photons=(25.0, 90.0))
    return TissueExample(
        photograph(rng, nuclei_light, Camera()),
        photograph(rng, np.clip(membrane_light, 0, None).astype(np.float32), faint),
        mask,
        border,
    )


def membrane_example(rng: np.random.Generator, size: int = 96) -> MembraneExample:
    """A section with dark membranes on grey cytoplasm with granules, as in electron micrographs."""
    cells = shapes.cell_labels(rng, (size, size), count=int(rng.integers(12, 30) * (size / 96) ** 2))
    membrane = shapes.boundaries(cells)
    cytoplasm = rng.uniform(0.55, 0.85, cells.max() + 1)[cells]
    granules = ndimage.gaussian_filter(rng.standard_normal((size, size)), 1.0)
    grey = cytoplasm - 0.35 * (granules / granules.std() > 2.3)
    grey = np.where(membrane, rng.uniform(0.15, 0.35), grey).astype(np.float32)
    dose = Camera(
        blur=rng.uniform(0.6, 1.0), photons=(40.0, 120.0), offset=0, gain=1, read_noise=1, shading=0.3
    )
    counts = photograph(rng, grey, dose).astype(np.float32)
    stretched = np.clip(counts / np.percentile(counts, 99.9) * 235, 0, 255)
    return MembraneExample(np.rint(stretched).astype(np.uint8), membrane)


def spots_example(rng: np.random.Generator, size: int = 64, *, photons: tuple[float, float]) -> SpotsExample:
    """Diffraction-limited spots (sigma 1.3 pixels) over a dim, uneven background."""
    scene = shapes.spots(rng, (size, size), count=int(rng.integers(3, 22) * (size / 64) ** 2), sigma=1.3)
    haze = ndimage.gaussian_filter(rng.standard_normal((size, size)), 10)
    light = scene.light + 0.12 + 0.05 * (haze / haze.std()).astype(np.float32)
    # the spots are drawn as the optics show them, so the camera adds no blur of its own
    camera = Camera(blur=0.0, photons=photons)
    mean_photons = expose(rng, np.clip(light, 0, None).astype(np.float32), camera)
    clean = np.asarray(camera.offset + camera.gain * mean_photons, np.float32)
    return SpotsExample(digitise(rng, mean_photons, camera), clean, scene.positions)


def foci_example(rng: np.random.Generator, size: int = 96) -> NucleiExample:
    """Bright and faint repair foci in dim nuclei, numbered, on a 12 bit camera that can saturate."""
    nuclei = shapes.nuclei_labels(rng, (size, size), count=int(14 * (size / 96) ** 2), radius=(9, 15))
    scene = shapes.spots(rng, (size, size), count=int(rng.integers(20, 60) * (size / 96) ** 2), sigma=1.4)
    inside = [(int(y), int(x)) for y, x in np.rint(scene.positions) if nuclei[int(y), int(x)] > 0]
    seeds = np.zeros((size, size), np.bool_)
    for position in inside:
        seeds[position] = True
    brightness = np.where(seeds, rng.uniform(0.1, 1.0, (size, size)), 0).astype(np.float32)
    foci = 12 * ndimage.gaussian_filter(brightness, 1.4)
    light = 0.2 * shapes.nuclei_light(rng, nuclei) + foci
    labels = (
        ndimage.label(ndimage.distance_transform_edt(~seeds) < 2.2)[0] if inside else np.zeros((size, size))
    )
    camera = Camera(blur=0.6, photons=(15.0, 1200.0), ceiling=4095)
    return NucleiExample(photograph(rng, light.astype(np.float32), camera), np.asarray(labels, np.int32))
