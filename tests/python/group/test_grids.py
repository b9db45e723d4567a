"""Grids of rotations and of the sphere: what they promise by type, against published values and formulas."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from intertwine import group
from intertwine.errors import ArgumentError, ArgumentTypeError
from intertwine.group.matrices import thomson
from intertwine.group.matrices.grids import rotation_grid, sphere_grid
from intertwine.group.matrices.harmonics import harmonic_action, harmonics
from intertwine.group.matrices.polyhedral import left_product, polyhedral_rotations
from intertwine.group.matrices.rotations import rotation_of_quaternion
from intertwine.group.matrices.sphere_points import fibonacci, healpix, hopf

GOLDEN = (1 + np.sqrt(5)) / 2
SOLIDS = {"ico": 60, "cube": 24, "tetra": 12}

# Arguments and how many elements they give.
ROTATIONS = [
    (("rand", 7, 0), 7),
    (("thomson", 1), 1),
    (("thomson", 50), 50),
    (("thomson", 130), 130),
    (("thomson_cube", 3), 72),
    (("thomson_cube", 17), 24 * 17),
    (("ico",), 60),
    (("cube",), 24),
    (("tetra",), 12),
    (("hopf", 1), 12),
    (("hopf", 72), 72),
    (("hopf", 576), 576),
    (("hopf", 1000), 1008),
    (("fibonacci", 1), 1),
    (("fibonacci", 200), 198),
]
POINTS = [
    (("rand", 7, None, 0), 7),
    (("thomson", 1), 1),
    (("thomson", 50), 50),
    (("thomson", 130), 130),
    (("thomson_cube", 3), 72),
    (("thomson_cube", 17), 24 * 17),
    (("ico",), 30),
    (("cube",), 6),
    (("tetra",), 6),
    (("healpix", 1), 12),
    (("healpix", 3), 108),
    (("fibonacci", 1), 1),
    (("fibonacci", 100), 100),
    (("longlat", 1, 2), 2),
    (("longlat", 6, 5), 20),
]
ALL = [(rotation_grid, *row) for row in ROTATIONS] + [(sphere_grid, *row) for row in POINTS]
NAMES = [f"{make.__name__}-{'-'.join(map(str, given))}" for make, given, _ in ALL]


def nearest(points, others):
    """Greatest distance from a point to the nearest of the others."""
    return np.linalg.norm(points[:, None] - others, axis=-1).min(axis=1).max()


def both_signs(quaternions):
    return np.concatenate([quaternions, -quaternions])


def charges(kind, points):
    """What repels each other in a set: on quaternions each rotation counts twice."""
    return both_signs(points) if kind.startswith("rotations") else points


def condition(quaternions, order):
    """Of the least-squares fit of functions on SO(3) with frequencies up to an order."""
    matrices = rotation_of_quaternion(quaternions)
    columns = [np.sqrt(2 * n + 1) * harmonic_action(matrices, n).reshape(len(matrices), -1) for n in range(order + 1)]
    return np.linalg.cond(np.concatenate(columns, axis=1))


@pytest.mark.parametrize(("make", "given", "number"), ALL, ids=NAMES)
def test_numbers_length_and_distinctness(make, given, number):
    points = make(*given)
    assert points.dtype == np.float64
    assert points.shape == (number, 4 if make is rotation_grid else 3)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=0, atol=4e-16)
    distance = np.linalg.norm(points[:, None] - charges("rotations" if make is rotation_grid else "", points), axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 0.3 / number
    np.testing.assert_array_equal(make(*given), points)


@pytest.mark.parametrize("make", [rotation_grid, sphere_grid])
@pytest.mark.parametrize("given", [("ico",), ("cube",), ("tetra",), ("thomson", 20), ("thomson_cube", 2)], ids=str)
def test_what_is_cached_is_read_only(make, given):
    points = make(*given)
    with pytest.raises(ValueError, match="read-only"):
        points[0, 0] = 2


@pytest.mark.parametrize(("solid", "order"), SOLIDS.items())
def test_solids_are_groups(solid, order):
    group = rotation_grid(solid)
    assert len(group) == order
    assert group[0].tolist() == [0, 0, 0, 1]
    products = np.einsum("gij,hj->ghi", left_product(group), group).reshape(-1, 4)
    assert nearest(products, both_signs(group)) < 1e-15
    assert nearest(Rotation.from_quat(group).inv().as_quat(), both_signs(group)) < 1e-15
    assert nearest(sphere_grid(solid), rotation_of_quaternion(group)[:, :, 2]) < 1e-15
    assert nearest(rotation_of_quaternion(group)[:, :, 2], sphere_grid(solid)) < 1e-15


def test_solids_stand_where_they_should():
    assert nearest(rotation_grid("tetra"), rotation_grid("cube")) == 0
    assert nearest(rotation_grid("tetra"), rotation_grid("ico")) == 0
    ico = rotation_of_quaternion(rotation_grid("ico"))
    angles = Rotation.from_quat(rotation_grid("ico")).magnitude()
    for axis, fold in [((GOLDEN, 0, 1), 5), ((1, GOLDEN, 0), 5), ((1, 1, 1), 3), ((0, 0, 1), 2)]:
        fixes = np.linalg.norm(ico @ axis - axis, axis=1) < 1e-12
        assert fixes.sum() == fold
        np.testing.assert_allclose(angles[fixes].max(), 2 * np.pi * (fold // 2) / fold)
    cube = rotation_of_quaternion(rotation_grid("cube"))
    np.testing.assert_allclose(cube, np.rint(cube), rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(cube), 1)


def test_products_and_matrices_are_those_of_scipy():
    p, q = Rotation.from_quat(rotation_grid("rand", 20, 1)), Rotation.from_quat(rotation_grid("rand", 20, 2))
    product = np.einsum("nij,nj->ni", left_product(p.as_quat()), q.as_quat())
    np.testing.assert_allclose(Rotation.from_quat(product).as_matrix(), (p * q).as_matrix(), atol=1e-14)
    np.testing.assert_allclose(rotation_of_quaternion(p.as_quat()), p.as_matrix(), atol=1e-14)


@pytest.mark.parametrize("N", [1, 2, 5, 16, 18])
def test_cubic_sets_are_symmetric(N):
    cube = polyhedral_rotations("cube")
    rotations, points = rotation_grid("thomson_cube", N), sphere_grid("thomson_cube", N)
    for g, matrix in zip(left_product(cube), np.rint(rotation_of_quaternion(cube))):
        assert nearest(rotations @ g.T, both_signs(rotations)) < 1e-15
        assert nearest(points @ matrix.T, points) == 0
    assert nearest(cube, both_signs(rotations)) < 1e-15  # the identity is in it


def test_thomson_sets_hold_the_identity():
    assert rotation_grid("thomson", 30)[0].tolist() == [0, 0, 0, 1]
    assert sphere_grid("thomson", 30)[0].tolist() == [0, 0, 1]


# Wales and Ulker, "Structure and dynamics of spherical crystals characterized for the Thomson problem", 2006.
SPHERE_ENERGIES = {
    2: 0.5,
    3: 1.732050808,
    4: 3.674234614,
    5: 6.474691495,
    6: 9.985281374,
    7: 14.452977414,
    8: 19.675287861,
    12: 49.165253058,
    24: 223.347074052,
    32: 412.261274651,
    64: 1765.802577927,
    100: 4448.350634331,
    128: 7393.007443068,
}


@pytest.mark.parametrize(("N", "energy"), SPHERE_ENERGIES.items())
def test_energy_on_the_sphere_is_the_least_known(N, energy):
    assert thomson.coulomb_energy(sphere_grid("thomson", N)) == pytest.approx(energy, rel=1e-6)


def test_snub_cube():
    """The best 24 points have the rotations of the cube for symmetries."""
    assert thomson.coulomb_energy(sphere_grid("thomson_cube", 1)) == pytest.approx(SPHERE_ENERGIES[24], rel=1e-9)


@pytest.mark.parametrize(("N", "solid"), [(12, "tetra"), (60, "ico")])
def test_regular_polytopes_are_found(N, solid):
    """The 24-cell, and the 600-cell, below which nothing can be (Cohn and Kumar, 2007)."""
    energies = [thomson.coulomb_energy(both_signs(q)) for q in (rotation_grid("thomson", N), rotation_grid(solid))]
    assert energies[0] == pytest.approx(energies[1], rel=1e-9)


def test_four_rotations_are_the_half_turns():
    """The 16-cell, which is also universally optimal."""
    q = rotation_grid("thomson", 4)
    np.testing.assert_allclose(q @ q.T, np.eye(4), atol=1e-6)


@pytest.mark.parametrize("kind", ["sphere", "rotations", "rotations_cube"])
def test_energies_grow_as_those_of_minima_must(kind):
    """Leave each point out in turn: the mean of E_n over pairs cannot fall with n if E_n is least."""
    sizes = np.arange(2, thomson.SHIPPED[kind] + 1)
    energies = [thomson.coulomb_energy(charges(kind, thomson.thomson_points(kind, n))) for n in sizes]
    alone = thomson.coulomb_energy(charges(kind, thomson.thomson_points(kind, 1)))  # of each orbit, wherever it is
    means = (np.array(energies) - sizes * alone) / (sizes * (sizes - 1))
    assert (np.diff(means) > -1e-12).all()


@pytest.mark.parametrize("kind", thomson.SHIPPED)
def test_shipped_sets_are_stationary(kind):
    group = thomson.symmetry(kind)
    for n in range(1, thomson.SHIPPED[kind] + 1):
        points = thomson.thomson_points(kind, n)[:n]
        energy, slope = thomson._energy(points.ravel(), group)
        assert np.abs(slope).max() <= 3e-6 * max(energy, 1)


@pytest.mark.parametrize("kind", thomson.SHIPPED)
def test_energy_and_slope_are_those_of_the_orbit(kind):
    group = thomson.symmetry(kind)
    v = np.random.default_rng(0).standard_normal((3, group.shape[1]))
    energy, slope = thomson._energy(v.ravel(), group)
    points = v / np.linalg.norm(v, axis=1, keepdims=True)
    orbit = (points @ group.swapaxes(1, 2)).reshape(-1, v.shape[1])
    assert energy == pytest.approx(thomson.coulomb_energy(orbit), rel=1e-9)
    for axis in range(v.size):
        step = np.zeros(v.size)
        step[axis] = 1e-5
        change = thomson._energy(v.ravel() + step, group)[0] - thomson._energy(v.ravel() - step, group)[0]
        assert slope[axis] == pytest.approx(change / 2e-5, rel=1e-4, abs=1e-5 * energy)


@pytest.mark.parametrize("kind", thomson.SHIPPED)
@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_tables_are_what_the_solver_finds(kind, n):
    found = charges(kind, thomson.minimise(kind, n, 8))
    if kind.endswith("cube"):
        group = thomson.symmetry(kind)[:24]
        found = (found @ group.swapaxes(1, 2)).reshape(-1, found.shape[1])
    shipped = charges(kind, thomson.thomson_points(kind, n))
    np.testing.assert_allclose(np.sort((found @ found.T).ravel()), np.sort((shipped @ shipped.T).ravel()), atol=1e-5)


def test_table_is_whole_and_small():
    for kind, greatest in thomson.SHIPPED.items():
        assert thomson._table(kind).shape == (greatest * (greatest + 1) // 2, thomson.symmetry(kind).shape[1])
    with thomson.files("intertwine.group.matrices").joinpath(thomson.TABLE).open("rb") as file:
        assert len(file.read()) < 300_000


@pytest.mark.parametrize(
    ("given", "order", "bound"),
    [
        (("ico",), 2, 1 + 1e-12),
        (("thomson", 48), 2, 1.2),
        (("thomson", 96), 2, 1.1),
        (("thomson_cube", 4), 2, 1.1),
        (("hopf", 576), 3, 1.2),
        (("hopf", 576), 4, 1.3),
        (("fibonacci", 96), 2, 1.3),
    ],
    ids=str,
)
def test_functions_are_well_determined(given, order, bound):
    assert condition(rotation_grid(*given), order) < bound < condition(rotation_grid("rand", 96, 0), 2)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_random_rotations_are_uniform(order):
    number = 40_000
    matrices = rotation_of_quaternion(rotation_grid("rand", number, 0))
    mean = harmonic_action(matrices, order).mean(axis=0)
    # Entries have mean 0 and variance 1 / (2 l + 1) / number: five standard deviations.
    assert np.abs(mean).max() < 5 / np.sqrt(number * (2 * order + 1))
    mean = harmonics(sphere_grid("rand", number, seed=0), order).mean(axis=1)
    assert np.abs(mean).max() < 5 / np.sqrt(number * (2 * order + 1))


@pytest.mark.parametrize("make", [rotation_grid, sphere_grid])
def test_seeds(make):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first = make("rand", 5, seed=3)
    np.testing.assert_array_equal(first, make("rand", 5, seed=np.int64(3)))
    np.testing.assert_array_equal(first, make("rand", 5, seed=np.random.default_rng(3)))
    generator, legacy = np.random.default_rng(3), np.random.RandomState(3)
    for source in (generator, legacy, None):
        assert not np.array_equal(make("rand", 5, seed=source), make("rand", 5, seed=source))
    again = np.random.RandomState(3)
    assert not np.array_equal(make("rand", 5, seed=again), first)
    np.testing.assert_array_equal(
        make("rand", 5, seed=np.random.RandomState(4)), make("rand", 5, seed=np.random.RandomState(4))
    )
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7])
def test_healpix_pixels(side):
    """The published formulas, which go from the number of a pixel to its ring and place in the ring."""
    points = healpix(side)
    pixels = 12 * side**2
    assert len(points) == pixels
    for p in range(6 * side**2 + 2 * side):  # to the equator
        if p < 2 * side * (side - 1):
            half = (p + 1) / 2
            i = int(np.sqrt(half - np.sqrt(int(half)))) + 1
            j = p + 1 - 2 * i * (i - 1)
            z, longitude = 1 - i**2 / (3 * side**2), np.pi / (2 * i) * (j - 0.5)
        else:
            rest = p - 2 * side * (side - 1)
            i, j = rest // (4 * side) + side, rest % (4 * side) + 1
            z, s = 4 / 3 - 2 * i / (3 * side), (i - side + 1) % 2
            longitude = np.pi / (2 * side) * (j - s / 2)
        r = np.sqrt(1 - z**2)
        # Within a ring the count may start at another pixel: compare with the nearest.
        ring = points[np.abs(points[:, 2] - z) < 1e-12]
        assert nearest(np.array([[r * np.cos(longitude), r * np.sin(longitude), z]]), ring) < 1e-12
    assert nearest(points * [1, 1, -1], points) < 1e-12
    assert (np.diff(points[:, 2]) <= 1e-15).all()
    # Equal areas: the polar caps, up to the middle of ring `side`, are a third of the sphere.
    caps = (np.abs(points[:, 2]) > 2 / 3 + 1e-12).sum() + (np.abs(np.abs(points[:, 2]) - 2 / 3) < 1e-12).sum() / 2
    assert caps == pixels / 3


def test_healpix_is_that_of_healpy():
    """The documented answer of healpy.pix2ang(16, [1440, 427, 1520, 0, 3068])."""
    x, y, z = healpix(16)[[1440, 427, 1520, 0, 3068]].T
    np.testing.assert_allclose(np.arccos(z), [1.52911759, 0.78550497, 1.57079633, 0.05103658, 3.09055608], atol=1e-8)
    np.testing.assert_allclose(np.arctan2(y, x), [0, 0.78539816, 1.61988371, 0.78539816, 0.78539816], atol=1e-8)


def test_hopf_fibration():
    points = np.concatenate([healpix(2), [[0, 0, 1], [0, 0, -1]]])
    q = hopf(points, 5)
    matrices = Rotation.from_quat(q).as_matrix()
    np.testing.assert_allclose(matrices[:, :, 2], np.repeat(points, 5, axis=0), atol=1e-14)
    steps = Rotation.from_quat(q[0::5]).inv() * Rotation.from_quat(q[1::5])
    np.testing.assert_allclose(steps.as_rotvec(), np.tile([0, 0, 2 * np.pi / 5], (len(points), 1)), atol=1e-14)
    shortest = Rotation.from_quat(q[::5]).magnitude()
    np.testing.assert_allclose(shortest, np.arccos(points[:, 2]), atol=1e-7)


@pytest.mark.parametrize("type", ["hopf", "fibonacci"])
def test_numbers_are_about_those_asked_for(type):
    for N in range(20, 3000, 37):
        assert abs(len(rotation_grid(type, N)) / N - 1) < 0.25
    for N in range(500, 3000, 101):
        assert abs(len(rotation_grid(type, N)) / N - 1) < 0.06


def test_fibonacci_is_even():
    for N in (10, 100, 1000):
        mean = np.stack([harmonics(fibonacci(N), order).mean(axis=1) for order in (1,)])
        assert np.abs(mean).max() < 1 / N
    np.testing.assert_allclose(fibonacci(50)[:, 2], -fibonacci(50)[::-1, 2], atol=1e-15)


def test_longlat():
    points = sphere_grid("longlat", 8, 5)
    latitude, longitude = np.arcsin(points[1:-1, 2]), np.arctan2(points[1:-1, 1], points[1:-1, 0]) % (2 * np.pi)
    np.testing.assert_allclose(latitude, np.repeat([np.pi / 4, 0, -np.pi / 4], 8), atol=1e-14)
    np.testing.assert_allclose(longitude, np.tile(np.arange(8) * np.pi / 4, 3), atol=1e-14)
    assert points[[0, -1]].tolist() == [[0, 0, 1], [0, 0, -1]]


FRESH = """
import sys, time, hashlib
from intertwine.group.matrices.grids import rotation_grid, sphere_grid
start = time.process_time()
rotation_grid("thomson", 96)
spent = time.process_time() - start
solver = "scipy.optimize" in sys.modules
digest = hashlib.sha256()
for make in (rotation_grid, sphere_grid):
    for given in (("ico",), ("thomson", 96), ("thomson", 129), ("thomson_cube", 2), ("thomson_cube", 17), ("rand", 9)):
        digest.update(make(*given, **({"seed": 5} if given[0] == "rand" else {})).tobytes())
