"""Field types and tensors of fields: what the group does to them, their parts, values and printed forms."""

import copy
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine import gspaces, nn
from intertwine.errors import IntertwineError
from intertwine.fields.field_type import as_field_type

from ..contracts.copies import reloaded
from ..contracts.layers import hidden, mixed, pointwise, regulars, trivials
from ..contracts.lists import GSPACES

KINDS = {"trivial": trivials, "regular": regulars, "mixed": mixed, "pointwise": pointwise, "hidden": hidden}
PLANAR = [name for name in GSPACES if not name.startswith("no space")]


@pytest.fixture(
    params=list(itertools.product(["C4", "D4", "flip", "C3", "D4, axis 0"], KINDS)), ids=" ".join, name="kind"
)
def fixture_kind(request):
    space, kind = request.param
    return KINDS[kind](GSPACES[space]())


def exact_elements(kind):
    return [g for g in kind.fibergroup.elements if kind.gspace.is_exact(g)]


# ---- what the group does


def test_transforming_is_a_group_action(kind):
    x = torch.randn(2, kind.size, 5, 5, dtype=torch.float64)
    assert torch.equal(kind.transform(x, kind.fibergroup.identity), x)
    for g, h in itertools.product(exact_elements(kind), repeat=2):
        once = kind.transform(x, g @ h)
        twice = kind.transform(kind.transform(x, h), g)
        torch.testing.assert_close(once, twice, atol=1e-12, rtol=0)


def test_transforming_is_the_definition(kind):
    # (g f)(x) = rho(g) f(g^-1 x), cell by cell
    n = 4
    x = torch.randn(1, kind.size, n, n, dtype=torch.float64)
    c = (n - 1) / 2
    for g in exact_elements(kind):
        A = kind.gspace.basespace_action(g)
        rho = kind.fiber_representation(g).double().numpy()
        y = kind.transform(x, g)
        for row, column in itertools.product(range(n), repeat=2):
            source = A.T @ np.array([column - c, c - row])
            old = x[0, :, round(c - source[1]), round(source[0] + c)].numpy()
            np.testing.assert_allclose(y[0, :, row, column].numpy(), rho @ old, atol=1e-6)


def test_permutations_are_exact_in_any_dtype():
    kind = pointwise(GSPACES["D4"]())
    x = torch.randint(0, 100, (2, kind.size, 4, 6))
    for g in kind.fibergroup.elements:
        y = kind.transform(x, g)
        assert y.dtype == torch.int64
        assert torch.equal(y.double(), kind.transform(x.double(), g))


def test_fibers_and_points():
    kind = mixed(GSPACES["D4"]())
    features, coords = torch.randn(9, kind.size, dtype=torch.float64), torch.randn(9, 2, dtype=torch.float64)
    x = kind(features, coords)
    for g in kind.fibergroup.elements:
        y = x.transform(g)
        rho = np.asarray(kind.representation(g))
        np.testing.assert_allclose(y.tensor.numpy(), features.numpy() @ rho.T, atol=1e-12)
        np.testing.assert_allclose(y.coords.numpy(), coords.numpy() @ kind.gspace.basespace_action(g).T, atol=1e-12)
        z = x.transform_fibers(g)
        assert torch.equal(z.tensor, y.tensor)
        assert torch.equal(z.coords, coords)


def test_interpolated_turns_are_close_on_smooth_fields():
    space = gspaces.rot2dOnR2(N=8)
    kind = nn.FieldType(space, [space.irrep(1)])
    axis = torch.linspace(-2, 2, 41, dtype=torch.float64)
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    fall = torch.exp(-3 * (x**2 + y**2))
    radial = torch.stack([x * fall, y * fall])[None]  # a field of vectors that any rotation leaves as it is
    for g in space.fibergroup.elements:
        torch.testing.assert_close(kind.transform(radial, g), radial, atol=2e-3, rtol=0)


def test_walk_through_of_the_vandermonde_image():
    space = gspaces.rot2dOnR2(N=4)
    x = nn.field_type(space, trivial=1)(
        torch.tensor([[0, 0, 0, 1], [1, 1, 1, 1], [8, 4, 2, 1], [27, 9, 3, 1]], dtype=torch.float32)[None, None]
    )
    turned = [x.transform(g).tensor[0, 0].int().tolist() for g in space.testing_elements]
    assert turned[1] == [[1, 1, 1, 1], [0, 1, 2, 3], [0, 1, 4, 9], [0, 1, 8, 27]]
    assert turned[2] == [[1, 3, 9, 27], [1, 2, 4, 8], [1, 1, 1, 1], [1, 0, 0, 0]]
    assert turned[3] == [[27, 8, 1, 0], [9, 4, 1, 0], [3, 2, 1, 0], [1, 1, 1, 1]]
    assert torch.equal(x.transform(space.fibergroup.element(1) ** 4).tensor, x.tensor)


