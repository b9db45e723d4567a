"""Sequences: types that are inferred, ordinary modules behind invariant fields, and what is refused."""

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import FieldTypeError, IntertwineError, ShapeError, UnsupportedFieldError

from ..contracts.layers import c4, c8, d4, hidden, mixed, regulars, trivials


def test_specs_are_built_in_turn():
    space = d4()
    inferred = nn.SequentialModule(
        trivials(space, 1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        nn.InnerBatchNorm.spec(),
        nn.ReLU.spec(),
        nn.PointwiseAvgPoolAntialiased2D.spec(sigma=0.66, stride=2),
        nn.R2Conv.spec(out=[space.regular_repr, space.irrep(1, 1)], kernel_size=3),
    )
    wide = regulars(space)
    last = nn.FieldType(space, [space.regular_repr, space.irrep(1, 1)])
    explicit = nn.SequentialModule(
        nn.R2Conv(trivials(space, 1), wide, kernel_size=3),
        nn.InnerBatchNorm(wide),
        nn.ReLU(wide),
        nn.PointwiseAvgPoolAntialiased2D(wide, sigma=0.66, stride=2),
        nn.R2Conv(wide, last, kernel_size=3),
    )
    assert inferred.in_type == explicit.in_type == trivials(space, 1)
    assert inferred.out_type == explicit.out_type == last
    explicit.load_state_dict(inferred.state_dict(), strict=True)
    x = torch.randn(2, 1, 11, 11)
    assert torch.equal(inferred.eval()(x), explicit.eval()(x))


def test_specs_are_values_that_print():
    spec = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3)
    assert isinstance(spec, nn.Spec)
    assert spec.name == "R2Conv"
    assert "kernel_size=3" in repr(spec)
    a, b = spec.build(trivials(c4())), spec.build(trivials(c8()))
    assert (a.out_type, b.out_type) == (regulars(c4()), regulars(c8()))


def test_ordinary_modules_follow_invariant_fields():
    model = nn.SequentialModule(
        trivials(d4(), 1),
        nn.R2Conv.spec(out={"regular": 3}, kernel_size=3),
        nn.GroupPooling.spec(),
        torch.nn.BatchNorm2d(3),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(3, 10),
    ).eval()
    assert model.out_type is None
    x = torch.randn(2, 1, 9, 9)
    y = model(x)
    assert isinstance(y, torch.Tensor)
    assert y.shape == (2, 10)
    for g in model.in_type.testing_elements:
        torch.testing.assert_close(model(model.in_type.transform(x, g)), y, atol=1e-5, rtol=0)
    assert isinstance(model(model.in_type(x)), torch.Tensor)


def test_ordinary_modules_may_not_follow_fields_that_turn():
    for wrong in ({"regular": 2}, {"irrep_1": 1}, {"regular": 1, "trivial": 1}):
        with pytest.raises(IntertwineError, match=r"[Ii]nvariant"):
            nn.SequentialModule(trivials(c4(), 1), nn.R2Conv.spec(out=wrong, kernel_size=3), torch.nn.Conv2d(8, 8, 1))


