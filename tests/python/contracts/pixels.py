"""Networks that answer for each pixel, and others that no tiles can serve. An entry added here runs through every contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from intertwine import gspaces, nn

from .layers import c4, line, regulars, trivials, unet, upright


@dataclass(frozen=True)
class Pixels:
    """A network under contract.

    Attributes:
        build: makes it; one channel in.
        sizes: of images that it takes.
        tile: side of tiles that are large enough.
        dimension: of space.
    """

    build: Callable[[], torch.nn.Module]
    sizes: tuple[tuple[int, ...], ...]
    tile: int


class UNet(torch.nn.Module):
    """Down, up and a skip, by functions of torch: no module tells its strides."""

    def __init__(self, mode: str = "bilinear", **options: bool) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(1, 3, 3, padding=1)
        self.deep = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.deeper = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.last = torch.nn.Conv2d(9, 2, 3, padding=1)
        self.mode, self.options = mode, options

    def _up(self, x: torch.Tensor, factor: int) -> torch.Tensor:
        return torch.nn.functional.interpolate(x, scale_factor=factor, mode=self.mode, **self.options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The answers."""
        a = torch.relu(self.first(x))
        b = torch.relu(self.deep(torch.nn.functional.max_pool2d(a, 2)))
        c = torch.relu(self.deeper(torch.nn.functional.avg_pool2d(b, 2)))
        return self.last(torch.cat([a, self._up(b, 2), self._up(c, 4)], dim=1))


class UpToSize(torch.nn.Module):
    """Any size: what strides make smaller is brought back to the size of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.down = torch.nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.last = torch.nn.Conv2d(5, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The answers."""
        small = torch.relu(self.down(x))
        large = torch.nn.functional.interpolate(small, scale_factor=2, mode="nearest")
        large = large[..., : x.shape[2], : x.shape[3]]
        return self.last(torch.cat([x, large], dim=1))


class Excited(torch.nn.Module):
    """Channels scaled by what the whole image says."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The answers."""
        y = self.conv(x)
        return y * y.mean(dim=(2, 3), keepdim=True)


class Attentive(torch.nn.Module):
    """Every pixel looks at every other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The answers."""
        y = self.conv(x)
        tokens = y.flatten(2).movedim(1, 2)
        return self.attention(tokens, tokens, tokens)[0].movedim(2, 1).reshape(y.shape)


def library_unet() -> nn.SequentialModule:
    """A U-Net of the library's own parts, with two coarser grids."""
    return unet(c4(), levels=2)


def strided() -> nn.SequentialModule:
    """Strides of a convolution, brought back by a transposed one: odd sizes only."""
    kind = regulars(c4(), 2)
    return nn.SequentialModule(
        nn.R2Conv(trivials(c4(), 1), kind, 3, padding=1, stride=2),
        nn.ReLU(kind),
        nn.R2ConvTransposed(kind, trivials(c4(), 2), 3, padding=1, stride=2),
    )


def pooled() -> nn.SequentialModule:
    """Antialiased pooling and up-sampling."""
    kind = regulars(c4(), 2)
    return nn.SequentialModule(
        nn.R2Conv(trivials(c4(), 1), kind, 5, padding=2),
        nn.ReLU(kind),
        nn.PointwiseAvgPoolAntialiased2D(kind, 0.66, 2),
        nn.R2Conv(kind, kind, 3, padding=1),
        nn.ReLU(kind),
        nn.R2Upsampling(kind, 2),
        nn.R2Conv(kind, trivials(c4(), 2), 3, padding=1),
    )


def plain(space: gspaces.GSpace, kernel: int = 3, **options: int) -> nn.SequentialModule:
    """Two convolutions."""
    conv = {1: nn.R1Conv, 2: nn.R2Conv, 3: nn.R3Conv}[space.dimensionality]
    kind = regulars(space, 1)
    layers = [conv(trivials(space, 1), kind, kernel, **options), nn.ReLU(kind)]
    return nn.SequentialModule(*layers, conv(kind, trivials(space, 2), kernel, **options))


def volumes() -> torch.nn.Module:
    """Strides that differ between the axes of space."""
    return torch.nn.Sequential(
        torch.nn.Conv3d(1, 2, 3, padding=1),
        torch.nn.MaxPool3d((1, 2, 2)),
        torch.nn.Conv3d(2, 2, 3, padding=1),
        torch.nn.Upsample(scale_factor=(1.0, 2.0, 2.0), mode="nearest"),
        torch.nn.Conv3d(2, 1, 1),
    )


PIXELS: dict[str, Pixels] = {
    "plain": Pixels(lambda: plain(c4(), padding=1), ((40, 33), (21, 50)), 9),
    "dilated": Pixels(lambda: plain(c4(), padding=2, dilation=2), ((40, 33),), 14),
    "reflected": Pixels(lambda: plain(c4(), padding=1, padding_mode="reflect"), ((40, 33),), 11),
    "pooled": Pixels(pooled, ((40, 64), (62, 30)), 32),
    "strided": Pixels(strided, ((41, 63), (29, 45)), 12),
    "U-Net of the library": Pixels(library_unet, ((96, 64), (84, 100)), 76),
    "U-Net of functions": Pixels(UNet, ((64, 72), (52, 100)), 45),
    "U-Net of functions, nearest": Pixels(lambda: UNet("nearest"), ((64, 72),), 45),
    "any size": Pixels(UpToSize, ((41, 62), (40, 51)), 16),
    "by thirds": Pixels(
        lambda: torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3, stride=3), torch.nn.ReLU(), torch.nn.ConvTranspose2d(4, 2, 3, stride=3)
        ),
        ((36, 60),),
        10,
    ),
    "transposed": Pixels(lambda: torch.nn.ConvTranspose2d(1, 2, 5, padding=2), ((40, 33),), 11),
    "batch norm": Pixels(
        lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU()),
        ((40, 33),),
        8,
    ),
    "line": Pixels(lambda: plain(line(), 5, padding=2), ((70,), (41,)), 16),
    "volume": Pixels(lambda: plain(upright(), padding=1), ((12, 13, 14),), 9),
    "volume, flat strides": Pixels(volumes, ((12, 26, 30),), 14),
}
"""Networks whose tiles are the whole."""

WHOLE: dict[str, Pixels] = {
    "instance norm": Pixels(
        lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.InstanceNorm2d(3)), ((64, 64),), 24
    ),
    "group norm": Pixels(
        lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.GroupNorm(2, 4)), ((64, 64),), 24
    ),
    "excited": Pixels(Excited, ((64, 64),), 24),
    "attention": Pixels(Attentive, ((40, 40),), 24),
    "circular": Pixels(lambda: plain(c4(), padding=1, padding_mode="circular"), ((64, 64),), 24),
    "corners aligned": Pixels(lambda: UNet(align_corners=True), ((64, 64),), 45),
    "tile too small": Pixels(UNet, ((64, 64),), 20),
    "tile far too small": Pixels(library_unet, ((96, 96),), 16),
}
"""Networks, with tiles that cannot serve them."""
