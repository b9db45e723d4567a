"""The ready networks: exact symmetry, matched sizes, what they refuse."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, gspaces, models, training
from intertwine.errors import ArgumentError, FieldTypeError

SPACES = {
    "C4": (lambda: gspaces.rot2dOnR2(4), False),
    "D4": (lambda: gspaces.flipRot2dOnR2(4), True),
    "flips": (gspaces.flip2dOnR2, True),
    "C8": (lambda: gspaces.rot2dOnR2(8), False),
    "C1": (gspaces.trivialOnR2, False),
}


@pytest.mark.parametrize("space", ["C4", "D4", "C8"])
@pytest.mark.parametrize("size", [9, 14, 17, 28, 29])
def test_quarter_turns_are_exact(space, size):
    make, reflects = SPACES[space]
    model = models.equivariant_cnn(2, 3, make(), widths=(2, 3, 4), kernel_size=3, size=size).double()
    x = torch.randn(4, 2, size, size, dtype=torch.float64)
    model(x)
    model.eval()
    with torch.no_grad():
        answer = model(x)
        for quarter in (1, 2, 3):
            assert torch.allclose(model(x.rot90(quarter, (2, 3))), answer, atol=1e-12)
        assert torch.allclose(model(x.flip(3)), answer, atol=1e-12) == reflects
        assert not torch.allclose(model(x.roll(1, 3)), answer, atol=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_exact_after_training_and_after_loading(space):
    make, reflects = SPACES[space]
    model = models.equivariant_cnn(1, None, make(), widths=(2, 4), kernel_size=3, size=9)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(48, 1, 9, 9, generator=generator)
    y = torch.randint(3, (48,), generator=generator)
    result = training.fit(model, x, y, epochs=2, seed=0)
    loaded = deploy.load_bytes(deploy.save_bytes(result.module))
    with torch.no_grad():
        if space in ("C4", "D4", "C8"):
            assert torch.allclose(loaded(x.rot90(1, (2, 3))), loaded(x), atol=1e-5)
        if reflects:
            assert torch.allclose(loaded(x.flip(3)), loaded(x), atol=1e-5)
        assert torch.equal(loaded(x), result.module(x))


def test_report_of_equivariance():
    model = models.equivariant_cnn(1, 3, gspaces.rot2dOnR2(4), widths=(2, 3), kernel_size=3, size=9)
    assert len(list(model.check_equivariance(x=torch.randn(2, 1, 9, 9)))) > 0


@pytest.mark.parametrize("size", [None, 8, 9, 28, 29])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_shapes(size, dropout):
    x = torch.zeros(2, 3, size or 29, size or 29)
    widths = (2, 4, 4)
    equivariant = models.equivariant_cnn(
        3, 5, gspaces.rot2dOnR2(4), widths=widths, kernel_size=(5, 3, 3), size=size, dropout=dropout
    )
    plain = models.plain_cnn(3, 5, widths=widths, kernel_size=(5, 3, 3), size=size, dropout=dropout)
    assert equivariant(x).shape == plain(x).shape == (2, 5)


@pytest.mark.parametrize("budget", [3000, 20_000])
def test_matched_sizes(budget):
    networks = [
        models.match_parameters(lambda widths: models.plain_cnn(1, 10, widths=widths), budget),
        models.match_parameters(
            lambda widths: models.equivariant_cnn(1, 10, gspaces.rot2dOnR2(4), widths=widths), budget
        ),
    ]
    for network in networks:
        assert abs(models.count_parameters(network) / budget - 1) < 0.35


def test_bad_input():
    space = gspaces.rot2dOnR2(4)
    with pytest.raises(ArgumentError, match="odd"):
        models.equivariant_cnn(1, 10, space, kernel_size=4)
    with pytest.raises(ArgumentError, match="kernel sizes"):
        models.plain_cnn(1, 10, kernel_size=(3, 3))
    with pytest.raises(ArgumentError, match="widths"):
        models.equivariant_cnn(1, 10, space, widths=())
    with pytest.raises(ArgumentError, match="n_classes"):
        models.plain_cnn(1, 0)
    with pytest.raises(ArgumentError, match="dropout"):
        models.plain_cnn(1, 2, dropout=1.0)
    with pytest.raises(FieldTypeError, match="plane"):
        models.equivariant_cnn(1, 10, gspaces.no_base_space(space.fibergroup))
    with pytest.raises(ArgumentError, match="narrowest"):
        models.match_parameters(lambda widths: models.plain_cnn(1, 10, widths=widths), 10)
