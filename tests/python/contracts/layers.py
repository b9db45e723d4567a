"""The layers that the contracts of modules run over. An entry added here runs through every one of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, models, nn

from .lists import GSPACES, turned


@dataclass(frozen=True)
class Layer:
    """A layer under contract.

    Attributes:
        build: makes it, with the weights that torch's generator gives.
        side: side of a square image for which every lattice symmetry is exact (0: no space).
        exports: whether ``export()`` gives modules of ``torch.nn``, not a recorded graph.
        plain: whether its result is an ordinary tensor without a field type.
        fixed: whether it takes images of that side only.
    """

    build: Callable[[], torch.nn.Module]
    side: int = 7
    exports: bool = True
    plain: bool = False
    fixed: bool = False
    public: bool = True
    """Whether a saved model may hold it: its class is the library's."""


class OnGraphs(nn.EquivariantModule):
    """A convolution on points as a module of one input: each item holds some points, their features and their coordinates.

    All points of an item are joined. The group acts on coordinates as on one more field, so there is no space.
    """

    def __init__(self, conv, points=4):
        super().__init__()
        self.conv, self.points = conv, points
        inside, outside = conv.in_type, conv.out_type
        space = gspaces.no_base_space(inside.fibergroup)
        features = points * inside.representations
        self.in_type = nn.FieldType(space, features + points * (inside.gspace.basespace_action,))
        self.out_type = nn.FieldType(space, points * outside.representations)
        pairs = [(s, t) for t in range(points) for s in range(points)][1:]
        self.register_constant("edges", np.array(pairs).T)

    def _compute(self, tensor):
        n, split = self.points, self.points * self.conv.in_type.size
        features = tensor[:, :split].reshape(-1, self.conv.in_type.size)
        coords = tensor[:, split:].reshape(-1, self.conv.d)
        steps = torch.arange(tensor.shape[0], device=tensor.device) * n
        edges = (self.edges[:, None, :] + steps[None, :, None]).reshape(2, -1)
        delta = coords.index_select(0, edges[0]) - coords.index_select(0, edges[1])
        return self.conv(features, edges, delta).reshape(-1, n * self.conv.out_type.size)


def point_conv(cls, space, ids, out_ids=None, **given):
    """A convolution on points between irreps, or with ``None`` for the regular representation, on small graphs."""

    def kind(labels):
        return nn.FieldType(space, [space.regular_repr if id is None else space.irrep(*id) for id in labels])

    return OnGraphs(cls(kind(ids), kind(out_ids or ids), width=1.5, n_rings=2, frequencies_cutoff=1.4, **given))


@functools.cache
def c4():
    return gspaces.rot2dOnR2(N=4)


@functools.cache
def c8():
    return gspaces.rot2dOnR2(N=8)


@functools.cache
def d4():
    return gspaces.flipRot2dOnR2(N=4)


@functools.cache
def mirror():
    return gspaces.flip2dOnR2()


@functools.cache
def so2():
    return gspaces.rot2dOnR2()


@functools.cache
def o2():
    return gspaces.flipRot2dOnR2()


def band(space):
    """Irreps of a continuous group, unordered, one of them twice."""
    ids = [psi.id for psi in space.irreps]
    return nn.FieldType(space, [space.irrep(*ids[k]) for k in (1, 0, 2, 1)])


@functools.cache
def no_space():
    return gspaces.no_base_space(d4().fibergroup)


@functools.cache
def d8():
    return gspaces.flipRot2dOnR2(N=8)


