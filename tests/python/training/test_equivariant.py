"""Training equivariant modules: open heads, their own group's augmentation, types, features."""

from __future__ import annotations

import pytest
import torch

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError
from intertwine.training.data.turning import make_turner


def data(n=40, channels=1):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, channels, 9, 9, generator=generator), torch.arange(n) % 4


def classifier(n=None, space=None):
    return nn.SequentialModule(
        nn.field_type(space or gspaces.rot2dOnR2(4), trivial=1),
        nn.R2Conv.spec(out={"regular": 3}, kernel_size=3),
        nn.InnerBatchNorm.spec(),
        nn.ReLU.spec(),
        nn.HeadClasses.spec(n=n),
    )


def turner(model, x, y, target_type=None):
    kind = "numeric" if y.is_floating_point() else "class"
    return make_turner(model, x, kind, target_type, (x[:1], y[:1]), tuple(model(x[:1]).shape))


def test_an_open_head_is_filled_in_the_copy_alone():
    model = classifier()
    result = training.fit(model, *data(), epochs=1, seed=0)
    assert result.n_classes == 4
    assert training.predict(result.module, data()[0]).shape == (40, 4)
    assert model[-1].is_open
    assert not result.module[-1].is_open
    with pytest.raises(ArgumentError, match="not known yet"):
        model(data()[0])


def test_the_seed_governs_the_weights_of_a_filled_head():
    model = classifier()
    a, b = (training.fit(model, *data(), epochs=1, seed=3).module for _ in range(2))
    assert torch.equal(a[-1].linear.weight, b[-1].linear.weight)


def test_an_open_head_and_measurements():
    x, _ = data()
    with pytest.raises(ArgumentError, match="no number of outputs"):
        training.fit(classifier(), x, x[:, 0, 0, 0], epochs=1)


@pytest.mark.parametrize("space", [gspaces.rot2dOnR2(4), gspaces.flipRot2dOnR2(4), gspaces.flip2dOnR2()])
def test_augmentation_by_the_modules_own_group(space):
    model = classifier(4, space)
    x, _ = data()
    pixels = (x[:, 0] > 0).long()
    augment = turner(model, x, pixels)
    moved, targets = augment(x, pixels, torch.Generator().manual_seed(0))
    assert torch.equal(targets, (moved[:, 0] > 0).long())
    orbits = [torch.stack([model.in_type.transform(image[None], g)[0] for g in space.testing_elements]) for image in x]
    found = [[torch.equal(image, other) for other in orbit].index(True) for image, orbit in zip(moved, orbits)]
    assert set(found) == set(range(space.fibergroup.order()))
    again, _ = augment(x, pixels, torch.Generator().manual_seed(0))
    assert torch.equal(again, moved)


def test_augmentation_makes_no_difference_to_an_invariant_network():
    model = classifier(4)
    runs = [training.fit(model, *data(), epochs=2, seed=0, augment=how) for how in (None, "rotations")]
    losses = [[row["loss"] for row in run.history] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_geometric_tensors_are_data():
    model = classifier(4)
    x, y = data()
    a = training.fit(model, model.in_type(x), y, epochs=1, seed=0)
    b = training.fit(model, x, y, epochs=1, seed=0)
    assert a.history[0]["loss"] == b.history[0]["loss"]
    other = nn.field_type(gspaces.rot2dOnR2(8), trivial=1)
    with pytest.raises(FieldTypeError, match="field type"):
        training.fit(model, other(x), y, epochs=1)


def test_wrong_channels():
    with pytest.raises(ShapeError, match="channels"):
        training.fit(classifier(4), *data(channels=2), epochs=1)


def test_features_are_the_invariants_of_the_head():
    model = classifier(4)
    x, _ = data()
    features = training.predict(model, x, type="features")
    assert features.shape == (40, 3)
    assert torch.allclose(training.predict(model, x.rot90(1, (2, 3)), type="features"), features, atol=1e-5)


@pytest.mark.parametrize("space", [gspaces.rot2dOnR2(), gspaces.flipRot2dOnR2()])
def test_augmentation_by_a_continuous_group(space):
    fields = nn.FieldType(space, [space.trivial_repr])
    model = nn.IdentityModule(fields)
    x = torch.zeros(6, 1, 9, 9)
    x[:, :, 4, 4] = 1
    augment = turner(model, x, torch.zeros(6), "invariant")
    moved, _ = augment(x, torch.zeros(6), torch.Generator().manual_seed(0))
    assert torch.allclose(moved[:, :, 4, 4], x[:, :, 4, 4], atol=1e-5)
    assert len({tuple(image.flatten().tolist()) for image in moved}) > 1
