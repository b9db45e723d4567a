"""All forms of the expansion give one filter, and the transposed maps that are written out are its derivatives."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from intertwine import gspaces, nn
from intertwine.group import directsum
from intertwine.kernels import blocks
from intertwine.kernels.blocks import BlockExpansion
from intertwine.kernels.cells import BandProduct, cell_functions
from intertwine.kernels.expansion import _FieldExpansion
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.ring_functions import scalar_basis


def uniform(space, copies, *labels):
    return nn.FieldType(space, copies * [directsum([space.irrep(*label) for label in labels])])


def apart(space, *counted):
    return nn.FieldType(space, [space.irrep(*label) for count, *label in counted for _ in range(count)])


SO2, O2, C8 = gspaces.rot2dOnR2(-1), gspaces.flipRot2dOnR2(-1), gspaces.rot2dOnR2(8)
PAIRS = {
    "equal fields": (uniform(SO2, 3, (0,), (1,), (2,)), uniform(SO2, 2, (0,), (1,), (3,))),
    "sizes that alternate": (uniform(SO2, 2, (1,), (0,), (2,), (0,)), uniform(SO2, 2, (0,), (1,), (0,))),
    "irreps by themselves": (apart(SO2, (2, 0), (2, 1)), apart(SO2, (2, 0), (2, 1), (2, 2))),
    "as many as you like": (apart(SO2, (1, 0), (3, 1), (2, 2)), apart(SO2, (2, 1), (1, 0))),
    "reflections": (uniform(O2, 2, (0, 0), (1, 1)), uniform(O2, 3, (1, 0), (1, 1), (1, 2))),
    "a finite group": (uniform(C8, 2, (0,), (1,), (4,)), apart(C8, (2, 4), (1, 3), (2, 0))),
    "one pair": (apart(O2, (2, 1, 1)), apart(O2, (3, 1, 1))),
    "blocks without a kernel": (apart(O2, (1, 0, 0), (1, 1, 1)), apart(O2, (1, 1, 0), (1, 0, 0))),
    "a change of basis": (
        nn.FieldType(SO2, 2 * [SO2.fibergroup.bl_regular_representation(2)]),
        nn.FieldType(SO2, [SO2.fibergroup.bl_regular_representation(1), SO2.irrep(2)]),
    ),
}


EQUAL = {
    "sums of irreps": (uniform(SO2, 3, (0,), (1,), (1,)), uniform(SO2, 2, (1,), (0,), (3,))),
    "sums of irreps of a finite group": (uniform(C8, 2, (0,), (1,), (2,)), uniform(C8, 3, (2,), (1,))),
    "a regular field and its parts": (uniform(C8, 2, (0,), (3,)), nn.FieldType(C8, 2 * [C8.regular_repr])),
    "a change of basis": (
        nn.FieldType(SO2, 2 * [SO2.fibergroup.bl_regular_representation(2)]),
        nn.FieldType(SO2, [SO2.fibergroup.bl_regular_representation(1)]),
    ),
}


def assert_same_filters(ours, theirs):
    torch.manual_seed(0)
    theirs.load_state_dict(ours.state_dict())
    filters = [layer.double().expand_parameters()[0] for layer in (ours, theirs)]
    assert torch.allclose(*filters, rtol=0, atol=1e-13)
    values = torch.randn_like(filters[0])
    gradients = [
        torch.autograd.grad((f * values).sum(), layer.weights)[0]
        for f, layer in zip(filters, (ours, theirs), strict=True)
    ]
    assert torch.allclose(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_blocks_and_pairs_give_one_filter(name, kernel_size, monkeypatch):
    monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
    ours = nn.R2Conv(*PAIRS[name], kernel_size)
    assert ours.basisexpansion._blocks is not None
    monkeypatch.setattr(BlockExpansion, "is_applicable", staticmethod(lambda plan: False))
    theirs = nn.R2Conv(*PAIRS[name], kernel_size, initialize=False)
    assert theirs.basisexpansion._blocks is None
    assert_same_filters(ours, theirs)


@pytest.mark.parametrize("name", EQUAL)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_equal_fields_and_pairs_give_one_filter(name, kernel_size, monkeypatch):
    ours = nn.R2Conv(*EQUAL[name], kernel_size)
    assert ours.basisexpansion._fields is not None
    monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
    theirs = nn.R2Conv(*EQUAL[name], kernel_size, initialize=False)
    assert theirs.basisexpansion._fields is None
    assert_same_filters(ours, theirs)


def test_equal_fields_on_the_meta_device():
    with torch.device("meta"):
        layer = nn.R2Conv(*EQUAL["sums of irreps"], 3)
    layer.to_empty(device="cpu")
    twin = nn.R2Conv(*EQUAL["sums of irreps"], 3)
    assert torch.equal(layer.basisexpansion._fields.basis, twin.basisexpansion._fields.basis)


D4 = gspaces.flipRot2dOnR2(4)
TWISTED = D4.induced_repr((None, 4), gspaces.rot2dOnR2(4).irrep(1))
PERMUTED = {
    "regular": (nn.FieldType(C8, 2 * [C8.regular_repr]), nn.FieldType(C8, 3 * [C8.regular_repr])),
    "regular and irreps": (
        nn.FieldType(C8, [C8.regular_repr, C8.irrep(1), C8.regular_repr]),
        nn.FieldType(C8, [C8.irrep(0), C8.regular_repr, C8.irrep(2)]),
    ),
    "quotients": (
        nn.FieldType(D4, [D4.regular_repr, D4.quotient_repr((0, 2)), D4.irrep(1, 1)]),
        nn.FieldType(D4, [D4.quotient_repr((0, 1)), D4.regular_repr]),
    ),
    "induced from an irrep": (nn.FieldType(D4, 2 * [TWISTED]), nn.FieldType(D4, [TWISTED, D4.regular_repr])),
}


@pytest.mark.parametrize("name", PERMUTED)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_rows_and_pairs_give_one_filter(name, kernel_size, monkeypatch):
    monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
    ours = nn.R2Conv(*PERMUTED[name], kernel_size)
    assert ours.basisexpansion._blocks is not None
    monkeypatch.setattr(BlockExpansion, "is_applicable", staticmethod(lambda plan: False))
    assert_same_filters(ours, nn.R2Conv(*PERMUTED[name], kernel_size, initialize=False))


class Operations(TorchDispatchMode):
    """The names of all operations."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function.__name__.split(".")[0])
        return function(*args, **kwargs or {})


