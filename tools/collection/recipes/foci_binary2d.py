"""foci-binary2d: a binary mask of repair foci; a zip package with TorchScript and ONNX weights."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from tools.collection import export_torch, samples, scores
from tools.collection.about import UNET, About
from tools.collection.architectures.unet2d import UNet2d
from tools.collection.cover import Panel, grey, outlined
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
from tools.collection.normalise import scale_range
from tools.collection.package import Arrays, finish
from tools.collection.shapes import FloatImage
from tools.collection.train_torch import Example, Schedule, predict, train

LOW, HIGH = 5.0, 99.9
"""Percentiles that become 0 and 1."""
FLOOR, CEILING = -1.0, 2.0
"""Limits after scaling: a few saturated pixels must not drown the rest."""
THRESHOLD = 0.5
PIXEL = 0.1875
ABOUT = About(
    id="foci-binary2d",
    name="Binary mask of nuclear foci",
    description="Marks bright repair foci in nuclei on 2D fluorescence images with a binary mask.",
    tags=[
        "foci",
        "nuclei",
        "fluorescence-light-microscopy",
        "spot-detection",
        "2d",
        "unet",
        "pytorch",
        "onnx",
    ],
    cite=[UNET],
    license="MIT",
    does="""Marks DNA repair foci, small bright spots inside dim nuclei, with 1 in a mask of zeros. The
threshold is part of the model's postprocessing.""",
    images="""240 synthetic images of 64 by 64 pixels (0.1875 micrometers each) from a 12 bit camera that
saturates at 4095 counts: dim textured nuclei with blurred foci of different brightness, with uneven
illumination and noise.""",
    use="""Label the connected components of the mask to count foci. One image at a time; height and width
are multiples of 16, at least 64.""",
    limits="""Foci closer than 4 pixels merge. Intensities are scaled by percentiles of each image: an
image without any focus may show false ones.""",
)
REASON = """The mask holds 0 and 1: compared exactly. A pixel whose probability is within rounding
error of the threshold may change sides, so one of the 16384 pixels (61 per million) may differ."""


def prepare(image: NDArray[np.uint16]) -> FloatImage:
    """Preprocessing as described; same shape."""
    return np.asarray(np.clip(scale_range(image, low=LOW, high=HIGH), FLOOR, CEILING), np.float32)


def example(rng: np.random.Generator) -> Example:
    """A training image and its foci, both (1, 64, 64)."""
    image, labels = samples.foci_example(rng, 64)
    return prepare(image)[None], (labels > 0)[None].astype(np.float32)


def score(network: UNet2d) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1006)
    found: list[tuple[float, float]] = []
    for _ in range(30):
        image, labels = samples.foci_example(rng, 128)
        mask = predict(network, prepare(image)[None])[0] > 0
        marked = ndimage.label(mask)[0]
        centres = np.array(ndimage.center_of_mass(mask, marked, range(1, marked.max() + 1))).reshape(-1, 2)
        true = np.array(ndimage.center_of_mass(labels > 0, labels, range(1, labels.max() + 1))).reshape(-1, 2)
        found.append((scores.detection_f1(centres, true, reach=3), scores.dice(mask, labels > 0)))
    f1, overlap = np.mean(found, axis=0)
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels: F1 of foci found within 3 pixels "
        f"{f1:.3f}, Dice of the mask {overlap:.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input, and the mask's outlines on it."""
    image = tensors["image"][0, 0]
    return [grey(image), outlined(image, tensors["mask"][0, 0] > 0, (255, 90, 0))]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    image: dict[str, Json] = {
        "id": "image",
        "description": "Nuclei with foci in counts of a 12 bit camera.",
        "axes": [batch(1), channels("foci"), *(space(axis, at_least(64, 16), pixel=PIXEL) for axis in "yx")],
        "data": values("uint16", 0, 4095),
        "preprocessing": [
            TO_FLOAT32,
            step("scale_range", axes=["channel", "y", "x"], min_percentile=LOW, max_percentile=HIGH),
            step("clip", min=FLOOR, max=CEILING),
            TO_FLOAT32,
        ],
    }
    mask: dict[str, Json] = {
        "id": "mask",
        "description": "1 in foci, 0 elsewhere.",
        "axes": [
            batch(),
            channels("foci"),
            *(space(axis, same_as("image", axis), pixel=PIXEL) for axis in "yx"),
        ],
        "data": values("uint8", 0, 1),
        "postprocessing": [
            step("sigmoid"),
            step("binarize", threshold=THRESHOLD),
            step("ensure_dtype", dtype="uint8"),
        ],
    }
    return image, mask


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(16)
    network = train(UNet2d(1, 1), example, Schedule(steps=900, seed=16))
    image, mask = tensors()
    weights = {
        "torchscript": export_torch.torchscript(network, folder),
        "onnx": export_torch.onnx(
            network,
            folder,
            images=[torch.zeros(1, 1, 96, 128)],
            inputs=["image"],
            outputs=["mask_logits"],
            free={2: "height", 3: "width"},
        )
        | {"parent": "torchscript"},
    }
    finish(
        folder,
        ABOUT,
        inputs={"image": samples.foci_example(np.random.default_rng(2006), 128).image[None, None]},
        outputs=["mask"],
        weights_format="torchscript",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[image],
            outputs=[mask],
            weights=weights,
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
