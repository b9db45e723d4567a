"""Targets turn with the data: by the type of the output, of a geometric tensor, or as told; or they are refused."""

from __future__ import annotations

import math

import pytest
import torch

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError
from intertwine.training.data.pairing import IGNORE
from intertwine.training.data.turning import make_turner, type_of_target

from ..contracts.lists import GSPACES, SPACES


def turned(module, x, y, target_type=None, seed=0):
    """A batch moved as `fit` moves it."""
    inputs = getattr(x, "tensor", x)
    told = type_of_target(module, [y], target_type, False)
    targets = getattr(y, "tensor", y)
    kind = "numeric" if targets.is_floating_point() else "class"
    outputs = module(inputs[:1]).shape
    turner = make_turner(module, x, kind, told, (inputs[:1], targets[:1]), tuple(outputs))
    return turner(inputs, targets, torch.Generator().manual_seed(seed))


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Plain(torch.nn.Module):
    """Gives what a function makes of x."""

    def __init__(self, function=lambda x: x):
        super().__init__()
        self.function = function
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.function(x) + 0 * self.weight


class Typed(Plain):
    """Says what it takes and gives."""

    def __init__(self, in_type, out_type, function=lambda x: x):
        super().__init__(function)
        self.in_type, self.out_type = in_type, out_type


# --- every space, every element, every kind of field: features of one cell stay in place, so that nothing is interpolated


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("axes", ["sample", "cell"])
def test_targets_move_as_the_same_features_in_x(name, axes):
    space = SPACES[name]()
    kind = nn.field_type(space, space.irreps[-1], vector=1, trivial=1, pseudovector=1, pseudoscalar=1)
    x = noise(12, kind.size, *(space.dimensionality * (1,)))
    y = x.flatten(1) if axes == "sample" else x
    for module, target_type, target in (
        (nn.IdentityModule(kind), None, y),
        (Plain(), kind, y),
        (Plain(), None, kind(x)),
    ):
        given = kind(x) if isinstance(module, Plain) else x
        moved, turning = turned(module, given, target, target_type)
        assert turning.shape == (y if target is y else x).shape
        torch.testing.assert_close(turning.flatten(1), moved.flatten(1), atol=1e-10, rtol=0)
        assert space.fibergroup.order() == 1 or not torch.equal(moved, x)


@pytest.mark.parametrize("name", ["no space, C4", "no space, Q8"])
def test_features_without_positions_move_too(name):
    space = GSPACES[name]()
    kind = nn.FieldType(space, [space.regular_repr, space.irreps[-1]])
    x = noise(12, kind.size)
    moved, y = turned(nn.IdentityModule(kind), x, x)
    torch.testing.assert_close(moved, y, atol=1e-12, rtol=0)
    assert not torch.equal(moved, x)


# --- maps: where the grid is carried to itself, the target of the moved input is the moved target


def slopes(x):
    """The gradient of images, of signals or of volumes, on a grid whose ends meet."""
    d = x.dim() - 2
    parts = []
    for k in range(d):
        axis = x.dim() - 1 - k
        difference = torch.roll(x, -1, axis) - torch.roll(x, 1, axis)
        parts.append(difference if k == 0 else -difference)
    return torch.cat(parts, dim=1)


LATTICE = ("C4", "flip", "D4", "D4, axis 0", "square, by matrices", "line, flip", "volumes, Oh", "volumes, D4")


@pytest.mark.parametrize("name", LATTICE)
def test_maps_move_with_the_images(name):
    space = SPACES[name]()
    d = space.dimensionality
    scalar, vector = nn.field_type(space, trivial=1), nn.field_type(space, vector=1)
    x = noise(10, 1, *(d * (5,)))
    moved, gradient = turned(Typed(scalar, vector, slopes), x, slopes(x))
    torch.testing.assert_close(gradient, slopes(moved), atol=1e-12, rtol=0)
    assert not torch.equal(moved, x)
    same = nn.IdentityModule(scalar)
    for y in (x, x[:, 0]):  # maps with and without the axis of their one channel
        assert torch.equal(turned(same, x, y)[1], moved.reshape(y.shape))
    classes = (x[:, 0] > 0).long()
    assert torch.equal(turned(same, x, classes)[1], (moved[:, 0] > 0).long())
    assert torch.equal(
        turned(nn.HeadClasses(scalar, 3).double(), x, classes[(slice(None), *(d * (0,)))])[1],
        classes[(slice(None), *(d * (0,)))],
    )