def test_heads_give_classes():
    model = nn.SequentialModule(
        trivials(c4(), 1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        nn.HeadClasses.spec(n=7),
    ).eval()
    x = torch.randn(3, 1, 9, 9)
    assert model(x).shape == (3, 7)
    for g in model.in_type.testing_elements:
        torch.testing.assert_close(model(model.in_type.transform(x, g)), model(x), atol=1e-5, rtol=0)


def test_sequences_are_lists():
    wide = regulars(c4())
    model = nn.SequentialModule(nn.R2Conv(trivials(c4()), wide, 3), nn.ReLU(wide))
    assert len(model) == 2
    assert isinstance(model[0], nn.R2Conv)
    assert isinstance(model[-1], nn.ReLU)
    part = model[:1]
    assert isinstance(part, nn.SequentialModule)
    assert part.out_type == wide
    assert [type(m) for m in model] == [nn.R2Conv, nn.ReLU]
    longer = model.append(nn.GroupPooling(wide))
    assert len(longer) == 3
    assert longer.out_type == trivials(c4())


def test_sequences_nest():
    wide = regulars(c4())
    inner = nn.SequentialModule(nn.ReLU(wide), nn.IdentityModule(wide))
    model = nn.SequentialModule(nn.R2Conv(trivials(c4()), wide, 3), inner)
    assert model.out_type == wide
    assert model(torch.randn(1, 2, 5, 5)).shape == (1, 8, 3, 3)
    assert isinstance(model.export()(torch.randn(1, 2, 5, 5)), torch.Tensor)


def test_printed_with_the_types_of_each_layer():
    wide = regulars(c4())
    printed = repr(nn.SequentialModule(nn.R2Conv(trivials(c4(), 1), wide, 3), nn.ReLU(wide)))
    assert printed.splitlines()[0] == "SequentialModule("
    assert "(0): R2Conv([C4_on_R2[(None, 4)]: {irrep_0 (x1)}(1)], [C4_on_R2[(None, 4)]: {regular (x2)}(8)]" in printed
    assert "(1): ReLU(" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        lambda: (),
        lambda: (nn.R2Conv(trivials(c4()), regulars(c4()), 3), nn.ReLU(regulars(c4(), 3))),
        lambda: (nn.R2Conv(trivials(c4()), regulars(c4()), 3), nn.ReLU(regulars(c8()))),
        lambda: (nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),),
        lambda: (trivials(c4()), "ReLU"),
        lambda: (trivials(c4()), nn.ReLU),
        lambda: (trivials(c4()), nn.R2Conv.spec(out={"regular": 2})),
        lambda: (trivials(c4()), nn.R2Conv.spec(out={"regular": 2}, kernel_size=0)),
        lambda: (trivials(c4()), nn.R2Conv.spec(out={"irregular": 2}, kernel_size=3)),
        lambda: (trivials(c4()), nn.R2Conv.spec(out={"irrep_1": 2}, kernel_size=3), nn.ReLU.spec()),
        lambda: (trivials(c4()), torch.nn.Flatten(), nn.ReLU.spec()),
        lambda: (torch.nn.Flatten(),),
    ],
)
def test_what_does_not_fit_is_refused(arguments):
    with pytest.raises(IntertwineError) as caught:
        nn.SequentialModule(*arguments())
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.R2Conv.spec(kernel=3),
        lambda: nn.R2Conv.spec(out={"regular": 1}, out_type=regulars(c4())),
        lambda: nn.ReLU.spec(out={"regular": 1}),
        lambda: nn.ReLU.spec().build("C4"),
        lambda: nn.ReLU.spec().build(None),
    ],
)
def test_specs_that_make_no_sense_are_refused(call):
    with pytest.raises(IntertwineError):
        call()


def test_fault_11_pointwise_layers_refuse_fields_that_they_do_not_commute_with():
    space = c4()
    vector = nn.FieldType(space, [space.regular_repr, space.irrep(1)])
    layers = [nn.ReLU, nn.ELU, nn.LeakyReLU, nn.PointwiseNonLinearity, nn.InnerBatchNorm, nn.GroupPooling]
    for layer in layers:
        for kind in (vector, hidden(space), mixed(space), nn.FieldType(space, [space.irrep(2)])):
            with pytest.raises(UnsupportedFieldError, match=r"irrep|turned"):
                layer(kind)
        layer(regulars(space))
    with pytest.raises(UnsupportedFieldError):
        nn.PointwiseMaxPool2D(vector, kernel_size=2)
    nn.PointwiseAvgPool2D(vector, kernel_size=2)


def test_messages_name_the_field_and_what_to_use():
    space = c8()
    with pytest.raises(UnsupportedFieldError) as caught:
        nn.ReLU(nn.FieldType(space, [space.regular_repr, space.irrep(1)]))
    text = str(caught.value)
    assert all(word in text for word in ("ReLU", "irrep_1", "C8", "regular"))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: nn.ReLU(None),
        lambda t: nn.ReLU("regular"),
        lambda t: nn.InnerBatchNorm(c4()),
        lambda t: nn.PointwiseAvgPool2D(t, kernel_size=0),
        lambda t: nn.PointwiseAvgPool2D(t, kernel_size=(2, 2, 2)),
        lambda t: nn.PointwiseAvgPool2D(t, kernel_size=2, stride=0),
        lambda t: nn.PointwiseAvgPool2D(t, kernel_size=2, padding=2),
        lambda t: nn.PointwiseAvgPool2D(t, kernel_size="2"),
        lambda t: nn.PointwiseAvgPoolAntialiased2D(t, sigma=0, stride=2),
        lambda t: nn.PointwiseAvgPoolAntialiased2D(t, sigma=float("nan"), stride=2),
        lambda t: nn.PointwiseAvgPoolAntialiased2D(t, sigma="wide", stride=2),
        lambda t: nn.PointwiseAvgPoolAntialiased2D(t, sigma=0.6, stride=-1),
        lambda t: nn.PointwiseNonLinearity(t, function="p_cosine"),
        lambda t: nn.RestrictionModule(t, 3),
        lambda t: nn.RestrictionModule(t, "two"),
        lambda t: nn.DisentangleModule(None),
        lambda t: nn.IdentityModule(5),
        lambda t: nn.HeadClasses(t, 0),
        lambda t: nn.HeadClasses(t, "ten"),
        lambda t: nn.HeadClasses(None, 3),
    ],
)
def test_bad_arguments_of_other_layers_are_refused(call):
    with pytest.raises(IntertwineError) as caught:
        call(regulars(c4()))
    assert str(caught.value)


