"""nuclei-stardist2d: nuclei as star-convex polygons, in the shape of StarDist's own export; format 0.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from csbdeep.utils import normalize
from numpy.typing import NDArray
from stardist.models import Config2D, StarDist2D

from tools.collection import export_keras, samples, scores
from tools.collection.about import STARDIST, About
from tools.collection.cover import Panel, coloured, grey, heat
from tools.collection.describe_04 import describe, free_sizes, step
from tools.collection.files import Json
from tools.collection.package import Arrays, finish
from tools.collection.shapes import FloatImage
from tools.collection.train_keras import fix_seed

RAYS = 8
LOW, HIGH = 1.0, 99.8
TRAINING, VALIDATION = 60, 12
LABELS = "expected_labels.npy"

ABOUT = About(
    id="nuclei-stardist2d",
    name="Nuclei 2D for StarDist",
    description="Segments single nuclei in 2D fluorescence images as star-convex polygons.",
    tags=["nuclei", "fluorescence-light-microscopy", "instance-segmentation", "2d", "stardist", "tensorflow"],
    cite=[STARDIST],
    license="CC-BY-4.0",
    does="""Gives, for every second pixel, the probability that it lies well inside of a nucleus (the first
channel of `output`), and for each pixel the distances in pixels to the nucleus' border along 8 directions
(the other channels). StarDist makes polygons and a label map of them; `expected_labels.npy` is the one of the
test image. The package has the form of StarDist's own export: `config.stardist` holds the configuration and
the thresholds, and the weights that StarDist itself reads are attached.""",
    images="""60 synthetic images of 96 by 96 pixels (0.625 micrometers each): textured elliptic nuclei
of 5 to 10 pixels radius, some touching, with blur, uneven illumination, photon noise and read noise, in
16 bit camera counts.""",
    use="""Open the package in StarDist, or in Fiji with deepImageJ and StarDist. Height and width are
multiples of 4.""",
    limits="""Nuclei that are not star-convex cannot be drawn by StarDist. Nuclei much larger than 10 pixels
were not among the training images.""",
)
REASON = """Distances up to 12 pixels: TensorFlow sums the same float32 products in different orders on other
CPUs. A thousandth of a pixel moves no border."""


def scaled(image: NDArray[np.generic]) -> FloatImage:
    """The image as StarDist's users normalise it."""
    return np.asarray(normalize(image.astype(np.float32), LOW, HIGH), np.float32)


def trained(folder: Path) -> StarDist2D:
    """The model after training, with thresholds that suit the validation images."""
    fix_seed(25)
    rng = np.random.default_rng(25)
    examples = [samples.nuclei_example(rng, 96) for _ in range(TRAINING + VALIDATION)]
    images, labels = [scaled(each.image) for each in examples], [each.labels for each in examples]
    config = Config2D(
        n_rays=RAYS,
        grid=(2, 2),
        n_channel_in=1,
        unet_n_depth=1,
        unet_n_filter_base=8,
        net_conv_after_unet=16,
        train_patch_size=(64, 64),
        train_batch_size=4,
        train_learning_rate=0.002,
        train_tensorboard=False,
        train_epochs=20,
        train_steps_per_epoch=40,
    )
    model = StarDist2D(config, name="model", basedir=str(folder))
    held_out = images[TRAINING:], labels[TRAINING:]
    model.train(images[:TRAINING], labels[:TRAINING], validation_data=held_out, seed=25)
    model.optimize_thresholds(*held_out)
    return model


def with_maps_of_full_size(model: StarDist2D) -> keras.Model:
    """The network that ``StarDistBase.export_TF`` makes, which itself needs Keras 2.

    One output (batch, height, width, 1 + rays): a probability at the first pixel of each cell of the grid,
    zeros between, and its distances at all pixels of the cell.
    """
    grid = model.config.grid
    probability, distances = model.keras_model.outputs[:2]
    sparse = keras.layers.Conv2DTranspose(
        1, 1, strides=grid, padding="same", kernel_initializer="ones", use_bias=False
    )(probability)
    both = keras.layers.Concatenate()([sparse, keras.layers.UpSampling2D(grid)(distances)])
    return keras.Model(model.keras_model.inputs[0], both)


