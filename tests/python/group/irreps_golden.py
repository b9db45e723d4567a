"""The gauge of the irreps of groups from generators: matrices that no theorem determines but saved models rely on.

Run as a program it writes the golden values that ``test_generated.py`` compares with. Do so only together with a new
``GAUGE_VERSION``, because models saved before would mean other functions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..contracts.lists import FINITE

GOLDEN = Path(__file__).with_name("irreps_golden.npz")
NAMES = [
    "S4",
    "Q8",
    "2T",
    "2T, by its table",
    "C5 : C4",
    "square, by its table",
    "point group Td",
    "point group D6h",
    "A5",
    "S5",
]
"""Groups of which every irrep is kept at the generators."""


def irreps_at_generators() -> dict[str, np.ndarray]:
    """The matrices of the generators in all irreps of size above 1, flattened, by group."""
    found = {}
    for name in NAMES:
        irreps = FINITE[name]().irreps()
        found[name] = np.concatenate([psi.generator_matrices.ravel() for psi in irreps if psi.size > 1])
    return found


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **irreps_at_generators())  # pyright: ignore[reportArgumentType]
