"""membrane-keras2d: membranes of a stained section; format 0.4, Keras HDF5 and SavedModel."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import keras
import numpy as np

from tools.collection import export_keras, samples, scores
from tools.collection.about import UNET, About
from tools.collection.cover import Panel, grey, heat
from tools.collection.describe_04 import describe, free_sizes, shape_of, step
from tools.collection.files import Json
from tools.collection.networks_keras import unet
from tools.collection.normalise import zero_mean_unit_variance
from tools.collection.package import Arrays, finish
from tools.collection.train_keras import Example, Schedule, fix_seed, predict, train

ABOUT = About(
    id="membrane-keras2d",
    name="Membrane 2D U-Net for Keras",
    description="Finds dark cell membranes in 2D images of stained sections with a small Keras U-Net.",
    tags=["membrane", "electron-microscopy", "boundary-detection", "2d", "unet", "keras", "tensorflow"],
    cite=[UNET],
    license="CC-BY-4.0",
    does="""For each pixel of an image of a stained section this Keras U-Net gives the probability that it
lies on a cell membrane.""",
    images="""320 synthetic 8 bit images of 64 by 64 pixels: curved dark membranes between cells of
different grey, with dark granules, blur, uneven illumination and noise, similar to electron micrographs
of tissue.""",
    use="""Use the probability as the height map of a watershed to separate cells. The channel axis comes
last. Height and width are multiples of 16, at least 64.""",
    limits="""Membranes are darker than cytoplasm and 2 to 3 pixels wide. Organelles other than small
granules were not in the training images, so mitochondria and vesicles of real micrographs will be marked
too.""",
)
REASON = """Probabilities: TensorFlow, and Keras on torch, differ by about 1e-6 on one CPU, as they
sum the same float32 products in different orders. 1e-4 leaves room for other CPUs and changes no
decision at a threshold."""


def example(rng: np.random.Generator) -> Example:
    """A training image and its membranes, both (64, 64)."""
    image, membrane = samples.membrane_example(rng, 64)
    return zero_mean_unit_variance(image), membrane.astype(np.float32)


def score(network: keras.Model) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1009)
    found: list[float] = []
    for _ in range(30):
        image, membrane = samples.membrane_example(rng, 128)
        found.append(scores.dice(predict(network, zero_mean_unit_variance(image)) > 0, membrane))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels, at a threshold of 0.5: Dice "
        f"{np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input and membrane probability."""
    return [grey(tensors["raw"][0, ..., 0]), heat(tensors["membrane"][0, ..., 0])]


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    fix_seed(19)
    network = unet()
    train(network, example, Schedule(seed=19), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    raw: dict[str, Json] = {
        "name": "raw",
        "description": "Grey values of the section; membranes are dark.",
        "axes": "byxc",
        "data_type": "uint8",
        "data_range": [0.0, 255.0],
        "shape": free_sizes([1, 64, 64, 1], [0, 16, 16, 0]),
        "preprocessing": [step("zero_mean_unit_variance", mode="per_sample", axes="yxc")],
    }
    membrane: dict[str, Json] = {
        "name": "membrane",
        "description": "Probability of a membrane.",
        "axes": "byxc",
        "data_type": "float32",
        "data_range": [0.0, 1.0],
        "shape": shape_of("raw", 4),
        "postprocessing": [step("sigmoid")],
    }
    finish(
        folder,
        ABOUT,
        inputs={"raw": samples.membrane_example(np.random.default_rng(2009), 128).image[None, ..., None]},
        outputs=["membrane"],
        weights_format="keras_hdf5",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[raw],
            outputs=[membrane],
            weights={
                "keras_hdf5": export_keras.keras_hdf5(network, folder),
                "tensorflow_saved_model_bundle": export_keras.saved_model(
                    network, folder, image="raw", output="membrane"
                )
                | {"parent": "keras_hdf5"},
            },
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
