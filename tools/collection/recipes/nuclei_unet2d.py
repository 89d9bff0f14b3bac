"""nuclei-unet2d: foreground and outlines of nuclei; three torch formats, free sizes, a halo that fits."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from tools.collection import export_torch, samples, scores, shapes
from tools.collection.about import UNET, About
from tools.collection.architectures.unet2d import UNet2d
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
from tools.collection.files import Json
from tools.collection.normalise import fixed_zero_mean_unit_variance
from tools.collection.package import Arrays, finish
from tools.collection.train_torch import Example, Schedule, predict, train

MEAN, STD = 206.0, 192.0
"""Of the training images, in camera counts."""
HALO = 24
PIXEL = 0.625

ABOUT = About(
    id="nuclei-unet2d",
    name="Nuclei foreground and outline 2D U-Net",
    description="Finds fluorescently stained nuclei and their outlines in 2D widefield images.",
    tags=["nuclei", "fluorescence-light-microscopy", "segmentation", "2d", "unet", "pytorch", "onnx"],
    cite=[UNET],
    license="CC-BY-4.0",
    does="""For each pixel of a widefield image of stained nuclei this U-Net (30 thousand parameters)
gives the probability that it belongs to a nucleus (`foreground`) and the probability that it lies on a
nucleus' outline (`boundary`). The image is mirrored outwards by 24 pixels inside the network, so its
answer at the rim is the same whether or not a program pads the image by the declared halo first.""",
    images="""240 synthetic images of 64 by 64 pixels (0.625 micrometers each): textured elliptic nuclei
of 5 to 10 pixels radius, some touching, with blur, uneven illumination, photon noise and read noise, in
16 bit camera counts.""",
    use="""Subtract `boundary` from `foreground`, threshold at 0.5, and label the connected components to
get single nuclei. Height and width are multiples of 16, at least 64.""",
    limits="""Intensities are normalised by fixed numbers: rescale images so that their background is near
100 and their nuclei between 200 and 1500 counts. The training images are synthetic; elongated or much
larger nuclei, strong background and mitotic figures were not among them.""",
)


REASON = """Probabilities: the weights formats differ by less than 1e-5 on one CPU, as they sum the
same float32 products in different orders. 1e-4 leaves room for other CPUs and changes no decision
at a threshold."""


def example(rng: np.random.Generator) -> Example:
    """A training image (1, 64, 64) and its foreground and boundary (2, 64, 64)."""
    image, labels = samples.nuclei_example(rng, 64)
    target = np.stack([labels > 0, shapes.boundaries(labels) & (labels > 0)])
    return fixed_zero_mean_unit_variance(image, mean=MEAN, std=STD)[None], target.astype(np.float32)


def score(network: UNet2d) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1001)
    found: list[tuple[float, float]] = []
    for _ in range(30):
        image, labels = samples.nuclei_example(rng, 128)
        logits = predict(network, fixed_zero_mean_unit_variance(image, mean=MEAN, std=STD)[None])
        outline = shapes.boundaries(labels) & (labels > 0)
        found.append((scores.dice(logits[0] > 0, labels > 0), scores.dice(logits[1] > 0, outline)))
    foreground, boundary = np.mean(found, axis=0)
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels, at a threshold of 0.5: Dice "
        f"{foreground:.3f} for `foreground`, {boundary:.3f} for `boundary`."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input, foreground, boundary."""
    probability = tensors["probability"][0]
    return [grey(tensors["image"][0, 0]), heat(probability[0]), heat(probability[1])]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    image: dict[str, Json] = {
        "id": "image",
        "description": "Stained nuclei in camera counts.",
        "axes": [batch(), channels("nuclei"), *(space(axis, at_least(64, 16), pixel=PIXEL) for axis in "yx")],
        "data": values("uint16", 0, 65535),
        "preprocessing": [TO_FLOAT32, step("fixed_zero_mean_unit_variance", mean=MEAN, std=STD), TO_FLOAT32],
    }
    probability: dict[str, Json] = {
        "id": "probability",
        "description": "Probability of a nucleus and of a nucleus' outline.",
        "axes": [
            batch(),
            channels("foreground", "boundary"),
            *(space(axis, same_as("image", axis), pixel=PIXEL, halo=HALO) for axis in "yx"),
        ],
        "data": values("float32", 0.0, 1.0),
        "postprocessing": [step("sigmoid"), TO_FLOAT32],
    }
    return image, probability


def weights(network: UNet2d, folder: Path) -> dict[str, dict[str, Json]]:
    """Writes the weights files; returns their entries."""
    architecture = export_torch.architecture_file(
        folder, "UNet2d", in_channels=1, out_channels=2, width=8, margin=HALO
    )
    return {
        "pytorch_state_dict": export_torch.state_dict(network, folder, architecture),
        "torchscript": export_torch.torchscript(network, folder) | {"parent": "pytorch_state_dict"},
        "onnx": export_torch.onnx(
            network,
            folder,
            images=[torch.zeros(2, 1, 96, 128)],
            inputs=["image"],
            outputs=["probability"],
            free={0: "batch", 2: "height", 3: "width"},
        )
        | {"parent": "pytorch_state_dict"},
    }


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(11)
    network = train(UNet2d(1, 2, margin=HALO), example, Schedule(steps=700, seed=11))
    image, probability = tensors()
    finish(
        folder,
        ABOUT,
        inputs={"image": samples.nuclei_example(np.random.default_rng(2011), 128).image[None, None]},
        outputs=["probability"],
        weights_format="pytorch_state_dict",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[image],
            outputs=[probability],
            weights=weights(network, folder),
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
