"""nuclei-cellpose2d: flows of nuclei in the shape of Cellpose's own export, with a smaller network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from cellpose import dynamics, transforms
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tools.collection import export_torch, samples, scores
from tools.collection.about import CELLPOSE, About
from tools.collection.architectures.cpnet import CPnetBioImageIO
from tools.collection.cover import Panel, coloured, grey, heat
from tools.collection.describe import at_least, channels, describe, same_as, space, values
from tools.collection.files import Json
from tools.collection.package import Arrays, finish
from tools.collection.shapes import FloatImage, LabelImage
from tools.collection.train_torch import Example, predict

PIXEL = 0.625
LEVELS = (4, 8, 16)
KWARGS: dict[str, Json] = {"nbase": [2, *LEVELS], "nout": 3, "sz": 3, "diam_mean": 15.0}
IMAGES, STEPS, BATCH, RATE = 160, 400, 8, 0.005

ABOUT = About(
    id="nuclei-cellpose2d",
    name="Nuclei flows 2D for Cellpose",
    description="Flows and cell probability of nuclei in 2D fluorescence images, for Cellpose 3.",
    tags=["nuclei", "fluorescence-light-microscopy", "instance-segmentation", "2d", "cellpose", "pytorch"],
    cite=[CELLPOSE],
    license="CC-BY-4.0",
    does="""Gives, for each pixel, the direction to the middle of its nucleus (`flow1` along y, `flow2` along
x, both five times a unit vector) and the logit of the probability that it belongs to a nucleus (`flow3`).
The network is that of Cellpose 3 with 26 thousand parameters; the weights open in Cellpose's own class. As
in Cellpose's export, the style and the features of each level are outputs, too.""",
    images="""160 synthetic images of 64 by 64 pixels (0.625 micrometers each): textured elliptic nuclei
of 5 to 10 pixels radius, some touching, with blur, uneven illumination, photon noise and read noise, in
16 bit camera counts.""",
    use="""Scale each image so that its 1st percentile is 0 and its 99th is 1, as Cellpose does, put it into
the first channel, and zeros into the second. `cellpose.dynamics.compute_masks` makes a label map of the
flows. Height and width are multiples of 16.""",
    limits="""Nuclei much larger than 10 pixels were not among the training images. Nothing was ever in the
second channel.""",
)
REASON = """Flows up to 5, features up to some tens: float32 products are summed in another order on other
CPUs. No decision depends on less than 0.01."""


def normalised(image: NDArray[np.generic]) -> FloatImage:
    """An image (height, width) as Cellpose hands it to the network: (2, height, width)."""
    scaled = transforms.normalize_img(image[..., None].astype(np.float32), axis=-1)[..., 0]
    return np.stack([scaled, np.zeros_like(scaled)]).astype(np.float32)


def example(rng: np.random.Generator) -> Example:
    """A training image (2, 64, 64), its flows times 5 and its foreground (3, 64, 64)."""
    image, labels = samples.nuclei_example(rng, 64)
    _, foreground, y, x = dynamics.labels_to_flows([labels], device=torch.device("cpu"))[0]
    return normalised(image), np.stack([5 * y, 5 * x, foreground > 0]).astype(np.float32)


def loss(answer: Tensor, target: Tensor) -> Tensor:
    """As Cellpose trains: half of the squared error of the flows, and cross entropy."""
    flows = functional.mse_loss(answer[:, :2], target[:, :2])
    return flows / 2 + functional.binary_cross_entropy_with_logits(answer[:, 2], target[:, 2])


def trained() -> CPnetBioImageIO:
    """The network after training. Flows are vectors, so images are not turned."""
    torch.manual_seed(23)
    rng = np.random.default_rng(23)
    network = CPnetBioImageIO([2, *LEVELS], 3, 3, 15.0)
    examples = [example(rng) for _ in range(IMAGES)]
    images, targets = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*examples, strict=True))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS)
    network.train()
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.integers(0, IMAGES, BATCH))
        optimiser.zero_grad()
        loss(network(images[chosen])[0], targets[chosen]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rates.step()
    return network.eval()


def labels_of(flows: FloatImage) -> LabelImage:
    """Cellpose's label map (height, width) of flows and logits (3, height, width)."""
    masks = dynamics.compute_masks(flows[:2], flows[2], device=torch.device("cpu"))
    return np.asarray(masks, np.int32)


def score(network: CPnetBioImageIO) -> str:
    """The README's statement on 30 held-out images."""
    rng = np.random.default_rng(1023)
    found: list[float] = []
    for _ in range(30):
        image, labels = samples.nuclei_example(rng, 128)
        found.append(scores.object_f1(labels_of(predict(network, normalised(image))[0]), labels))
    return (
        "On 30 held-out synthetic images of 128 by 128 pixels, with Cellpose's label maps of the flows: F1 "
        f"of nuclei with an intersection over union above 0.5: {np.mean(found):.3f}."
    )


def draw(tensors: Arrays) -> list[Panel]:
    """Input, cell probability, label map."""
    flow = np.asarray(tensors["flow"][0], np.float32)
    return [grey(tensors["raw"][0, 0]), heat(1 / (1 + np.exp(-flow[2]))), coloured(labels_of(flow))]


def tensors() -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """The input's and the outputs' descriptions, with the ids and axes of Cellpose's export."""
    raw: dict[str, Json] = {
        "id": "raw",
        "description": "Stained nuclei, scaled by percentiles, and an empty channel.",
        "axes": [
            space("z", at_least(1, 1), pixel=PIXEL),
            channels("c1", "c2"),
            *(space(axis, at_least(16, 16), pixel=PIXEL) for axis in "yx"),
        ],
        "data": values("float32", None, None),
    }
    planes = space("z", same_as("raw", "z"), pixel=PIXEL)

    def output(name: str, description: str, *names: str, shrunk: int | None = 1) -> dict[str, Json]:
        sizes = (
            ()
            if shrunk is None
            else tuple(space(axis, same_as("raw", axis), pixel=PIXEL * shrunk) for axis in "yx")
        )
        return {
            "id": name,
            "description": description,
            "axes": [planes, channels(*names), *sizes],
            "data": values("float32", None, None),
        }

    def features(count: int) -> list[str]:
        return [f"feature{number + 1}" for number in range(count)]

    downsampled = [
        output(f"downsampled_{level}", "Features of one level.", *features(count), shrunk=2**level)
        for level, count in enumerate(LEVELS)
    ]
    flow = output("flow", "Flow along y and x, logit of the cell probability.", "flow1", "flow2", "flow3")
    style = output("style", "Means of the coarsest features.", *features(LEVELS[-1]), shrunk=None)
    return raw, [flow, style, *downsampled]


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    network = trained()
    architecture = export_torch.architecture_file(folder, "CPnetBioImageIO", source="cpnet.py", **KWARGS)
    raw, outputs = tensors()
    image = samples.nuclei_example(np.random.default_rng(2023), 48).image
    finish(
        folder,
        ABOUT,
        inputs={"raw": normalised(image)[None]},
        outputs=[str(output["id"]) for output in outputs],
        weights_format="pytorch_state_dict",
        description=partial(
            describe,
            folder,
            ABOUT,
            inputs=[raw],
            outputs=outputs,
            weights={"pytorch_state_dict": export_torch.state_dict(network, folder, architecture)},
            tolerance={"absolute_tolerance": 1e-3, "relative_tolerance": 1e-3},
            reason=REASON,
        ),
        draw=draw,
        validation=score(network),
    )
