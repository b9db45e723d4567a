"""How exactly layers turn, on photographs and volumes: what sampling, rings, band limits and aliasing cost, beside escnn.

    python benchmarks/equivariance.py [--peers PYTHON] [--space] [--slow] [--draws 5]

Prints markdown tables. A scene is seen twice by the same camera, upright and turned by an angle about a pixel; the layer's
answers at that pixel must be each other's transform. So nothing is interpolated on the layer's own grid. The camera has a
Gaussian lens of width 0.5 pixels (0.3 is a sharper one) and its pixels are 4 pixels of the photograph wide; between these the
blurred photograph is a spline of degree 5. The floor of the measurement is the error of filters that are isotropic and
band-limited: a Gaussian of width 1.2, and its Laplacian, 15 pixels wide. Errors are root mean squares over crops of two
photographs of scikit-learn, relative to how much the channel's exact answers vary. Of all channels of several layers with random
weights the median is shown; channels to which a layer gives nothing, as to frequencies that low_error leaves out, do not count.

The volumes (--space) are synthetic: sums of plane waves with the spectrum of natural images behind the same lens, which are
known at every point, so that their floor is rounding. escnn has no scikit-learn beside it here; it runs in its own environment
(--peers) on the same crops, and is left out where there is none. Random weights are of another scale there, so that invariant
fields outweigh others more or less; with its weights in our layers the filters are the same. --slow adds its slow builds.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

PIXEL, LENSES, CROPS = 4, (0.5, 0.3), 40
MARGIN = 12  # what two alias-free layers reach
GROUPS = {"C8": (8, (45.0,)), "C12": (12, (30.0,)), "C16": (16, (22.5,)), "SO(2)": (-1, (45.0, 30.0, 22.5))}
SLOW = {"C16", "C12"}


# --- what the camera sees -----------------------------------------------------------------------------------------------------


def photographs(lens: float) -> list[np.ndarray]:
    """Spline coefficients of the photographs behind the lens."""
    from scipy import ndimage
    from sklearn.datasets import load_sample_images

    gray = [picture.astype(float).mean(axis=-1) for picture in load_sample_images().images]
    blurred = [ndimage.gaussian_filter((g - g.mean()) / g.std(), lens * PIXEL, mode="reflect") for g in gray]
    return [ndimage.spline_filter(g, order=5) for g in blurred]


def crops(scenes: list[np.ndarray], side: int, degrees: float) -> np.ndarray:
    """Crops about the same points, with the camera turned, shape ``(crops, 1, side, side)``."""
    from scipy import ndimage

    generator = np.random.default_rng(0)
    y, x = np.meshgrid(*2 * [np.arange(side) - (side - 1) / 2], indexing="ij")
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    seen = PIXEL * np.stack([s * x + c * y, c * x - s * y])  # rows count down
    found = []
    for scene in scenes:
        middle = generator.uniform(0.2, 0.8, (CROPS, 2)) * np.array(scene.shape)
        places = (middle[:, :, None, None] + seen).swapaxes(0, 1)
        found.append(ndimage.map_coordinates(scene, places, order=5, prefilter=False, mode="mirror"))
    return np.concatenate(found)[:, None]


def volumes(side: int, matrix: np.ndarray, count: int = 24, waves: int = 400, lens: float = 0.5) -> torch.Tensor:
    """Sums of plane waves with equal energy in each octave, turned exactly, shape ``(count, 1, side, side, side)``."""
    generator = np.random.default_rng(0)
    length = 0.1 * np.exp(generator.uniform(0, np.log(80.0), (count, waves)))
    direction = generator.normal(size=(count, waves, 3))
    direction /= np.linalg.norm(direction, axis=2, keepdims=True)
    strength = np.exp(-0.5 * (lens * length) ** 2)
    phase = generator.uniform(0, 2 * np.pi, (count, waves))
    axis = np.arange(side) - (side - 1) / 2
    z, y, x = np.meshgrid(-axis, -axis, axis, indexing="ij")
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3) @ matrix  # A^-1 x
    values = [
        a @ np.cos(k[:, None] * (d @ points.T) + p[:, None])
        for a, k, d, p in zip(strength, length, direction, phase, strict=True)
    ]
    found = np.stack(values).reshape(count, 1, side, side, side)
    return torch.tensor(found / found.std(), dtype=torch.float32)


# --- layers and networks, in either library -----------------------------------------------------------------------------------


def kinds(lib: Any, name: str) -> tuple[Any, Any, Any]:
    """A space, one trivial field, and the fields inside of networks."""
    gspaces, nn = lib
    space = gspaces.rot2dOnR2(N=GROUPS[name][0])
    inner = 4 * [space.regular_repr] if name != "SO(2)" else 6 * [space.irrep(k) for k in range(4)]
    return space, nn.FieldType(space, [space.trivial_repr]), nn.FieldType(space, inner)


def single(lib: Any, name: str, kernel: int, **settings: Any) -> torch.nn.Module:
    space, first, inner = kinds(lib, name)
    inner = lib[1].FieldType(space, 4 * list(inner.representations))
    return lib[1].R2Conv(first, inner, kernel_size=kernel, bias=False, **settings)


def network(lib: Any, name: str, kernel: int, factor: int = 1, **settings: Any) -> torch.nn.Module:
    """Three convolutions with ReLU between: on the channels, or on 16 samples of the circle for SO(2)."""
    nn = lib[1]
    space, first, inner = kinds(lib, name)

    def act() -> Any:
        if name == "SO(2)":
            layer = nn.FourierPointwise(space, 6, [(k,) for k in range(4)], N=16, inplace=False)
        else:
            layer = nn.ReLU(inner)
        return layer if factor == 1 else nn.AliasFree(layer, factor)

    one, two = act(), act()
    inner = one.in_type
    return nn.SequentialModule(
        nn.R2Conv(first, inner, kernel_size=kernel, **settings),
        one,
        nn.R2Conv(one.out_type, inner, kernel_size=kernel, **settings),
        two,
        nn.R2Conv(two.out_type, inner, kernel_size=kernel, **settings),
    )


def error(
    lib: Any, build: Any, name: str, upright: np.ndarray, turned: np.ndarray, degrees: float, draws: int
) -> float:
    """The error of layers of one kind at the middle pixel."""
    found = []
    for draw in range(draws):
        torch.manual_seed(draw)
        layer = build().eval()
        group = layer.in_type.gspace.fibergroup
        found.append(turning(lib, layer, group.element(np.radians(degrees) if name == "SO(2)" else 1), upright, turned))
    return float(np.median(np.concatenate(found)))


def turning(lib: Any, layer: torch.nn.Module, g: Any, upright: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """For each channel, how far the answers at the middle are from each other's transform, over how much they vary."""
    rho = torch.tensor(np.array(layer.out_type.representation(g)), dtype=torch.float32)
    with torch.no_grad():
        before, after = (middle(answer(lib, layer, x)) for x in (upright, turned))
    expected = before @ rho.T
    varies = (expected - expected.mean(dim=0)).square().mean(dim=0)
    wrong = (after - expected).square().mean(dim=0)
    there = varies > 1e-6 * varies.max()  # a single layer gives nothing to high frequencies
    return (wrong[there] / varies[there]).sqrt().numpy()


