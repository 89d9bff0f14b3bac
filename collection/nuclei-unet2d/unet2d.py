"""A small 2D U-Net (Ronneberger et al., 2015) for one package: it needs torch and nothing else."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def mirror_pad(image: Tensor, margin: int) -> Tensor:
    """Pads height and width by ``margin`` pixels on each side, mirrored with the rim pixel repeated.

    ``torch.nn.functional.pad`` has no such mode, but it is how consumers pad by the halo.
    """
    rows = torch.cat((image[:, :, :margin].flip(2), image, image[:, :, -margin:].flip(2)), dim=2)
    return torch.cat((rows[..., :margin].flip(3), rows, rows[..., -margin:].flip(3)), dim=3)


class ConvBlock(nn.Module):
    """Two 3 by 3 convolutions, each with batch norm and ReLU; keeps height and width."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        )

    def forward(self, image: Tensor) -> Tensor:
        """(batch, channels_in, height, width) to (batch, channels_out, height, width)."""
        features: Tensor = self.layers(image)
        return features


class UNet2d(nn.Module):
    """A U-Net with two poolings.

    Args:
        in_channels: channels of the image.
        out_channels: channels of the logits.
        width: channels of the finest level; each pooling doubles them.
        margin: pixels by which the image is mirrored outwards before the convolutions, and cropped after;
            a multiple of 4. With at least 24 no output pixel sees the zeros that convolutions pad with.
    """

    def __init__(self, in_channels: int = 1, out_channels: int = 1, width: int = 8, margin: int = 0) -> None:
        super().__init__()
        self.margin = margin
        self.fine_in = ConvBlock(in_channels, width)
        self.middle_in = ConvBlock(width, 2 * width)
        self.coarse = ConvBlock(2 * width, 4 * width)
        self.middle_out = ConvBlock(6 * width, 2 * width)
        self.fine_out = ConvBlock(3 * width, width)
        self.head = nn.Conv2d(width, out_channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(batch, in_channels, height, width) to logits (batch, out_channels, height, width).

        Height and width have to be multiples of 4.
        """
        if self.margin > 0:
            image = mirror_pad(image, self.margin)
        fine = self.fine_in(image)
        middle = self.middle_in(functional.max_pool2d(fine, 2))
        coarse = self.coarse(functional.max_pool2d(middle, 2))
        raised = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        middle = self.middle_out(torch.cat((raised, middle), dim=1))
        raised = functional.interpolate(middle, scale_factor=2.0, mode="nearest")
        logits: Tensor = self.head(self.fine_out(torch.cat((raised, fine), dim=1)))
        if self.margin > 0:
            logits = logits[:, :, self.margin : -self.margin, self.margin : -self.margin]
        return logits


class PairedUNet2d(nn.Module):
    """A U-Net that reads two stains as two tensors and answers with two tensors."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.unet = UNet2d(in_channels=2, out_channels=2, width=width)

    def forward(self, nuclei: Tensor, membrane: Tensor) -> tuple[Tensor, Tensor]:
        """Two images (batch, 1, height, width) to logits of nuclei and of cell borders, of the same shape."""
        logits = self.unet(torch.cat((nuclei, membrane), dim=1))
        return logits[:, :1], logits[:, 1:]