def score(model: StarDist2D) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1025)
    found: list[float] = []
    for _ in range(30):
        image, labels = samples.nuclei_example(rng, 128)
        found.append(scores.object_f1(model.predict_instances(scaled(image))[0], labels))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels: F1 of nuclei with an intersection over union "
        f"above 0.5: {np.mean(found):.3f}."
    )


def draw(labels: NDArray[np.generic], tensors: Arrays) -> Sequence[Panel]:
    """Input, first distance, and the label map."""
    distance = np.asarray(tensors["output"][0, ..., 1], np.float32)
    return [grey(tensors["input"][0, ..., 0]), heat(distance / distance.max()), coloured(labels)]


def described(
    folder: Path, model: StarDist2D, halo: int, weights: Mapping[str, Mapping[str, Json]]
) -> Mapping[str, Json]:
    """The description, with names, axes and fields as StarDist's export writes them."""
    image: dict[str, Json] = {
        "name": "input",
        "description": "Stained nuclei in camera counts.",
        "axes": "byxc",
        "data_type": "float32",
        "data_range": [float("-inf"), float("inf")],
        "shape": free_sizes([1, 2 * halo + 8, 2 * halo + 8, 1], [0, 4, 4, 0]),
        "preprocessing": [
            step("scale_range", mode="per_sample", axes="yx", min_percentile=LOW, max_percentile=HIGH)
        ],
    }
    maps: dict[str, Json] = {
        "name": "output",
        "description": "Probability on the grid, distances to the border in pixels.",
        "axes": "byxc",
        "data_type": "float32",
        "data_range": [float("-inf"), float("inf")],
        "shape": {
            "reference_tensor": "input",
            "scale": [1.0, 1.0, 1.0, 0.0],
            "offset": [0.0, 0.0, 0.0, (1 + RAYS) / 2],
        },
        "halo": [0, halo, halo, 0],
    }
    description = describe(
        folder,
        ABOUT,
        inputs=[image],
        outputs=[maps],
        weights=weights,
        tolerance={"absolute_tolerance": 1e-3, "relative_tolerance": 1e-3},
        reason=REASON,
    )
    config = description["config"]
    assert isinstance(config, dict)
    config["stardist"] = {
        "python_version": "0.9.2",
        "thresholds": {name: float(value) for name, value in model.thresholds._asdict().items()},
        "weights": "stardist_weights.h5",
        "config": plain(vars(model.config)),
    }
    return {**description, "attachments": {"files": ["stardist_weights.h5", LABELS]}}


def plain(value: object) -> Json:
    """What YAML can hold: tuples become lists, numbers of numpy those of Python."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    assert isinstance(value, (bool, int, float, str, type(None))), value
    return value


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    with TemporaryDirectory() as scratch:
        model = trained(Path(scratch))
        reach = max(model._axes_tile_overlap("YX"))
        image = samples.nuclei_example(np.random.default_rng(2025), 80).image
        labels = model.predict_instances(scaled(image))[0]
        np.save(folder / LABELS, labels[None].astype(np.int32))
        model.keras_model.save_weights(str(folder / "stardist_weights.h5"))
        weights = {
            "tensorflow_saved_model_bundle": export_keras.saved_model(
                with_maps_of_full_size(model), folder, image="input", output="output"
            )
        }
        finish(
            folder,
            ABOUT,
            inputs={"input": image[None, ..., None].astype(np.float32)},
            outputs=["output"],
            weights_format="tensorflow_saved_model_bundle",
            description=partial(described, folder, model, -(-int(reach) // 8) * 8, weights),
            draw=partial(draw, labels),
            validation=score(model),
        )
