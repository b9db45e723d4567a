"""Point convolutions beside e3nn's tensor-product convolution: python benchmarks/points.py [number of points].

Run it with the environment that holds the peers, on one thread. Both layers convolve the same irreps on the same graph, with
harmonics up to the same order, on the same three Gaussian rings:

- *weights by radius*: e3nn's FullyConnectedTensorProduct with one set of weights for each edge, as in the convolution of its
  guide, made by the cheapest radial network, one linear map of the ring values. That spans exactly our kernels: the fair
  comparison, with equal numbers of weights.
- *fixed weights*: the same product with one set of weights for all edges, times one radial function. It spans a third of our
  kernels (one ring), and is the fastest that e3nn has.

Each time is the least of three of forward and backward, with gradients of weights and features, then of coordinates too (forces).
Memory is the peak of the process above its start, in a process for each layer.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

warnings.filterwarnings("ignore")

RINGS, SIGMA, ORDER = [0.5, 1.0, 1.5], 0.4, 2
IRREPS = {"16x0 + 16x1": (16, 1), "16x0 + 16x1 + 16x2": (16, 2), "8x0 + 8x1 + 8x2 + 8x3": (8, 3)}


def graph(points):
    """Points in a box with 16 neighbours each on average: edges are drawn from a radius graph."""
    from intertwine import nn

    generator = torch.Generator().manual_seed(0)
    side = (points * 4.19 * 1.5**3 / 17.5) ** (1 / 3)
    coords = torch.rand(points, 3, generator=generator) * side
    edges = nn.radius_graph(coords, 1.5)
    keep = torch.randperm(edges.shape[1], generator=generator)[: 16 * points].sort().values
    return coords, edges[:, keep]


def ours(channels, largest):
    from intertwine import gspaces, nn

    space = gspaces.rot3dOnR3()
    kind = nn.FieldType(space, [space.irrep(l) for l in range(largest + 1) for _ in range(channels)])
    conv = nn.R3PointConv(kind, kind, rings=RINGS, sigma=SIGMA, frequencies_cutoff=lambda r: ORDER, bias=False)
    return conv, kind.size, lambda x, edges, coords: conv(x, edges, coords=coords)


def e3nns(channels, largest, fixed):
    from e3nn import o3

    irreps = o3.Irreps([(channels, (l, 1)) for l in range(largest + 1)])
    harmonics = o3.Irreps([(1, (l, 1)) for l in range(ORDER + 1)])
    product = o3.FullyConnectedTensorProduct(irreps, harmonics, irreps, shared_weights=fixed, internal_weights=fixed)
    rings = torch.tensor(RINGS)
    radial = torch.nn.Linear(len(RINGS), product.weight_numel, bias=False)
    whole = torch.nn.ModuleList([product] if fixed else [product, radial])

    def run(x, edges, coords):
        delta = coords[edges[0]] - coords[edges[1]]
        sh = o3.spherical_harmonics(harmonics, delta, normalize=True, normalization="component")
        rays = torch.exp(-0.5 * ((delta.norm(dim=1, keepdim=True) - rings) / SIGMA) ** 2)
        if fixed:
            messages = product(x[edges[0]], sh) * rays[:, 1:2]
        else:
            messages = product(x[edges[0]], sh, radial(rays))
        degree = torch.bincount(edges[1], minlength=len(x)).clamp(min=1)
        return x.new_zeros(len(x), irreps.dim).index_add(0, edges[1], messages) / degree[:, None]

    return whole, irreps.dim, run


def measure(which, label, points, forces):
    """Seconds, and megabytes above the start."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    coords, edges = graph(points)
    if which == "ours":
        module, size, run = ours(*IRREPS[label])
    else:
        module, size, run = e3nns(*IRREPS[label], fixed=which == "e3nn fixed")
    x = torch.randn(points, size).requires_grad_()
    coords.requires_grad_(forces)
    weights = sum(p.numel() for p in module.parameters())
    small = torch.randn(64, size)
    near = edges[:, (edges < 64).all(dim=0)]
    run(small, near, coords.detach()[:64])  # compilers of either run here
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run(x, edges, coords).square().sum().backward()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return min(times), (peak - before) / 1024, weights, edges.shape[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("points", nargs="?", type=int, default=10_000)
    parser.add_argument("--one", nargs=3)
    given = parser.parse_args()
    if given.one:
        which, label, forces = given.one
        print(*measure(which, label, given.points, forces == "forces"))
        return
    print(f"{given.points} points; time and memory of e3nn over ours\n")
    print(
        "| irreps | gradients | weights ours, by radius, fixed | by radius: time, memory | fixed weights: time, memory |"
    )
    print("|---|---|---|---|---|")
    for label in IRREPS:
        for forces in ("features", "forces"):
            found = {}
            for which in ("ours", "e3nn by radius", "e3nn fixed"):
                command = [sys.executable, __file__, str(given.points), "--one", which, label, forces]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(done.stderr)
                found[which] = [float(word) for word in done.stdout.split()]
            mine, radial, fixed = found.values()
            ratios = [f"{other[0] / mine[0]:.1f}, {other[1] / mine[1]:.1f}" for other in (radial, fixed)]
            counts = ", ".join(str(int(row[2])) for row in found.values())
            print(f"| {label} | {forces} | {counts} | {ratios[0]} | {ratios[1]} |", flush=True)


if __name__ == "__main__":
    main()
