"""Fields whose representation is not orthogonal: convolutions and linear layers take them, other layers refuse."""

import pickle

import numpy as np
import pytest
import torch

from intertwine import deploy, errors, group, gspaces, nn

SPACE = gspaces.rot2dOnR2(4)
MATRIX = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.0, 2.0]])
SKEW = group.directsum([SPACE.irrep(0), SPACE.irrep(1)], change_of_basis=MATRIX, name="skew")
BOTH = nn.FieldType(SPACE, [SKEW, SPACE.regular_repr])


def test_matrices_go_through_the_inverse() -> None:
    total = group.directsum([SPACE.irrep(0), SPACE.irrep(1)])
    for element in SPACE.fibergroup.elements:
        np.testing.assert_allclose(SKEW(element), MATRIX @ total(element) @ np.linalg.inv(MATRIX), atol=1e-12)
    assert not SKEW.is_orthogonal
    assert SKEW != total == SKEW.orthogonal_form
    assert pickle.loads(pickle.dumps(SKEW)) == SKEW  # noqa: S301 - written here
    np.testing.assert_allclose(BOTH.change_of_basis @ BOTH.change_of_basis_inv, np.eye(7), atol=1e-6)


def test_without_an_inverse_it_is_refused() -> None:
    with pytest.raises(errors.RepresentationError, match="no inverse"):
        group.directsum([SPACE.irrep(0), SPACE.irrep(0)], change_of_basis=np.ones((2, 2)))


@pytest.mark.parametrize("label", [1, 2])
def test_restrictions_and_products_stay_equivariant(label: int) -> None:
    small, inclusion, _ = SPACE.fibergroup.subgroup(label)
    product = SKEW.tensor(SPACE.irrep(1))
    for element in small.elements:
        np.testing.assert_allclose(SKEW.restrict(label)(element), SKEW(inclusion(element)), atol=1e-12)  # type: ignore[arg-type]
    for element in SPACE.fibergroup.elements:
        np.testing.assert_allclose(product(element), np.kron(SKEW(element), SPACE.irrep(1)(element)), atol=1e-12)
    for matrix in group.homomorphism_space(SKEW, product):
        for element in SPACE.fibergroup.elements:
            np.testing.assert_allclose(matrix @ SKEW(element), product(element) @ matrix, atol=1e-9)


FLAT = gspaces.no_base_space(SPACE.fibergroup)
LAYERS = {
    "conv": lambda: nn.R2Conv(BOTH, BOTH, 3),
    "one cell": lambda: nn.R2Conv(BOTH, BOTH, 1),
    "groups": lambda: nn.R2Conv(BOTH + BOTH, BOTH + BOTH, 3, groups=2),
    "transposed": lambda: nn.R2ConvTransposed(BOTH, BOTH, 3),
    "linear": lambda: nn.Linear(nn.FieldType(FLAT, [SKEW]), nn.FieldType(FLAT, [SKEW, FLAT.regular_repr])),
    "points": lambda: nn.R2PointConv(BOTH, BOTH, n_rings=2, width=2.0),
    "points in groups": lambda: nn.R2PointConv(BOTH + BOTH, BOTH + BOTH, groups=2, n_rings=2, width=2.0),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_equivariant(name: str) -> None:
    layer = LAYERS[name]().double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    layer.check_equivariance()
    assert layer.weights.numel() > 0


def test_as_many_weights_as_for_the_sum_of_the_irreps() -> None:
    plain = nn.FieldType(SPACE, [SKEW.orthogonal_form, SPACE.regular_repr])
    assert nn.R2Conv(BOTH, BOTH, 3).weights.numel() == nn.R2Conv(plain, plain, 3).weights.numel()


def test_a_saved_model_is_the_same() -> None:
    layer = nn.R2Conv(BOTH, BOTH, 3)
    again = deploy.load_bytes(deploy.save_bytes(layer))
    x = torch.randn(1, 7, 5, 5)
    torch.testing.assert_close(again(x), layer(x))
    torch.testing.assert_close(layer.eval().export()(x), layer(x))


@pytest.mark.parametrize(
    "layer", [nn.NormNonLinearity, nn.NormPool, nn.GNormBatchNorm, nn.FieldDropout, nn.NormBatchNorm]
)
def test_other_layers_refuse(layer: type) -> None:
    with pytest.raises(errors.UnsupportedFieldError, match="skew"):
        layer(nn.FieldType(SPACE, [SKEW]))


def test_fields_pass_what_does_not_compute() -> None:
    x = torch.randn(1, 7, 3, 3)
    torch.testing.assert_close(nn.SequentialModule(nn.IdentityModule(BOTH), nn.RestrictionModule(BOTH, 2))(x), x)


def test_the_action_of_a_space_is_orthogonal() -> None:
    turned = group.change_basis(SPACE.irrep(1), np.diag([1.0, 2.0]), "stretched")
    with pytest.raises(errors.RepresentationError, match="orthogonal"):
        gspaces.gspace(SPACE.fibergroup, turned)