# ---- types


def test_sizes_and_bounds(kind):
    sizes = [rho.size for rho in kind.representations]
    assert kind.size == sum(sizes)
    assert len(kind) == len(sizes)
    assert (kind.fields_end - kind.fields_start).tolist() == sizes
    assert kind.fields_start[0] == 0
    assert kind.fields_end[-1] == kind.size
    assert kind.uniform == (len(set(kind.representations)) == 1)
    assert kind.irreps == [id for rho in kind.representations for id in rho.irreps]
    for g in kind.fibergroup.elements:
        np.testing.assert_allclose(kind.fiber_representation(g), kind.representation(g), atol=1e-6)


def test_sums_selections_and_groups():
    space = GSPACES["D4"]()
    a, b = regulars(space), mixed(space)
    total = a + b
    assert total == nn.FieldType(space, [*a.representations, *b.representations])
    assert total.index_select([0, 3]).representations == (space.regular_repr, b.representations[1])
    assert [rho.size for rho in b.sorted().representations] == sorted(rho.size for rho in b.representations)
    grouped = b.group_by_labels(["x", "y", "y", "x", "z"])
    assert grouped["x"] == regulars(space)
    assert len(grouped["y"]) == 2
    with pytest.raises(IntertwineError):
        a + regulars(GSPACES["C4"]())
    with pytest.raises(IntertwineError):
        b.group_by_labels(["x"])


@pytest.mark.parametrize("name", KINDS)
def test_restriction_keeps_the_channels(name):
    kind = KINDS[name](GSPACES["D4"]())
    x = torch.randn(1, kind.size, 3, 3, dtype=torch.float64)
    for id in [(None, 4), (0, 2), (1, 1), (None, 1)]:
        below = kind.restrict(id)
        space, up, _ = kind.gspace.restrict(id)
        assert below.gspace == space
        assert below.size == kind.size
        assert torch.equal(kind(x).restrict(id).tensor, x)
        for h in below.fibergroup.elements:
            if space.is_exact(h):
                torch.testing.assert_close(below.transform(x, h), kind.transform(x, up(h)), atol=1e-12, rtol=0)


def test_types_by_name():
    space = GSPACES["D4"]()
    expected = nn.FieldType(
        space, [space.irrep(1, 1), *2 * [space.regular_repr], space.trivial_repr, space.irrep(1, 1)]
    )
    assert nn.field_type(space, space.irrep(1, 1), regular=2, trivial=1, irrep_1_1=1) == expected
    assert as_field_type(space, {"regular": 2}) == regulars(space)
    assert as_field_type(space, [space.regular_repr] * 2) == regulars(space)
    assert as_field_type(space, regulars(space)) == regulars(space)


def test_types_are_values(kind):
    for twin in (
        copy.copy(kind),
        copy.deepcopy(kind),
        reloaded(kind),
        nn.FieldType(kind.gspace, list(kind.representations)),
    ):
        assert twin == kind
        assert hash(twin) == hash(kind)
        assert repr(twin) == repr(kind)
    assert copy.deepcopy(kind).gspace is kind.gspace
    assert kind != "type"
    assert kind != kind + kind


@pytest.mark.parametrize(
    ("build", "printed"),
    [
        (lambda: trivials(GSPACES["C4"](), 1), "[C4_on_R2[(None, 4)]: {irrep_0 (x1)}(1)]"),
        (lambda: regulars(GSPACES["C4"](), 3), "[C4_on_R2[(None, 4)]: {regular (x3)}(12)]"),
        (
            lambda: nn.field_type(GSPACES["D4"](), regular=2, trivial=3),
            "[D4_on_R2[(3.141592653589793, 4)]: {regular (x2), irrep_0,0 (x3)}(19)]",
        ),
    ],
)
def test_printed_types(build, printed):
    assert str(build()) == repr(build()) == printed


# ---- tensors