def vectors(space):
    """Irreps without invariant vectors, unordered."""
    irreps = [psi for psi in space.irreps if not psi.is_trivial()]
    return nn.FieldType(space, [irreps[-1], irreps[0], irreps[-1], irreps[len(irreps) // 2]])


def signed(space):
    """Fields that permute their channels up to signs."""
    return nn.FieldType(space, [space.regular_repr, space.irrep(1, 0), space.trivial_repr])


def induced(space, n=2):
    """Blocks of two channels, one for each side of the mirror."""
    rotations = (None, space.fibergroup.rotation_order)
    return nn.FieldType(space, n * [space.induced_repr(rotations, space.fibergroup.subgroup(rotations)[0].irrep(1))])


def quotients(space, n=2):
    """Two channels, one for each side of the mirror."""
    return nn.FieldType(space, n * [space.quotient_repr((None, space.fibergroup.rotation_order))])


def transformer(space):
    """Two blocks on patches that overlap."""
    return models.equivariant_transformer(1, 3, space, width=2, depth=2, patch=4, size=9, reach=1)


def gated_pairs(space):
    """Trivial fields and others in turn, the larger ones first."""
    fields = [space.regular_repr, space.irrep(1), space.regular_repr]
    return nn.FieldType(space, [rho for field in fields for rho in (space.trivial_repr, field)])


def sums(space):
    """Plain sums of two trivial irreps, a vector and a sign."""
    parts = [space.trivial_repr, space.trivial_repr, space.irrep(1, 1), space.irrep(1, 0)]
    return nn.FieldType(space, 2 * [group.directsum(parts)])


@functools.cache
def line():
    """A line and its mirror."""
    return gspaces.flipOnR1()


@functools.cache
def triangle():
    """The symmetries of a triangle as permutations of its corners: one mirror is exact."""
    corners = group.symmetric_group(3)
    return gspaces.gspace(corners, corners.irrep(2))


@functools.cache
def quaternions():
    """The quaternions acting by two mirrors: -1 moves no point, but turns features."""
    return GSPACES["two mirrors, by quaternions"]()


@functools.cache
def upright():
    """Quarter turns of R^3 about one axis."""
    return gspaces.rot2dOnR3(4)


@functools.cache
def cube():
    """The rotations of the cube."""
    return gspaces.octaOnR3()


@functools.cache
def balls():
    """All rotations of R^3."""
    return gspaces.rot3dOnR3()


def spatial(space):
    """The vector and a scalar of a group of rotations of space, unordered."""
    return nn.FieldType(space, [space.irrep(1), space.trivial_repr])


def cubic(space):
    """Fields of a few channels each: a vector, the faces of the cube, a scalar."""
    faces = space.fibergroup.cube_faces_representation
    return nn.FieldType(space, [space.irrep(1), faces, space.trivial_repr])


def vector_fields(space):
    """Three vectors."""
    return nn.FieldType(space, 3 * [space.irrep(1)])


@functools.cache
def tetrahedron():
    """A group given by its name alone: the tetrahedron's rotations and mirrors."""
    return gspaces.gspace(group.point_group("Td"))


def first_and_last(space):
    """An irrep of each end of the list."""
    return nn.FieldType(space, [space.irreps[-1], space.irreps[0]])


def gated_branches(space):
    """One branch gates the other."""
    whole = mixed(space) + trivials(space, 5)
    labels = 5 * ["fields"] + 5 * ["gates"]
    gate = nn.GatedNonLinearity2((trivials(space, 5), mixed(space)))
    return nn.MultipleModule(whole, labels, [(gate, ["gates", "fields"])])


def bilinear(first, second, out, **given):
    """Two branches multiplied."""
    labels = len(first) * ["first"] + len(second) * ["second"]
    return nn.MultipleModule(
        first + second, labels, [(nn.Bilinear((first, second), out, **given), ["first", "second"])]
    )


def branches(space):
    """Three kinds of fields side by side, each with a non-linearity of its own."""
    whole = mixed(space)
    labels = ["regular", "irrep", "gate", "regular", "irrep"]
    parts = nn.BranchingModule(whole, labels).out_type
    return nn.MultipleModule(
        whole,
        labels,
        [
            (nn.NormNonLinearity(parts["irrep"]), "irrep"),
            (nn.ReLU(parts["regular"]), "regular"),
            (nn.IdentityModule(parts["gate"]), "gate"),
        ],
    )


def trivials(space, n=2):
    return nn.FieldType(space, n * [space.trivial_repr])


def regulars(space, n=2):
    return nn.FieldType(space, n * [space.regular_repr])


def mixed(space):
    """Fields of every kind, unordered, one of them twice."""
    return nn.FieldType(
        space,
        [
            space.regular_repr,
            space.irreps[-1],
            space.trivial_repr,
            space.regular_repr,
            space.irreps[len(space.irreps) // 2],
        ],
    )


def pointwise(space):
    """Fields that permute their channels."""
    return nn.FieldType(
        space,
        [
            space.regular_repr,
            space.trivial_repr,
            space.quotient_repr(space.fibergroup.subgroup_self_id),
            space.regular_repr,
        ],
    )


def hidden(space):
    """Fields in coordinates where nothing is a permutation."""
    return nn.FieldType(space, [turned(space.regular_repr), space.trivial_repr, turned(space.regular_repr)])


def network(space):
    """The seven-layer model of the walk-through."""
    hid, out = regulars(space, 4), regulars(space, 1)
    return nn.SequentialModule(
        nn.R2Conv(trivials(space, 1), hid, kernel_size=3),
        nn.InnerBatchNorm(hid),
        nn.ReLU(hid),
        nn.R2Conv(hid, hid, kernel_size=3),
        nn.InnerBatchNorm(hid),
        nn.ReLU(hid),
        nn.R2Conv(hid, out, kernel_size=3),
    )


def classifier(space):
    """Inferred types, and ordinary modules behind invariant fields."""
    return nn.SequentialModule(
        trivials(space, 1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        nn.ReLU.spec(),
        nn.GroupPooling.spec(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(2, 3),
    )


def restricted(space, id):
    """Symmetric below, less symmetric above."""
    wide = regulars(space, 2)
    restriction = nn.RestrictionModule(wide, id)
    split = nn.DisentangleModule(restriction.out_type)
    return nn.SequentialModule(
        nn.R2Conv(trivials(space, 1), wide, kernel_size=3),
        nn.ReLU(wide),
        restriction,
        split,
        nn.R2Conv(split.out_type, regulars(split.out_type.gspace, 1), kernel_size=3),
    )


def unet(space, levels=1):
    """A U-Net of the library's own parts: what was found at once, beside what coarser grids say."""
    kind = regulars(space, 2)

    def block():
        return [nn.R2Conv(kind, kind, 3, padding=1, bias=False), nn.InnerBatchNorm(kind), nn.ReLU(kind)]

    def level(depth):
        if not depth:
            return block()
        split = nn.BranchingModule(kind, len(kind) * ["both"])
        deep = nn.SequentialModule(nn.PointwiseMaxPool2D(kind, 2), *level(depth - 1), nn.R2Upsampling(kind, 2))
        merge = nn.MergeModule([(nn.IdentityModule(kind), "both"), (deep, "both")])
        return [*block(), split, merge, nn.R2Conv(merge.out_type, kind, 3, padding=1), nn.ReLU(kind)]

    first = nn.R2Conv(trivials(space, 1), kind, 3, padding=1)
    return nn.SequentialModule(first, *level(levels), nn.R2Conv(kind, trivials(space, 2), 3, padding=1))


def residual(space, stride=1):
    """Two convolutions and a way around them, with a map on it where they change the fields."""
    kind, out = regulars(space), {"regular": 2 if stride == 1 else 3}
    convs = [
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3, padding=1),
        nn.ReLU.spec(),
        nn.R2Conv.spec(out=out, kernel_size=3, padding=1, stride=stride),
    ]
    shortcut = None if stride == 1 else nn.R2Conv.spec(out=out, kernel_size=1, stride=stride)
    return nn.ResidualModule(kind, convs, shortcut)


def on_points(id, times=5):
    """Fields of O(3) without space: points, or others, and what is small and odd beside them."""
    space = gspaces.no_base_space(group.o3_group(2))
    return nn.FieldType(space, [space.irrep(0, 2), *(times * [space.irrep(*id)]), space.irrep(1, 0), space.irrep(0, 2),
        space.trivial_repr, space.trivial_repr])  # fmt: skip


def circle_points():
    """Five points of the plane without space."""
    space = gspaces.no_base_space(group.so2_group(2))
    return nn.FieldType(space, [*(4 * [space.irrep(1)]), space.irrep(2)])


def plain_net(ins, outs, kernel_size=3, pools=False, bias=True):
    """A network without any symmetry, whose gradients are smooth; with ``pools`` one row of numbers for each sample."""
    d = torch.nn
    layers = [
        d.Conv2d(ins, 4, kernel_size, padding=kernel_size // 2),
        d.Tanh(),
        d.Conv2d(4, outs, 3, padding=1, bias=bias),
    ]
    return d.Sequential(*layers, d.AdaptiveAvgPool2d(1), d.Flatten()) if pools else d.Sequential(*layers)


def deeper(space):
    """Fields beside what a coarser grid says of them."""
    kind = mixed(space)
    return nn.ConcatModule(kind, [nn.PointwiseAvgPool2D.spec(kernel_size=2), nn.R2Upsampling.spec(scale_factor=2)])


LAYERS: dict[str, Layer] = {
    "points, mirrored line": Layer(
        lambda: point_conv(nn.R1PointConv, line(), [(0,), (1,)]), side=0, exports=False, public=False
    ),
    "points, irreps, D4": Layer(
        lambda: point_conv(nn.R2PointConv, d4(), [(0, 0), (1, 1), (0, 2)], aggr="sum"),
        side=0,
        exports=False,
        public=False,
    ),
    "points, regular to vectors, C8": Layer(
        lambda: point_conv(nn.R2PointConv, c8(), [None], [(1,), (0,)], radial="normalized"),
        side=0,
        exports=False,
        public=False,
    ),
    "points, octahedral": Layer(
        lambda: point_conv(nn.R3PointConv, gspaces.octaOnR3(), [(0,), (1,)], [None], radial="bessel"),
        side=0,
        exports=False,
        public=False,
    ),
    "tensor product": Layer(lambda: nn.TensorProductModule(regulars(d4()), regulars(d4())), exports=False),
    "tensor product, no space": Layer(
        lambda: nn.TensorProductModule.construct(no_space(), 3, no_space().irrep(1, 1), no_space().irrep(1, 2)),
        side=0,
        exports=False,
    ),
    "tensor product of two inputs": Layer(
        lambda: bilinear(mixed(d4()), nn.FieldType(d4(), [d4().irrep(1, 1)]), mixed(d4())), exports=False
    ),
    "tensor product of two inputs, SO(3), field by field": Layer(
        lambda: bilinear(vector_fields(balls()), vector_fields(balls()), vector_fields(balls()), groups=3, bias=False),
        side=3,
        fixed=True,
        exports=False,
    ),
    "harmonic polynomials": Layer(lambda: nn.HarmonicPolynomialR3(3, "o3"), side=0, exports=False),
    "alias-free relu": Layer(lambda: nn.AliasFree(nn.ReLU(pointwise(d4()))), exports=False),
    "alias-free elu, in space": Layer(
        lambda: nn.AliasFree(nn.ELU(regulars(upright(), 1)), factor=3, radius=2), side=4, fixed=True, exports=False
    ),
    "fourier relu, octahedral": Layer(
        lambda: nn.FourierPointwise(gspaces.octaOnR3(), 1, [(0,), (1,)]), side=3, fixed=True, exports=False
    ),
    "conv, low error, C4": Layer(
        lambda: nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=5, low_error=True), side=7
    ),
    "conv, low error, mixed, D4": Layer(
        lambda: nn.R2Conv(mixed(d4()), mixed(d4()), kernel_size=3, low_error=0.2, padding=1)
    ),
    "conv, low error, mixed, C8": Layer(lambda: nn.R2Conv(mixed(c8()), regulars(c8()), kernel_size=5, low_error=True)),
    "conv, low error, irreps, O(2)": Layer(
        lambda: nn.R2Conv(band(o2()), band(o2()), kernel_size=5, low_error=0.1, frequencies_cutoff=2.0)
    ),
    "transposed conv, low error": Layer(
        lambda: nn.R2ConvTransposed(regulars(d4()), mixed(d4()), kernel_size=3, stride=2, padding=1, low_error=True),
        side=4,
    ),
    "conv, low error, octahedral": Layer(
        lambda: nn.R3Conv(trivials(gspaces.octaOnR3()), regulars(gspaces.octaOnR3(), 1), kernel_size=3, low_error=True),
        side=4,
        fixed=True,
    ),
    "transposed conv, low error, SO(3)": Layer(
        lambda: nn.R3ConvTransposed(
            nn.FieldType(gspaces.rot3dOnR3(), [gspaces.rot3dOnR3().irrep(1)]),
            nn.FieldType(gspaces.rot3dOnR3(), [gspaces.rot3dOnR3().irrep(0), gspaces.rot3dOnR3().irrep(1)]),
            kernel_size=3,
            low_error=0.2,
        ),
        side=3,
        fixed=True,
    ),
    "conv, trivial to regular, C4": Layer(lambda: nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=3)),
    "conv, regular to regular, C8": Layer(lambda: nn.R2Conv(regulars(c8()), regulars(c8()), kernel_size=5)),
    "conv, regular to regular, D4": Layer(lambda: nn.R2Conv(regulars(d4()), regulars(d4()), kernel_size=5, bias=False)),
    "conv, mixed to mixed, C8": Layer(lambda: nn.R2Conv(mixed(c8()), mixed(c8()), kernel_size=3)),
    "conv, mixed to mixed, D4": Layer(lambda: nn.R2Conv(mixed(d4()), mixed(d4()), kernel_size=3)),
    "conv, hidden to mixed, D4": Layer(lambda: nn.R2Conv(hidden(d4()), mixed(d4()), kernel_size=3)),
    "conv, mixed to hidden, C4": Layer(lambda: nn.R2Conv(mixed(c4()), hidden(c4()), kernel_size=3)),
    "conv, one mirror": Layer(lambda: nn.R2Conv(mixed(mirror()), mixed(mirror()), kernel_size=3)),
    "conv, irreps, SO(2)": Layer(lambda: nn.R2Conv(band(so2()), band(so2()), kernel_size=5)),
    "conv, irreps, O(2)": Layer(lambda: nn.R2Conv(band(o2()), band(o2()), kernel_size=3)),
    "conv, permutations": Layer(lambda: nn.R2Conv(mixed(triangle()), regulars(triangle()), kernel_size=3)),
    "conv, quaternions": Layer(lambda: nn.R2Conv(mixed(quaternions()), mixed(quaternions()), kernel_size=3)),
    "conv, no symmetry": Layer(
        lambda: nn.R2Conv(trivials(gspaces.trivialOnR2()), trivials(gspaces.trivialOnR2(), 3), kernel_size=3)
    ),
    "conv, 1 x 1": Layer(lambda: nn.R2Conv(mixed(d4()), regulars(d4()), kernel_size=1), side=5),
    "conv, padded with stride": Layer(
        lambda: nn.R2Conv(pointwise(d4()), mixed(d4()), kernel_size=3, padding=1, stride=2), side=7
    ),
    "conv, dilated": Layer(lambda: nn.R2Conv(trivials(d4()), regulars(d4()), kernel_size=3, dilation=2, padding=2)),
    "conv, circular": Layer(
        lambda: nn.R2Conv(trivials(d4()), regulars(d4()), kernel_size=3, padding=1, padding_mode="circular")
    ),
    "conv, grouped": Layer(lambda: nn.R2Conv(regulars(c4(), 4), regulars(c4(), 2), kernel_size=3, groups=2)),
    "conv, even kernel": Layer(lambda: nn.R2Conv(regulars(c4()), regulars(c4()), kernel_size=4)),
    "transposed conv, C4": Layer(lambda: nn.R2ConvTransposed(mixed(c4()), regulars(c4()), kernel_size=3), side=5),
    "transposed conv with stride": Layer(
        lambda: nn.R2ConvTransposed(regulars(d4()), mixed(d4()), kernel_size=3, stride=2, padding=1), side=4
    ),
    "transposed conv, grouped": Layer(
        lambda: nn.R2ConvTransposed(regulars(c4(), 4), regulars(c4(), 2), kernel_size=3, groups=2, bias=False), side=4
    ),
    "transposed conv, irreps, O(2)": Layer(
        lambda: nn.R2ConvTransposed(band(o2()), band(o2()), kernel_size=3, dilation=2), side=3
    ),
    "linear, mixed": Layer(lambda: nn.Linear(mixed(no_space()), mixed(no_space())), side=0),
    "linear, regular": Layer(lambda: nn.Linear(regulars(no_space()), regulars(no_space(), 3), bias=False), side=0),
    "linear, quaternions": Layer(
        lambda: nn.Linear(mixed(GSPACES["no space, Q8"]()), mixed(GSPACES["no space, Q8"]())), side=0
    ),
    "batch norm": Layer(lambda: nn.InnerBatchNorm(pointwise(d4()))),
    "batch norm, not affine": Layer(lambda: nn.InnerBatchNorm(regulars(c4()), affine=False)),
    "elu": Layer(lambda: nn.ELU(regulars(c4()), alpha=0.5)),
    "leaky relu": Layer(lambda: nn.LeakyReLU(pointwise(mirror()), negative_slope=0.1)),
    "tanh": Layer(lambda: nn.PointwiseNonLinearity(regulars(c8()), function="p_tanh")),
    "relu": Layer(lambda: nn.ReLU(pointwise(d4()))),
    "average pooling": Layer(lambda: nn.PointwiseAvgPool2D(mixed(d4()), kernel_size=2), side=6),
    "average pooling, padded": Layer(
        lambda: nn.PointwiseAvgPool2D(mixed(c4()), kernel_size=3, stride=2, padding=1), side=7
    ),
    "antialiased pooling": Layer(lambda: nn.PointwiseAvgPoolAntialiased2D(mixed(d4()), sigma=0.66, stride=2), side=7),
    "max pooling": Layer(lambda: nn.PointwiseMaxPool2D(pointwise(d4()), kernel_size=3, stride=2, padding=1), side=7),
    "group pooling": Layer(lambda: nn.GroupPooling(regulars(d4()))),
    "group pooling, several sizes": Layer(lambda: nn.GroupPooling(pointwise(d4())), exports=False),
    "pooling over rotations": Layer(lambda: nn.SubgroupPooling(regulars(d8()), (None, 8)), exports=False),
    "pooling over a mirror": Layer(
        lambda: nn.SubgroupPooling(
            nn.FieldType(d4(), [d4().quotient_repr((None, 2)), d4().regular_repr]), (0, 2), "mean"
        ),
        exports=False,
    ),
    "in space, pooling over a subgroup": Layer(
        lambda: nn.SubgroupPooling(regulars(upright(), 2), 2), side=3, fixed=True, exports=False
    ),
    "identity": Layer(lambda: nn.IdentityModule(mixed(d4()))),
    "disentangle": Layer(lambda: nn.DisentangleModule(regulars(d4()).restrict((None, 2))), exports=False),
    "seven layers, C4": Layer(lambda: network(c4()), side=9),
    "seven layers, D4": Layer(lambda: network(d4()), side=9),
    "U-Net": Layer(lambda: unet(c4()), side=8, exports=False, fixed=True),
    "restriction": Layer(lambda: restricted(d4(), (None, 4)), side=7),
    "classifier": Layer(lambda: classifier(d4()), side=7, plain=True),
    "transformer on patches": Layer(lambda: transformer(d4()), side=9, plain=True, exports=False, fixed=True),
    "perceptron": Layer(lambda: models.equivariant_mlp(regulars(no_space()), {"trivial": 2}, widths=(3,)), side=0),
    "head": Layer(lambda: nn.HeadClasses(regulars(d4()), 5), side=4, plain=True),
    "head of numbers": Layer(lambda: nn.HeadNumbers(regulars(d4()), 2), side=4),
    "head of fields": Layer(lambda: nn.HeadFields(mixed(d4()), vectors(d4()), "sum"), side=4, exports=False),
    "head of points": Layer(lambda: nn.HeadPoints(mixed(d4()), 2), side=4, exports=False),
    "batch norm, iid, mixed": Layer(lambda: nn.IIDBatchNorm2d(mixed(d4()))),
    "batch norm, iid, regular": Layer(lambda: nn.IIDBatchNorm2d(regulars(c8()))),
    "batch norm, iid, hidden": Layer(lambda: nn.IIDBatchNorm2d(hidden(d4()))),
    "batch norm, of irreps, mixed": Layer(lambda: nn.GNormBatchNorm(mixed(d4()))),
    "batch norm, of irreps, regular": Layer(lambda: nn.GNormBatchNorm(regulars(d8()))),
    "batch norm, of irreps, vectors": Layer(lambda: nn.GNormBatchNorm(vectors(c8()))),
    "batch norm, of norms": Layer(lambda: nn.NormBatchNorm(vectors(d4()))),
    "batch norm, of norms of blocks": Layer(lambda: nn.InducedNormBatchNorm(induced(d4()))),
    "normalised fields": Layer(lambda: nn.FieldNorm(mixed(d4())), exports=False),
    "normalised regular fields": Layer(lambda: nn.FieldNorm(regulars(c8())), exports=False),
    "layer norm, mixed": Layer(lambda: nn.LayerNorm(mixed(d4())), exports=False),
    "layer norm, regular": Layer(lambda: nn.LayerNorm(regulars(c8())), exports=False),
    "rms norm": Layer(lambda: nn.RMSNorm(hidden(d4())), exports=False),
    "instance norm, mixed": Layer(lambda: nn.InstanceNorm(mixed(d4()), affine=True), exports=False),
    "group norm, regular": Layer(lambda: nn.GroupNorm(regulars(c8(), 4), 2), exports=False),
    "group norm, vectors": Layer(lambda: nn.GroupNorm(vectors(c8()), 2), exports=False),
    "concatenated relu": Layer(lambda: nn.ConcatenatedNonLinearity(signed(d4())), exports=False),
    "concatenated tanh": Layer(lambda: nn.ConcatenatedNonLinearity(regulars(c8()), "c_tanh"), exports=False),
    "norm relu": Layer(lambda: nn.NormNonLinearity(mixed(d8())), exports=False),
    "norm sigmoid": Layer(lambda: nn.NormNonLinearity(vectors(c8()), "n_sigmoid"), exports=False),
    "norm softplus": Layer(lambda: nn.NormNonLinearity(hidden(d4()), "n_softplus", bias=False), exports=False),
    "norm squash": Layer(lambda: nn.NormNonLinearity(mixed(c4()), "squash", bias=False), exports=False),
    "norm relu, quaternions": Layer(lambda: nn.NormNonLinearity(mixed(quaternions())), exports=False),
    "norm of blocks": Layer(lambda: nn.InducedNormNonLinearity(induced(d8())), exports=False),
    "norm of channels": Layer(lambda: nn.InducedNormNonLinearity(pointwise(d4()), "n_sigmoid"), exports=False),
    "gated": Layer(lambda: nn.GatedNonLinearity1(trivials(d4(), 5) + mixed(d4())), exports=False),
    "gated, kept": Layer(
        lambda: nn.GatedNonLinearity1(gated_pairs(c8()), 3 * ["gate", "gated"], drop_gates=False), exports=False
    ),
    "gated blocks": Layer(
        lambda: nn.InducedGatedNonLinearity1(quotients(d4()) + induced(d4()), drop_gates=False), exports=False
    ),
    "gated, uniform": Layer(lambda: nn.GatedNonLinearityUniform(sums(d4())), exports=False),
    "vectors of regular fields, C8": Layer(lambda: nn.VectorFieldNonLinearity(regulars(c8())), exports=False),
    "vectors of regular fields, D4": Layer(lambda: nn.VectorFieldNonLinearity(regulars(d4())), exports=False),
    "batch norm, iid, no space": Layer(lambda: nn.IIDBatchNorm1d(mixed(no_space())), side=0),
    "batch norm, iid, volumes": Layer(lambda: nn.IIDBatchNorm3d(regulars(upright(), 1)), side=5, fixed=True),
    "gated by another input": Layer(lambda: gated_branches(d4()), exports=False),
    "norm pooling, no space": Layer(lambda: nn.NormPool(mixed(no_space())), side=0, exports=False),
    "differential, mixed, D4": Layer(lambda: nn.R2Diffop(mixed(d4()), mixed(d4()), 3)),
    "differential, smoothed, C8": Layer(
        lambda: nn.R2Diffop(regulars(c8()), mixed(c8()), 5, smoothing=1.25, padding="same")
    ),
    "differential, irreps, O(2)": Layer(lambda: nn.R2Diffop(band(o2()), band(o2()), maximum_order=3, accuracy=2)),
    "differential, radial functions": Layer(lambda: nn.R2Diffop(pointwise(d4()), mixed(d4()), 3, rbffd=True, groups=1)),
    "differential, in space": Layer(
        lambda: nn.R3Diffop(spatial(cube()), spatial(cube()), 3, padding=1), side=4, fixed=True
    ),
    "conv on a line": Layer(lambda: nn.R1Conv(mixed(line()), regulars(line()), 5, padding="same"), fixed=True),
    "transposed conv on a line": Layer(
        lambda: nn.R1ConvTransposed(regulars(line()), mixed(line()), 3, stride=2, padding=1), fixed=True
    ),
    "conv in space, octahedral, regular": Layer(
        lambda: nn.R3Conv(trivials(cube(), 1), regulars(cube(), 1), 3, stride=2), side=5, fixed=True
    ),
    "conv in space, octahedral, mixed": Layer(
        lambda: nn.R3Conv(cubic(cube()), cubic(cube()), 3, padding="same"), side=4, fixed=True
    ),
    "conv in space, cube and inversion": Layer(
        lambda: nn.R3Conv(first_and_last(gspaces.fullOctaOnR3()), first_and_last(gspaces.fullOctaOnR3()), 3),
        side=4,
        fixed=True,
    ),
    "conv in space, SO(3)": Layer(lambda: nn.R3Conv(spatial(balls()), band(balls()), 3), side=4, fixed=True),
    "conv in space, O(3)": Layer(
        lambda: nn.R3Conv(first_and_last(gspaces.flipRot3dOnR3()), first_and_last(gspaces.flipRot3dOnR3()), 3),
        side=4,
        fixed=True,
    ),
    "conv in space, icosahedral, regular": Layer(
        lambda: nn.R3Conv(regulars(gspaces.icoOnR3(), 1), regulars(gspaces.icoOnR3(), 1), 3, bias=False),
        side=3,
        fixed=True,
    ),
    "conv in space, D4": Layer(
        lambda: nn.R3Conv(mixed(gspaces.dihedralOnR3(4)), mixed(gspaces.dihedralOnR3(4)), 3), side=4, fixed=True
    ),
    "conv in space, quarter turns, flat voxels": Layer(
        lambda: nn.R3Conv(mixed(upright()), mixed(upright()), (1, 3, 3), spacing=(2.5, 1, 1)), side=4, fixed=True
    ),
    "conv in space, tetrahedron": Layer(
        lambda: nn.R3Conv(first_and_last(tetrahedron()), regulars(tetrahedron(), 1), 3), side=3, fixed=True
    ),
    "conv in space, depthwise": Layer(
        lambda: nn.R3Conv(vector_fields(cube()), vector_fields(cube()), 3, groups=3), side=4, fixed=True
    ),
    "transposed conv in space": Layer(
        lambda: nn.R3ConvTransposed(cubic(cube()), spatial(cube()), 3, stride=2, padding=1), side=3, fixed=True
    ),
    **{
        f"conv in space, points, {samples}": Layer(
            lambda samples=samples: nn.R3IcoConv(
                spatial(gspaces.icoOnR3()), first_and_last(gspaces.icoOnR3()), 3, samples=samples
            ),
            side=4,
            fixed=True,
        )
        for samples in ("ico", "dodeca", "icosidodeca")
    },
    "transposed conv in space, points": Layer(
        lambda: nn.R3IcoConvTransposed(spatial(gspaces.icoOnR3()), spatial(gspaces.icoOnR3()), 3), side=3, fixed=True
    ),
    "batch norm, iid, cube": Layer(lambda: nn.IIDBatchNorm3d(cubic(cube())), side=3, fixed=True),
    "batch norm, cube": Layer(lambda: nn.InnerBatchNorm(regulars(cube(), 1)), side=3, fixed=True),
    "batch norm, of irreps, SO(3)": Layer(lambda: nn.GNormBatchNorm(band(balls())), side=3, fixed=True),
    "norm relu, SO(3)": Layer(lambda: nn.NormNonLinearity(band(balls())), side=3, fixed=True, exports=False),
    "in space, mask": Layer(lambda: nn.MaskModule(cubic(cube()), 5), side=5, fixed=True, exports=False),
    "in space, dropout": Layer(lambda: nn.FieldDropout(cubic(cube()), p=0.0), side=3, fixed=True),
    "in space, group pooling": Layer(lambda: nn.GroupPooling(regulars(cube(), 2)), side=3, fixed=True, exports=False),
    "in space, norm pooling": Layer(lambda: nn.NormPool(band(balls())), side=3, fixed=True, exports=False),
    "in space, norm max pooling, SO(3)": Layer(
        lambda: nn.NormMaxPool(band(balls()), 3, 2), side=5, fixed=True, exports=False
    ),
    "in space, average pooling, SO(3)": Layer(
        lambda: nn.PointwiseAvgPoolAntialiased3D(band(balls()), 0.33, 2), side=5, fixed=True
    ),
    **{
        f"on a line, {cls.__name__}": Layer(lambda cls=cls, given=given: cls(regulars(line()), *given), fixed=True)
        for cls, given in (
            (nn.PointwiseAvgPool, (3, 2)),
            (nn.PointwiseMaxPool, (3, 2)),
            (nn.PointwiseAvgPoolAntialiased, (0.6, 2)),
            (nn.PointwiseMaxPoolAntialiased, (3, 2, 1)),
            (nn.PointwiseAdaptiveAvgPool, (4,)),
            (nn.PointwiseAdaptiveMaxPool, (4,)),
        )
    },
    **{
        f"in space, {cls.__name__}": Layer(
            lambda cls=cls, given=given: cls(regulars(upright(), 1), *given), side=5, fixed=True
        )
        for cls, given in (
            (nn.PointwiseAvgPool3D, (3, 2)),
            (nn.PointwiseMaxPool3D, (3, 2)),
            (nn.PointwiseAvgPoolAntialiased3D, (0.4, 2)),
            (nn.PointwiseMaxPoolAntialiased3D, (3, 2, 1, 1, False, 0.3)),
            (nn.PointwiseAdaptiveAvgPool3D, (2,)),
            (nn.PointwiseAdaptiveMaxPool3D, (2,)),
            (nn.R3Upsampling, (2,)),
        )
    },
    "in space, norm max pooling": Layer(
        lambda: nn.NormMaxPool(regulars(upright(), 1), 3, 2), side=5, fixed=True, exports=False
    ),
    "fourier relu, SO(2)": Layer(lambda: nn.FourierPointwise(so2(), 2, [(0,), (1,), (2,)], N=16), exports=False),
    "fourier elu, O(2)": Layer(
        lambda: nn.FourierELU(o2(), 1, [(0, 0), (1, 0), (1, 1), (1, 2)], N=12, out_irreps=[(0, 0), (1, 1)]),
        exports=False,
    ),
    "fourier tanh, D8": Layer(
        lambda: nn.FourierPointwise(d8(), 2, [(0, 0), (1, 0), (1, 1), (1, 2)], function="p_tanh"), exports=False
    ),
    "fourier of a quotient, O(2)": Layer(
        lambda: nn.QuotientFourierELU(o2(), (0.0, 1), 3, [(0, 0), (1, 1), (1, 2)], N=16), exports=False
    ),
    "fourier of a quotient, D8": Layer(
        lambda: nn.QuotientFourierPointwise(d8(), (None, 4), 2, [(0, 0), (1, 0), (1, 4)]), exports=False
    ),
    "fourier maxima, SO(2)": Layer(
        lambda: nn.FourierMaxPool(nn.FieldType(so2(), 2 * [so2().fibergroup.bl_regular_representation(2)]), 3, 2, N=16),
        exports=False,
    ),
    "fourier maxima of a quotient, D8": Layer(
        lambda: nn.FourierMaxPool(
            nn.FieldType(d8(), [d8().fibergroup.spectral_quotient_representation((None, 4), (0, 0), (1, 0), (1, 4))]),
            3,
            2,
            subgroup_id=(None, 4),
        ),
        exports=False,
    ),
    "norm pooling": Layer(lambda: nn.NormPool(mixed(d4())), exports=False),
    "norm pooling of blocks": Layer(lambda: nn.InducedNormPool(induced(d8())), exports=False),
    "norm max pooling": Layer(lambda: nn.NormMaxPool(mixed(d4()), kernel_size=2), side=6, exports=False),
    "norm max pooling, padded": Layer(
        lambda: nn.NormMaxPool(vectors(c8()), kernel_size=3, stride=2, padding=1), side=7, exports=False
    ),
    "adaptive average pooling": Layer(lambda: nn.PointwiseAdaptiveAvgPool2D(mixed(d4()), 3)),
    "adaptive max pooling": Layer(lambda: nn.PointwiseAdaptiveMaxPool2D(pointwise(d4()), (2, 2))),
    "antialiased max pooling": Layer(
        lambda: nn.PointwiseMaxPoolAntialiased2D(pointwise(d4()), kernel_size=3, stride=2, padding=1), side=7
    ),
    "dropout of fields": Layer(lambda: nn.FieldDropout(mixed(d4()), p=0.0)),
    "dropout of channels": Layer(lambda: nn.PointwiseDropout(pointwise(d4()), p=0.0)),
    "mask": Layer(lambda: nn.MaskModule(mixed(d4()), 7), exports=False, fixed=True),
    "reshuffle": Layer(lambda: nn.ReshuffleModule(mixed(d4()), [3, 1, 0, 4, 2]), exports=False),
    "branches": Layer(lambda: branches(d4()), exports=False),
    "attention": Layer(lambda: nn.Attention(regulars(d4()), heads=2), exports=False),
    "attention, mixed": Layer(lambda: nn.Attention(mixed(c8())), exports=False),
    "attention to neighbours": Layer(lambda: nn.NeighbourAttention(mixed(d4()), reach=1), exports=False),
    "attention with permuted heads": Layer(
        lambda: nn.NeighbourAttention(regulars(d4()), heads="permuted"), side=5, exports=False
    ),
    "attention in windows": Layer(lambda: nn.WindowAttention(regulars(c8()), window=3, heads=2), exports=False),
    "attention in shifted windows": Layer(
        lambda: nn.WindowAttention(mixed(d4()), window=4, shifted=True), side=6, exports=False, fixed=True
    ),
    "attention to fields": Layer(lambda: nn.SqueezeExcitation(mixed(d4()), reduction=2), exports=False),
    "attention to regular fields, no space": Layer(
        lambda: nn.SqueezeExcitation(regulars(no_space(), 4)), side=0, exports=False
    ),
    "transformer": Layer(lambda: nn.transformer_block(vectors(d4()), reach=1), exports=False),
    "averaged net": Layer(  # without the bias, whose share of a vector averages to zero
        lambda: nn.GroupAverage(trivials(d4()), vectors(d4()), plain_net(2, vectors(d4()).size, bias=False)),
        exports=False,
    ),
    "averaged net, of one row": Layer(
        lambda: nn.GroupAverage(mixed(c8()), None, plain_net(mixed(c8()).size, 3, pools=True)),
        exports=False,
        plain=True,
        fixed=True,
    ),
    "net in frames": Layer(
        lambda: nn.FrameAverage(trivials(d4()), mixed(d4()), plain_net(2, mixed(d4()).size)), exports=False, fixed=True
    ),
    "net in frames, no space": Layer(
        lambda: nn.FrameAverage(
            regulars(no_space()), vectors(no_space()), torch.nn.Linear(16, vectors(no_space()).size)
        ),
        side=0,
        exports=False,
    ),
    "net in frames of an energy": Layer(
        lambda: nn.FrameAverage(trivials(c8()), None, plain_net(2, 3, pools=True), plain_net(2, 1, pools=True)),
        exports=False,
        plain=True,
        fixed=True,
    ),
    "net in learned poses": Layer(
        lambda: nn.Canonicalised(mixed(d4()), mixed(d4()), plain_net(mixed(d4()).size, mixed(d4()).size), prior=0.1),
        exports=False,
        fixed=True,
    ),
    "net in learned poses, C8": Layer(
        lambda: nn.Canonicalised(trivials(c8()), None, plain_net(2, 3, pools=True)),
        exports=False,
        plain=True,
        fixed=True,
    ),
    "points in frames, O(3)": Layer(
        lambda: nn.PointFrameAverage(on_points((1, 1)), on_points((0, 1), 2), torch.nn.Linear(28, 19)),
        side=0,
        exports=False,
    ),
    "points in learned axes, SO(2)": Layer(
        lambda: nn.PointCanonicalised(circle_points(), None, torch.nn.Linear(10, 3)),
        side=0,
        exports=False,
        plain=True,
    ),
    "residual": Layer(lambda: residual(d4()), exports=False),
    "residual with a shortcut": Layer(lambda: residual(c8(), stride=2), exports=False),
    "concatenation with deeper fields": Layer(lambda: deeper(d4()), side=8, exports=False, fixed=True),
    "concatenation of cropped fields": Layer(
        lambda: nn.ConcatModule(regulars(d4()), nn.R2Conv(regulars(d4()), mixed(d4()), 3), crop=True), exports=False
    ),
    "crop": Layer(lambda: nn.CropModule(mixed(d4()), 2)),
    "crop to a size, in space": Layer(lambda: nn.CropModule(cubic(cube()), size=2), side=4, fixed=True, exports=False),
    "crop, on a line": Layer(lambda: nn.CropModule(regulars(line()), 1), fixed=True),
    "pad": Layer(lambda: nn.PadModule(mixed(c8()), 1, padding_mode="reflect")),
    "pad to a size, in space": Layer(lambda: nn.PadModule(cubic(cube()), size=5), side=3, fixed=True, exports=False),
    "upsampling": Layer(lambda: nn.R2Upsampling(mixed(d4()), scale_factor=2)),
    "upsampling, nearest": Layer(lambda: nn.R2Upsampling(mixed(d4()), scale_factor=3, mode="nearest")),
}

TRAINABLE = [
    name
    for name, layer in LAYERS.items()
    if name.startswith(
        (
            "conv",
            "differential",
            "points",
            "tensor",
            "transposed",
            "linear",
            "batch",
            "seven",
            "restriction",
            "gated",
            "branches",
            "residual",
            "attention",
        )
    )
    or name in ("norm relu", "norm sigmoid", "norm of blocks", "normalised fields", "group norm, vectors")
]


def build(name: str, seed: int = 0) -> torch.nn.Module:
    """A layer of the list with seeded weights, batch norms with statistics of their own."""
    torch.default_generator.manual_seed(seed)
    module = LAYERS[name].build()
    for part in module.modules():
        for key, parameter in part._parameters.items():
            if key == "log_bias" and parameter is not None:
                torch.nn.init.normal_(parameter, std=0.3)
        for key, buffer in part._buffers.items():
            if key.endswith("running_mean"):
                buffer.normal_()
            if key.endswith("running_var"):
                buffer.uniform_(0.5, 2.0)
    return module


@functools.cache
def specimen(name: str) -> torch.nn.Module:
    """A layer of the list to look at: nothing may run or change it."""
    return build(name)


def features(
    name: str, module: torch.nn.Module, batch: int = 2, dtype: torch.dtype | None = None, seed: int = 1
) -> torch.Tensor:
    """A random input of the layer."""
    generator = torch.Generator().manual_seed(seed)
    side = LAYERS[name].side
    space = (side,) * module.in_type.gspace.dimensionality
    x = torch.randn(batch, module.in_type.size, *space, generator=generator, dtype=torch.float64)
    return x.to(dtype or torch.get_default_dtype())


def lattice_symmetries(space):
    """The elements of a space's group that carry the grid to itself."""
    G = space.fibergroup
    if G.continuous and space.dimensionality == 3:
        return space.exact_elements
    if isinstance(G, (group.SO3, group.O3)):
        elements = list(G.testing_elements())
    elif G.continuous:
        angles = [k * np.pi / 2 for k in range(4)]
        values = angles if G.abelian else [(flip, angle) for flip in (0, 1) for angle in angles]
        elements = [G.element(value) for value in values]
    else:
        elements = G.elements
    return [g for g in elements if space.is_exact(g)]


def symmetry(name: str, module: torch.nn.Module):
    """The elements under which the layer must be exact, each with the action on its output."""
    space = module.in_type.gspace
    below = module.out_type.gspace.fibergroup if getattr(module, "out_type", None) is not None else None
    for g in lattice_symmetries(space):
        if LAYERS[name].plain:
            yield g, lambda y: y
        elif below == space.fibergroup:
            yield g, lambda y, g=g: module.out_type.transform(y, g)
        else:
            _, _, restrict = space.restrict((None, 4))
            h = restrict(g)
            if h is not None:
                yield g, lambda y, h=h: module.out_type.transform(y, h)


@functools.cache
def _generating(name: str) -> list[int]:
    """Positions among the elements of `symmetry` of some that generate the others."""
    elements = [g for g, _ in symmetry(name, specimen(name))]
    chosen: list[int] = []
    reached = {elements[0].group.identity}
    for position, g in enumerate(elements):
        if g in reached:
            continue
        chosen.append(position)
        new = reached | {g}
        while new - reached:
            reached |= new
            new = {a @ elements[k] for a in new for k in chosen}
    return chosen


def relative_error(a: torch.Tensor, b: torch.Tensor) -> float:
    """The greatest difference relative to the greatest value."""
    if not b.numel():
        return 0.0
    a, b = a.detach(), b.detach()
    return float((a - b).abs().max()) / max(float(b.abs().max()), 1e-3)


def assert_equivariant(
    name: str, module: torch.nn.Module, tolerance: float, dtype: torch.dtype, every: bool = False
) -> None:
    """Fails unless acting before and after the module agree on the lattice symmetries.

    A map that commutes with generators commutes with their products, so every element is tried in one contract only.
    """
    x = features(name, module, dtype=dtype)
    y = module(x)
    found = list(symmetry(name, module))
    for g, act in found if every else [found[position] for position in _generating(name)]:
        error = relative_error(module(module.in_type.transform(x, g)), act(y))
        assert error <= tolerance, f"{name}: error {error:.2e} under {g}"


def same_bytes(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equality to the last bit."""
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a.detach().numpy(), b.detach().numpy())


def one_of_each_class() -> frozenset[str]:
    """Entries that hold every class of layers between them: what takes seconds for each entry runs on these alone by default."""
    seen: set[type] = set()
    chosen = set()
    for name in LAYERS:
        kinds = {type(part) for part in specimen(name).modules()}
        if not kinds <= seen:
            chosen.add(name)
            seen |= kinds
    return frozenset(chosen)


REPRESENTATIVES = one_of_each_class()


def representatives_first() -> list:
    """The names of all entries as parameters; those that repeat a class are marked slow."""
    return [pytest.param(name, marks=[] if name in REPRESENTATIVES else [pytest.mark.slow]) for name in LAYERS]
