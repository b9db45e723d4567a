"""The known faults of escnn: one test each, named by its number. Others stand beside what they are about.

2, 7, 8, 10: tests/python/group, 3: test_groups, 4: test_conv, 5, 6, 12: test_layers, 11: test_sequential.
"""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import ArgumentError, EquivarianceError, EquivarianceWarning, IntertwineError, ShapeError

from ..contracts.layers import c4, d4, regulars, trivials
from ..contracts.lists import turned
from ..contracts.processes import SOURCE, two_processes


def worst_error(conv):
    x = torch.randn(1, conv.in_type.size, 5, 5, dtype=torch.float64)
    y = conv(x)
    return max(
        float((conv(conv.in_type.transform(x, g)) - conv.out_type.transform(y, g)).detach().abs().max())
        for g in conv.in_type.testing_elements
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_fault_1_representations_with_the_same_name_share_no_basis(order):
    space = d4()
    rho = space.regular_repr
    automatic = [
        group.directsum([rho]),
        group.directsum([rho], change_of_basis=turned_matrix(8, 0)),
        group.directsum([rho], change_of_basis=turned_matrix(8, 1)),
    ]
    assert len({r.name for r in automatic}) == 1
    assert not any(a == b for a, b in itertools.combinations(automatic, 2))
    given = [group.change_basis(rho, turned_matrix(8, seed), name="foo") for seed in range(3)]
    for family in (automatic, given):
        for i in order:
            kind = nn.FieldType(space, [family[i], space.trivial_repr])
            assert worst_error(nn.R2Conv(kind, kind, kernel_size=3).double()) < 1e-12
            assert worst_error(nn.R2Conv(trivials(space), kind, kernel_size=3).double()) < 1e-12


def turned_matrix(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


def test_fault_9_a_raw_tensor_of_the_wrong_size_says_what_is_wrong():
    conv = nn.R2Conv(trivials(c4(), 1), regulars(c4()), kernel_size=3)
    assert conv(torch.zeros(1, 1, 5, 5)).shape == (1, 8, 3, 3)
    with pytest.raises(IntertwineError) as caught:
        conv(torch.zeros(1, 3, 5, 5))
    assert not isinstance(caught.value, AssertionError)
    assert "(1, 3, 5, 5)" in str(caught.value)
    assert "1" in str(caught.value)


def test_fault_10_nothing_is_written_to_stdout_or_into_the_package():
    def files():
        return {str(p) for p in Path(SOURCE, "intertwine").rglob("*") if "__pycache__" not in str(p)}

    before = files()
    assert [found["noise"] for found in two_processes()] == ["", ""]
    assert files() == before


def test_fault_13_the_core_needs_torch_numpy_and_scipy_alone():
    extra = {
        "lightning",
        "torchmetrics",
        "matplotlib",
        "sklearn",
        "PIL",
        "pandas",
        "joblib",
        "escnn",
        "e3nn",
        "pymanopt",
        "onnx",
    }
    for found in two_processes():
        assert not extra & set(found["early"])


def test_assertions_are_not_what_checks_input():
    one, without_assertions = two_processes()
    assert one["refusal"] == without_assertions["refusal"]
    assert "(1, 2, 5, 5)" in one["refusal"]


# ---- check_equivariance itself


class Broken(nn.EquivariantModule):
    """Keeps the type but weighs columns differently."""

    def __init__(self, in_type):
        super().__init__()
        self.in_type = self.out_type = in_type

    def _compute(self, tensor):
        return tensor * torch.arange(tensor.shape[-1], dtype=tensor.dtype)


class WrongChannels(nn.EquivariantModule):
    """Pretends that its channels turn."""

    def __init__(self, in_type, out_type):
        super().__init__()
        self.in_type, self.out_type = in_type, out_type

    def _compute(self, tensor):
        return tensor.flip(1)


def test_a_broken_module_fails_its_check():
    kind = regulars(c4())
    with pytest.raises(EquivarianceError) as caught:
        Broken(kind).check_equivariance()
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, IntertwineError)
    assert "[2pi/4]" in str(caught.value)
    report = Broken(kind).check_equivariance(assertion=False)
    assert any(not row["passed"] for row in report.table)
    space = c4()
    vector = nn.FieldType(space, [space.irrep(1)])
    with pytest.raises(EquivarianceError):
        WrongChannels(vector, vector).check_equivariance()


def test_the_layer_at_fault_is_named():
    kind = regulars(c4())
    model = nn.SequentialModule(nn.R2Conv(trivials(c4()), kind, 3), Broken(kind), nn.GroupPooling(kind))
    report = model.check_equivariance(layers=True, assertion=False)
    assert any("Broken" in str(row) for row in report.layers)
    with pytest.raises(EquivarianceError):
        model.check_equivariance()


def test_interpolated_elements_are_reported_but_decide_nothing():
    space = gspaces.rot2dOnR2(N=8)
    kind = regulars(space)
    report = nn.R2Conv(trivials(space), kind, kernel_size=5).check_equivariance()
    exact = [row for row in report.table if row["exact"]]
    others = [row for row in report.table if not row["exact"]]
    assert len(exact) == 4
    assert others
    assert all(row["error"] < 1e-4 for row in exact)


def test_checks_with_own_input_and_elements():
    space = c4()
    kind = regulars(space)
    conv = nn.R2Conv(trivials(space), kind, kernel_size=3)
    g = space.fibergroup.element(1)
    report = conv.check_equivariance(x=torch.randn(1, 2, 9, 9), elements=[g])
    assert [element for element, _ in report] == [g]
    assert turned(space.regular_repr).size == 4


# ---- at which sizes


def strided():
    return nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=3, stride=2)


def test_a_check_tries_both_parities_and_says_for_which_it_holds():
    with pytest.warns(EquivarianceWarning, match=r"33 x 33, but not on 32 x 32"):
        report = strided().check_equivariance()
    assert report.passed
    assert [(entry["size"], entry["passed"]) for entry in report.sizes] == [((33, 33), True), ((32, 32), False)]
    turned_rows = [row for row in report.table if row["element"] != row["element"].group.identity]
    assert turned_rows
    assert all(row["sizes"] == [(33, 33)] and row["passed"] for row in turned_rows)
    both = nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=3).check_equivariance()
    assert [entry["passed"] for entry in both.sizes] == [True, True]
    assert all(len(row["sizes"]) == 2 for row in both.table)


def test_a_check_at_the_size_of_the_data():
    conv = strided()
    assert conv.check_equivariance(size=27).passed
    with pytest.raises(EquivarianceError, match="28, 28"):
        conv.check_equivariance(size=28)
    report = conv.check_equivariance(size=[27, 28], assertion=False)
    assert not report.passed
    assert [entry["passed"] for entry in report.sizes] == [True, False]
    assert conv.check_equivariance(size=(27, 31)).input_shape == (2, 2, 27, 31)
    for wrong in ({"size": 9, "x": torch.randn(1, 2, 9, 9)}, {"size": []}, {"size": (9, 9, 9)}):
        with pytest.raises(ArgumentError):
            conv.check_equivariance(**wrong)
    with pytest.raises(ShapeError):
        conv.check_equivariance(size=2)
