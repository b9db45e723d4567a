"""Modules that users write by hand, and what is wrong with them. An entry added here runs through every tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from intertwine import nn

from .layers import c4, c8, d4, line, mixed, regulars, trivials, upright


@dataclass(frozen=True)
class Written:
    """A module under contract.

    Attributes:
        build: makes it.
        size: of the input along each axis.
        guilty: the path of the part that breaks the symmetry; ``""`` for the module's own ``forward``, ``None`` if nothing does.
        known: whether the tools can know it; else they say that they do not.
        channels: of the input, where the module has no type.
    """

    build: Callable[[], torch.nn.Module]
    size: int = 16
    guilty: str | None = None
    known: bool = True
    channels: int | None = None


class Block(nn.EquivariantModule):
    """As users of escnn write them: fields in, fields out, a ``forward`` of its own."""

    def __init__(self, kind, **options):
        super().__init__()
        self.in_type = self.out_type = kind
        self.conv = nn.R2Conv(kind, kind, 3, padding=1, **options)
        self.relu = nn.ReLU(kind)

    def forward(self, x):
        return self.relu(self.conv(x)) + x


class Shrinks(nn.EquivariantModule):
    """Strides, whose exactness depends on the size."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind
        self.down = nn.R2Conv(kind, kind, 3, stride=2, padding=1)

    def forward(self, x):
        return self.down(x)


class PlainConv(Block):
    """A convolution of torch on the channels of fields."""

    def __init__(self, kind):
        super().__init__(kind)
        self.plain = torch.nn.Conv2d(kind.size, kind.size, 3, padding=1)

    def forward(self, x):
        return nn.GeometricTensor(self.plain(self.conv(x).tensor), self.out_type)


class Attends(Block):
    """Scalars out of fields weigh them: right, with a layer of torch that acts on each pixel alone."""

    def __init__(self, kind):
        super().__init__(kind)
        self.norm = nn.NormPool(kind)
        self.weigh = torch.nn.Conv2d(self.norm.out_type.size, 1, 1)

    def forward(self, x):
        weights = torch.sigmoid(self.weigh(self.norm(x).tensor))
        return nn.GeometricTensor(self.conv(x).tensor * weights, self.out_type)


class Crops(Block):
    """Nothing is wrong with its parts."""

    def forward(self, x):
        return nn.GeometricTensor(self.conv(x).tensor[..., 1:, 1:], self.out_type)


class Resizes(Block):
    """By a function of torch, to a size for which the nearest cells are not the same from both sides."""

    def forward(self, x):
        return nn.GeometricTensor(F.interpolate(self.conv(x).tensor, size=(24, 24), mode="nearest"), self.out_type)


class PoolsByFunction(Block):
    """Even sizes keep the symmetry, odd ones do not."""

    def forward(self, x):
        return nn.GeometricTensor(F.max_pool2d(self.conv(x).tensor, 2), self.out_type)


class MixesChannels(nn.EquivariantModule):
    """A ``_compute`` of its own, wrong for fields."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind

    def _compute(self, tensor):
        return tensor.flip(1) * torch.arange(1, tensor.shape[1] + 1, dtype=tensor.dtype)[:, None, None]


class Positions(nn.EquivariantModule):
    """Adds a ramp: made on the CPU, so that it does not run on the meta device."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind
        self.ramp = [float(n) for n in range(16)]

    def forward(self, x):
        return nn.GeometricTensor(x.tensor + torch.tensor(self.ramp, dtype=x.tensor.dtype), self.out_type)


class Nested(nn.EquivariantModule):
    """The fault is deep inside."""

    def __init__(self, kind, part):
        super().__init__()
        self.in_type, self.out_type = kind, part.out_type
        self.blocks = torch.nn.ModuleList([Block(kind), Block(kind)])
        self.tail = torch.nn.Sequential(nn.IdentityModule(kind), part)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.tail(x)


class WrongTwice(nn.R2Conv):
    """A layer of the library that was changed."""

    def _compute(self, tensor):
        return super()._compute(tensor).cumsum(dim=-1)


class Renamed(nn.R2Conv):
    """A layer of the library under another name."""

    def __init__(self, kind):
        super().__init__(kind, kind, 3, padding=1)


