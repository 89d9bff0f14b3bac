"""Nuclei as an instance label map, with the labelling inside the network's graph."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.collection.architectures.unet2d import UNet2d


def spread(labels: Tensor, allowed: Tensor) -> Tensor:
    """Lets the larger of neighbouring labels win inside ``allowed`` until nothing changes.

    Both have shape (batch, 1, height, width); labels are float32, which is exact up to 2**24 pixels.
    """
    settled = False
    while not settled:
        grown = functional.max_pool2d(labels, 3, stride=1, padding=1) * allowed
        settled = bool(torch.equal(grown, labels))
        labels = grown
    return labels


def grow(labels: Tensor, allowed: Tensor) -> Tensor:
    """Lets labels take unlabelled pixels of ``allowed`` until nothing changes, none from each other."""
    settled = False
    while not settled:
        neighbours = functional.max_pool2d(labels, 3, stride=1, padding=1) * allowed
        grown = torch.where(labels > 0, labels, neighbours)
        settled = bool(torch.equal(grown, labels))
        labels = grown
    return labels


def number(labels: Tensor) -> Tensor:
    """Renumbers the labels of each image from 1 without gaps; (batch, 1, height, width), to int32."""
    numbered = torch.zeros_like(labels, dtype=torch.int32)
    for index in range(labels.shape[0]):
        values, places = torch.unique(labels[index], return_inverse=True)
        # without any background pixel the smallest value is a nucleus and not 0
        first = 0 if bool(values[0] == 0) else 1
        numbered[index] = (places + first).to(torch.int32)
    return numbered


class LabelNuclei(nn.Module):
    """A U-Net for nuclei and their cores, then connected components of the cores, grown to the nuclei."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.unet = UNet2d(in_channels=1, out_channels=2, width=width)

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, height, width) to int32 labels of the same shape, 0 is background."""
        logits = self.unet(image)
        nuclei = (logits[:, :1] > 0).to(torch.float32)
        cores = (logits[:, 1:] > 0).to(torch.float32) * nuclei
        height, width = image.shape[2], image.shape[3]
        names = torch.arange(1, height * width + 1, dtype=torch.float32, device=image.device)
        seeds = spread(names.view(1, 1, height, width) * cores, cores)
        return number(grow(seeds, nuclei))
