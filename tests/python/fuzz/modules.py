"""Layers and models at random: an entry for each layer of ``nn.__all__``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from intertwine import group, gspaces, nn
from intertwine.errors import IntertwineError
from intertwine.group import FiniteGroup
from intertwine.gspaces import GSpace

from .arguments import arguments_of
from .spaces import Draw, _subgroups, field_type, representation

LAYERS: dict[str, type[nn.EquivariantModule]] = {
    name: cls
    for name in nn.__all__
    if inspect.isclass(cls := getattr(nn, name))
    and issubclass(cls, nn.EquivariantModule)
    and cls is not nn.EquivariantModule
}
"""Every public layer, so that a new one is here without an entry."""

FUNCTIONS: dict[str, Callable[..., nn.EquivariantModule]] = {
    "depthwise_conv": nn.depthwise_conv,
    "separable_conv": nn.separable_conv,
}
"""Functions that build layers."""


def plain(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """A layer whose arguments are all drawn by their names."""
    return cls(**arguments_of(draw, space, cls, {"in_type": in_type or field_type(draw, space)}))


def no_type(draw: Draw, space: GSpace, cls: type) -> Any:
    """A layer that takes no type."""
    return cls(**arguments_of(draw, space, cls, {}))


def point_conv(draw: Draw, space: GSpace, cls: type) -> Any:
    """A convolution on points: rings, or a width and a number of them."""
    given: dict[str, Any] = {"in_type": field_type(draw, space), "groups": 1}
    given.update(
        {"rings": None, "width": 1.5, "n_rings": draw.randint(1, 3)} if draw.flip(0.7) else {"rings": [0.0, 1.0]}
    )
    return cls(
        **arguments_of(
            draw, space, cls, {"sigma": None, **given, "width": given.get("width"), "n_rings": given.get("n_rings")}
        )
    )


def resized(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """Either a factor, or a number of cells, or a size."""
    chosen = arguments_of(draw, space, cls, {"in_type": in_type or field_type(draw, space)}, often=0.6)
    chosen.pop(draw.choice(["size", "scale_factor", "cells"]), None)
    return cls(**chosen)


def gated(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """Gates for the fields of a type."""
    fields = field_type(draw, space)
    gates = nn.FieldType(space, len(fields) * [draw.choice([space.trivial_repr, representation(draw, space, "any")])])
    if cls is nn.GatedNonLinearity2:
        return cls((gates, fields))
    labels = len(fields) * ["gate"] + len(fields) * ["gated"]
    representations = [*gates.representations, *fields.representations]
    order = list(range(len(labels)))
    draw.shuffle(order)
    whole = nn.FieldType(space, [representations[k] for k in order])
    return cls(whole, [labels[k] for k in order], drop_gates=draw.flip(0.5))


def fourier(draw: Draw, space: GSpace, cls: type) -> Any:
    """Irreps, and a grid of the group or a part of it."""
    G = space.fibergroup
    irreps = draw.sample([psi.id for psi in space.irreps], draw.randint(1, min(3, len(list(space.irreps)))))
    given: dict[str, Any] = {"irreps": irreps, "channels": draw.randint(1, 2)}
    if draw.flip(0.5) and "function" in inspect.signature(cls.__init__).parameters:
        given["function"] = draw.choice(["p_relu", "p_elu", "p_sigmoid", "p_tanh"])
    if draw.flip(0.3):
        given["out_irreps"] = draw.sample([psi.id for psi in space.irreps], 1)
    if isinstance(G, FiniteGroup):
        if draw.flip(0.3):
            given["grid"] = draw.sample(list(G.elements), draw.randint(1, G.order()))
    elif draw.flip(0.7):
        given.update(
            draw.choice([{"N": draw.choice([6, 7, 8, 12])}, {"type": "thomson_cube", "N": 1}, {"type": "cube"}])
        )
    else:
        given["grid"] = list(draw.choice([space.exact_elements, list(G.testing_elements())[:7]]))
    if issubclass(cls, (nn.QuotientFourierPointwise, nn.QuotientFourierELU)):
        if isinstance(G, FiniteGroup):
            given["subgroup_id"] = draw.choice(_subgroups(G))[0]
        else:
            given["subgroup_id"] = draw.choice([(0.0, 1), (False, -1), (None, 2), 2, (False, 2)])
    return cls(space, **given)


def fourier_maxima(draw: Draw, space: GSpace, cls: type) -> Any:
    """Of the functions and on the grid that another layer draws."""
    other = fourier(draw, space, nn.FourierPointwise)
    return cls(
        **arguments_of(
            draw, space, cls, {"in_type": other.in_type, "subgroup_id": None, "grid": other.grid, "normalize": True}
        )
    )


def restriction(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """To a subgroup."""
    G = space.fibergroup
    label = (
        draw.choice(_subgroups(G))[0]
        if isinstance(G, FiniteGroup)
        else draw.choice([2, 4, (None, 4), (0.0, 2), "octa"])
    )
    return cls(in_type or field_type(draw, space), label)


def subgroup_pooling(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """Over a subgroup, of any mode."""
    return cls(*restriction(draw, space, lambda *found: found, in_type), draw.choice(["max", "mean"]))


def disentangled(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """Of fields that may fall apart."""
    restricted = restriction(draw, space, nn.RestrictionModule)
    return nn.SequentialModule(restricted, cls(restricted.out_type))


def reshuffled(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """Fields in another order."""
    kind = in_type or field_type(draw, space)
    return cls(kind, draw.sample(range(len(kind)), len(kind)))


def labelled(draw: Draw, kind: nn.FieldType) -> list[str]:
    """A label for each field."""
    return [draw.choice("ab") for _ in kind]


def branching(draw: Draw, space: GSpace, cls: type) -> Any:
    """A dict of types."""
    kind = field_type(draw, space)
    return cls(kind, labelled(draw, kind), draw.choice([0, 1, 2]))


def merging(draw: Draw, space: GSpace, cls: type) -> Any:
    """Modules side by side that take labels."""
    kinds = {label: field_type(draw, space) for label in "ab"}
    return cls([(follower(draw, kind), label) for label, kind in kinds.items()])


def multiple(draw: Draw, space: GSpace, cls: type) -> Any:
    """Modules side by side on parts of the fields."""
    kind = field_type(draw, space)
    labels = labelled(draw, kind)
    order = draw.choice([0, 1, 2])
    parts = nn.BranchingModule(kind, labels, order).out_type
    return cls(kind, labels, [(follower(draw, part), label) for label, part in parts.items()], order)


def tensor_product(draw: Draw, space: GSpace, cls: type) -> Any:
    """Fields of one representation each."""
    count = draw.randint(1, 2)
    one, other = (field_type(draw, space).representations[0] for _ in range(2))
    return cls(nn.FieldType(space, count * [one]), nn.FieldType(space, count * [other]))


def bilinear(draw: Draw, space: GSpace, cls: type) -> Any:
    """Of three types."""
    first, second, out = (field_type(draw, space) for _ in range(3))
    return cls((first, second), out, bias=draw.flip(0.5), groups=draw.choice([1, 1, 2]))


def alias_free(draw: Draw, space: GSpace, cls: type) -> Any:
    """Around a pointwise layer."""
    inner = plain(draw, space, draw.choice([nn.ReLU, nn.ELU, nn.NormNonLinearity, nn.GroupPooling, nn.NormPool]))
    return cls(inner, draw.choice([1, 2, 3]), draw.choice([1, 2]))


def skip(draw: Draw, space: GSpace, cls: type, in_type: nn.FieldType | None = None) -> Any:
    """A layer, and nothing or another layer around it."""
    kind = in_type or field_type(draw, space)
    return cls(kind, follower(draw, kind), None if draw.flip(0.6) else follower(draw, kind), draw.flip(0.3))


def wrapped(draw: Draw, space: GSpace, cls: type) -> Any:
    """A linear map of the channels, made equivariant."""
    if cls in (nn.PointFrameAverage, nn.PointCanonicalised):
        made = draw.choice([group.so2_group, group.o2_group, group.so3_group, group.o3_group])(2)
        space = gspaces.no_base_space(made)
        points = draw.randint(2, 4) * [made.standard_representation()]
        kind = nn.FieldType(space, [*points, representation(draw, space, "any")])
    else:
        if space.fibergroup.order() > 6:  # splines for many elements take long to trace
            space = gspaces.flipRot2dOnR2(draw.choice([1, 2, 3]))
        kind = field_type(draw, space)
    out = field_type(draw, space)
    layers: Any = {0: torch.nn.Linear, 1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}
    net = layers[space.dimensionality](kind.size, out.size, *(1 for _ in range(space.dimensionality > 0)))
    return cls(kind, out if draw.flip(0.7) else None, net)


def sequence(draw: Draw, space: GSpace, cls: type) -> Any:
    """Two to four layers that follow each other."""
    modules = [conv(draw, field_type(draw, space))]
    for _ in range(draw.randint(1, 3)):
        if not isinstance(modules[-1].out_type, nn.FieldType):
            break
        modules.append(follower(draw, modules[-1].out_type))
    return cls(*modules)


def conv(draw: Draw, kind: nn.FieldType) -> Any:
    """The convolution of the space of a type."""
    cls = {0: nn.Linear, 1: nn.R1Conv, 2: nn.R2Conv, 3: nn.R3Conv}[kind.gspace.dimensionality]
    return plain(draw, kind.gspace, cls, kind)


FOLLOWERS = (
    *("ReLU", "ELU", "NormNonLinearity", "InnerBatchNorm", "IIDBatchNorm1d", "IIDBatchNorm2d", "IIDBatchNorm3d"),
    *(
        "GNormBatchNorm",
        "FieldNorm",
        "LayerNorm",
        "RMSNorm",
        "InstanceNorm",
        "PointwiseAvgPool",
        "PointwiseMaxPool",
        "NormMaxPool",
        "GroupPooling",
        "NormPool",
    ),
    *(
        "PointwiseAvgPoolAntialiased",
        "PointwiseAdaptiveAvgPool",
        "R2Upsampling",
        "R3Upsampling",
        "CropModule",
        "PadModule",
        "ConcatenatedNonLinearity",
    ),
    *("IdentityModule", "FieldDropout", "R2ConvTransposed", "RestrictionModule", "ReshuffleModule"),
)


def follower(draw: Draw, kind: nn.FieldType) -> Any:
    """A layer that takes a type; the identity if a few tries find none."""
    for _ in range(4):
        try:
            if draw.flip(0.3):
                return conv(draw, kind)
            name = draw.choice(FOLLOWERS)
            return GENERATORS.get(name, plain)(draw, kind.gspace, LAYERS[name], kind)
        except IntertwineError:
            continue
    return nn.IdentityModule(kind)


def function(draw: Draw, space: GSpace, build: Any) -> Any:
    """What a function builds."""
    kind = field_type(draw, space)
    given = {"kernel_size": draw.choice([1, 3]), "padding": draw.choice([0, 1])}
    if build is nn.depthwise_conv:
        return build(kind, **given)
    return build(kind, field_type(draw, space), **given)


GENERATORS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("R1PointConv", "R2PointConv", "R3PointConv"), point_conv),
    **dict.fromkeys(("R2Upsampling", "R3Upsampling", "CropModule", "PadModule"), resized),
    **dict.fromkeys(("GatedNonLinearity1", "GatedNonLinearity2", "InducedGatedNonLinearity1"), gated),
    **dict.fromkeys(("FourierELU", "FourierPointwise", "QuotientFourierELU", "QuotientFourierPointwise"), fourier),
    "FourierMaxPool": fourier_maxima,
    "RestrictionModule": restriction,
    "SubgroupPooling": subgroup_pooling,
    "DisentangleModule": disentangled,
    "ReshuffleModule": reshuffled,
    "BranchingModule": branching,
    "MergeModule": merging,
    "MultipleModule": multiple,
    "TensorProductModule": tensor_product,
    "AliasFree": alias_free,
    "Bilinear": bilinear,
    "SequentialModule": sequence,
    **dict.fromkeys(("ResidualModule", "ConcatModule"), skip),
    "HarmonicPolynomialR3": no_type,
    **dict.fromkeys(
        ("GroupAverage", "FrameAverage", "Canonicalised", "PointFrameAverage", "PointCanonicalised"), wrapped
    ),
    **dict.fromkeys(FUNCTIONS, function),
}
"""Layers with constructors of their own kind; those of all others are drawn by the names of their parameters."""

CHOICES = [*LAYERS, *FUNCTIONS, *(6 * ["SequentialModule"])]
