"""Training of the Keras networks on images made by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tools.collection.shapes import FloatImage

Example = tuple[FloatImage, FloatImage]
"""A preprocessed image and its target, both (height, width)."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long to train: ``epochs`` times over ``images`` made by ``seed``, ``batch`` at a time."""

    images: int = 320
    epochs: int = 16
    batch: int = 8
    rate: float = 0.004
    seed: int = 0


def fix_seed(seed: int) -> None:
    """Makes initial weights, the order of images and TensorFlow's sums the same in each run."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def stacked(images: list[FloatImage]) -> NDArray[np.float32]:
    """Images of one shape as (batch, height, width, 1)."""
    return np.stack(images)[..., None].astype(np.float32)


def train(
    network: keras.Model,
    make: Callable[[np.random.Generator], Example],
    schedule: Schedule,
    loss: str | keras.losses.Loss,
) -> None:
    """Trains the network in place on examples from ``make``; the learning rate falls along a cosine."""
    rng = np.random.default_rng(schedule.seed)
    examples = [make(rng) for _ in range(schedule.images)]
    images, targets = stacked([image for image, _ in examples]), stacked([target for _, target in examples])
    steps = schedule.epochs * (schedule.images // schedule.batch)
    rates = keras.optimizers.schedules.CosineDecay(schedule.rate, steps)
    network.compile(optimizer=keras.optimizers.Adam(rates), loss=loss)
    for epoch in range(schedule.epochs):
        # one quarter turn for all images of an epoch, and a flip in every other
        turned = [np.rot90(array, epoch % 4, (1, 2)) for array in (images, targets)]
        if epoch % 8 >= 4:
            turned = [np.flip(array, 2) for array in turned]
        network.fit(*(np.ascontiguousarray(array) for array in turned), batch_size=schedule.batch, verbose=0)


def predict(network: keras.Model, image: FloatImage) -> FloatImage:
    """The network's answer to one image, both (height, width)."""
    answer = network(stacked([image]), training=False)
    return np.asarray(answer)[0, ..., 0]
