"""What people write around models of escnn, each habit as a function whose result does not depend on random weights.

It runs on escnn itself and on intertwine under its names; both must print the same:
``python tests/python/compat/habits.py`` and ``python -m intertwine.compat tests/python/compat/habits.py``. The file
``habits.json`` holds what escnn 1.0.11 prints.
"""

from __future__ import annotations

import copy
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import escnn  # pyright: ignore[reportMissingImports]
import escnn.nn.init as init  # pyright: ignore[reportMissingImports]
import numpy as np
import torch
from escnn import group, gspaces, nn  # pyright: ignore[reportMissingImports]
from escnn.gspaces import *  # noqa: F403 - a habit  # pyright: ignore[reportMissingImports]
from escnn.nn import GeometricTensor, R2Conv  # pyright: ignore[reportMissingImports]
from escnn.nn.modules.basismanager import BasisManager  # pyright: ignore[reportMissingImports]
from escnn.nn.modules.equivariant_module import EquivariantModule  # pyright: ignore[reportMissingImports]

HABITS: dict[str, Callable[[], Any]] = {}


def habit(function: Callable[[], Any]) -> Callable[[], Any]:
    """Adds a function to the list."""
    HABITS[function.__name__] = function
    return function


def plain(value: Any) -> Any:
    """The value as JSON has it, with numbers rounded."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, torch.Size)):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 4) + 0.0
    return value if isinstance(value, (int, str, bool, type(None))) else str(value)


def refused(function: Callable[[], Any], *errors: type[BaseException]) -> bool:
    """Whether a function raises one of these errors."""
    try:
        function()
    except errors:
        return True
    return False


def numbers(*shape: int) -> torch.Tensor:
    """Fixed numbers that are all different."""
    count = int(np.prod(shape))
    return torch.sin(torch.arange(float(count)) * 1.7).reshape(shape)


def c4() -> Any:
    return gspaces.rot2dOnR2(N=4)


def d4() -> Any:
    return gspaces.flipRot2dOnR2(N=4)


# --- names and types ----------------------------------------------------------------------------------------------------------


@habit
def star_import_of_spaces() -> Any:
    return [str(rot2dOnR2(4)), str(no_base_space(group.cyclic_group(3)))]  # noqa: F405


@habit
def version_is_checked() -> Any:
    return escnn.__version__.split(".")[0]


@habit
def deep_paths_are_the_same_classes() -> Any:
    return [EquivariantModule is nn.EquivariantModule, R2Conv is escnn.nn.modules.conv.R2Conv]


@habit
def type_from_the_space() -> Any:
    space = c4()
    made = space.type(space.regular_repr, space.irrep(1), space.trivial_repr)
    return [str(made), made.size, made == nn.FieldType(space, [space.regular_repr, space.irrep(1), space.trivial_repr])]


@habit
def type_as_a_function() -> Any:
    x = c4().type(c4().trivial_repr)(torch.ones(1, 1, 3, 3))
    return [isinstance(x, GeometricTensor), str(x.type), x.shape]


@habit
def sums_of_types() -> Any:
    space = c4()
    both = nn.FieldType(space, 2 * [space.regular_repr]) + nn.FieldType(space, [space.irrep(1)])
    return [len(both), both.size, both.fields_start, both.fields_end, both.sorted().size]


@habit
def attributes_of_representations() -> Any:
    rho = d4().regular_repr
    return [rho.name, rho.size, rho.irreps, rho.is_trivial(), sorted(rho.supported_nonlinearities)[:2], rho.group.name]


@habit
def representations_by_name() -> Any:
    space = d4()
    return [sorted(space.representations), str(space.representations["regular"]), str(space.fibergroup.irrep(1, 1))]


@habit
def base_space_as_text() -> Any:
    return [c4().basespace, c4().dimensionality, gspaces.rot3dOnR3().basespace]


@habit
def spaces_of_layers() -> Any:
    space = c4()
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3)
    return [str(conv.space), conv.space == space, conv.in_type.gspace == space]


# --- groups -------------------------------------------------------------------------------------------------------------------


@habit
def reflections() -> Any:
    found = [group.dihedral_group(4).reflection, group.dihedral_group(7).reflection, group.o2_group().reflection]
    return [str(g) for g in found] + [str(found[0] @ found[0] == group.dihedral_group(4).identity)]


@habit
def groups_by_class_name() -> Any:
    return sorted(group.groups_dict)


@habit
def generators_of_continuous_groups() -> Any:
    every = [group.so2_group(2), group.o2_group(2), group.so3_group(2), group.o3_group(2)]
    return [refused(lambda one=one: one.generators, ValueError) for one in every]


@habit
def generators_of_finite_groups() -> Any:
    return [[str(g) for g in one.generators] for one in (group.cyclic_group(5), group.dihedral_group(3))]


@habit
def elements_multiply() -> Any:
    d = group.dihedral_group(6)
    a, b = d.element((1, 2)), d.element((0, 5))
    return [str(a @ b), str(~a), a @ ~a == d.identity, a.to("MAT"), len(list(d.testing_elements()))]


@habit
def subgroups() -> Any:
    d = group.dihedral_group(6)
    sub, inclusion, restriction = d.subgroup((None, 3))
    return [
        sub.name,
        str(inclusion(sub.element(1))),
        str(restriction(d.element((0, 2)))),
        restriction(d.element((1, 0))),
    ]


@habit
def restricted_and_induced() -> Any:
    d = group.dihedral_group(4)
    back = d.irrep(1, 1).restrict((None, 4))
    up = d.induced_representation((None, 4), group.cyclic_group(4).irrep(1))
    return [back.group.name, back.irreps, up.size, sorted(up.irreps)]


@habit
def tensor_products() -> Any:
    g = group.so2_group(4)
    return [sorted(g.irrep(1).tensor(g.irrep(2)).irreps), g.bl_irreps(2), g.irrep(3).size]


@habit
def direct_sums_and_changes_of_basis() -> Any:
    g = group.cyclic_group(4)
    total = group.directsum([g.irrep(0), g.irrep(1)], name="mine")
    turned = group.change_basis(total, np.eye(3)[[2, 0, 1]], "turned")
    return [total.name, turned.name, turned(g.element(1)), np.trace(total(g.element(2)))]


@habit
def klein_group() -> Any:
    from escnn.group.groups.factory import klein4_group  # pyright: ignore[reportMissingImports]

    return [klein4_group().order(), len(klein4_group().irreps())]


@habit
def direct_products() -> Any:
    g = group.direct_product(group.cyclic_group(2), group.dihedral_group(3))
    return [g.order(), len(g.irreps()), str(g.identity), g.irrep((1,), (1, 1)).size]


@habit
def angles_on_the_circle() -> Any:
    from escnn.group.utils import cycle_isclose, psi  # pyright: ignore[reportMissingImports]

    return [bool(cycle_isclose(0.1, 0.1 + 2 * np.pi, 2 * np.pi)), bool(cycle_isclose(0.1, 0.3, 1.0)), psi(0.5, 2)]


# --- layers -------------------------------------------------------------------------------------------------------------------


@habit
def filters_in_eval_mode() -> Any:
    space = c4()
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr, space.trivial_repr), 5)
    conv.eval()
    x = numbers(1, 1, 9, 9)
    plain_output = torch.nn.functional.conv2d(x, conv.filter, conv.expanded_bias)
    same = torch.allclose(conv(conv.in_type(x)).tensor, plain_output, atol=1e-5)
    return [conv.filter.shape, conv.expanded_bias.shape, conv.bias_expansion, same]


@habit
def matrices_in_eval_mode() -> Any:
    space = gspaces.no_base_space(group.cyclic_group(4))
    layer = nn.Linear(space.type(space.regular_repr), space.type(space.regular_repr, space.irrep(1)))
    layer.eval()
    x = numbers(3, 4)
    same = torch.allclose(layer(layer.in_type(x)).tensor, x @ layer.matrix.T + layer.expanded_bias, atol=1e-5)
    return [layer.matrix.shape, layer.bias_expansion.shape, layer.weights.numel(), same]


@habit
def numbers_of_weights() -> Any:
    space = gspaces.rot2dOnR2(-1, maximum_frequency=3)
    rho = nn.FieldType(space, [space.irrep(0), space.irrep(1), space.irrep(2)])
    conv = nn.R2Conv(rho, rho, kernel_size=5, frequencies_cutoff=2.0)
    return [conv.weights.numel(), conv.basisexpansion.dimension(), isinstance(conv.basisexpansion, BasisManager)]


@habit
def bases_of_kernels() -> Any:
    from escnn import kernels  # pyright: ignore[reportMissingImports]

    rings, sigma = [0.0, 1.0, 2.0], [0.6, 0.6, 0.6]
    c, d, so2, o2 = group.cyclic_group(4), group.dihedral_group(4), group.so2_group(4), group.o2_group(4)
    so3, ico, two = group.so3_group(3), group.ico_group(), group.cyclic_group(2)
    found = [
        kernels.kernels_SO2_act_R2(so2.irrep(1), so2.irrep(2), rings, sigma, maximum_frequency=3),
        kernels.kernels_O2_act_R2(o2.irrep(1, 1), o2.irrep(0, 0), rings, sigma, maximum_frequency=3, axis=0.3),
        kernels.kernels_CN_act_R2(c.regular_representation, c.irrep(1), rings, sigma, maximum_frequency=3),
        kernels.kernels_DN_act_R2(d.regular_representation, d.irrep(1, 1), rings, sigma, maximum_frequency=2),
        kernels.kernels_Flip_act_R2(two.regular_representation, two.irrep(1), rings, sigma, maximum_frequency=2),
        kernels.kernels_SO3_act_R3(so3.irrep(0), so3.irrep(1), rings, sigma, maximum_frequency=2),
        kernels.kernels_Ico_act_R3(ico.irrep(0), ico.irrep(1), rings, sigma, maximum_frequency=2),
    ]
    points = [numbers(5, 2)] * 5 + [numbers(5, 3)] * 2
    kinds = [isinstance(basis, kernels.SteerableKernelBasis) for basis in found]
    shapes = [[basis.dim, basis.shape, basis.sample(x).shape] for basis, x in zip(found, points)]
    return [kinds, shapes, len(kernels.kernels_on_point(c.regular_representation, c.regular_representation))]


@habit
def initialised_by_hand() -> Any:
    space = c4()
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3, initialize=False)
    before = float(conv.weights.detach().abs().sum())
    init.generalized_he_init(conv.weights.data, conv.basisexpansion)
    return [before, bool(conv.weights.detach().abs().sum() > 0)]


@habit
def keys_of_the_parameters() -> Any:
    space = c4()
    layers = [nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3)]
    layers += [nn.InnerBatchNorm(layers[0].out_type), nn.NormNonLinearity(layers[0].out_type, "n_relu")]
    return [sorted(name for name, _ in layer.named_parameters())[:1] for layer in layers[:1]]


@habit
def wrong_types_are_assertions() -> Any:
    space = c4()
    layer = nn.ReLU(space.type(space.regular_repr))
    return [
        refused(lambda: layer(space.type(space.trivial_repr)(torch.zeros(1, 1, 3, 3))), AssertionError),
        refused(lambda: nn.ReLU(space.type(space.irrep(1))), AssertionError),
        refused(lambda: space.type(space.regular_repr)(torch.zeros(1, 3, 5, 5)), AssertionError, ValueError),
    ]


@habit
def gates_that_are_refused() -> Any:
    space = c4()
    one, arrow, regular = space.trivial_repr, space.irrep(1), space.regular_repr
    layer = nn.GatedNonLinearity1
    wrong = (AssertionError, ValueError)
    return [
        refused(lambda: layer(space.type(arrow, one)), *wrong),
        refused(lambda: layer(space.type(regular, arrow)), *wrong),
        refused(lambda: layer(space.type(one, one, arrow)), *wrong),
        refused(lambda: layer(space.type(one, arrow), gates=["gate", "other"]), *wrong),
        refused(lambda: nn.GatedNonLinearity2((space.type(arrow), space.type(arrow))), *wrong),
        refused(lambda: nn.GatedNonLinearity2((space.type(one, one), space.type(arrow))), *wrong),
    ]


@habit
def gates() -> Any:
    space = c4()
    layer = nn.GatedNonLinearity1(space.type(space.irrep(1), space.trivial_repr), gates=["gated", "gate"])
    torch.nn.init.zeros_(layer.bias)
    return [str(layer.out_type), layer(layer.in_type(numbers(1, 3, 1, 1))).tensor.flatten()]


@habit
def labels_of_fields() -> Any:
    space = c4()
    one, regular = space.trivial_repr, space.regular_repr
    both = nn.FieldType(space, [regular, one, regular])
    found = []
    for reshuffle in (False, True):
        layer = nn.BranchingModule(both, ["b", "a", "b"], reshuffle=reshuffle)
        parts = layer(both(numbers(1, 9, 1, 1)))
        found.append({label: [str(part.type), part.tensor.flatten()] for label, part in parts.items()})
    return found


@habit
def places_of_labels() -> Any:
    from escnn.nn.modules.utils import check_consecutive_numbers, indexes_from_labels  # pyright: ignore[reportMissingImports]

    space = c4()
    both = space.type(space.trivial_repr, space.regular_repr, space.trivial_repr)
    return [
        indexes_from_labels(both, ["a", "b", "a"]),
        check_consecutive_numbers([2, 3, 1]),
        check_consecutive_numbers([1, 3]),
    ]


@habit
def fields_that_move() -> Any:
    space = d4()
    x = space.type(space.regular_repr)(numbers(1, 8, 3, 3))
    g = space.fibergroup.element((1, 1))
    return [x.transform(g).tensor.flatten()[:9], x.transform_fibers(g).tensor.flatten()[:9]]


@habit
def fields_with_time() -> Any:
    space = c4()
    x = numbers(1, 2, 2, 3, 3).numpy()
    return space.featurefield_action(x, space.irrep(1), space.fibergroup.element(1))


@habit
def arrays_that_turn() -> Any:
    from escnn.gspaces.utils import linear_transform_array_nd, rotate_array_2d  # pyright: ignore[reportMissingImports]

    x = numbers(1, 3, 3).numpy()
    return [rotate_array_2d(x, np.pi / 2), linear_transform_array_nd(x, np.array([[0.0, 1.0], [1.0, 0.0]]))]


@habit
def cells_of_kernels() -> Any:
    from escnn.nn.modules.conv.rd_convolution import get_grid_coords  # pyright: ignore[reportMissingImports]

    return [get_grid_coords(2, 3, 2), get_grid_coords(3, 2).shape]


@habit
def masks() -> Any:
    from escnn.nn.modules.masking_module import build_mask  # pyright: ignore[reportMissingImports]

    return [
        build_mask(7, margin=3.0)[0, 0, 0],
        nn.MaskModule(c4().type(c4().trivial_repr), 7, margin=3.0).mask[0, 0, 1],
    ]


@habit
def pooling() -> Any:
    space = c4()
    x = space.type(space.regular_repr)(numbers(1, 4, 4, 4))
    return [
        nn.GroupPooling(x.type)(x).tensor.flatten()[:6],
        nn.PointwiseMaxPool(x.type, 2)(x).tensor.flatten()[:6],
        nn.PointwiseAvgPoolAntialiased(x.type, sigma=0.66, stride=2)(x).tensor.flatten()[:4],
        nn.PointwiseAdaptiveAvgPool(x.type, 1)(x).tensor.flatten(),
    ]


@habit
def norms() -> Any:
    space = d4()
    x = space.type(space.irrep(1, 1), space.irrep(1, 2))(numbers(1, 3, 2, 2))
    return [nn.NormPool(x.type)(x).tensor.flatten(), nn.NormMaxPool(x.type, 2)(x).tensor.flatten()]


@habit
def normalised_in_eval_mode() -> Any:
    space = c4()
    layer = nn.InnerBatchNorm(space.type(space.regular_repr), eps=0.5).eval()
    return layer(layer.in_type(numbers(1, 4, 1, 1))).tensor.flatten()


@habit
def restricted_models() -> Any:
    space = d4()
    layer = nn.RestrictionModule(space.type(space.irrep(1, 1)), (None, 4))
    return [str(layer.out_type), layer(layer.in_type(numbers(1, 2, 1, 1))).tensor.flatten()]


@habit
def shapes_without_running() -> Any:
    space = c4()
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 5, padding=1, stride=2)
    return [
        conv.evaluate_output_shape((2, 1, 11, 11)),
        nn.R2Upsampling(conv.out_type, 2).evaluate_output_shape((1, 4, 3, 3)),
    ]


@habit
def sequences() -> Any:
    space = c4()
    types = [space.type(space.trivial_repr), space.type(*2 * [space.regular_repr])]
    model = nn.SequentialModule(nn.R2Conv(*types, 3), nn.InnerBatchNorm(types[1]), nn.ReLU(types[1], inplace=True))
    return [len(model), str(model.out_type), type(model[0]).__name__, len(list(model.modules())) > 3]


@habit
def exported_models() -> Any:
    space = c4()
    types = [space.type(space.trivial_repr), space.type(space.regular_repr)]
    model = nn.SequentialModule(nn.R2Conv(*types, 3), nn.ReLU(types[1])).eval()
    x = numbers(1, 1, 6, 6)
    with torch.no_grad():
        exported = model.export()
        return [type(exported).__name__, torch.allclose(exported(x), model(types[0](x)).tensor, atol=1e-5)]


@habit
def modules_of_the_user() -> Any:
    class Twice(EquivariantModule):
        def __init__(self, in_type: Any) -> None:
            super().__init__()
            self.in_type = self.out_type = in_type
            self.space = in_type.gspace

        def forward(self, input: Any) -> Any:
            assert input.type == self.in_type
            return GeometricTensor(2 * input.tensor, self.out_type)

        def evaluate_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    layer = Twice(c4().type(c4().irrep(1)))
    model = nn.SequentialModule(layer, nn.NormPool(layer.out_type))
    layer.check_equivariance()
    return model(layer.in_type(numbers(1, 2, 1, 2))).tensor.flatten()


@habit
def equivariance_is_checked() -> Any:
    space = c4()
    layer = nn.ReLU(space.type(space.regular_repr))
    errors = layer.check_equivariance()
    return [all(float(error) < 1e-4 for _, error in errors), len(errors) > 0]


@habit
def copies_and_states() -> Any:
    space = c4()
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3)
    other = copy.deepcopy(conv)
    other.load_state_dict(conv.state_dict())
    x = conv.in_type(numbers(1, 1, 5, 5))
    return torch.allclose(conv(x).tensor, other(x).tensor)


@habit
def tensors_are_added() -> Any:
    x = c4().type(c4().irrep(1))(numbers(1, 2, 1, 1))
    total = nn.tensor_directsum([x, x + x])
    return [
        str(total.type),
        (x + x - 0.5 * x).tensor.flatten(),
        total.tensor.flatten(),
        str(x.to("cpu").type == x.type),
    ]


@habit
def volumes() -> Any:
    space = gspaces.octaOnR3()
    x = space.type(space.trivial_repr)(numbers(1, 1, 3, 3, 3))
    conv = nn.R3Conv(x.type, space.type(space.regular_repr), 3)
    return [
        conv(x).shape,
        nn.PointwiseAvgPool3D(x.type, 3)(x).tensor.flatten(),
        nn.GroupPooling(conv.out_type).out_type.size,
    ]


def main(habits: dict[str, Callable[[], Any]] = HABITS) -> None:
    """Prints the results.

    Args:
        habits: the functions by name.
    """
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    found = {}
    for name, function in habits.items():
        try:
            found[name] = plain(function())
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