def test_tensors_of_fields_are_arithmetic():
    kind = mixed(GSPACES["C4"]())
    a, b = (kind(torch.randn(2, kind.size, 3, 3)) for _ in range(2))
    assert torch.equal((a + b).tensor, a.tensor + b.tensor)
    assert torch.equal((a - b).tensor, a.tensor - b.tensor)
    assert torch.equal((2 * a).tensor, (a * 2).tensor)
    torch.testing.assert_close((a / 4).tensor, a.tensor / 4)
    assert torch.equal((-a).tensor, -a.tensor)
    assert (a + b).type == kind
    assert a.is_compatible(b)
    other = regulars(GSPACES["C4"](), 1)
    with pytest.raises(IntertwineError):
        a + other(torch.randn(2, other.size, 3, 3))
    assert a.shape == a.size() == (2, kind.size, 3, 3)
    assert len(a) == 2


def test_only_what_is_equivariant_may_scale_a_tensor():
    kind = mixed(GSPACES["C4"]())
    x = kind(torch.randn(3, kind.size, 3, 3))
    per_item = torch.rand(3, 1, 1, 1)
    assert torch.equal((x * per_item).tensor, x.tensor * per_item)
    for factor in (torch.rand(kind.size, 1, 1), torch.rand(3), torch.rand(3, 3), torch.rand(1, kind.size, 1, 1)):
        with pytest.raises(IntertwineError):
            x * factor


def test_parts_are_fields_not_channels():
    space = GSPACES["C4"]()
    kind = mixed(space)
    x = kind(torch.randn(4, kind.size, 3, 3))
    starts, ends = kind.fields_start, kind.fields_end
    second = x[:, 1]
    assert second.type == nn.FieldType(space, [kind.representations[1]])
    assert torch.equal(second.tensor, x.tensor[:, starts[1] : ends[1]])
    assert x[1].shape == (1, kind.size, 3, 3)
    assert x[-1:].shape == (1, kind.size, 3, 3)
    assert x[:, [0, 3]].type == regulars(space)
    assert torch.equal(x[:, [3, 0]].tensor[:, :4], x.tensor[:, starts[3] : ends[3]])
    assert x[:, 1:3].tensor.shape[1] == ends[2] - starts[1]
    assert torch.equal(x[..., 1:].tensor, x.tensor[..., 1:])
    parts = x.split([1, 3])
    assert [len(part.type) for part in parts] == [1, 2, 2]
    assert torch.equal(torch.cat([part.tensor for part in parts], dim=1), x.tensor)
    together = nn.tensor_directsum(parts)
    assert together.type == kind
    assert torch.equal(together.tensor, x.tensor)


def test_tensors_survive_pickle_and_deepcopy():
    kind = mixed(GSPACES["C4"]())
    x = kind(torch.randn(2, kind.size, 3, 3))
    for twin in (copy.deepcopy(x), reloaded(x)):
        assert torch.equal(twin.tensor, x.tensor)
        assert twin.type == kind
    assert copy.deepcopy(x).type is kind


def test_tensors_are_pytrees():
    kind = mixed(GSPACES["C4"]())
    x = kind(torch.randn(2, kind.size, 3, 3))
    doubled = torch.utils._pytree.tree_map(lambda t: t * 2, [x])[0]
    assert isinstance(doubled, nn.GeometricTensor)
    assert doubled.type == kind
    assert torch.equal(doubled.tensor, x.tensor * 2)


def test_printed_tensors():
    kind = trivials(GSPACES["C4"](), 1)
    assert str(kind(torch.zeros(1, 1, 1, 1))) == "g_tensor([[[[0.]]]], [C4_on_R2[(None, 4)]: {irrep_0 (x1)}(1)])"


def test_gradients_pass_through_transform():
    kind = mixed(GSPACES["D8"]())
    x = torch.randn(1, kind.size, 3, 3, dtype=torch.float64, requires_grad=True)
    for g in list(kind.fibergroup.elements)[1::5]:
        assert torch.autograd.gradcheck(lambda x, g=g: kind.transform(x, g), (x,), fast_mode=True)


# ---- refusals


