"""What people do with the values of escnn: groups, representations, types and tensors; see ``habits.py``.

``python tests/python/compat/habits_of_values.py`` and ``python -m intertwine.compat tests/python/compat/habits_of_values.py``
print the same; ``habits_of_values.json`` holds what escnn 1.0.11 prints.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from escnn import group, gspaces, nn  # pyright: ignore[reportMissingImports]
from escnn.nn.modules.basismanager import BlocksBasisExpansion  # pyright: ignore[reportMissingImports]
from habits import c4, d4, main, numbers, refused

HABITS: dict[str, Callable[[], Any]] = {}


def habit(function: Callable[[], Any]) -> Callable[[], Any]:
    """Adds a function to the list."""
    HABITS[function.__name__] = function
    return function


# --- notes on representations -------------------------------------------------------------------------------------------------


@habit
def notes_on_representations() -> Any:
    rho = group.cyclic_group(6).irrep(1)
    rho.attributes["mine"] = [1, 2]
    rho.attributes.update(frequency_of_mine=3)
    again = group.cyclic_group(6).irrep(1)
    return [
        again.attributes["mine"],
        again.attributes["frequency_of_mine"],
        "mine" in group.cyclic_group(7).irrep(1).attributes,
    ]


@habit
def nonlinearities_are_taken_away() -> Any:
    regular = group.cyclic_group(6).regular_representation
    regular.supported_nonlinearities.discard("pointwise")
    space = gspaces.rot2dOnR2(6)
    wrong = (AssertionError, ValueError)
    gone = [
        refused(lambda: nn.ReLU(space.type(space.regular_repr)), *wrong),
        refused(lambda: nn.PointwiseMaxPool(space.type(space.regular_repr), 2), *wrong),
        refused(lambda: nn.GroupPooling(space.type(space.regular_repr)), *wrong),
        refused(lambda: nn.InnerBatchNorm(space.type(space.regular_repr)), *wrong),
        refused(lambda: nn.NormNonLinearity(space.type(space.regular_repr)), *wrong),
    ]
    regular.supported_nonlinearities.add("pointwise")
    return [gone, nn.ReLU(space.type(space.regular_repr)).out_type.size]


@habit
def nonlinearities_are_read() -> Any:
    rho = d4().irrep(1, 1)
    words = ("pointwise", "norm", "gated")
    return [
        [word in each.supported_nonlinearities for word in words]
        for each in (rho, d4().regular_repr, d4().trivial_repr)
    ]


@habit
def own_representations_by_name() -> Any:
    g = group.cyclic_group(10)
    g.representations["mine"] = group.directsum([g.irrep(1), g.irrep(2)], name="mine")
    space = gspaces.rot2dOnR2(10)
    return [
        str(space.representations["mine"]),
        "mine" in group.cyclic_group(10).representations,
        "mine" in group.cyclic_group(11).representations,
    ]


@habit
def representations_by_name_after_they_were_made() -> Any:
    g = group.dihedral_group(6)
    made = g.quotient_representation((None, 3))
    up = g.induced_representation((None, 6), group.cyclic_group(6).irrep(1))
    return [made.name in g.representations, g.representations[made.name] == made, up.name in g.representations]


# --- changes of basis ---------------------------------------------------------------------------------------------------------


@habit
def changes_of_basis_that_are_not_orthogonal() -> Any:
    g = group.cyclic_group(4)
    matrix = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 2.0]])
    total = group.directsum([g.irrep(0), g.irrep(1)], change_of_basis=matrix, name="skew")
    a, b = g.element(1), g.element(3)
    return [
        total(a),
        np.allclose(total(a) @ total(b), np.eye(3)),
        total.change_of_basis_inv @ total.change_of_basis,
        total.character(a),
    ]


@habit
def layers_with_changes_of_basis_that_are_not_orthogonal() -> Any:
    space = c4()
    matrix = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 2.0]])
    skew = group.directsum([space.irrep(0), space.irrep(1)], change_of_basis=matrix, name="skew")
    both = space.type(skew, space.regular_repr)
    conv = nn.R2Conv(both, both, 3).eval()
    torch.nn.init.normal_(conv.weights)
    x = both(numbers(1, 7, 5, 5))
    g = space.fibergroup.element(1)
    moved = torch.allclose(conv(x.transform(g)).tensor, conv(x).transform(g).tensor, atol=1e-4)
    flat = gspaces.no_base_space(space.fibergroup)
    linear = nn.Linear(flat.type(skew), flat.type(flat.regular_repr, skew)).eval()
    y = linear.in_type(numbers(2, 3))
    turned = torch.allclose(linear(y.transform_fibers(g)).tensor, linear(y).transform_fibers(g).tensor, atol=1e-4)
    back = nn.R2Conv(both, space.type(space.trivial_repr), 3, bias=False)
    return [conv.weights.numel(), moved, linear.weights.numel(), turned, back.weights.numel()]


# --- groups -------------------------------------------------------------------------------------------------------------------


@habit
def products_by_the_keys_of_their_groups() -> Any:
    made = group.DirectProductGroup("CyclicGroup", "DihedralGroup", G1_N=2, G2_N=3)
    named = group.DirectProductGroup("CyclicGroup", "CyclicGroup", name="mine", G1_N=2, G2_N=3)
    double = group.DoubleGroup("CyclicGroup", G_N=3)
    return [
        str(made),
        made.order(),
        made == group.direct_product(group.cyclic_group(2), group.dihedral_group(3)),
        str(named),
        double.order(),
    ]


@habit
def labels_of_subgroups_are_combined() -> Any:
    d, c, o = group.dihedral_group(12), group.cyclic_group(12), group.o2_group(3)
    return [
        c._combine_subgroups(4, 2),
        d._combine_subgroups((None, 6), 3),
        d._combine_subgroups((2, 6), (1, 3)),
        d._combine_subgroups((2, 6), (None, 2)),
        o._combine_subgroups((None, -1), 5),
        o._combine_subgroups((0.5, -1), (0.25, 4)),
        o._combine_subgroups((0.5, 6), (1, 3)),
    ]


@habit
def labels_of_subgroups_are_processed() -> Any:
    return [
        group.dihedral_group(12)._process_subgroup_id((None, 6)),
        str(group.so3_group(2)._process_subgroup_id("ico")[0]),
        group.cyclic_group(4)._process_subgroup_id(2),
    ]


@habit
def multiplicities_of_irreps() -> Any:
    rho = group.dihedral_group(3).regular_representation
    found = rho._irreps_multiplicities
    return [sorted([list(k), v] for k, v in found.items()), rho.multiplicity((1, 1))]


@habit
def products_of_irreps() -> Any:
    so2, so3, o2, o3 = group.so2_group(4), group.so3_group(3), group.o2_group(3), group.o3_group(2)
    found = [
        so2._tensor_product_irreps((1,), (2,)),
        so3._tensor_product_irreps((1,), (2,)),
        o2._tensor_product_irreps((1, 1), (1, 2)),
        o3._tensor_product_irreps((1, 1), (0, 1)),
        group.cyclic_group(5)._tensor_product_irreps((1,), (2,)),
        group.dihedral_group(5)._tensor_product_irreps((1, 1), (1, 2)),
    ]
    return [sorted([list(id), count] for id, count in each) for each in found]


@habit
def spaces_of_a_subgroup() -> Any:
    plane, volume = d4().restrict((None, 4))[0], gspaces.flipRot3dOnR3(2).restrict("so3")[0]
    again = plane.restrict(2)[0]
    return [
        type(plane).__name__,
        type(volume).__name__,
        type(again).__name__,
        str(plane),
        str(again),
        plane.rotations_order,
        plane == c4(),
        volume.fibergroup.name,
    ]


@habit
def bases_from_the_space() -> Any:
    space = c4()
    basis = space.build_kernel_basis(
        space.irrep(1), space.regular_repr, sigma=[0.6, 0.6], rings=[0.0, 1.0], maximum_frequency=3
    )
    flat = space.build_fiber_intertwiner_basis(space.regular_repr, space.irrep(1))
    return [basis.dim, basis.shape, basis.sample(numbers(5, 2)).shape, flat.dim, flat.shape]


# --- types and tensors --------------------------------------------------------------------------------------------------------


@habit
def types_without_fields() -> Any:
    return refused(lambda: nn.FieldType(c4(), []), AssertionError)


@habit
def parts_of_tensors() -> Any:
    space = c4()
    both = space.type(space.regular_repr, space.trivial_repr, space.irrep(1))
    x = both(numbers(3, 7, 2, 2))
    rows = torch.tensor([2, 0])
    found = [
        x[1],
        x[:, 1:],
        x[:, -1],
        x[..., 1],
        x[:, torch.tensor([2, 0])],
        x[:, torch.tensor([True, False, True])],
        x[rows],
        x[torch.tensor([False, True, True])],
        x[:, ::2],
        x[:, :, 1, 0:1],
        x[0, 1, ...],
    ]
    return [[str(part.type), part.shape, part.tensor.flatten()[:5]] for part in found]


@habit
def parts_that_are_refused() -> Any:
    x = c4().type(c4().regular_repr)(numbers(2, 4, 2, 2))
    return [
        refused(lambda: x[:, :, :, :, 0], TypeError, IndexError, ValueError),
        refused(lambda: x["a"], TypeError),
    ]


@habit
def tolerances_for_each_number() -> Any:
    space = c4()
    both = space.type(space.regular_repr)

    class Nearly(nn.EquivariantModule):
        def __init__(self) -> None:
            super().__init__()
            self.in_type = self.out_type = both

        def forward(self, x: Any) -> Any:
            # Small numbers are wrong by much, great ones by nothing.
            shift = torch.tensor([1e-3, 0.0, 0.0, 0.0]).reshape(1, 4, 1, 1) * (x.tensor.abs() < 1.0)
            return nn.GeometricTensor(x.tensor + shift, both)

        def evaluate_output_shape(self, shape: Any) -> Any:
            return shape

    layer = Nearly()
    return [
        refused(lambda: layer.check_equivariance(atol=1e-6, rtol=1e-3), AssertionError),
        refused(lambda: layer.check_equivariance(atol=2e-3, rtol=0.0), AssertionError),
        refused(lambda: layer.check_equivariance(1e-4, 1e-2), AssertionError),
    ]


# --- layers -------------------------------------------------------------------------------------------------------------------


@habit
def branches_in_one_module() -> Any:
    space = c4()
    one, regular = space.trivial_repr, space.regular_repr
    both = space.type(regular, one, regular)
    labels = ["b", "a", "b"]
    parts = both.group_by_labels(labels)
    found = []
    for reshuffle in (0, 1, 2, True, False):
        layer = nn.MultipleModule(
            both, labels, [(nn.ReLU(parts["b"]), "b"), (nn.IdentityModule(parts["a"]), "a")], reshuffle=reshuffle
        )
        found.append([str(layer.out_type), layer(both(numbers(1, 9, 1, 1))).tensor.flatten()])
    return found


@habit
def concatenated_fields() -> Any:
    space = d4()
    layer = nn.ConcatenatedNonLinearity(space.type(space.regular_repr, space.trivial_repr))
    return [layer.out_type.size, layer(layer.in_type(numbers(1, 9, 1, 1))).tensor.flatten()]


@habit
def disentangled_after_a_restriction() -> Any:
    found = []
    for label in ((None, 4), (None, 2), (0, 2), (1, 1)):
        both = d4().type(d4().regular_repr, d4().irrep(1, 1), d4().quotient_repr((None, 2)))
        restricted = nn.RestrictionModule(both, label).out_type
        layer = nn.DisentangleModule(restricted)
        found.append(
            [[rho.size for rho in layer.out_type], layer(restricted(numbers(1, both.size, 1, 1))).tensor.flatten()]
        )
    return found


@habit
def disentangled_in_many_ways() -> Any:
    found = []
    for n, labels in (
        (8, ((0, 4), (1, 4), (3, 2), (2, 1), (None, 2))),
        (6, ((1, 3), (0, 2), (None, 3), (2, 1), (None, 1))),
    ):
        space = gspaces.flipRot2dOnR2(n)
        g = space.fibergroup
        kinds = [
            g.irrep(1, 1),
            g.irrep(1, 2),
            g.irrep(1, 0),
            g.regular_representation,
            g.quotient_representation((0, 2)),
        ]
        kinds.append(group.directsum([g.irrep(1, 2), g.irrep(1, 1), g.irrep(0, 0)], name="sum"))
        for label in labels:
            for rho in kinds:
                matrix, parts = group.disentangle(rho.restrict(label))
                found.append([matrix.argmax(axis=1), [part.size for part in parts]])
    return found


@habit
def disentangled_by_hand() -> Any:
    g = group.dihedral_group(4)
    sums = group.directsum([g.irrep(1, 1), g.irrep(0, 0), g.regular_representation], name="sum")
    turned = group.change_basis(sums, np.eye(11)[[3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10]], "turned")
    matrix, parts = group.disentangle(turned.restrict((None, 4)))
    return [matrix.argmax(axis=1), [part.size for part in parts], [len(part.irreps) for part in parts]]


@habit
def normalised_after_a_restriction() -> Any:
    both = d4().type(d4().regular_repr)
    restricted = nn.RestrictionModule(both, (None, 4))
    parts = nn.DisentangleModule(restricted.out_type)
    norm = nn.InnerBatchNorm(parts.out_type, affine=False).train()
    model = nn.SequentialModule(restricted, parts, norm)
    return model(both(numbers(2, 8, 3, 3))).tensor.flatten()[:16]


@habit
def fields_of_a_continuous_group_after_a_restriction() -> Any:
    space = gspaces.flipRot2dOnR2(-1, maximum_frequency=3)
    both = space.type(space.irrep(1, 1), space.fibergroup.bl_regular_representation(2))
    found = []
    for label in ((None, -1), (None, 4), (0.0, 2)):
        layer = nn.DisentangleModule(nn.RestrictionModule(both, label).out_type)
        found.append(sorted(rho.size for rho in layer.out_type))
    return found


@habit
def copies_keep_what_they_are() -> Any:
    rho = group.cyclic_group(8).irrep(1)
    return [copy.deepcopy(rho) == rho, copy.deepcopy(c4()) == c4()]


# --- what escnn's own tests do ------------------------------------------------------------------------------------------------


@habit
def layers_by_the_words_that_fields_support() -> Any:
    space = gspaces.rot2dOnR2(8)
    listed = [*space.representations.values(), space.regular_repr]
    found = [[word in rho.supported_nonlinearities for rho in listed] for word in ("vectorfield", "gate", "gated")]
    fields = [rho for rho in listed if "vectorfield" in rho.supported_nonlinearities]
    layer = nn.VectorFieldNonLinearity(nn.FieldType(space, fields))
    return [len(set(map(tuple, found))), found[1], layer.out_type.size // len(fields)]


@habit
def layers_on_samples_of_functions_are_checked() -> Any:
    turns, ball = gspaces.no_base_space(group.so2_group(5)), gspaces.no_base_space(group.so3_group(1))
    fine = nn.FourierELU(turns, 2, [(0,), (1,), (2,)], type="regular", N=11)
    sphere = nn.QuotientFourierELU(
        ball, (False, -1), 2, [(0,), (1,)], grid=ball.fibergroup.sphere_grid(type="thomson", N=8)
    )
    errors = fine.check_equivariance()
    return [
        len(errors) == 100 * 128 * 2,
        bool(errors.mean() + errors.std() < 2e-2),
        bool(sphere.check_equivariance(rtol=1e-1).mean() < 1e-1),
        refused(lambda: sphere.check_equivariance(rtol=1e-6), AssertionError),
        bool(sphere.check_equivariance(rtol=1e-6, assert_raise=False).mean() > 1e-6),
    ]


@habit
def quotients_are_made_at_once() -> Any:
    g = group.dihedral_group(12)
    before = len(g.representations)
    g._build_quotient_representations()
    return [len(g.representations) - before, {rho.size for rho in g.representations.values()} >= {6, 12, 4, 8}]


@habit
def axes_that_are_false() -> Any:
    g = group.dihedral_group(8)
    subgroup, inclusion, _ = g.subgroup((False, 4))
    return [subgroup.order(), all(inclusion(h) == g.subgroup((0, 4))[1](h) for h in subgroup.elements)]


@habit
def channels_of_a_new_order() -> Any:
    space = d4()
    kinds = space.type(space.trivial_repr, space.irrep(1, 1), space.trivial_repr)
    return [nn.ReshuffleModule(kinds, [2, 0, 1]).indices, nn.ReshuffleModule(kinds, [0, 1, 2]).indices]


@habit
def subgroups_of_subgroups_of_space() -> Any:
    found = []
    so3, o3 = group.so3_group(1), group.o3_group(1)
    turn = so3.element(np.array([0.6, 0.0, 0.0, 0.8]), "Q")
    cases = [
        (so3, (True, -1, turn), (0.5, 3)),
        (so3, (False, -1), 4),
        (o3, (False, "so3"), (True, 2)),
    ]
    for g, first, second in cases:
        middle, outer, _ = g.subgroup(first)
        inner, inside, _ = middle.subgroup(second)
        last, inclusion, _ = g.subgroup(g._combine_subgroups(first, second))
        same = all(outer(inside(e)) == inclusion(e) for e in inner.testing_elements())
        found.append([last == inner, inner.order(), same])
    return found


@habit
def filters_from_blocks_of_intertwiners() -> Any:
    g = group.dihedral_group(4)
    point = gspaces.no_base_space(g)
    ins, outs = [g.regular_representation, g.irrep(1, 1), g.regular_representation], [g.irrep(1, 1), g.irrep(0, 0)]
    blocks = BlocksBasisExpansion(ins, outs, point.build_fiber_intertwiner_basis, np.zeros((1, 1)))
    weights = torch.zeros(blocks.dimension())
    nn.init.generalized_he_init(weights, blocks)
    matrix, e = blocks(weights).detach().numpy()[..., 0], g.element((1, 1))
    left, right = group.directsum(outs, name="outs")(e) @ matrix, matrix @ group.directsum(ins, name="ins")(e)
    return [blocks.dimension(), matrix.shape, np.allclose(left, right, atol=1e-5), bool(np.abs(matrix).max() > 0)]


@habit
def names_given_later() -> Any:
    rho = group.directsum([group.cyclic_group(9).irrep(1), group.cyclic_group(9).irrep(2)], name="first")
    rho.name = "second"
    return [rho.name, str(rho)]


class Line(gspaces.GSpace):
    """A space of a program's own, which no element moves."""

    def __init__(self, fibergroup: Any) -> None:
        super().__init__(fibergroup=fibergroup, name="Line", dimensionality=1)

    def _basis_generator(self, in_repr: Any, out_repr: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    @property
    def basespace_action(self) -> Any:
        return self.fibergroup.trivial_representation

    def restrict(self, id: Any) -> Any:
        raise NotImplementedError


@habit
def spaces_of_ones_own() -> Any:
    line = Line(group.cyclic_group(4))
    both = nn.FieldType(line, [line.regular_repr, line.trivial_repr])
    x = both(numbers(2, 5, 7))
    return [both.size, nn.ReLU(both)(x).shape, x.transform_fibers(line.fibergroup.element(1)).tensor[0, :, 0]]


if __name__ == "__main__":
    main(HABITS)
