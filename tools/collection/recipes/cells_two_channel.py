"""cells-two-channel: two stains in, nuclei and cell borders out (two inputs, two outputs)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tools.collection import export_torch, samples, scores
from tools.collection.about import UNET, About
from tools.collection.architectures.unet2d import PairedUNet2d
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
from tools.collection.normalise import scale_range, zero_mean_unit_variance
from tools.collection.package import Arrays, finish
from tools.collection.samples import TissueExample
from tools.collection.train_torch import Example, Schedule, train

LOW, HIGH = 2.0, 99.8
"""Percentiles of the membrane stain that become 0 and 1."""
PIXEL = 0.5
ABOUT = About(
    id="cells-two-channel",
    name="Nuclei and cell borders from two stains",
    description="Finds nuclei and cell borders in a sheet of cells from a nuclear and a membrane stain.",
    tags=[
        "nuclei",
        "membrane",
        "fluorescence-light-microscopy",
        "segmentation",
        "2d",
        "multi-channel",
        "pytorch",
    ],
    cite=[UNET],
    license="MIT",
    does="""Reads two images of the same field, a nuclear stain (`nuclei`) and a membrane stain
(`membrane`), and gives two probability maps: pixels of nuclei (`nuclei_probability`) and pixels on the
border between cells (`border_probability`). Both stains go through one small U-Net, so each helps to find
the other structure.""",
    images="""240 synthetic pairs of images of 64 by 64 pixels (0.5 micrometers each): an epithelium-like
sheet of cells with one nucleus each, a bright nuclear stain and a faint membrane stain, with blur, uneven
illumination, photon noise and read noise, in 16 bit camera counts.""",
    use="""Use thresholded nuclei as seeds of a watershed on the border probability to get whole cells.
Both images have the same height and width, multiples of 16, at least 64.""",
    limits="""Both stains must be in register. Cells in several layers and cells without contact were not
in the training images.""",
)
REASON = """Probabilities: both weights formats differ by less than 1e-5 on one CPU, as they sum the
same float32 products in different orders. 1e-4 leaves room for other CPUs and changes no decision
at a threshold."""


def prepare(example: TissueExample) -> tuple[Tensor, Tensor]:
    """Both stains of an example, preprocessed as described; each (1, 1, height, width)."""
    nuclei = zero_mean_unit_variance(example.nuclei)
    membrane = scale_range(example.membrane, low=LOW, high=HIGH)
    return torch.from_numpy(nuclei)[None, None], torch.from_numpy(membrane)[None, None]


def training_example(rng: np.random.Generator) -> Example:
    """Both stains (2, 64, 64), and the nuclei and borders (2, 64, 64)."""
    example = samples.tissue_example(rng, 64)
    target = np.stack([example.nuclei_mask, example.border]).astype(np.float32)
    return torch.cat(prepare(example), dim=1)[0].numpy(), target


def score(network: PairedUNet2d) -> str:
    """The README's statement on 30 held-out pairs."""
    rng = np.random.default_rng(1005)
    found: list[tuple[float, float]] = []
    for _ in range(30):
        example = samples.tissue_example(rng, 128)
        with torch.no_grad():
            nuclei, border = network(*prepare(example))
        found.append(
            (
                scores.dice(nuclei[0, 0].numpy() > 0, example.nuclei_mask),
                scores.dice(border[0, 0].numpy() > 0, example.border),
            )
        )
    both = np.mean(found, axis=0)
    return (
        "On 30 held-out synthetic pairs of 128 by 128 pixels, at a threshold of 0.5: Dice "
        f"{both[0]:.3f} for nuclei, {both[1]:.3f} for cell borders."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Both inputs and both outputs."""
    return [
        grey(tensors["nuclei"][0, 0]),
        grey(tensors["membrane"][0, 0]),
        heat(tensors["nuclei_probability"][0, 0]),
        heat(tensors["border_probability"][0, 0]),
    ]


def tensors() -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """The inputs' and the outputs' descriptions; the membrane image is as large as the nuclei image."""
    normalise = step("zero_mean_unit_variance", axes=["channel", "y", "x"])
    scale = step("scale_range", axes=["channel", "y", "x"], min_percentile=LOW, max_percentile=HIGH)
    inputs: list[dict[str, Json]] = []
    for name, sizes, processing in (
        ("nuclei", {axis: at_least(64, 16) for axis in "yx"}, normalise),
        ("membrane", {axis: same_as("nuclei", axis) for axis in "yx"}, scale),
    ):
        inputs.append(
            {
                "id": name,
                "description": f"The {name} stain in camera counts.",
                "axes": [batch(), channels(name), *(space(axis, sizes[axis], pixel=PIXEL) for axis in "yx")],
                "data": values("uint16", 0, 65535),
                "preprocessing": [TO_FLOAT32, processing, TO_FLOAT32],
            }
        )
    outputs: list[dict[str, Json]] = [
        {
            "id": f"{name}_probability",
            "description": f"Probability of {meaning}.",
            "axes": [
                batch(),
                channels("probability"),
                *(space(axis, same_as("nuclei", axis), pixel=PIXEL) for axis in "yx"),
            ],
            "data": values("float32", 0.0, 1.0),
            "postprocessing": [step("sigmoid"), TO_FLOAT32],
        }
        for name, meaning in (("nuclei", "a nucleus"), ("border", "a cell border"))
    ]
    return inputs, outputs


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(15)
    network = PairedUNet2d()
    train(network.unet, training_example, Schedule(steps=900, seed=15))
    network.eval()
    test = samples.tissue_example(np.random.default_rng(2005), 128)
    inputs, outputs = tensors()
    weights = {
        "torchscript": export_torch.torchscript(network, folder),
        "onnx": export_torch.onnx(
            network,
            folder,
            images=[torch.zeros(2, 1, 96, 128), torch.zeros(2, 1, 96, 128)],
            inputs=["nuclei", "membrane"],
            outputs=["nuclei_probability", "border_probability"],
            free={0: "batch", 2: "height", 3: "width"},
        )
        | {"parent": "torchscript"},
    }
    finish(
        folder,
        ABOUT,
        inputs={"nuclei": test.nuclei[None, None], "membrane": test.membrane[None, None]},
        outputs=["nuclei_probability", "border_probability"],
        weights_format="torchscript",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=inputs,
            outputs=outputs,
            weights=weights,
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
