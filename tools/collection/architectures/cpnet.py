"""The residual U-Net of Cellpose 3 (Stringer et al., 2021) for one package: it needs nothing but torch.

Names of layers and arguments are Cellpose's, so that either program reads the weights of the other.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class NormConv(nn.Sequential):
    """Batch norm, ReLU, convolution; keeps height and width."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels_in, eps=1e-5, momentum=0.05),
            nn.ReLU(),
            nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2),
        )


class Projection(nn.Sequential):
    """Batch norm and a convolution of single pixels."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels_in, eps=1e-5, momentum=0.05),
            nn.Conv2d(channels_in, channels_out, 1),
        )


class StyledConv(nn.Module):
    """A convolution after the image's style was added to all pixels."""

    def __init__(self, channels_in: int, channels_out: int, style_channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = NormConv(channels_in, channels_out, kernel)
        self.full = nn.Linear(style_channels, channels_out)

    def forward(self, style: Tensor, features: Tensor) -> Tensor:
        """Style (batch, style_channels), features (batch, channels_in, height, width)."""
        styled: Tensor = self.conv(features + self.full(style)[:, :, None, None])
        return styled


class Down(nn.Module):
    """One level of the way down: two residual blocks of two convolutions."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        self.proj = Projection(channels_in, channels_out)
        self.conv = nn.Sequential()
        for number in range(4):
            width = channels_out if number else channels_in
            self.conv.add_module(f"conv_{number}", NormConv(width, channels_out, kernel))

    def forward(self, features: Tensor) -> Tensor:
        """(batch, channels_in, height, width) to channels_out."""
        first: Tensor = self.proj(features) + self.conv[1](self.conv[0](features))
        return first + self.conv[3](self.conv[2](first))


class Up(nn.Module):
    """One level of the way up: two residual blocks that see the style and the same level of the way down."""

    def __init__(self, channels_in: int, channels_out: int, style_channels: int, kernel: int) -> None:
        super().__init__()
        self.proj = Projection(channels_in, channels_out)
        self.conv = nn.Sequential()
        self.conv.add_module("conv_0", NormConv(channels_in, channels_out, kernel))
        for number in range(1, 4):
            block = StyledConv(channels_out, channels_out, style_channels, kernel)
            self.conv.add_module(f"conv_{number}", block)

    def forward(self, features: Tensor, level: Tensor, style: Tensor) -> Tensor:
        """(batch, channels_in, height, width) and ``level`` of channels_out to channels_out."""
        first: Tensor = self.proj(features) + self.conv[1](style, self.conv[0](features) + level)
        return first + self.conv[3](style, self.conv[2](style, first))


class CPnetBioImageIO(nn.Module):
    """Flows and cell probability of an image.

    Args:
        nbase: channels of the image, then of each level from fine to coarse.
        nout: channels of the answer: flow along y, flow along x, logit of the cell probability.
        sz: width of the convolutions in pixels.
        diam_mean: diameter in pixels of the cells in the training images.
    """

    def __init__(self, nbase: list[int], nout: int, sz: int, diam_mean: float = 30.0) -> None:
        super().__init__()
        levels = nbase[1:]
        down, up = nn.Sequential(), nn.Sequential()
        for number, (fine, coarse) in enumerate(pairwise(nbase)):
            down.add_module(f"res_down_{number}", Down(fine, coarse, sz))
        for number, (fine, coarse) in enumerate(pairwise([*levels, levels[-1]])):
            up.add_module(f"res_up_{number}", Up(coarse, fine, levels[-1], sz))
        self.downsample = nn.ModuleDict({"down": down})
        self.upsample = nn.ModuleDict({"up": up})
        self.output = NormConv(levels[0], nout, 1)
        self.diam_mean = nn.Parameter(torch.ones(1) * diam_mean, requires_grad=False)
        self.diam_labels = nn.Parameter(torch.ones(1) * diam_mean, requires_grad=False)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(batch, channels, height, width) to the answer, the style, and each level of the way down.

        The answer has the height and width of the image, the style is (batch, channels of the coarsest
        level) of length 1, and each level has half of the height and width of the one before.
        """
        levels: list[Tensor] = []
        for block in self.downsample["down"].children():
            image = block(functional.max_pool2d(image, 2) if levels else image)
            levels.append(image)
        mean = levels[-1].mean((2, 3))
        style = mean / (mean**2).sum(1, keepdim=True) ** 0.5
        features = levels[-1]
        for number, block in reversed(list(enumerate(self.upsample["up"].children()))):
            features = block(features, levels[number], style)
            if number:
                features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        return self.output(features), style, *levels
