"""spots-denoise2d: content-aware restoration of dim spots; fixed size, two Keras formats."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import keras
import numpy as np

from tools.collection import export_keras, samples, scores
from tools.collection.about import CARE, UNET, About
from tools.collection.cover import Panel, grey
from tools.collection.describe import TO_FLOAT32, batch, channels, describe, space, step, values
from tools.collection.files import Json
from tools.collection.networks_keras import denoiser
from tools.collection.normalise import fixed_zero_mean_unit_variance
from tools.collection.package import Arrays, finish
from tools.collection.train_keras import Example, Schedule, fix_seed, predict, train

FORMAT_VERSION = "0.5.8"
"""The first with Keras v3 weights."""
SIZE = 96
PHOTONS = (10.0, 40.0)
"""Mean photon count of the brightest spots."""
MEAN, STD = 115.0, 14.5
"""Of the training images, in camera counts."""
PIXEL = 0.125
ABOUT = About(
    id="spots-denoise2d",
    name="Spot image restoration 2D",
    description="Removes photon and read noise from dim 2D images of diffraction-limited spots.",
    tags=["spots", "fluorescence-light-microscopy", "denoising", "image-restoration", "2d", "unet", "keras"],
    cite=[CARE, UNET],
    license="CC-BY-4.0",
    does="""Estimates the noise-free image, in camera counts, of a dim image of diffraction-limited spots
such as labelled single RNA molecules. It was trained on pairs of noisy and clean images, as in
content-aware restoration.""",
    images="""480 synthetic images of 64 by 64 pixels (0.125 micrometers each): Gaussian spots with a
standard deviation of 1.3 pixels on an uneven background, 10 to 40 photons in the brightest, 4 counts for
each photon on an offset of 100 counts, with photon noise and read noise.""",
    use="""Images are 96 by 96 pixels, one at a time: cut larger images into such tiles. The output is in
camera counts like the input.""",
    limits="""The network knows spots and smooth background only: it removes other faint structures.
Restored intensities are estimates; do not count photons in them.""",
)
REASON = """Camera counts: the read noise is 3 counts, so differences of 0.01 counts have no
meaning. Keras' backends differ by about 1e-4 counts on one CPU."""


def example(rng: np.random.Generator) -> Example:
    """A noisy image and the clean one, both (64, 64), normalised alike."""
    noisy, clean, _ = samples.spots_example(rng, 64, photons=PHOTONS)
    normalise = partial(fixed_zero_mean_unit_variance, mean=MEAN, std=STD)
    return normalise(noisy), normalise(clean)


def score(network: keras.Model) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1007)
    found: list[tuple[float, float]] = []
    for _ in range(30):
        noisy, clean, _ = samples.spots_example(rng, SIZE, photons=PHOTONS)
        answer = predict(network, fixed_zero_mean_unit_variance(noisy, mean=MEAN, std=STD))
        found.append((scores.psnr(noisy, clean), scores.psnr(answer * STD + MEAN, clean)))
    before, after = np.mean(found, axis=0)
    return (
        f"On 30 held-out synthetic images of {SIZE} by {SIZE} pixels: the peak signal to noise ratio against "
        f"the clean image rises from {before:.1f} dB to {after:.1f} dB."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Noisy and restored image."""
    return [grey(tensors["noisy"][0, ..., 0]), grey(tensors["restored"][0, ..., 0])]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    noisy: dict[str, Json] = {
        "id": "noisy",
        "description": "Dim spots in camera counts.",
        "axes": [batch(1), *(space(axis, SIZE, pixel=PIXEL) for axis in "yx"), channels("spots")],
        "data": values("uint16", 0, 65535),
        "preprocessing": [TO_FLOAT32, step("fixed_zero_mean_unit_variance", mean=MEAN, std=STD), TO_FLOAT32],
    }
    restored: dict[str, Json] = {
        "id": "restored",
        "description": "Estimate of the image without noise, in camera counts.",
        "axes": [batch(), *(space(axis, SIZE, pixel=PIXEL) for axis in "yx"), channels("spots")],
        "data": values("float32", 0.0, 65535.0),
        "postprocessing": [
            step("scale_linear", gain=STD, offset=MEAN),
            step("clip", min=0.0, max=65535.0),
            TO_FLOAT32,
        ],
    }
    return noisy, restored


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    fix_seed(17)
    trained = denoiser(size=64, width=12)
    train(trained, example, Schedule(images=480, epochs=16, seed=17), loss="mean_squared_error")
    network = denoiser(size=SIZE, width=12)
    network.set_weights(trained.get_weights())
    noisy, restored = tensors()
    test_image = samples.spots_example(np.random.default_rng(2007), SIZE, photons=PHOTONS).image[
        None, ..., None
    ]
    finish(
        folder,
        ABOUT,
        inputs={"noisy": test_image},
        outputs=["restored"],
        weights_format="keras_v3",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[noisy],
            outputs=[restored],
            weights={
                "keras_v3": export_keras.keras_v3(network, folder),
                "keras_hdf5": export_keras.keras_hdf5(network, folder) | {"parent": "keras_v3"},
            },
            tolerance={"absolute_tolerance": 0.01, "relative_tolerance": 0.0},
            reason=REASON,
            format_version=FORMAT_VERSION,
        ),
        draw=draw,
        validation=score(network),
    )
