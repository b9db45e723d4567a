"""What is kept for the next time is bounded by bytes, over all caches together."""

from __future__ import annotations

import ast
import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from intertwine import gspaces, memory, nn
from intertwine.group import (
    Group,
    cyclic_group,
    dihedral_group,
    direct_product,
    group_from_table,
    o3_group,
    octa_group,
    point_group,
    so2_group,
    symmetric_group,
)
from intertwine.group.constructions.components import component_structure
from intertwine.group.constructions.induced_structure import InducedComponent
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.matrices import element_matrices as stored

from .contracts.copies import reloaded
from .contracts.lists import REPRESENTATIONS

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intertwine"

SMALL_FOR_EVER = {
    "deploy/drawing.py": "whether a function of torch, by its name, draws random numbers",
    "deploy/layers.py": "the classes of layers by name",
    "group/matrices/rotations.py": "printed forms of 1,024 rotations",
    "memory.py": "one entry for each class that is measured",
    "nn/base/construction.py": "one signature for each class of layers",
    "study/design/budgets.py": "costs of networks by their widths, while one budget is met",
    "study/runs/one_run.py": "the one study that a worker process trains for",
    "study/statistics/intervals.py": "bounds of t statistics, one number for each number of seeds and alpha",
    "suggestions.py": "the names of the arguments of each class",
    "_r/crossing/calls.py": "functions by the names that R calls them by",
}
"""Files with caches of their own, and what these hold: never a group or an array."""


@pytest.fixture(autouse=True, scope="module")
def _only_what_is_made_here():
    """The collector looks at what these tests make, not at all that the tests before them have left."""
    memory.clear_caches()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def bound():
    """A small bound, as long as a test runs."""
    before = memory.set_cache_bound(8 * 2**20)
    yield 8 * 2**20
    memory.set_cache_bound(before)


def test_no_cache_is_on_its_own():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in ("lru_cache", "cache") and not (name == "cache" and isinstance(node, ast.Name)):
                found.add(path.relative_to(PACKAGE).as_posix())
            if isinstance(node, ast.ImportFrom) and node.module == "functools":
                found |= {
                    path.relative_to(PACKAGE).as_posix() for alias in node.names if alias.name in ("cache", "lru_cache")
                }
    assert found == set(SMALL_FOR_EVER)


def network(space):
    a, b = nn.field_type(space, trivial=1), nn.field_type(space, regular=1)
    return nn.SequentialModule(nn.R2Conv(a, b, 3), nn.ReLU(b), nn.R2Conv(b, b, 1), nn.GroupPooling(b))


def alive():
    gc.collect()
    return sum(issubclass(type(thing), Group) for thing in gc.get_objects())


def test_groups_come_and_go(bound):
    bound = bound // 4  # about six of these groups with their networks
    memory.set_cache_bound(bound)
    memory.clear_caches()
    weights, counts = [], []
    for n in range(30, 48):
        network(gspaces.flipRot2dOnR2(n))
        if n % 6 == 5:
            weights.append(memory.cached_entries()[1])
            counts.append(alive())
    assert max(weights) < 1.5 * bound
    assert max(counts[2:]) <= counts[1] + 8
    memory.clear_caches()
    assert alive() <= counts[0]