def test_a_subclass_that_overrides_forward_receives_tensors_of_fields():
    class Twice(nn.EquivariantModule):
        def __init__(self, in_type):
            super().__init__()
            self.in_type = self.out_type = in_type
            self.inner = nn.ReLU(in_type)

        def forward(self, input):
            assert isinstance(input, nn.GeometricTensor)
            return self.inner(input) + self.inner(input)

        def evaluate_output_shape(self, input_shape):
            return input_shape

    kind = regulars(c4())
    model = nn.SequentialModule(nn.R2Conv(trivials(c4()), kind, 3), Twice(kind), nn.GroupPooling(kind))
    x = torch.randn(1, 2, 5, 5)
    assert isinstance(model(x), torch.Tensor)
    assert isinstance(model(trivials(c4())(x)), nn.GeometricTensor)
    report = Twice(kind).check_equivariance()
    assert len(report) == 4


def test_another_groups_tensor_is_a_type_error():
    conv = nn.R2Conv(trivials(c4()), regulars(c4()), 3)
    with pytest.raises(FieldTypeError) as caught:
        conv(trivials(gspaces.rot2dOnR2(N=8))(torch.zeros(1, 2, 5, 5)))
    assert isinstance(caught.value, TypeError)
    assert "C8" in str(caught.value)
    assert "C4" in str(caught.value)


class Drops(nn.EquivariantModule):
    """As a user writes it: keeps the points within a distance of the origin."""

    def __init__(self, kind):
        super().__init__()
        self.in_type = self.out_type = kind

    def forward(self, x):
        near = x.coords.norm(dim=1) < 1.5
        return nn.GeometricTensor(x.tensor[near], self.out_type, x.coords[near])


class Weighs(Drops):
    """Multiplies features by the distance of their point from the origin."""

    def forward(self, x):
        return nn.GeometricTensor(x.tensor * x.coords.norm(dim=1, keepdim=True), self.out_type, x.coords)


def test_coordinates_reach_modules_within_others():
    kind = regulars(c4(), 1)
    wide = kind + kind
    coords = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    near = coords.norm(dim=1) < 1.5
    x = wide(torch.randn(20, wide.size), coords)
    y = nn.SequentialModule(nn.ReLU(wide), Drops(wide), nn.SequentialModule(nn.ReLU(wide)))(x)
    assert torch.equal(y.tensor, x.tensor.relu()[near])
    assert torch.equal(y.coords, coords[near])
    inner = nn.MultipleModule(wide, ["a", "b"], [(nn.ReLU(kind), "a"), (Weighs(kind), "b")])(x)
    assert torch.equal(inner.tensor[:, :4], x.tensor[:, :4].relu())
    assert torch.equal(inner.tensor[:, 4:], x.tensor[:, 4:] * coords.norm(dim=1, keepdim=True))
    assert torch.equal(inner.coords, coords)
    near_ones = nn.MultipleModule(wide, ["a", "b"], [(Drops(kind), "a"), (Drops(kind), "b")])(x)
    assert torch.equal(near_ones.coords, coords[near])


def test_merged_modules_keep_one_set_of_points():
    kind = regulars(c4(), 1)

    class Moves(Drops):
        def forward(self, x):
            return nn.GeometricTensor(x.tensor, self.out_type, x.coords + 1)

    both = nn.MultipleModule(kind + kind, ["a", "b"], [(nn.ReLU(kind), "a"), (Moves(kind), "b")])
    with pytest.raises(ShapeError, match="on the same points"):
        both(both.in_type(torch.randn(5, 8), torch.randn(5, 2)))
