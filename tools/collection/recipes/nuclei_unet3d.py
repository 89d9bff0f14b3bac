"""nuclei-unet3d: nuclei in confocal stacks; the architecture comes from a library (MONAI)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from monai.networks.nets.unet import UNet
from torch import nn

from tools.collection import export_torch, samples, scores
from tools.collection.about import UNET_3D, About
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
from tools.collection.normalise import scale_range
from tools.collection.package import Arrays, finish
from tools.collection.train_torch import Example, Schedule, predict, train

LOW, HIGH = 1.0, 99.8
"""Percentiles that become 0 and 1."""
PIXEL, PLANE = 0.3125, 0.625
"""Micrometers between pixels and between planes."""
NETWORK: dict[str, Json] = {
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [8, 16, 24],
    "strides": [2, 2],
    "num_res_units": 1,
    "norm": "batch",
}
"""Arguments of MONAI's U-Net; two strides of 2 make all sizes multiples of 4."""

ABOUT = About(
    id="nuclei-unet3d",
    name="Nuclei 3D U-Net",
    description="Finds stained nuclei in confocal stacks with a small residual 3D U-Net from MONAI.",
    tags=["nuclei", "fluorescence-light-microscopy", "segmentation", "3d", "unet", "monai", "pytorch"],
    cite=[UNET_3D],
    license="CC-BY-4.0",
    does="""For each voxel of a confocal stack of stained nuclei this residual 3D U-Net gives the
probability that it belongs to a nucleus. The network class is `UNet` of MONAI, so the state dict needs
the package `monai`; the TorchScript weights do not.""",
    images="""160 synthetic stacks of 16 by 48 by 48 voxels (planes 0.625, pixels 0.3125 micrometers
apart): textured ellipsoid nuclei of 5 to 9 pixels radius with blur, uneven illumination, photon noise and
read noise.""",
    use="""Threshold at 0.5 and label the connected components. Depth is a multiple of 8, at least 16;
height and width are multiples of 16, at least 48.""",
    limits="""Touching nuclei are not separated. The training stacks have no scattering: nuclei deep in
thick tissue, much dimmer than those on top, may be missed.""",
)
REASON = """Probabilities: both weights formats run the same float32 kernels and agree to 1e-6; 3D
convolutions sum thousands of products, and 1e-4 leaves room for CPUs that sum them in another
order."""


def example(rng: np.random.Generator) -> Example:
    """A training stack and its nuclei, both (1, 16, 48, 48)."""
    image, labels = samples.stack_example(rng)
    return scale_range(image, low=LOW, high=HIGH)[None], (labels > 0)[None].astype(np.float32)


def score(network: nn.Module) -> str:
    """The README's statement on 20 held-out stacks."""
    rng = np.random.default_rng(1003)
    found: list[float] = []
    for _ in range(20):
        image, labels = samples.stack_example(rng, (16, 64, 64))
        logits = predict(network, scale_range(image, low=LOW, high=HIGH)[None])
        found.append(scores.dice(logits[0] > 0, labels > 0))
    return (
        "On 20 held-out synthetic stacks of 16 by 64 by 64 voxels, at a threshold of 0.5: Dice "
        f"{np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Two planes of the stack, each beside the probability."""
    image, probability = tensors["stack"][0, 0], tensors["probability"][0, 0]
    return [panel for plane in (4, 11) for panel in (grey(image[plane]), heat(probability[plane]))]


def tensors() -> tuple[dict[str, Json], dict[str, Json]]:
    """The input's and the output's description."""
    sizes = {"z": (at_least(16, 8), PLANE), "y": (at_least(48, 16), PIXEL), "x": (at_least(48, 16), PIXEL)}
    stack: dict[str, Json] = {
        "id": "stack",
        "description": "Stained nuclei in camera counts.",
        "axes": [batch(), channels("nuclei")]
        + [space(axis, size, pixel=pixel) for axis, (size, pixel) in sizes.items()],
        "data": values("uint16", 0, 65535),
        "preprocessing": [
            TO_FLOAT32,
            step("scale_range", axes=["channel", "z", "y", "x"], min_percentile=LOW, max_percentile=HIGH),
            TO_FLOAT32,
        ],
    }
    probability: dict[str, Json] = {
        "id": "probability",
        "description": "Probability of a nucleus.",
        "axes": [batch(), channels("foreground")]
        + [space(axis, same_as("stack", axis), pixel=pixel) for axis, (_, pixel) in sizes.items()],
        "data": values("float32", 0.0, 1.0),
        "postprocessing": [step("sigmoid"), TO_FLOAT32],
    }
    return stack, probability


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    torch.manual_seed(13)
    unet = UNet(**NETWORK)  # type: ignore[arg-type]  # the same arguments go into the description
    network = train(unet, example, Schedule(images=160, steps=350, batch=4, seed=13))
    architecture: dict[str, Json] = {
        "import_from": "monai.networks.nets",
        "callable": "UNet",
        "kwargs": NETWORK,
    }
    weights = {
        "pytorch_state_dict": export_torch.state_dict(network, folder, architecture),
        "torchscript": export_torch.torchscript(network, folder) | {"parent": "pytorch_state_dict"},
    }
    stack, probability = tensors()
    test_stack = samples.stack_example(np.random.default_rng(2003), (16, 64, 64)).image[None, None]
    finish(
        folder,
        ABOUT,
        inputs={"stack": test_stack},
        outputs=["probability"],
        weights_format="pytorch_state_dict",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[stack],
            outputs=[probability],
            weights=weights,
            tolerance={"absolute_tolerance": 1e-4, "relative_tolerance": 1e-4},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