SPACE = gspaces.rot2dOnR2(N=4)
KIND = nn.FieldType(SPACE, [SPACE.regular_repr])


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.FieldType(SPACE, []),
        lambda: nn.FieldType(SPACE, SPACE.regular_repr),
        lambda: nn.FieldType(SPACE, [gspaces.rot2dOnR2(N=8).regular_repr]),
        lambda: nn.FieldType(SPACE, ["regular"]),
        lambda: nn.FieldType(SPACE, 5),
        lambda: nn.FieldType(SPACE, None),
        lambda: nn.FieldType(SPACE.fibergroup, [SPACE.regular_repr]),
        lambda: nn.field_type(SPACE),
        lambda: nn.field_type(SPACE, regular=0),
        lambda: nn.field_type(SPACE, regular=-1),
        lambda: nn.field_type(SPACE, regular=2.5),
        lambda: nn.field_type(SPACE, irrep_9=1),
        lambda: nn.field_type("C4", regular=1),
        lambda: as_field_type(SPACE, 5),
        lambda: as_field_type(SPACE, "regular"),
        lambda: KIND(torch.zeros(1, 3, 5, 5)),
        lambda: KIND(torch.zeros(4)),
        lambda: KIND(np.zeros((1, 4, 5, 5))),
        lambda: KIND([[1.0]]),
        lambda: nn.GeometricTensor(torch.zeros(1, 4, 5, 5), "type"),
        lambda: KIND(torch.zeros(1, 4, 5, 5), torch.zeros(1, 2)),
        lambda: KIND(torch.zeros(5, 4), torch.zeros(5, 3)),
        lambda: KIND(torch.zeros(5, 4), torch.zeros(4, 2)),
        lambda: KIND.transform(torch.zeros(1, 4, 5), SPACE.fibergroup.element(1)),
        lambda: KIND.transform(torch.zeros(3, 4), SPACE.fibergroup.element(1)),
        lambda: KIND.transform(torch.zeros(1, 4, 5, 5), gspaces.rot2dOnR2(N=8).fibergroup.element(1)),
        lambda: KIND.transform(torch.zeros(1, 4, 5, 5), 1),
        lambda: KIND.transform_fibers(torch.zeros(1, 3, 5, 5), SPACE.fibergroup.element(1)),
        lambda: KIND.index_select([4]),
        lambda: KIND.restrict(3),
        lambda: nn.tensor_directsum([]),
        lambda: nn.tensor_directsum([torch.zeros(1, 4, 5, 5)]),
        lambda: nn.tensor_directsum([KIND(torch.zeros(1, 4, 5, 5)), KIND(torch.zeros(1, 4, 6, 6))]),
        lambda: KIND(torch.zeros(1, 4, 5, 5))[:, 3],
        lambda: KIND(torch.zeros(1, 4, 5, 5))[:, "a"],
        lambda: KIND(torch.zeros(1, 4, 5, 5)).split([3, 1]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(IntertwineError) as caught:
        call()
    assert str(caught.value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 6), max_size=6)
    | st.tuples(st.integers(0, 3), st.just(4), st.integers(0, 4), st.integers(0, 4))
)
def test_any_shape_fits_or_is_refused(shape):
    def turn():
        x = KIND(torch.zeros(*shape) if shape else torch.tensor(0.0))
        return x.transform(SPACE.fibergroup.element(1)).shape

    if len(shape) == 4 and shape[1] == KIND.size:
        assert tuple(turn()) == (shape[0], shape[1], shape[3], shape[2])
    else:
        with pytest.raises(IntertwineError):
            turn()


# ---- side by side


@pytest.mark.peer
@pytest.mark.parametrize("name", ["C4", "D4", "flip", "D3"])
def test_types_and_tensors_as_in_escnn(name):
    their_spaces, their_nn = pytest.importorskip("escnn.gspaces"), pytest.importorskip("escnn.nn")
    ours = GSPACES[name]()
    theirs = {
        "C4": lambda: their_spaces.rot2dOnR2(4),
        "flip": their_spaces.flip2dOnR2,
        "D3": lambda: their_spaces.flipRot2dOnR2(3),
        "D4": lambda: their_spaces.flipRot2dOnR2(4),
    }[name]()

    def types(module, space):
        ids = [psi.id for psi in space.fibergroup.irreps()]
        regular, last, first = space.regular_repr, space.irrep(*ids[-1]), space.trivial_repr
        yield module.FieldType(space, [regular, regular, first, last])
        yield module.FieldType(space, [regular, first, regular, regular + last])

    for mine, other in zip(types(nn, ours), types(their_nn, theirs)):
        assert repr(mine) == repr(other)
        assert mine.fields_names() == other.fields_names()
        assert mine.irreps == other.irreps
        assert mine.fields_start.tolist() == other.fields_start.tolist()
        assert repr(mine.sorted()) == repr(other.sorted())
        x = torch.randn(2, mine.size, 5, 5)
        assert repr(mine(x)) == repr(other(x))
        for g, h in zip(ours.fibergroup.elements, theirs.fibergroup.elements):
            np.testing.assert_allclose(mine.fiber_representation(g), other.fiber_representation(h), atol=1e-6)
            if ours.is_exact(g):
                torch.testing.assert_close(mine.transform(x, g), other.transform(x, h), atol=1e-5, rtol=0)
