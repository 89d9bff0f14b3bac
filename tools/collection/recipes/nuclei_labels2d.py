"""nuclei-labels2d: an integer instance label map, made inside the network (TorchScript)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from tools.collection import export_torch, samples, scores
from tools.collection.about import UNET, About
from tools.collection.architectures.labels2d import LabelNuclei
from tools.collection.cover import Panel, coloured, grey
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
from tools.collection.files import Json
from tools.collection.normalise import zero_mean_unit_variance
from tools.collection.package import Arrays, finish
from tools.collection.train_torch import Example, Schedule, predict, train

PIXEL = 0.625
ABOUT = About(
    id="nuclei-labels2d",
    name="Nuclei instance labels 2D",
    description="Segments single nuclei in 2D fluorescence images and returns an instance label map.",
    tags=["nuclei", "fluorescence-light-microscopy", "instance-segmentation", "2d", "unet", "pytorch"],
    cite=[UNET],
    license="CC-BY-4.0",
    does="""Segments the nuclei of a widefield image and numbers them: the output `labels` is an instance
label map, 0 for background and 1, 2, 3, … for the nuclei. A small U-Net finds nuclei and their cores;
connected components of the cores, grown to the nuclei, are computed by repeated max-pooling inside the
same TorchScript graph.""",
    images="""240 synthetic images of 64 by 64 pixels (0.625 micrometers each): textured elliptic nuclei
of 5 to 10 pixels radius, some touching, with blur, uneven illumination, photon noise and read noise, in
16 bit camera counts.""",
    use="""The labels can be measured directly, no postprocessing is needed. Numbers only tell nuclei
apart: they have no order and no meaning from one image to the next. Height and width are multiples of 16,
at least 64.""",
    limits="""Nuclei with a radius below 4 pixels may have no core and are then missed. Fewer than 16
million pixels fit in one image, as numbers are exchanged as float32 inside the graph.""",
)
REASON = """Labels are integers: compared exactly. A pixel whose logit is within rounding error of 0
may change sides, so one of the 16384 pixels (61 per million) may differ."""


def example(rng: np.random.Generator) -> Example:
    """A training image (1, 64, 64) and its nuclei and nuclei's cores (2, 64, 64)."""
    image, labels = samples.nuclei_example(rng, 64)
    inside = [ndimage.binary_erosion(labels == index, iterations=2) for index in range(1, labels.max() + 1)]
    cores = np.any(inside, axis=0) if inside else np.zeros(labels.shape, np.bool_)
    return zero_mean_unit_variance(image)[None], np.stack([labels > 0, cores]).astype(np.float32)


def score(network: LabelNuclei) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1004)
    found: list[float] = []
    for _ in range(30):
        image, labels = samples.nuclei_example(rng, 128)
        numbered = predict(network, zero_mean_unit_variance(image)[None])[0]
        found.append(scores.object_f1(numbered.astype(np.int32), labels))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels: F1 of nuclei with an intersection over union "
        f"above 0.5: {np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input and coloured labels."""
    return [grey(tensors["image"][0, 0]), coloured(tensors["labels"][0, 0])]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    image: dict[str, Json] = {
        "id": "image",
        "description": "Stained nuclei in camera counts.",
        "axes": [batch(), channels("nuclei"), *(space(axis, at_least(64, 16), pixel=PIXEL) for axis in "yx")],
        "data": values("uint16", 0, 65535),
        "preprocessing": [
            TO_FLOAT32,
            step("zero_mean_unit_variance", axes=["channel", "y", "x"]),
            TO_FLOAT32,
        ],
    }
    labels: dict[str, Json] = {
        "id": "labels",
        "description": "Instance label map: 0 is background, each nucleus has a number of its own.",
        "axes": [
            batch(),
            channels("label"),
            *(space(axis, same_as("image", axis), pixel=PIXEL) for axis in "yx"),
        ],
        "data": values("int32", 0, None),
        "postprocessing": [step("ensure_dtype", dtype="int32")],
    }
    return image, labels


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(14)
    network = LabelNuclei()
    train(network.unet, example, Schedule(steps=900, seed=14))
    network.eval()
    image, labels = tensors()
    finish(
        folder,
        ABOUT,
        inputs={"image": samples.nuclei_example(np.random.default_rng(2004), 128).image[None, None]},
        outputs=["labels"],
        weights_format="torchscript",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[image],
            outputs=[labels],
            weights={"torchscript": export_torch.torchscript(network, folder)},
            tolerance={
                "absolute_tolerance": 0.0,
                "relative_tolerance": 0.0,
                "mismatched_elements_per_million": 62,
            },
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