def bumps(angles, size=31, width=3.0, radius=6.0):
    """A soft spot at an angle from the centre; and the field of unit vectors in that direction, under the same window."""
    axis = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    px, py = radius * torch.cos(angles), radius * torch.sin(angles)
    spot = torch.exp(-((x - px[:, None, None]) ** 2 + (y - py[:, None, None]) ** 2) / (2 * width**2))[:, None]
    return spot, spot * torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)[:, :, None, None]


@pytest.mark.parametrize("name", ["SO(2)", "O(2)", "O(2), oblique axis"])
def test_smooth_maps_are_interpolated_and_what_comes_from_outside_is_missing(name):
    space = SPACES[name]()
    angles = 2 * math.pi * torch.rand(8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x, y = bumps(angles)
    module = Typed(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), lambda x: x.expand(-1, 2, -1, -1))
    moved, field = turned(module, x, y)
    # where the spot is now says what the vectors should be
    axis = torch.arange(31, dtype=torch.float64) - 15
    up, right = torch.meshgrid(-axis, axis, indexing="ij")
    place = torch.stack([(moved[:, 0] * right).sum((1, 2)), (moved[:, 0] * up).sum((1, 2))], dim=1)
    now = torch.atan2(place[:, 1], place[:, 0])
    expected = bumps(now)[1]
    known = ~torch.isnan(field)
    assert not known[:, :, 0, 0].all()
    assert known[:, :, 15, 15].all()
    assert float((field - expected)[known].abs().max()) < 0.01  # the nearest pixel would be off by 0.1


def test_what_is_missing_after_a_turn_counts_for_no_loss():
    space = gspaces.rot2dOnR2()
    kind = nn.field_type(space, trivial=1)
    x = torch.rand(8, 1, 15, 15, generator=torch.Generator().manual_seed(0)) + 1
    torch.manual_seed(0)
    numbers, classes = nn.R2Conv(kind, kind, 1), nn.R2Conv(kind, nn.field_type(space, trivial=2), 1)
    seen = []

    def own(output, target):
        seen.append(bool(torch.isfinite(target).all()))
        return (output - target).square().mean()

    for loss in (None, own):
        result = training.fit(
            numbers, x, 2 * x[:, 0], epochs=60, learn_rate=0.1, augment="rotations", loss=loss, seed=0
        )
        assert result.history[-1]["rmse"] < 0.1  # half of an image's corners would be off by 3
    assert seen
    assert all(seen)
    labels = (x[:, 0] > 1.5).long()
    assert training.fit(classes, x, labels, epochs=2, augment="rotations", seed=0).stopped == "finished"
    assert (
        training.fit(numbers, x, 2 * x[:, 0], epochs=2, augment="rotations", metrics=["mae"], seed=0).history[0]["mae"]
        > 0
    )


def test_classes_of_pixels_take_the_nearest_and_are_missing_outside():
    space = gspaces.rot2dOnR2()
    x = noise(6, 1, 21, 21)
    classes = torch.randint(0, 3, (6, 21, 21), generator=torch.Generator().manual_seed(0))
    _, moved = turned(nn.IdentityModule(nn.field_type(space, trivial=1)), x, classes)
    assert set(moved.unique().tolist()) == {IGNORE, 0, 1, 2}
    assert bool((moved[:, 0, 0] == IGNORE).any())
    assert bool((moved[:, 5:16, 5:16] != IGNORE).all())


def test_what_is_missing_stays_missing_and_spreads_to_what_it_mixes_with():
    space = gspaces.rot2dOnR2()
    kind = nn.field_type(space, vector=1, trivial=1)
    x = noise(5, 3, 9, 9)
    y = x.clone()
    y[:, 0, 4, 4] = torch.nan  # the centre, which stays in place
    moved, target = turned(nn.IdentityModule(kind), x, y)
    hole = torch.isnan(target)
    assert hole[:, :2, 4, 4].all()
    assert not hole[:, 2, 4, 4].any()
    assert not hole[:, :, 4, 7].any()
    assert float((target - moved)[~hole].abs().max()) < 3  # no 0 in place of what is missing, no NaN beside it
    direction = torch.tensor([[1.0, torch.nan, 2.0]]).repeat(5, 1).double()
    _, one = turned(Typed(kind, kind, lambda x: x.mean((2, 3))), x, direction)
    assert torch.isnan(one[:, :2]).all()
    assert torch.equal(one[:, 2], direction[:, 2])


# --- classes that the group permutes


def test_a_class_that_is_a_direction_turns_into_another():
    space = gspaces.rot2dOnR2(4)
    kind = nn.field_type(space, regular=1)
    x = noise(20, 4, 1, 1)
    y = x.flatten(1).argmax(dim=1)
    y[0] = IGNORE
    moved, classes = turned(nn.IdentityModule(kind), x, y[:, None, None])
    assert torch.equal(classes[1:, 0, 0], moved.flatten(1).argmax(dim=1)[1:])
    assert int(classes[0, 0, 0]) == IGNORE
    with pytest.raises(FieldTypeError, match="permute"):
        turned(nn.IdentityModule(nn.field_type(space, vector=1)), x[:, :2], y[:, None, None])


