"""What escnn and e2cnn have saved is converted, or refused: never half-filled."""

import pickle

import pytest
import torch

from intertwine import compat, deploy, errors, gspaces, nn


def layers(eval_mode: bool) -> tuple[torch.nn.Sequential, dict[str, torch.Tensor]]:
    """A model, and the state of one like it as escnn names it."""
    space = gspaces.rot2dOnR2(4)
    conv = nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3)
    state = {"0.weights": torch.randn(conv.weights.shape), "0.bias": torch.ones(1)}
    if eval_mode:
        state |= {"0.filter": conv.filter.detach(), "0.expanded_bias": torch.ones(4)}
    else:
        state["0._basisexpansion.block_expansion_('irrep_0', 'regular').sampled_basis"] = torch.zeros(9, 4, 1, 9)
    return torch.nn.Sequential(conv), state


@pytest.mark.parametrize("eval_mode", [True, False])
@pytest.mark.parametrize("strict", [True, False])
def test_their_state_is_refused(eval_mode: bool, strict: bool) -> None:
    model, state = layers(eval_mode)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(errors.ModelFileError, match=r"deploy\.convert"):
        model.load_state_dict(state, strict=strict)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_their_state_is_converted() -> None:
    model, state = layers(eval_mode=True)
    other, _ = layers(eval_mode=True)
    deploy.convert(state, other)
    assert torch.allclose(other[0].filter, model[0].filter, atol=1e-6)


def test_ours_is_loaded() -> None:
    model, _ = layers(eval_mode=True)
    other, _ = layers(eval_mode=True)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other[0].filter, model[0].filter)


def test_their_pickles_are_refused() -> None:
    """A pickle that names a layer of escnn, and holds attributes as theirs does."""
    state = b"}X\x08\x00\x00\x00training\x88sb"
    written = b"\x80\x02cescnn.nn.modules.nonlinearities.relu\nReLU\n)\x81" + state + b"."
    compat.install("escnn")
    try:
        with pytest.raises(errors.ModelFileError, match="did not write"):
            pickle.loads(written)  # noqa: S301 - written above
    finally:
        compat.uninstall("escnn")
