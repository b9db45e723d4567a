"""Numbers of weights and spans of filters beside escnn's: every planar group, every kind of representation."""

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import EmptyBasisError

pytestmark = pytest.mark.peer

GROUPS = [f"{kind}{n}" for kind in "CD" for n in range(1, 17)]
SPAN_UP_TO = 120
"""Bases with more elements are compared by their number."""


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    pytest.importorskip("escnn.nn")
    import escnn

    return escnn


def space_of(module, name):
    n = int(name[1:])
    if n == 1:
        return module.trivialOnR2() if name[0] == "C" else module.flip2dOnR2()
    return module.rot2dOnR2(n) if name[0] == "C" else module.flipRot2dOnR2(n)


def turn(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def finite_kinds(groups, space, name):
    """A representation of every kind, by a name, made in the same way in both libraries."""
    G, n = space.fibergroup, int(name[1:])
    flips = name[0] == "D"
    found = {f"irrep {psi.id}": psi for psi in G.irreps()}
    found["regular"] = space.regular_repr
    divisors = [k for k in range(1, n + 1) if n % k == 0]
    # Of D1 the subgroups are named by the axis alone as in D_n; of C1 there are none.
    for k in divisors if n > 1 else []:
        labels = [(None, k), (0, k)] if flips else [k]
        for label in labels:
            found[f"quotient {label}"] = space.quotient_repr(label)
    if n > 1:
        label = (None, divisors[-2]) if flips else divisors[-2]
        H = G.subgroup(label)[0]
        found["induced"] = space.induced_repr(label, H.irreps()[-1])
        larger = groups.dihedral_group(2 * n) if flips else groups.cyclic_group(2 * n)
        label = (0, n) if flips else n
        found["restricted"] = larger.restrict_representation(label, larger.irreps()[-2])
    last = G.irreps()[-1]
    parts = [G.irreps()[0], last, last]
    found["sum"] = groups.directsum(parts, name="plain sum")
    size = sum(part.size for part in parts)
    found["turned sum"] = groups.directsum(parts, change_of_basis=turn(size, 0), name="turned sum")
    found["tensor"] = last.tensor(last)
    return found


def continuous_kinds(groups, space, name):
    G, flips = space.fibergroup, name == "O2"
    parts = [space.irrep(1, k) if flips else space.irrep(k) for k in (1, 2)]
    found = {
        "regular": G.bl_regular_representation(2),
        "sum": groups.directsum(parts, name="plain sum"),
        "turned sum": groups.directsum(parts, change_of_basis=turn(4, 1), name="turned sum"),
        "tensor": parts[0].tensor(parts[1]),
        "irrep": parts[1],
    }
    if flips:
        found["quotient"] = G.spectral_quotient_representation((0.0, 1), (0, 0), (1, 1), (1, 2))
        found["sign"] = space.irrep(1, 0)
    else:
        found["quotient"] = G.spectral_quotient_representation(2, (0,), (2,), (4,))
    return found


def filters(conv, count):
    """All basis filters as rows; in float32, because escnn's layers share the constants that ``.double()`` would cast."""
    rows = []
    conv.train()
    with torch.no_grad():
        for i in range(count):
            conv.weights.zero_()
            conv.weights[i] = 1.0
            rows.append(conv.expand_parameters()[0].flatten().double().numpy())
    return np.stack(rows)


def outside(a, b):
    """How far the rows of a are from the span of the rows of b, relative to their norms."""
    solution, *_ = np.linalg.lstsq(b.T, a.T, rcond=1e-9)
    return np.abs(b.T @ solution - a.T).max() / np.abs(a).max()


def compare(escnn, spaces, kinds, pairs, kernel_size, tolerance=1e-6):
    compared = 0
    for a, b in pairs:
        types = [
            tuple(module.FieldType(space, [kind[label]]) for label in (a, b))
            for module, space, kind in zip((nn, escnn.nn), spaces, kinds, strict=True)
        ]
        try:
            theirs = escnn.nn.R2Conv(*types[1], kernel_size=kernel_size, bias=False, initialize=False)
            expected = theirs.weights.numel()
        except (AttributeError, ValueError, AssertionError):
            expected = 0  # they fail in their own ways where no kernel exists
        if not expected:
            with pytest.raises(EmptyBasisError):
                nn.R2Conv(*types[0], kernel_size=kernel_size, bias=False)
            continue
        ours = nn.R2Conv(*types[0], kernel_size=kernel_size, bias=False).double()
        assert ours.weights.numel() == expected, (a, b)
        compared += 1
        if expected <= SPAN_UP_TO:
            rows = filters(ours, expected), filters(theirs, expected)
            assert outside(*rows) < tolerance, (a, b)
            assert outside(*rows[::-1]) < tolerance, (a, b)
    return compared


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("name", GROUPS)
def test_finite_groups(escnn, name, kernel_size):
    spaces = [space_of(module, name) for module in (gspaces, escnn.gspaces)]
    kinds = [finite_kinds(groups, space, name) for groups, space in zip((group, escnn.group), spaces, strict=True)]
    assert list(kinds[0]) == list(kinds[1])
    labels = list(kinds[0])
    small = labels[min(1, len(labels) - 1)]
    # Each kind meets a scalar and a turning irrep from both sides, and the next one: all pairs would take hours there.
    pairs = [(a, labels[0]) for a in labels] + [(small, a) for a in labels]
    pairs += [
        (a, b)
        for a, b in zip(labels, [*labels[1:], labels[0]], strict=True)
        if kinds[0][a].size * kinds[0][b].size <= 64
    ]
    compared = compare(escnn, spaces, kinds, list(dict.fromkeys(pairs)), kernel_size)
    assert compared >= len(labels) // 2


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("name", ["SO2", "O2"])
def test_continuous_groups(escnn, name, kernel_size):
    spaces = [
        (module.rot2dOnR2 if name == "SO2" else module.flipRot2dOnR2)(-1, maximum_frequency=8)
        for module in (gspaces, escnn.gspaces)
    ]
    kinds = [continuous_kinds(groups, space, name) for groups, space in zip((group, escnn.group), spaces, strict=True)]
    pairs = [(a, b) for a in kinds[0] for b in kinds[0]]
    # escnn takes float32 angles times the frequency: its values carry 1e-6 of rounding at frequency 6
    compared = compare(escnn, spaces, kinds, pairs, kernel_size, 5e-6)
    assert compared >= len(pairs) // 2