# --- a symmetry that is lost on the way


def test_elements_are_those_of_the_output_where_it_has_fewer():
    space = gspaces.flipRot2dOnR2(4)
    above = nn.field_type(space, vector=1, pseudoscalar=1)
    module = nn.RestrictionModule(above, (None, 4))
    x = noise(30, 3, 1, 1)
    moved, y = turned(module, x, x.flatten(1))
    assert torch.equal(y, moved.flatten(1))
    assert torch.equal(y[:, 2], x[:, 2, 0, 0])  # no mirror
    with pytest.raises(FieldTypeError, match="puts out"):
        turned(module, x, x.flatten(1), above)


# --- nothing is turned by guess


SPACE = gspaces.flipRot2dOnR2(4)
IMAGES = noise(4, 1, 5, 5)


def head(n):
    return nn.HeadClasses(nn.field_type(SPACE, trivial=1), n).double()


def kind_of(**fields):
    return nn.field_type(SPACE, **fields)


REFUSED = {
    "a plain module and a number": (lambda: turned(Plain(lambda x: x.mean((2, 3))), IMAGES, noise(4)), ArgumentError),
    "a plain module and a map": (lambda: turned(Plain(), IMAGES, IMAGES), ArgumentError),
    "several invariant numbers": (lambda: turned(head(2), IMAGES, noise(4, 2)), ArgumentError),
    "an irrep for a vector": (
        lambda: turned(Typed(kind_of(trivial=1), kind_of(irrep_1_1=1)), IMAGES, kind_of(vector=1)(noise(4, 2, 1, 1))),
        FieldTypeError,
    ),
    "a vector said to be an irrep": (
        lambda: turned(Typed(kind_of(trivial=1), kind_of(vector=1)), IMAGES, noise(4, 2), kind_of(irrep_1_1=1)),
        FieldTypeError,
    ),
    "a vector said to be invariant": (
        lambda: turned(Typed(kind_of(trivial=1), kind_of(vector=1)), IMAGES, noise(4, 2), "invariant"),
        FieldTypeError,
    ),
    "two types at once": (
        lambda: turned(Plain(), IMAGES, kind_of(vector=1)(noise(4, 2, 1, 1)), kind_of(trivial=2)),
        FieldTypeError,
    ),
    "another group": (
        lambda: turned(head(2), IMAGES, noise(4, 2), nn.field_type(gspaces.rot2dOnR2(8), vector=1)),
        FieldTypeError,
    ),
    "channels that do not fit": (lambda: turned(head(2), IMAGES, noise(4, 3), kind_of(vector=1)), ShapeError),
    "a name": (lambda: turned(head(2), IMAGES, noise(4, 2), "vector"), ArgumentError),
    "a type without a plane": (
        lambda: turned(
            Plain(lambda x: x.mean((2, 3))),
            IMAGES,
            noise(4, 1),
            nn.field_type(gspaces.no_base_space(SPACE.fibergroup), trivial=1),
        ),
        ShapeError,
    ),
    "volumes of a plain module": (
        lambda: turned(Plain(lambda x: x.mean((2, 3, 4))), noise(4, 1, 5, 5, 5), torch.zeros(4).long()),
        ShapeError,
    ),
    "channels that may be a vector": (
        lambda: turned(
            torch.nn.Sequential(nn.IdentityModule(kind_of(vector=1)), torch.nn.Flatten()),
            noise(4, 2, 5, 5),
            torch.zeros(4).long(),
        ),
        ShapeError,
    ),
    "sides that a quarter turn swaps": (
        lambda: turned(head(2), noise(4, 1, 5, 6), torch.zeros(4).long()),
        ShapeError,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error = REFUSED[name]
    with pytest.raises(error) as caught:
        call()
    assert caught.value.hint


def test_what_needs_no_new_argument():
    labels = torch.arange(4)
    for module, y in (
        (head(4), labels),
        (head(1), noise(4)),
        (head(1), noise(4, 1)),
        (Plain(lambda x: x.flatten(1)), labels),
    ):
        assert torch.equal(turned(module, IMAGES, y)[1], y)
    several = noise(4, 3)
    assert torch.equal(turned(head(3), IMAGES, several, "invariant")[1], several)
    assert torch.equal(turned(Plain(lambda x: x.mean((2, 3)).expand(-1, 3)), IMAGES, several, "invariant")[1], several)
    invariant = Typed(kind_of(trivial=1), kind_of(trivial=3), lambda x: x.mean((2, 3)).expand(-1, 3))
    assert torch.equal(turned(invariant, IMAGES, several)[1], several)


def test_the_types_of_targets_are_compared_without_augmentation_too():
    module = Typed(kind_of(trivial=1), kind_of(vector=1), lambda x: x.mean((2, 3)).expand(-1, 2)).double()
    x, y = IMAGES, noise(4, 2, 1, 1)
    irrep = kind_of(irrep_1_1=1)
    for call in (
        lambda: training.fit(module, x, irrep(y), epochs=1),
        lambda: training.fit(module, x, y, target_type=irrep, epochs=1),
        lambda: training.fit(module, x, y, validation=(x, irrep(y)), epochs=1),
        lambda: training.evaluate(module, x, irrep(y)),
    ):
        with pytest.raises(FieldTypeError, match="vector"):
            call()
    assert training.fit(module, x, kind_of(vector=1)(y), epochs=1).stopped == "finished"
    # a loss of one's own may compare things of different types
    training.fit(module, x, irrep(y), loss=lambda o, t: o.square().mean() + 0 * t.sum(), epochs=1)


# --- and so it learns


def directions(n, size=13, seed=0):
    """Pictures of a spot beside the centre, and the direction in which it lies."""
    angles = 2 * math.pi * torch.rand(n, generator=torch.Generator().manual_seed(seed))
    axis = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    px, py = 3 * torch.cos(angles), 3 * torch.sin(angles)
    x = torch.exp(-((x - px[:, None, None]) ** 2 + (y - py[:, None, None]) ** 2) / 4)[:, None]
    return x, torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)


@pytest.mark.parametrize("name", ["C4", "D4", "O(2)"])
def test_a_network_learns_directions_under_augmentation(name):
    space = SPACES[name]()
    torch.manual_seed(0)
    model = nn.SequentialModule(
        nn.field_type(space, trivial=1),
        nn.R2Conv.spec(out={"vector": 2}, kernel_size=9, padding=4),
        nn.R2Conv.spec(out={"vector": 1}, kernel_size=5, padding=2),
        nn.PointwiseAdaptiveAvgPool2D.spec(output_size=1),
    )
    x, y = directions(64)
    settings = {"epochs": 15, "batch_size": 16, "learn_rate": 0.1, "schedule": "cosine", "seed": 0}
    result = training.fit(model, x, y, augment="rotations", **settings)
    assert (
        training.evaluate(result.module, *directions(32, seed=1))["loss"] < 0.01
    )  # 0.5 if the targets stayed in place
    if not space.fibergroup.continuous:  # where turns are exact they make no difference to an equivariant network
        plain = training.fit(model, x, y, **settings)
        assert [row["loss"] for row in result.history] == pytest.approx(
            [row["loss"] for row in plain.history], rel=1e-3
        )


def flow(n, size=12, seed=0):
    """Vorticity of flows in the plane, and their velocity: with a stream function psi, -laplace(psi) and (psi_y, -psi_x)."""
    frequency = torch.fft.fftfreq(size, dtype=torch.float64) * size
    down, right = torch.meshgrid(frequency, frequency, indexing="ij")
    square = down**2 + right**2
    vorticity = torch.fft.fft2(noise(n, size, size, seed=seed)) * torch.exp(-square / 12.5)
    psi = torch.where(square > 0, vorticity / square.clamp(min=1), 0)
    vorticity = torch.where(square > 0, vorticity, 0)
    slope = lambda wave: torch.fft.ifft2(1j * wave * psi).real  # noqa: E731
    velocity = torch.stack([-slope(down), -slope(right)], dim=1)
    curl = torch.fft.ifft2(vorticity).real[:, None]
    return (curl / curl.std()).float(), (velocity / velocity.square().mean().sqrt()).float()


@pytest.mark.parametrize("name", ["D4", "O(2)"])
def test_velocity_from_vorticity_is_a_vector_and_not_an_irrep(name):
    space = SPACES[name]()
    errors = {}
    for label, out in (("vector", nn.field_type(space, vector=1)), ("irrep", nn.FieldType(space, [space.irrep(1, 1)]))):
        torch.manual_seed(0)
        source = nn.field_type(space, pseudoscalar=1)
        conv = nn.R2Conv(source, out, 11, padding=5, padding_mode="circular")
        result = training.fit(conv, *flow(100), epochs=10, batch_size=20, learn_rate=0.2, schedule="cosine", seed=0)
        errors[label] = training.evaluate(result.module, *flow(30, seed=1))["rmse"]
    assert errors["vector"] < 0.2
    assert errors["irrep"] > 0.98
