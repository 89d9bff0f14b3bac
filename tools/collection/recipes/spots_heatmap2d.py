"""spots-heatmap2d: a heat map with a peak on each spot; Keras HDF5, SavedModel and TensorFlow.js."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tools.collection import export_keras, samples, scores
from tools.collection.about import UNET, About
from tools.collection.cover import Panel, grey, heat
from tools.collection.describe import (
    TO_FLOAT32,
    at_least,
    batch,
    channels,
    describe,
    same_as,
    space,
    step,
    values,
)
from tools.collection.export_tfjs import tensorflow_js
from tools.collection.files import Json
from tools.collection.networks_keras import unet
from tools.collection.package import Arrays, finish
from tools.collection.shapes import FloatImage
from tools.collection.train_keras import Example, Schedule, fix_seed, predict, stacked, train

WIDTH = 8
PHOTONS = (6.0, 40.0)
"""Mean photon count of the brightest spots."""
GAIN, OFFSET = 0.01, -1.0
"""Camera counts to numbers around 0: the camera's offset is 100 counts."""
PEAK = 0.4
"""Local maxima above this are taken for spots."""
PIXEL = 0.125
ABOUT = About(
    id="spots-heatmap2d",
    name="Spot detection heat map 2D",
    description="Detects diffraction-limited spots in 2D fluorescence images as the peaks of a heat map.",
    tags=[
        "spots",
        "fluorescence-light-microscopy",
        "spot-detection",
        "2d",
        "unet",
        "tensorflow",
        "tensorflow-js",
    ],
    cite=[UNET],
    license="MIT",
    does="""Turns an image of diffraction-limited spots into a heat map that is 1 in the middle of each
spot and 0 elsewhere, also where the background is uneven.""",
    images="""480 synthetic images of 64 by 64 pixels (0.125 micrometers each): Gaussian spots with a
standard deviation of 1.3 pixels on an uneven background, 6 to 40 photons in the brightest, 4 counts for
each photon on an offset of 100 counts, with photon noise and read noise. The target has a Gaussian with a
standard deviation of 1 pixel on each spot.""",
    use="""Take local maxima above 0.4 as spots. Height and width are multiples of 16, at least 64. The
same network is there for TensorFlow (SavedModel), Keras 3, and for browsers (TensorFlow.js).""",
    limits="""Intensities are scaled by fixed numbers, so the camera's offset has to be near 100 counts.
Spots closer than 5 pixels to each other were not in the training images.""",
)
REASON = """The heat map lies between 0 and 1: TensorFlow and the other libraries differ by about
1e-6 on one CPU, as they sum the same float32 products in different orders. 1e-4 leaves room for
other CPUs and moves no peak."""


def prepare(image: NDArray[np.uint16]) -> FloatImage:
    """Preprocessing as described; same shape."""
    return np.asarray(image.astype(np.float32) * GAIN + OFFSET, np.float32)


def example(rng: np.random.Generator) -> Example:
    """A training image and its heat map, both (64, 64)."""
    image, _, positions = samples.spots_example(rng, 64, photons=PHOTONS)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    heatmap = np.zeros(image.shape, np.float32)
    for centre_y, centre_x in positions:
        heatmap = np.maximum(heatmap, np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / 2))
    return prepare(image), heatmap.astype(np.float32)


def score(network: keras.Model) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1008)
    found: list[float] = []
    for _ in range(30):
        image, _, positions = samples.spots_example(rng, 128, photons=PHOTONS)
        peaks = scores.peaks(predict(network, prepare(image)), threshold=PEAK)
        found.append(scores.detection_f1(peaks, positions, reach=2))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels: F1 of spots found within 2 pixels "
        f"{np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input and heat map."""
    return [grey(tensors["image"][0, ..., 0]), heat(tensors["heatmap"][0, ..., 0])]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    image: dict[str, Json] = {
        "id": "image",
        "description": "Spots in camera counts.",
        "axes": [batch(), *(space(axis, at_least(64, 16), pixel=PIXEL) for axis in "yx"), channels("spots")],
        "data": values("uint16", 0, 65535),
        "preprocessing": [TO_FLOAT32, step("scale_linear", gain=GAIN, offset=OFFSET), TO_FLOAT32],
    }
    heatmap: dict[str, Json] = {
        "id": "heatmap",
        "description": "1 in the middle of each spot, 0 elsewhere.",
        "axes": [
            batch(),
            *(space(axis, same_as("image", axis), pixel=PIXEL) for axis in "yx"),
            channels("heat"),
        ],
        "data": values("float32", 0.0, 1.0),
        "postprocessing": [step("clip", min=0.0, max=1.0), TO_FLOAT32],
    }
    return image, heatmap


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    fix_seed(18)
    network = unet(width=WIDTH)
    train(network, example, Schedule(images=480, epochs=16, seed=18), loss="mean_squared_error")
    test_image = samples.spots_example(np.random.default_rng(2008), 96, photons=PHOTONS).image
    saved_model = export_keras.saved_model(network, folder, image="image", output="heatmap")
    weights = {
        "keras_hdf5": export_keras.keras_hdf5(network, folder),
        "tensorflow_saved_model_bundle": saved_model | {"parent": "keras_hdf5"},
        "tensorflow_js": tensorflow_js(network, folder, width=WIDTH, image=stacked([prepare(test_image)]))
        | {"parent": "keras_hdf5"},
    }
    image, heatmap = tensors()
    finish(
        folder,
        ABOUT,
        inputs={"image": test_image[None, ..., None]},
        outputs=["heatmap"],
        weights_format="keras_hdf5",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[image],
            outputs=[heatmap],
            weights=weights,
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
