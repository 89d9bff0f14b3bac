"""membrane-unet2d: membranes of a stained section; format 0.4, three torch formats."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from tools.collection import export_torch, samples, scores
from tools.collection.about import UNET, About
from tools.collection.architectures.unet2d import UNet2d
from tools.collection.cover import Panel, grey, heat
from tools.collection.describe_04 import describe, free_sizes, shape_of, step
from tools.collection.files import Json
from tools.collection.normalise import scale_range
from tools.collection.package import Arrays, finish
from tools.collection.train_torch import Example, Schedule, predict, train

LOW, HIGH = 1.0, 99.8
"""Percentiles that become 0 and 1."""
HALO = 16

ABOUT = About(
    id="membrane-unet2d",
    name="Membrane 2D U-Net",
    description="Finds dark cell membranes in 2D images of stained sections with a small U-Net.",
    tags=["membrane", "electron-microscopy", "boundary-detection", "2d", "unet", "pytorch", "onnx"],
    cite=[UNET],
    license="MIT",
    does="""For each pixel of an image of a stained section this U-Net (30 thousand parameters) gives the
probability that it lies on a cell membrane.""",
    images="""240 synthetic 8 bit images of 64 by 64 pixels: curved dark membranes between cells of
different grey, with dark granules, blur, uneven illumination and noise, similar to electron micrographs
of tissue.""",
    use="""Use the probability as the height map of a watershed to separate cells. Height and width are
multiples of 16, at least 64. Outputs within 16 pixels of the rim are less certain: tile larger images
with that overlap.""",
    limits="""Membranes are darker than cytoplasm and 2 to 3 pixels wide. Organelles other than small
granules were not in the training images, so mitochondria and vesicles of real micrographs will be marked
too.""",
)
REASON = """Probabilities: the weights formats differ by less than 1e-5 on one CPU, as they sum the
same float32 products in different orders. 1e-4 leaves room for other CPUs and changes no decision
at a threshold."""


def example(rng: np.random.Generator) -> Example:
    """A training image and its membranes, both (1, 64, 64)."""
    image, membrane = samples.membrane_example(rng, 64)
    return scale_range(image, low=LOW, high=HIGH)[None], membrane[None].astype(np.float32)


def score(network: UNet2d) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1002)
    found: list[float] = []
    for _ in range(30):
        image, membrane = samples.membrane_example(rng, 128)
        logits = predict(network, scale_range(image, low=LOW, high=HIGH)[None])
        found.append(scores.dice(logits[0] > 0, membrane))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels, at a threshold of 0.5: Dice "
        f"{np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input and membrane probability."""
    return [grey(tensors["raw"][0, 0]), heat(tensors["membrane"][0, 0])]


def weights(network: UNet2d, folder: Path) -> dict[str, dict[str, Json]]:
    """Writes the weights files; returns their entries in format 0.4."""
    export_torch.state_dict(network, folder, export_torch.architecture_file(folder, "UNet2d"))
    return {
        "pytorch_state_dict": {
            "source": "weights_state_dict.pt",
            "architecture": "unet2d.py:UNet2d",
            "kwargs": {"in_channels": 1, "out_channels": 1, "width": 8},
            "pytorch_version": export_torch.PYTORCH_VERSION,
        },
        "torchscript": export_torch.torchscript(network, folder) | {"parent": "pytorch_state_dict"},
        "onnx": export_torch.onnx(
            network,
            folder,
            images=[torch.zeros(2, 1, 96, 128)],
            inputs=["raw"],
            outputs=["membrane"],
            free={0: "batch", 2: "height", 3: "width"},
        )
        | {"parent": "pytorch_state_dict"},
    }


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(12)
    network = train(UNet2d(1, 1), example, Schedule(steps=900, seed=12))
    raw: dict[str, Json] = {
        "name": "raw",
        "description": "Grey values of the section; membranes are dark.",
        "axes": "bcyx",
        "data_type": "uint8",
        "data_range": [0.0, 255.0],
        "shape": free_sizes([1, 1, 64, 64], [0, 0, 16, 16]),
        "preprocessing": [
            step("scale_range", mode="per_sample", axes="cyx", min_percentile=LOW, max_percentile=HIGH)
        ],
    }
    membrane: dict[str, Json] = {
        "name": "membrane",
        "description": "Probability of a membrane.",
        "axes": "bcyx",
        "data_type": "float32",
        "data_range": [0.0, 1.0],
        "shape": shape_of("raw", 4),
        "halo": [0, 0, HALO, HALO],
        "postprocessing": [step("sigmoid")],
    }
    finish(
        folder,
        ABOUT,
        inputs={"raw": samples.membrane_example(np.random.default_rng(2002), 128).image[None, None]},
        outputs=["membrane"],
        weights_format="pytorch_state_dict",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[raw],
            outputs=[membrane],
            weights=weights(network, folder),
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