def test_small_groups_come_and_go(bound):
    memory.clear_caches()
    memory.set_cache_bound(bound // 16)
    counts = []
    for k in range(80):
        group = group_from_table([[(i + j) % 6 for j in range(6)] for i in range(6)], f"group {k}")
        group.regular_representation.restrict(group.subgroup_trivial_id)
        if k % 20 == 19:
            counts.append(alive())
    assert memory.cached_entries()[1] < 1.5 * bound / 16
    assert counts[-1] <= max(counts[:-1]) + 8


def test_groups_that_grow_after_they_are_kept_stay_within_the_bound(bound):
    memory.clear_caches()
    weights = []
    for n in range(75, 135):
        group = dihedral_group(n)
        assert len(group.regular_representation.irreps) == len(group.irreps()) + sum(r.size > 1 for r in group.irreps())
        if n % 10 == 4:
            weights.append(memory.cached_entries()[1])
    assert max(weights) < 1.5 * bound


def test_an_entry_is_not_measured_with_the_others():
    @memory.remembered
    def named(number):
        # As a plan that says how it is made again.
        return (named, number, np.zeros(1000))

    values = [named(number) for number in range(20)]
    assert memory.size_in_bytes([values[0]]) < 2 * 8000


def test_what_was_used_last_stays(bound):
    @memory.remembered
    def block(number):
        return np.full(2**18, float(number))

    first = block(0)
    for number in range(1, 12):
        block(number)
        assert block(0) is first
    fresh = block(1)
    assert fresh[0] == 1.0
    assert memory.cached_entries()[1] < 1.5 * bound


def test_one_entry_may_be_heavier_than_the_bound(bound):
    @memory.remembered
    def heavy():
        return np.zeros(2**21)

    assert heavy() is heavy()


def test_shared_objects_are_counted_once():
    shared = np.zeros(10**5)
    holders = [{"array": shared, "number": k} for k in range(100)]
    assert memory.size_in_bytes(holders) < 1.2 * shared.nbytes
    tensor = torch.zeros(1000)
    assert 4000 < memory.size_in_bytes([tensor, tensor[2:], tensor.view(10, 100)]) < 5000
    assert memory.size_in_bytes([torch.zeros(10**9, device="meta")]) < 1000


@pytest.mark.parametrize(
    "make",
    [
        lambda: cyclic_group(7),
        lambda: dihedral_group(6),
        lambda: symmetric_group(4),
        lambda: point_group("Td"),
        lambda: so2_group(3),
        octa_group,
        lambda: direct_product(cyclic_group(2), so2_group()),
        lambda: so2_group().irrep(3),
        lambda: o3_group().irrep(1, 2),
    ],
)
def test_equal_groups_are_one_object_as_long_as_anyone_holds_it(make):
    held = make()
    memory.clear_caches()
    assert make() is held
    assert reloaded(held) == held
    seen = weakref.ref(held)
    del held
    memory.clear_caches()
    assert seen() is None or make() is seen()


def test_what_was_let_go_is_computed_again():
    space = gspaces.flipRot2dOnR2(6)
    torch.manual_seed(0)
    first = network(space)
    memory.clear_caches()
    torch.manual_seed(0)
    again = network(gspaces.flipRot2dOnR2(6))
    x = torch.randn(1, 1, 9, 9)
    assert again.in_type == first.in_type
    assert torch.equal(again(x).tensor if hasattr(again(x), "tensor") else again(x), first(x))


# ---- matrices that are permutations


def test_a_large_regular_representation_holds_no_dense_matrices():
    group = dihedral_group(150)
    rho = group.regular_representation
    assert isinstance(rho.element_matrices, stored.SignedPermutations)
    component_structure(rho)
    assert memory.size_in_bytes([rho, group]) < 12 * 2**20
    g, h = group.elements[17], group.elements[211]
    np.testing.assert_array_equal(rho(g) @ rho(h), rho(g @ h))


def as_data(representation):
    """What is known of a representation, as arrays."""
    found = [representation.characters, representation.change_of_basis, representation.matrices]
    for part in component_structure(representation).parts:
        component = part.component
        found.append(part.channels)
        if isinstance(component, InducedComponent):
            found += [component.channels, component.representatives, np.array(component.stabilizer)]
            found += [component.sigma, component.transport, component.images, component.blocks]
    return found


SIGNED = [name for name, build in REPRESENTATIONS.items() if build().is_signed_permutation]


def test_permutations_are_as_good_as_matrices(monkeypatch):
    assert len(SIGNED) > 30
    memory.clear_caches()
    dense = {name: as_data(REPRESENTATIONS[name]()) for name in SIGNED}
    monkeypatch.setattr(stored, "_SMALL", 0)
    memory.clear_caches()
    for name, expected in dense.items():
        representation = REPRESENTATIONS[name]()
        if "element_matrices" in representation.__dict__:
            # Built before, and held by its group.
            representation.__dict__.pop("element_matrices")
        for was, now in zip(expected, as_data(representation), strict=True):
            np.testing.assert_array_equal(was, now)
    memory.clear_caches()


def test_sums_products_blocks_and_parts_of_permutations():
    group = dihedral_group(4)
    regular, sign = group.regular_representation, group.irrep(1, 0)
    signed = group.induced_representation((None, 2), cyclic_group(2).irrep(1))
    assert isinstance(group, FiniteGroup)
    for a in (regular, sign, signed):
        for b in (regular, sign, signed):
            first, second = (stored.as_signed_permutations(rho.element_matrices) for rho in (a, b))
            assert first is not None
            assert second is not None
            product, total = stored.kronecker(first, second), stored.direct_sum([first, second])
            for g in range(8):
                np.testing.assert_array_equal(product.at(g), np.kron(a.matrices[g], b.matrices[g]))
                np.testing.assert_array_equal(total.at(g)[: a.size, : a.size], a.matrices[g])
                np.testing.assert_array_equal(total.at(g)[a.size :, a.size :], b.matrices[g])
            np.testing.assert_array_equal(product.dense, np.stack([product.at(g) for g in range(8)]))
            np.testing.assert_array_equal(total.block(list(range(a.size, total.size))).dense, b.matrices)
            numbers = np.array([3, 1, 5])
            np.testing.assert_array_equal(total.take(numbers).dense, total.dense[numbers])
            weights = np.linspace(-1, 1, 8)
            np.testing.assert_allclose(product.average(weights), np.tensordot(weights, product.dense, 1), atol=1e-14)
            basis = np.linalg.qr(np.random.default_rng(0).standard_normal((total.size, 2)))[0].T
            np.testing.assert_allclose(total.compressed(basis), basis @ total.dense @ basis.T, atol=1e-14)
            np.testing.assert_array_equal(product.characters, a.characters * b.characters)
