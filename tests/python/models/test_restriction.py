"""Trained models with less symmetry."""

from __future__ import annotations

import pytest
import torch

from intertwine import gspaces, models, nn, training
from intertwine.errors import ArgumentError, ArgumentTypeError, UnsupportedFieldError

D4 = gspaces.flipRot2dOnR2(4)


def trained(model):
    """With statistics and weights of its own."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    model(torch.randn(8, 1, 13, 13))
    return model.eval()


def networks():
    kind = nn.field_type(D4, trivial=1)
    fields = {"regular": 2, "trivial": 1}
    yield models.equivariant_cnn(1, 3, D4, widths=(2, 2), kernel_size=3, size=13), 3
    yield models.equivariant_resnet(1, 3, D4, depths=(1, 1), widths=(2, 3), size=13, restrict={1: (None, 4)}), 3
    yield models.equivariant_unet(1, 2, D4, widths=(2, 2), size=13), 4
    conv = nn.R2Conv.spec(out=fields, kernel_size=3, padding=1)
    layers = [conv, nn.InnerBatchNorm.spec(), nn.NormNonLinearity.spec(), nn.NeighbourAttention.spec(reach=1)]
    yield nn.SequentialModule(kind, *layers, nn.Linear.spec(out=fields), nn.LayerNorm.spec(), nn.NormPool.spec()), 2


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("subgroup", [(None, 4), (0, 1), gspaces.trivialOnR2()])
def test_outputs_stay(number, subgroup):
    model, at = list(networks())[number]
    model = trained(model)
    if number == 1 and subgroup != (None, 4):
        with pytest.raises(UnsupportedFieldError, match="fall apart further"):
            models.restrict_model(model, subgroup, from_layer=at)
        return
    x = torch.randn(2, 1, 13, 13)
    for start in (0, at):
        less = models.restrict_model(model, subgroup, from_layer=start)
        with torch.no_grad():
            torch.testing.assert_close(less(x), model(x), atol=1e-5, rtol=1e-5)
        assert not less.training
        assert less.symmetry.fibergroup.order() <= model.symmetry.fibergroup.order()


def test_less_symmetry_is_learned():
    x = torch.randn(64, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0, :, :4].sum(dim=(1, 2)) > x[:, 0, :, 5:].sum(dim=(1, 2))).long()  # left or right
    model = models.equivariant_cnn(1, 2, gspaces.flip2dOnR2(), widths=(3, 3), kernel_size=3, size=9)
    less = models.restrict_model(model, gspaces.trivialOnR2())
    found = [
        training.fit(net, x, y, epochs=25, learn_rate=0.02, seed=0).history[-1]["accuracy"] for net in (model, less)
    ]
    assert found[1] > 0.95 > 0.85 > found[0]


def test_what_cannot_be_restricted():
    model = models.equivariant_cnn(1, 3, D4, widths=(2, 2), kernel_size=3, size=13)
    with pytest.raises(ArgumentError, match="number of a layer"):
        models.restrict_model(model, (None, 4), from_layer=99)
    with pytest.raises(ArgumentTypeError, match="SequentialModule"):
        models.restrict_model(model[0], (None, 4))
    mixed = nn.SequentialModule(nn.field_type(D4, vector=2, trivial=1), nn.LayerNorm.spec())
    with pytest.raises(UnsupportedFieldError, match="fall apart further"):
        models.restrict_model(mixed, (None, 1))
    pooled = nn.SequentialModule(nn.SubgroupPooling(nn.field_type(D4, regular=1), (None, 2)))
    with pytest.raises(UnsupportedFieldError, match=r"SubgroupPooling cannot be restricted: .*label"):
        models.restrict_model(pooled, (None, 4))
    fourier = nn.SequentialModule(nn.FourierPointwise(gspaces.rot2dOnR2(8), 1, [(0,), (1,)], N=8))
    with pytest.raises(UnsupportedFieldError, match="built for its group"):
        models.restrict_model(fourier, 4)


def norm_of(model):
    return next(part for part in model.modules() if isinstance(part, nn.InnerBatchNorm))


CHANGES = {
    "float64": lambda model: model.double(),
    "bfloat16": lambda model: model.bfloat16(),
    "frozen parameters": lambda model: [p.requires_grad_(False) for p in list(model.parameters())[:2]],
    "a part in eval mode": lambda model: norm_of(model.train()).eval(),
    "eps": lambda model: setattr(norm_of(model), "eps", 0.5),
    "momentum": lambda model: setattr(norm_of(model), "momentum", 0.5),
    "a note": lambda model: setattr(norm_of(model), "note", "mine"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_model_has_become_comes_along(name):
    model = trained(models.equivariant_cnn(1, 3, D4, widths=(2, 2), kernel_size=3, size=13))
    CHANGES[name](model)
    less = models.restrict_model(model, (None, 4))
    for old, new in zip(model, list(less)[1:]):
        assert [p.training for p in old.modules()] == [p.training for p in new.modules()]
        settings = [[(p.dtype, p.requires_grad) for p in layer.parameters()] for layer in (old, new)]
        assert settings[0] == settings[1]
    old, new = norm_of(model), norm_of(less)
    assert [getattr(part, "note", None) for part in (old, new)].count(None) in (0, 2)
    assert (old.eps, old.momentum) == (new.eps, new.momentum)
    x = torch.randn(2, 1, 13, 13).to(next(model.parameters()).dtype)
    torch.testing.assert_close(less.eval()(x), model.eval()(x))


def test_what_would_be_lost_is_refused():
    kind = nn.field_type(D4, regular=1)
    conv = nn.R2Conv(kind, kind, 3, padding=1)
    hooked, added = nn.ReLU(kind), nn.InnerBatchNorm(kind)
    hooked.register_forward_hook(lambda *args: None)
    added.register_buffer("scale", torch.ones(1))
    for layers, words in (
        ([hooked], "hooks"),
        ([added], "scale was added"),
        ([conv, nn.ReLU(kind), conv], "shares its"),
    ):
        with pytest.raises(UnsupportedFieldError, match=words):
            models.restrict_model(nn.SequentialModule(*layers), (None, 4), from_layer=len(layers) - 1)
    twice = models.restrict_model(nn.SequentialModule(conv, nn.ReLU(kind), conv), (None, 4))
    assert twice[1] is twice[3]