class Classifier(torch.nn.Module):
    """As in the tutorials: no types outside."""

    def __init__(self, kind, middle=None):
        super().__init__()
        self.input_type = trivials(kind.gspace, 1)
        self.lift = nn.R2Conv(self.input_type, kind, 3, padding=1)
        self.middle = middle or nn.IdentityModule(kind)
        self.pool = nn.GroupPooling(kind)
        self.linear = torch.nn.Linear(self.pool.out_type.size, 3)

    def forward(self, x):
        x = self.pool(self.middle(self.lift(nn.GeometricTensor(x, self.input_type)))).tensor
        return self.linear(x.mean(dim=tuple(range(2, x.dim()))))


class FlatClassifier(Classifier):
    """The linear layer sees where things are."""

    def __init__(self, kind):
        super().__init__(kind)
        self.linear = torch.nn.Linear(self.pool.out_type.size * 16**2, 3)

    def forward(self, x):
        x = self.pool(self.lift(nn.GeometricTensor(x, self.input_type))).tensor
        return self.linear(x.flatten(1))


class Between(torch.nn.Module):
    """A module without types between others."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x):
        return self.part(x) * 2


class UNetByHand(nn.EquivariantModule):
    """Parts of the library, joined by functions of torch."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind
        self.pool = nn.PointwiseMaxPool2D(kind, 2)
        self.deep = Block(kind)
        self.join = nn.R2Conv(kind + kind, kind, 3, padding=1)

    def forward(self, x):
        deep = self.deep(self.pool(x)).tensor
        up = F.interpolate(deep, scale_factor=2, mode="bilinear")
        return self.join(nn.GeometricTensor(torch.cat([x.tensor, up], dim=1), self.join.in_type))


class Restricted(nn.EquivariantModule):
    """Fewer symmetries behind than before."""

    def __init__(self, kind, id):
        super().__init__()
        self.in_type = kind
        self.restrict = nn.RestrictionModule(kind, id)
        self.split = nn.DisentangleModule(self.restrict.out_type)
        self.out_type = self.split.out_type

    def forward(self, x):
        return self.split(self.restrict(x))


def hooked():
    """A layer of the library with a hook that changes what it gives."""
    conv = nn.R2Conv(regulars(c4()), regulars(c4()), 3, padding=1)
    conv.register_forward_hook(lambda module, inputs, output: output.cumsum(dim=-1))
    return conv


def before(part, kind=None):
    """Behind a layer, in a sequence."""
    kind = kind or part.in_type
    return nn.SequentialModule(nn.R2Conv(trivials(kind.gspace, 1), kind, 3, padding=1), part)


def tail(*layers):
    """Ordinary layers behind invariant fields."""
    kind = regulars(c4(), 2)
    return nn.SequentialModule(nn.R2Conv(trivials(c4(), 1), kind, 3, padding=1), nn.GroupPooling(kind), *layers)