def answer(lib: Any, layer: Any, x: np.ndarray) -> torch.Tensor:
    return layer(lib[1].GeometricTensor(torch.tensor(x, dtype=torch.float32), layer.in_type)).tensor


def middle(y: torch.Tensor) -> torch.Tensor:
    for axis in range(y.dim() - 1, 1, -1):
        y = y.select(axis, y.shape[axis] // 2)
    return y


def floor(upright: np.ndarray, turned: np.ndarray) -> str:
    """The errors of a Gaussian and of its Laplacian."""
    axis = np.arange(15) - 7
    squares = (axis[:, None] ** 2 + axis[None] ** 2) / 1.2**2
    gauss = np.exp(-squares / 2)
    found = []
    for filters in (gauss / gauss.sum(), (squares - 2) * gauss):
        a, b = ((x[:, 0] * filters).sum(axis=(1, 2)) for x in (upright, turned))
        found.append(np.linalg.norm(b - a) / np.linalg.norm(a - a.mean()))
    return f"{found[0]:.4f}, {found[1]:.4f}"


# --- tables -------------------------------------------------------------------------------------------------------------------


def sampling_table() -> None:
    """Each filter alone, computed: the part of its answers that turns wrongly, for the spectrum of natural images."""
    from intertwine.kernels import fitted_basis, scalar_basis, turning_error, turning_errors
    from intertwine.kernels.lattice import lattice_points

    print("\n## One filter: rings and orders, sampled in three ways (computed for natural images, lens 0.5)\n")
    print("| space | kernel | ring | order | at points | integral over the cell | fitted | dropped by low_error |")
    print("|---|---|---|---|---|---|---|---|")
    for d, kernel in ((2, 3), (2, 5), (2, 7), (3, 3), (3, 5)):
        points = lattice_points(d, d * (kernel,), d * (1,))
        basis = scalar_basis(d, kernel)
        nodes, weights = np.polynomial.legendre.leggauss(5)
        steps = np.stack(np.meshgrid(*d * [nodes / 2], indexing="ij"), axis=-1).reshape(-1, d)
        shares = np.stack(np.meshgrid(*d * [weights / 2], indexing="ij"), axis=-1).reshape(-1, d).prod(axis=1)
        cells = sum(w * basis.evaluate(points + step) for w, step in zip(shares, steps, strict=True))
        fitted = turning_errors(fitted_basis(basis, tuple(map(tuple, points.tolist())), 1.0), points)
        for (ring, order, rows), at_points, best in zip(
            basis.blocks, turning_errors(basis, points), fitted, strict=True
        ):
            if ring.radius:
                cell = turning_error(cells[rows], points, order)
                row = [f"R^{d}", kernel, f"{ring.radius:g}", order, f"{at_points:.3f}", f"{cell:.3f}", f"{best:.3f}"]
                print("|", " | ".join(map(str, row)), "|", "yes |" if best > 0.1 else " |")


def photograph_tables(lib: Any, draws: int, peer: dict[str, float]) -> None:
    for lens in LENSES:
        scenes = photographs(lens)
        print(f"\n## Photographs, lens {lens:g}\n")
        print(
            "| group | degrees | kernel | floor | layer: escnn | ours | low_error | network: escnn | ours | low_error ",
            end="",
        )
        print("| alias-free | both |\n" + 13 * "|---" + "|")
        for name, (_, angles) in GROUPS.items():
            for degrees in angles:
                for kernel in (3, 5, 7):
                    if lens != LENSES[0] and name != "C8":
                        continue
                    small, large = 3 * kernel - 2, 3 * kernel - 2 + 2 * MARGIN
                    x = {n: (crops(scenes, n, 0.0), crops(scenes, n, degrees)) for n in (15, kernel, small, large)}

                    def of(build: Any, side: int, n: int = draws) -> str:
                        return f"{error(lib, build, name, *x[side], degrees, n):.3f}"

                    def theirs(what: str) -> str:
                        value = peer.get(f"{what} {name} {degrees} {kernel} {lens}")
                        return "" if value is None else f"{value:.3f}"

                    row = [
                        theirs("single"),
                        of(lambda: single(lib, name, kernel), kernel),
                        of(lambda: single(lib, name, kernel, low_error=True), kernel),
                        theirs("network"),
                        theirs("same network"),
                        of(lambda: network(lib, name, kernel), small),
                        of(lambda: network(lib, name, kernel, low_error=True), small),
                    ]
                    if name in ("C8", "SO(2)") and degrees == 45 and kernel < 7:
                        row.append(of(lambda: network(lib, name, kernel, 2), large, 2))
                        row.append(of(lambda: network(lib, name, kernel, 2, low_error=True), large, 2))
                    else:
                        row += ["", ""]
                    print("|", " | ".join([name, f"{degrees:g}", str(kernel), floor(*x[15]), *row]), "|", flush=True)
    settings_table(lib, 2 * draws)


def settings_table(lib: Any, draws: int) -> None:
    """One layer of C8, kernel 5: what each setting of the rings costs."""
    x = [crops(photographs(LENSES[0]), 5, degrees) for degrees in (0.0, 45.0)]
    print(f"\n## Rings, widths and band limits: one layer, C8, kernel 5, 45 degrees, lens {LENSES[0]:g}\n")
    print("| setting | weights | error | with low_error | weights |")
    print("|---|---|---|---|---|")
    settings: dict[str, dict[str, Any]] = {
        "defaults": {},
        "sigma 0.3": {"sigma": 0.3},
        "sigma 0.6": {"sigma": 0.6},
        "sigma 0.8": {"sigma": 0.8},
        "rings 0, 1": {"rings": [0.0, 1.0]},
        "rings 0, 0.7, 1.4, 2.1": {"rings": [0.0, 0.7, 1.4, 2.1]},
        "orders up to r": {"frequencies_cutoff": 1.0},
        "orders up to 2 r": {"frequencies_cutoff": 2.0},
        "orders up to 3 r": {"frequencies_cutoff": 3.0},
    }
    for label, given in settings.items():
        row = [label]
        for low in (False, True):
            build = lambda: single(lib, "C8", 5, low_error=low, **given)  # noqa: E731
            cells = [str(build().weights.numel()), f"{error(lib, build, 'C8', *x, 45.0, draws):.4f}"]
            row += cells if not low else cells[::-1]
        print("|", " | ".join(row), "|", flush=True)


def space_table(lib: Any, draws: int) -> None:
    gspaces, nn = lib
    if not hasattr(nn, "R3Conv"):
        print("\nThis version has no R3Conv.")
        return
    print("\n## Synthetic volumes, lens 0.5 (turned exactly: the floor is rounding)\n")
    print("| group | turn | kernel | layer: points | low_error | network: points | low_error | both |")
    print("|---|---|---|---|---|---|---|---|")
    spaces = {
        "octahedral": gspaces.octaOnR3(),
        "icosahedral": gspaces.icoOnR3(),
        "SO(3)": gspaces.rot3dOnR3(),
    }
    for label, space in spaces.items():
        group = space.fibergroup
        if label == "SO(3)":
            g, turn = group.element(0.8 * np.array([2.0, -1.0, 2.0]) / 3, "EV"), "46 degrees"
            inner = nn.FieldType(space, 4 * [space.irrep(k) for k in range(3)])
        elif label == "icosahedral":
            g = next(h for h in group.elements if h**5 == group.identity and h != group.identity)
            turn, inner = "a fifth", nn.FieldType(space, [space.regular_repr])
        else:
            g = next(h for h in group.elements if h**4 == group.identity and h**2 != group.identity)
            turn, inner = "a quarter: exact", nn.FieldType(space, [space.regular_repr])
        matrix = np.array(space.basespace_action(g))
        first = nn.FieldType(space, [space.trivial_repr])

        def act() -> Any:
            return nn.NormNonLinearity(inner) if label == "SO(3)" else nn.ReLU(inner)

        def two(factor: int, **settings: Any) -> Any:
            layer = act() if factor == 1 else nn.AliasFree(act(), factor)
            ends = (nn.R3Conv(first, inner, kernel, **settings), nn.R3Conv(inner, inner, kernel, **settings))
            return nn.SequentialModule(ends[0], layer, ends[1])

        for kernel in (3, 5) if label != "icosahedral" else (3,):
            sides = (kernel, 2 * kernel - 1, 2 * kernel - 1 + MARGIN)
            x = {n: [volumes(n, m, 24 if n < 10 else 6).numpy() for m in (np.eye(3), matrix)] for n in sides}
            row = [label, turn, str(kernel)]
            for build, side in (
                (lambda: nn.R3Conv(first, inner, kernel, bias=False), kernel),
                (lambda: nn.R3Conv(first, inner, kernel, bias=False, low_error=True), kernel),
                (lambda: two(1), 2 * kernel - 1),
                (lambda: two(1, low_error=True), 2 * kernel - 1),
                (lambda: two(2, low_error=True), 2 * kernel - 1 + MARGIN),
            ):
                if side > 10 and kernel > 3:
                    row.append("")
                    continue
                row.append(f"{spatial_error(lib, build, g, *x[side], draws):.4f}")
            print("|", " | ".join(row), "|", flush=True)


def spatial_error(lib: Any, build: Any, g: Any, upright: np.ndarray, turned: np.ndarray, draws: int) -> float:
    found = []
    for draw in range(draws):
        torch.manual_seed(draw)
        found.append(turning(lib, build().eval(), g, upright, turned))
    return float(np.median(np.concatenate(found)))


# --- the peer, in its own environment -----------------------------------------------------------------------------------------


def ask_peer(python: Path, draws: int, slow: bool) -> dict[str, float]:
    """escnn's errors on the same crops."""
    arrays = {}
    for lens in LENSES:
        scenes = photographs(lens)
        for name, (_, angles) in GROUPS.items():
            for degrees in angles:
                for kernel in (3, 5, 7):
                    if (lens != LENSES[0] and name != "C8") or (name in SLOW and kernel > 3 and not slow):
                        continue
                    for what, side in (("single", kernel), ("network", 3 * kernel - 2)):
                        both = [crops(scenes, side, 0.0), crops(scenes, side, degrees)]
                        arrays[f"{what} {name} {degrees} {kernel} {lens}"] = np.stack(both).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        np.savez(given, **arrays)
        command = [str(python), __file__, "--answer", str(given), str(found), "--draws", str(draws)]
        if subprocess.run(command, check=False).returncode:
            print("escnn did not run; its columns stay empty", file=sys.stderr)
            return {}
        with np.load(found) as results:
            return {key: float(results[key]) for key in results}


def answer_for_peer(given: str, found: str, draws: int) -> None:
    theirs = (importlib.import_module("escnn.gspaces"), importlib.import_module("escnn.nn"))
    ours = (importlib.import_module("intertwine.gspaces"), importlib.import_module("intertwine.nn"))
    convert = importlib.import_module("intertwine.deploy").convert
    results = {}
    with np.load(given) as arrays:
        for key in arrays:
            what, name, degrees, kernel, _ = key.split()

            def build(what: str = what, name: str = name, kernel: int = int(kernel)) -> torch.nn.Module:
                return {"single": single, "network": network}[what](theirs, name, kernel)

            def converted(build: Any = build, name: str = name, kernel: int = int(kernel)) -> torch.nn.Module:
                state = build().eval().state_dict()
                model = network(ours, name, kernel)
                convert(state, model)
                return model

            x = arrays[key]
            results[key] = error(theirs, build, name, x[0], x[1], float(degrees), draws)
            if what == "network":
                results[f"same {key}"] = error(ours, converted, name, x[0], x[1], float(degrees), draws)
    np.savez(found, **results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--space", action="store_true")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if given.answer:
        answer_for_peer(*given.answer, given.draws)
        return
    lib = (importlib.import_module("intertwine.gspaces"), importlib.import_module("intertwine.nn"))
    sampling_table()
    peer = ask_peer(given.peers, given.draws, given.slow) if given.peers.exists() else {}
    photograph_tables(lib, given.draws, peer)
    if given.space:
        space_table(lib, given.draws)


if __name__ == "__main__":
    main()
