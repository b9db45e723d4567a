"""How much memory stays in use after many groups: python benchmarks/memory.py [large | small]

Large: for D_100 to D_159, a network with two convolutions of regular fields is built, runs once and is dropped. Small: 3,000
groups from tables, permutations, matrices and by name, with their regular representation, its restriction and the square of an
irrep. Given is the memory of the process beyond that after importing the library, and what the library keeps, which is
bounded by 64 MB here (256 MB unless told otherwise).
"""

import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from intertwine import group, gspaces, memory, nn


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def large(k):
    space = gspaces.flipRot2dOnR2(100 + k)
    gray, regular = nn.field_type(space, trivial=1), nn.field_type(space, regular=1)
    network = nn.SequentialModule(
        nn.R2Conv(gray, regular, 5), nn.ReLU(regular), nn.R2Conv(regular, regular, 3), nn.GroupPooling(regular)
    )
    network(torch.randn(1, 1, 9, 9))


def small(k):
    n = 2 + k % 30
    turn = np.array([[np.cos(2 * np.pi / n), -np.sin(2 * np.pi / n)], [np.sin(2 * np.pi / n), np.cos(2 * np.pi / n)]])
    make = (
        lambda: group.group_from_permutations([[*range(1, n + 1), 0]], f"by permutations {k}"),
        lambda: group.group_from_table((np.arange(n)[:, None] + np.arange(n)) % n, f"by its table {k}"),
        lambda: group.group_from_matrices([turn, np.diag([1, -1])], f"by matrices {k}"),
        lambda: group.dihedral_group(1 + k % 60),
    )[k % 4]
    made = make()
    made.regular_representation.restrict(made.subgroup_trivial_id)
    psi = made.irreps()[-1]
    psi.tensor(psi)


def table(title, step, count, every):
    memory.clear_caches()
    memory.set_cache_bound(2**26)
    start, clock = resident(), time.perf_counter()
    print(f"\n{title:>14} {'process':>10} {'kept':>10} {'entries':>8} {'seconds':>8}")
    for k in range(count):
        step(k)
        if k % every == every - 1:
            entries, total = memory.cached_entries()
            seconds = time.perf_counter() - clock
            print(
                f"{k + 1:>14} {(resident() - start) / 2**20:>7.0f} MB {total / 2**20:>7.0f} MB {entries:>8} {seconds:>8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for what in sys.argv[1:] or ["large", "small"]:
        if what == "large":
            table("large groups", large, 60, 10)
        else:
            table("small groups", small, 3000, 500)
