"""Keras networks for images with the channel axis last."""

from __future__ import annotations

import keras
from keras import layers

Size = int | None
"""A height or width in pixels; None if it is free."""


def conv(tensor: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    """A 3 by 3 convolution with ReLU that keeps height and width."""
    return layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(tensor)


def unet(*, size: Size = None, width: int = 8) -> keras.Model:
    """A U-Net with two poolings: (batch, height, width, 1) to an output of the same shape.

    The output has no activation. Height and width have to be multiples of 4. Layers have names, by which
    their weights are exported.
    """
    image = keras.Input((size, size, 1), name="image")
    fine = conv(conv(image, width, "fine_in_1"), width, "fine_in_2")
    middle = layers.MaxPooling2D(2, name="pool_1")(fine)
    middle = conv(conv(middle, 2 * width, "middle_in_1"), 2 * width, "middle_in_2")
    coarse = layers.MaxPooling2D(2, name="pool_2")(middle)
    coarse = conv(conv(coarse, 4 * width, "coarse_1"), 4 * width, "coarse_2")
    raised = layers.UpSampling2D(2, name="raise_1")(coarse)
    middle = layers.Concatenate(name="join_1")([raised, middle])
    middle = conv(conv(middle, 2 * width, "middle_out_1"), 2 * width, "middle_out_2")
    raised = layers.UpSampling2D(2, name="raise_2")(middle)
    fine = layers.Concatenate(name="join_2")([raised, fine])
    fine = conv(conv(fine, width, "fine_out_1"), width, "fine_out_2")
    return keras.Model(image, layers.Conv2D(1, 1, name="head")(fine))


def denoiser(*, size: Size, width: int = 16) -> keras.Model:
    """A U-Net that adds its output to the image: (batch, height, width, 1) to the same shape."""
    inner = unet(size=size, width=width)
    image = inner.inputs[0]
    return keras.Model(image, layers.Add(name="restored")([image, inner.outputs[0]]))