print(spent, solver, digest.hexdigest())
"""


def test_processes_agree_and_shipped_sets_are_there_at_once():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.run([sys.executable, "-c", FRESH], env=environment, capture_output=True, text=True) for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], [run.stderr for run in runs]
    answers = [run.stdout.split() for run in runs]
    assert answers[0][2] == answers[1][2]
    assert [answer[1] for answer in answers] == ["False", "False"], "shipped sets need no solver"
    assert min(float(answer[0]) for answer in answers) < 0.01


@pytest.mark.parametrize("make", [rotation_grid, sphere_grid])
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"type": "hexagonal"}, ArgumentError, "'hexagonal'.*thomson.*fibonacci"),
        ({"type": 3}, ArgumentTypeError, "string, not 3.*thomson"),
        ({"type": ["ico"]}, ArgumentTypeError, "string"),
        ({"type": "thomson"}, ArgumentError, "needs N"),
        ({"type": "thomson", "N": 0}, ArgumentError, "N of a grid is 0. Use 1 or more"),
        ({"type": "rand", "N": -3}, ArgumentError, "is -3"),
        ({"type": "fibonacci", "N": 2.5}, ArgumentTypeError, "whole number, not 2.5"),
        ({"type": "fibonacci", "N": True}, ArgumentTypeError, "not True"),
        ({"type": "fibonacci", "N": "12"}, ArgumentTypeError, "not '12'"),
        ({"type": "ico", "N": 60}, ArgumentError, "takes no N. It has .0 elements; leave N out"),
        ({"type": "thomson", "N": 4, "seed": 1}, ArgumentError, "takes no seed. It takes N"),
        ({"type": "rand", "N": 4, "seed": -1}, ArgumentError, "the seed is -1"),
        ({"type": "rand", "N": 4, "seed": 0.5}, ArgumentTypeError, "not 0.5"),
    ],
)
def test_bad_input_is_refused(make, given, error, message):
    with pytest.raises(error, match=f"(?i){message}"):
        make(**given)


def test_bad_latitudes_are_refused():
    with pytest.raises(ArgumentError, match="needs M"):
        sphere_grid("longlat", 4)
    with pytest.raises(ArgumentError, match="M is 1"):
        sphere_grid("longlat", 4, 1)
    with pytest.raises(ArgumentError, match=r"takes no M\. It takes N"):
        sphere_grid("fibonacci", 4, 2)


@pytest.mark.peer
@pytest.mark.parametrize("solid", SOLIDS)
def test_solids_are_those_of_escnn(solid):
    theirs = pytest.importorskip("escnn.group").so3_group(1)
    rotations = np.array([g.to("MAT") for g in theirs.grid(solid)]).reshape(-1, 9)
    mine = rotation_of_quaternion(rotation_grid(solid)).reshape(-1, 9)
    assert max(nearest(rotations, mine), nearest(mine, rotations)) < 1e-12
    points = np.array([g.to("MAT")[:, 2] for g in theirs.sphere_grid(solid)])
    assert max(nearest(points, sphere_grid(solid)), nearest(sphere_grid(solid), points)) < 1e-12


@pytest.mark.peer
def test_points_by_formula_are_those_of_escnn():
    """As sets; the N of escnn's HEALPix is the side, and its Fibonacci spiral lies along y with a point on either pole."""
    utils = pytest.importorskip("escnn.group.groups.so3_utils")
    for mine, theirs in [
        (sphere_grid("longlat", 6, 5), utils._sphere_grid("longlat", 6, 5)),
        (sphere_grid("healpix", 3), utils._sphere_grid("healpix", 3)),
        (healpix(4), utils._sphere_grid("healpix", 4)),
    ]:
        assert len(mine) == len(theirs)
        assert max(nearest(mine, theirs), nearest(theirs, mine)) < 1e-12


HUGE_GRIDS = {
    "SO(2)": lambda: group.so2_group().grid(2**40),
    "O(2)": lambda: group.o2_group().grid(2**40, "rand"),
    "SO(3)": lambda: group.so3_group().grid("rand", 2**40),
    "O(3)": lambda: group.o3_group().grid("rand", 2**40),
    "C4": lambda: group.cyclic_group(4).grid("rand", 2**40),
    "SO(2) x C2": lambda: group.direct_product(group.so2_group(), group.cyclic_group(2)).grid("rand", 2**40),
}


@pytest.mark.parametrize("name", HUGE_GRIDS)
def test_grids_that_cannot_be_listed_are_refused(name):
    with pytest.raises(ArgumentError, match="too large"):
        HUGE_GRIDS[name]()
