"""Finds the sets of points that the package ships: .venv/bin/python tools/thomson_tables.py [--starts 64] [kind ...]

Writes python/intertwine/group/matrices/thomson.npz and prints each energy. Kinds that are not named keep their table. One thread
(OMP_NUM_THREADS=1) is fastest, and makes the results those of the shipped file.
"""

import argparse
from pathlib import Path

import numpy as np

from intertwine.group.matrices import thomson

PATH = Path(thomson.__file__).with_name(thomson.TABLE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {list(thomson.SHIPPED)} (default: all)")
    parser.add_argument("--starts", type=int, default=64, help="random starts for each set")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(thomson.SHIPPED):
        parser.error(f"no kinds of sets: {sorted(unknown)}")
    tables = dict(np.load(PATH)) if PATH.exists() else {}
    for kind in arguments.kinds or thomson.SHIPPED:
        group, found = thomson.symmetry(kind), []
        for n in range(1, thomson.SHIPPED[kind] + 1):
            points = thomson.minimise(kind, n, arguments.starts)
            found.append(points.astype(np.float32))
            orbit = (points @ group.swapaxes(1, 2)).reshape(-1, points.shape[1])
            print(f"{kind:15} {n:4} {thomson.coulomb_energy(orbit):.9f}", flush=True)
        tables[kind] = np.concatenate(found)
    np.savez_compressed(PATH, **{kind: tables[kind] for kind in thomson.SHIPPED if kind in tables})


if __name__ == "__main__":
    main()
