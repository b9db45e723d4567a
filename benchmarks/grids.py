"""Grids of rotations and of the sphere side by side with escnn: the first call in a fresh process, and how even they are.

    python benchmarks/grids.py

Prints a markdown table. escnn keeps Thomson sets on disk once they are found; its time here is that of finding them, which
each user pays once for each size. Energy is that of unit charges, for rotations of the quaternions and their negatives
(escnn minimises the energy of the nearer of q and -q only, which has kinks; "nearer" is that one);
condition is that of the least-squares fit of functions with frequencies up to 2. escnn is left out where it is not installed.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

# Function, type, N.
GRIDS = [
    ("rotation", "thomson", 24),
    ("rotation", "thomson", 96),
    ("rotation", "thomson_cube", 4),
    ("rotation", "hopf", 576),
    ("rotation", "fibonacci", 200),
    ("rotation", "ico", None),
    ("sphere", "thomson", 30),
    ("sphere", "thomson", 100),
    ("sphere", "thomson_cube", 4),
    ("sphere", "fibonacci", 100),
]


def ours(family: str, type: str, N: int | None) -> tuple[float, np.ndarray]:
    from intertwine.group.matrices import grids

    started = time.perf_counter()
    points = getattr(grids, f"{family}_grid")(type, N)
    return time.perf_counter() - started, points


def theirs(family: str, type: str, N: int | None) -> tuple[float, np.ndarray]:
    from escnn.group.groups import _numerical_thomson, so3_utils

    space = "so3" if family == "rotation" else "sphere"
    started = time.perf_counter()
    if type.startswith("thomson"):
        points = getattr(_numerical_thomson, f"{type}_{space}").func(N)  # past its cache on disk
    elif family == "rotation":
        points = np.array(so3_utils._grid(type, *([] if N is None else [N]), parametrization="Q"))
    else:
        points = so3_utils._sphere_grid(type, N)
    return time.perf_counter() - started, np.asarray(points, dtype=float)


def nearer_energy(points: np.ndarray) -> float:
    """The energy that escnn minimises: of each pair only p and the nearer of q and -q count."""
    first, second = np.triu_indices(len(points), k=1)
    return float((1 / np.sqrt(2 - 2 * np.abs((points[first] * points[second]).sum(axis=1)))).sum())


def measure(library: str, family: str, type: str, N: int | None) -> dict[str, Any]:
    from intertwine.group.matrices.harmonics import harmonic_action, harmonics
    from intertwine.group.matrices.rotations import rotation_of_quaternion
    from intertwine.group.matrices.thomson import coulomb_energy

    spent, points = {"intertwine": ours, "escnn": theirs}[library](family, type, N)
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    if family == "rotation":
        matrices = rotation_of_quaternion(points)
        columns = [np.sqrt(2 * n + 1) * harmonic_action(matrices, n).reshape(len(matrices), -1) for n in range(3)]
        charges = np.concatenate([points, -points])
    else:
        columns = [np.sqrt(2 * n + 1) * harmonics(points, n).T for n in range(3)]
        charges = points
    return {
        "spent": spent,
        "number": len(points),
        "energy": coulomb_energy(charges),
        "nearer": nearer_energy(points) if family == "rotation" else None,
        "condition": float(np.linalg.cond(np.concatenate(columns, axis=1))),
    }


def fresh(library: str, family: str, type: str, N: int | None) -> dict[str, Any]:
    command = [sys.executable, __file__, json.dumps([library, family, type, N])]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(answer.strip().splitlines()[-1])


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(*json.loads(sys.argv[1]))))
        return
    libraries = ["intertwine", "escnn"] if importlib.util.find_spec("escnn") else ["intertwine"]
    print("| grid | library | points | first call | energy | nearer | condition |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for family, type, N in GRIDS:
        for library in libraries:
            found = fresh(library, family, type, N)
            nearer = f"{found['nearer']:.3f}" if family == "rotation" else ""
            print(
                f"| {family} {type} {'' if N is None else N} | {library} | {found['number']} | "
                f"{1000 * found['spent']:.1f} ms | {found['energy']:.3f} | {nearer} | {found['condition']:.3g} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
