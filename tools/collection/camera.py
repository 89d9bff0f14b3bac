"""A microscope's camera: blur, uneven illumination, shot noise and read noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tools.collection.shapes import FloatImage


@dataclass(frozen=True, kw_only=True)
class Camera:
    """How a scene is recorded.

    ``blur`` is the point spread function's standard deviation in pixels, one for each axis or one for all;
    ``photons`` the mean photon count of a pixel of light 1; ``shading`` the largest relative change of
    the illumination over the field; ``offset`` and ``read_noise`` (standard deviation) are in counts;
    ``gain`` is counts for each photon; ``ceiling`` is the largest count that can be recorded.
    """

    blur: float | tuple[float, ...] = 1.0
    photons: tuple[float, float] = (60.0, 300.0)
    shading: float = 0.4
    offset: float = 100.0
    read_noise: float = 3.0
    gain: float = 4.0
    ceiling: int = 65535


def illumination(rng: np.random.Generator, shape: tuple[int, ...], strength: float) -> FloatImage:
    """A smooth field of mean 1 that falls by at most ``strength`` to one side; shape as given."""
    direction = rng.normal(size=len(shape))
    direction /= np.linalg.norm(direction)
    ramps = np.meshgrid(*(np.linspace(-0.5, 0.5, size) for size in shape), indexing="ij")
    ramp = sum(weight * axis for weight, axis in zip(direction, ramps, strict=True))
    return np.asarray(1 + rng.uniform(0, strength) * np.asarray(ramp), np.float32)


def expose(rng: np.random.Generator, light: FloatImage, camera: Camera) -> FloatImage:
    """Mean photon counts at the camera for a scene's light: blurred and unevenly lit; same shape."""
    blurred = ndimage.gaussian_filter(light, camera.blur, mode="reflect")
    photons = rng.uniform(*camera.photons)
    lit = np.clip(blurred, 0, None) * illumination(rng, light.shape, camera.shading)
    return np.asarray(photons * lit, np.float32)


def digitise(rng: np.random.Generator, photons: FloatImage, camera: Camera) -> NDArray[np.uint16]:
    """Camera counts for mean photon counts, with Poisson and Gaussian noise; same shape."""
    counts = camera.offset + camera.gain * rng.poisson(photons)
    counts = counts + rng.normal(0, camera.read_noise, photons.shape)
    return np.clip(np.rint(counts), 0, camera.ceiling).astype(np.uint16)


def photograph(rng: np.random.Generator, light: FloatImage, camera: Camera) -> NDArray[np.uint16]:
    """Camera counts for a scene's light; same shape."""
    return digitise(rng, expose(rng, light, camera), camera)
