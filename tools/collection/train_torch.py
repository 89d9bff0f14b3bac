"""Training of the torch networks: dice and cross entropy on images made by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Example = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A preprocessed image and its target, each with a leading channel axis and the same spatial shape."""
Loss = Callable[[Tensor, Tensor], Tensor]
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long to train: ``images`` made by ``seed``, for ``steps`` batches of ``batch`` images."""

    images: int = 240
    steps: int = 600
    batch: int = 8
    rate: float = 0.01
    seed: int = 0


def overlap_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy plus soft dice of each channel; logits and target (batch, channels, ...), a scalar."""
    axes = [0, *range(2, target.ndim)]
    probability = torch.sigmoid(logits)
    both = (probability * target).sum(axes)
    total = probability.sum(axes) + target.sum(axes)
    dice = 1 - (2 * both + 1) / (total + 1)
    return functional.binary_cross_entropy_with_logits(logits, target) + dice.mean()


def turn(image: Tensor, target: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """The same random quarter turn and flip of the last two axes, for a batch of images and targets."""
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    image, target = torch.rot90(image, turns, (-2, -1)), torch.rot90(target, turns, (-2, -1))
    return (image.flip(-1), target.flip(-1)) if flip else (image, target)


def train(
    network: Network,
    make: Callable[[np.random.Generator], Example],
    schedule: Schedule,
    loss: Loss = overlap_loss,
) -> Network:
    """Trains the network in place on examples from ``make`` and returns it, ready for inference."""
    rng = np.random.default_rng(schedule.seed)
    examples = [make(rng) for _ in range(schedule.images)]
    images = torch.from_numpy(np.stack([image for image, _ in examples]))
    targets = torch.from_numpy(np.stack([target for _, target in examples]))
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=1e-4)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=schedule.steps)
    network.train()
    for _ in range(schedule.steps):
        chosen = torch.from_numpy(rng.integers(0, len(images), schedule.batch))
        image, target = turn(images[chosen], targets[chosen], rng)
        optimiser.zero_grad()
        value = loss(network(image), target)
        value.backward()  # type: ignore[no-untyped-call]  # torch's method is not annotated
        optimiser.step()
        rates.step()
    return network.eval()


def predict(network: nn.Module, *images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's answer to one image of each input (channels, ...), without the batch axis."""
    with torch.no_grad():
        answer = network(*(torch.from_numpy(image)[None] for image in images))
    return np.asarray(answer[0].numpy())