@pytest.mark.parametrize("form", ["cheapest", "pairs"])
@pytest.mark.parametrize("kernel_size", [3, 9, 25])
@pytest.mark.parametrize("name", [*PAIRS, *EQUAL, *PERMUTED])
def test_the_transposed_map_is_the_derivative_without_atomics(name, kernel_size, form, monkeypatch):
    if form == "pairs":
        monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
        monkeypatch.setattr(BlockExpansion, "is_applicable", staticmethod(lambda plan: False))
    kinds = {**PAIRS, **EQUAL, **PERMUTED}[name]
    expansion = nn.R2Conv(*kinds, kernel_size, initialize=False).double().basisexpansion
    weights = torch.randn(expansion.dimension(), dtype=torch.float64, requires_grad=True)
    # Step by step autograd derives each step; `forward` uses the transposed map where that is faster, as on GPUs.
    filters = expansion.expanded(weights)
    values = torch.randn_like(filters)
    (expected,) = torch.autograd.grad(filters, weights, values)
    with Operations() as seen:
        found = expansion.transposed(values)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    assert not [name for name in seen.names if "index_add" in name or "scatter" in name or "index_put" in name]
    monkeypatch.setattr(expansion, "_has_own_derivative", lambda weights: weights.requires_grad)
    own = expansion(weights)
    assert torch.equal(own, filters)
    (once,) = torch.autograd.grad((own**2).sum() / 2, weights, create_graph=True)
    (twice,) = torch.autograd.grad(once @ weights.detach(), weights)
    torch.testing.assert_close(twice, once.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kernel_size", [21, 25, 31])
def test_bands_hold_all_that_is_not_negligible(kernel_size):
    points = lattice_points(2, (kernel_size, kernel_size), (1, 1))
    scalars = scalar_basis(2, kernel_size).without_vanishing(points)
    functions = cell_functions(scalars, tuple(map(tuple, points.tolist())))
    product = BandProduct(functions).double()
    dense = scalars.evaluate(points) / scalars.norms(points)[:, None]
    whole = torch.eye(scalars.size, dtype=torch.float64)
    torch.testing.assert_close(product(whole)[:, 0], torch.from_numpy(dense), rtol=0, atol=1e-12)
    torch.testing.assert_close(product.adjoint(product(whole))[0, 0].item(), 1.0, rtol=0, atol=1e-12)


def test_constants_grow_with_the_third_power_of_the_width():
    def numbers(width):
        points = lattice_points(2, (width, width), (1, 1))
        functions = cell_functions(scalar_basis(2, width).without_vanishing(points), tuple(map(tuple, points.tolist())))
        return functions.numbers

    assert np.log(numbers(81) / numbers(41)) / np.log(81 / 41) < 3.3


def test_large_bases_that_are_not_free_are_batched_by_ring_and_order(monkeypatch):
    kinds = nn.FieldType(C8, [C8.regular_repr]), nn.FieldType(C8, [C8.irrep(1), C8.quotient_repr(2)])
    ours = nn.R2Conv(*kinds, 7)
    monkeypatch.setattr(blocks, "KEEP_UP_TO", 0)
    theirs = nn.R2Conv(*kinds, 7, initialize=False)
    assert theirs.basisexpansion._blocks is None
    assert_same_filters(ours, theirs)
    filters = theirs.basisexpansion(theirs.weights)
    (expected,) = torch.autograd.grad(filters, theirs.weights, filters.detach())
    torch.testing.assert_close(theirs.basisexpansion.transposed(filters.detach()), expected)


def test_bands_that_hold_no_element():
    gray = nn.FieldType(C8, [C8.trivial_repr])
    layer = nn.R2Conv(gray, gray, 91, initialize=False).double()
    weights = torch.randn(layer.weights.numel(), dtype=torch.float64, requires_grad=True)
    filters = layer.basisexpansion(weights)
    assert torch.equal(filters, layer.basisexpansion.expanded(weights))
    assert filters.view(91, 91).rot90().sub(filters.view(91, 91)).abs().max() < 1e-12
    (gradient,) = torch.autograd.grad(filters.square().sum() / 2, weights)
    torch.testing.assert_close((gradient @ weights).item(), filters.square().sum().item())


# torch itself scripts decompositions for forward derivatives.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_large_kernels_compile_and_pass_function_transforms():
    kind = nn.FieldType(C8, [C8.regular_repr])
    layer = nn.R2Conv(kind, kind, 25, bias=False).double()
    expansion, weights = layer.basisexpansion, layer.weights
    assert expansion._has_own_derivative(weights)
    values = torch.randn_like(expansion(weights))
    (expected,) = torch.autograd.grad(expansion(weights), weights, values)
    compiled = torch.compile(expansion, backend="aot_eager", fullgraph=True)
    (found,) = torch.autograd.grad(compiled(weights), weights, values)
    torch.testing.assert_close(found, expected)
    of_one = torch.func.grad(lambda w: (expansion(w) * values).sum())
    torch.testing.assert_close(torch.func.vmap(of_one)(torch.stack(2 * [weights.detach()]))[1], expected)
    with torch.autograd.forward_ad.dual_level():
        tangent = torch.randn_like(weights)
        moved = expansion(torch.autograd.forward_ad.make_dual(weights, tangent))
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(moved).tangent, expansion(tangent))