HANDWRITTEN: dict[str, Written] = {
    "block": Written(lambda: Block(regulars(c4()))),
    "block, D4": Written(lambda: Block(regulars(d4(), 1))),
    "block, C8": Written(lambda: Block(regulars(c8(), 1)), size=9),
    "block, in a sequence": Written(lambda: before(Block(regulars(c4())))),
    "block, nested": Written(lambda: Nested(regulars(c4()), Block(regulars(c4())))),
    "strides at a good size": Written(lambda: Shrinks(regulars(c4())), size=15),
    "strides": Written(lambda: Shrinks(regulars(c4())), guilty="down"),
    "strides, in a sequence": Written(lambda: before(Shrinks(regulars(c4()))), guilty="1.down"),
    "plain convolution": Written(lambda: PlainConv(regulars(c4())), guilty="plain"),
    "plain convolution, in a sequence": Written(lambda: before(PlainConv(regulars(c4()))), guilty="1.plain"),
    "plain convolution, nested": Written(
        lambda: before(Nested(regulars(c4()), PlainConv(regulars(c4())))), guilty="1.tail.1.plain"
    ),
    "attention of channels": Written(lambda: Attends(regulars(c4()))),
    "crops": Written(lambda: Crops(regulars(c4())), guilty=""),
    "crops, nested": Written(lambda: Nested(regulars(c4()), Crops(regulars(c4()))), guilty="tail.1"),
    "resizes": Written(lambda: Resizes(regulars(c4())), guilty=""),
    "pools by a function, even": Written(lambda: PoolsByFunction(regulars(c4()))),
    "pools by a function, odd": Written(lambda: PoolsByFunction(regulars(c4())), size=15, guilty=""),
    "mixes channels": Written(lambda: MixesChannels(regulars(c4())), guilty=""),
    "positions": Written(lambda: Positions(regulars(c4())), guilty=""),
    "changed layer": Written(lambda: WrongTwice(regulars(c4()), regulars(c4()), 3), guilty=""),
    "renamed layer": Written(lambda: Renamed(regulars(c4()))),
    "hook": Written(hooked, guilty=""),
    "parametrised layer": Written(
        lambda: torch.nn.utils.parametrizations.weight_norm(nn.R2Conv(regulars(c4()), regulars(c4()), 3), "weights")
    ),
    "classifier": Written(lambda: Classifier(regulars(c4())), channels=1),
    "classifier, broken inside": Written(
        lambda: Classifier(regulars(c4()), PlainConv(regulars(c4()))), guilty="middle.plain", channels=1
    ),
    "classifier of positions": Written(lambda: FlatClassifier(regulars(c4())), guilty="", known=False, channels=1),
    "container of torch": Written(
        lambda: torch.nn.Sequential(Block(regulars(c4())), nn.ReLU(regulars(c4()))), channels=8
    ),
    "container of torch, broken": Written(
        lambda: torch.nn.Sequential(Block(regulars(c4())), PlainConv(regulars(c4()))), guilty="1.plain", channels=8
    ),
    "no types between": Written(
        lambda: torch.nn.Sequential(
            nn.R2Conv(trivials(c4(), 1), regulars(c4()), 3),
            Between(torch.nn.Conv2d(8, 8, 3)),
            nn.R2Conv(regulars(c4()), regulars(c4()), 3),
        ),
        guilty="1.part",
        channels=1,
    ),
    "no types between, right": Written(
        lambda: torch.nn.Sequential(
            nn.R2Conv(trivials(c4(), 1), regulars(c4()), 3),
            Between(torch.nn.ReLU()),
            nn.R2Conv(regulars(c4()), regulars(c4()), 3),
        ),
        channels=1,
    ),
    "tail of one pixel": Written(lambda: tail(torch.nn.ReLU(), torch.nn.Conv2d(2, 3, 1))),
    "tail": Written(lambda: tail(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 3))),
    "tail, plain convolution": Written(lambda: tail(torch.nn.Conv2d(2, 3, 3)), guilty="2"),
    "tail, flattened": Written(lambda: tail(torch.nn.Flatten(), torch.nn.Linear(2 * 16**2, 3)), guilty="2"),
    "tail, in a container of torch": Written(
        lambda: tail(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Conv2d(2, 3, 3))), guilty="2.1"
    ),
    "alias-free, changed": Written(lambda: nn.AliasFree(MixesChannels(regulars(c4()))), guilty="module"),
    "U-Net": Written(lambda: UNetByHand(regulars(c4()))),
    "restricted": Written(lambda: Restricted(mixed(d4()), (None, 4)), size=9),
    "restricted, then broken": Written(
        lambda: nn.SequentialModule(
            Restricted(regulars(d4(), 1), (None, 4)), PlainConv(Restricted(regulars(d4(), 1), (None, 4)).out_type)
        ),
        guilty="1.plain",
    ),
    "line": Written(lambda: before1(Between1(regulars(line()))), guilty="1.plain"),
    "volumes": Written(lambda: Volumes(regulars(upright(), 1)), size=6, guilty=""),
}


class Between1(nn.EquivariantModule):
    """On a line."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind
        self.plain = torch.nn.Conv1d(kind.size, kind.size, 3)

    def forward(self, x):
        return self.out_type(self.plain(x.tensor))


def before1(part):
    """Behind a layer on a line."""
    return nn.SequentialModule(nn.R1Conv(trivials(part.in_type.gspace, 1), part.in_type, 3, padding=1), part)


class Volumes(nn.EquivariantModule):
    """In space."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind
        self.conv = nn.R3Conv(kind, kind, 3, padding=1)

    def forward(self, x):
        return self.out_type(self.conv(x).tensor.roll(1, dims=-1))
