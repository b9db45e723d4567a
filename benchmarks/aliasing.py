"""What an alias-free wrapper of the non-linearities gains and costs: python benchmarks/aliasing.py

Networks of three convolutions with a non-linearity after the first two, for C8 on photographs and for the cube's rotations on a
smooth random volume; regular fields, random weights. The error is that of a turn by 45 degrees (by 30 and 22.5 for the plane
too), relative to the output, over the inner half of the grid; the floor is what turning there and back leaves of the
interpolation itself. The costs are times of forward and backward, as ratios to the plain network's. One run on one thread.
"""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from intertwine import gspaces, nn
from intertwine.gspaces.resample import act_on_grid


def photographs(side=97):
    from sklearn.datasets import load_sample_images

    pictures = []
    for picture in load_sample_images().images:
        gray = torch.tensor(picture, dtype=torch.float64).mean(dim=-1)[None, None] / 255
        for top, left in ((60, 60), (60, 360), (200, 200)):
            pictures.append(gray[..., top : top + 2 * side, left : left + 2 * side])
    small = torch.nn.functional.avg_pool2d(torch.cat(pictures), 2)
    return (small - small.mean()) / small.std()


def volume(side=25):
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 1, side, side, side, generator=generator, dtype=torch.float64)
    frequencies = torch.meshgrid(*3 * [torch.fft.fftfreq(side, dtype=torch.float64)], indexing="ij")
    keep = torch.exp(-torch.stack(frequencies).square().sum(0) / (2 * 0.12**2))
    smooth = torch.fft.ifftn(torch.fft.fftn(noise, dim=(2, 3, 4)) * keep, dim=(2, 3, 4)).real
    return smooth / smooth.std()


class Dense(torch.nn.Module):
    """A convolution of R^3 with fields of the cube's rotations, by the adjoint of the plane's: one axis at a time is not
    possible, so the kernel is averaged over the group."""

    def __init__(self, space, ins, outs):
        super().__init__()
        G = space.fibergroup
        weight = torch.randn(outs, ins, 3, 3, 3, dtype=torch.float64)
        inside = space.trivial_repr if ins == 1 else space.regular_repr
        total = torch.zeros_like(weight)
        for g in G.elements:
            moved = act_on_grid(weight, space.basespace_action(g))
            total += torch.einsum(
                "po,oi...,qi->pq...", torch.tensor(space.regular_repr(g)), moved, torch.tensor(inside(g))
            )
        self.weight = torch.nn.Parameter(total / total.std() / (27 * ins) ** 0.5)

    def forward(self, x):
        return torch.nn.functional.conv3d(x, self.weight, padding=1)


def network(dimension, kind, factor):
    """Three convolutions with a non-linearity on a grid finer by a factor (1: the plain one) between them."""
    torch.manual_seed(0)
    function = {"relu": nn.ReLU, "elu": nn.ELU}[kind]
    if dimension == 2:
        space = gspaces.rot2dOnR2(8)
        first, hidden = nn.field_type(space, trivial=1), nn.field_type(space, regular=4)
        types = [first, hidden, hidden, nn.field_type(space, regular=1)]
        layers = [nn.R2Conv(a, b, 3, padding=1).double() for a, b in zip(types, types[1:])]
    else:
        space = gspaces.octaOnR3()
        hidden = nn.field_type(space, regular=1)
        layers = [Dense(space, n, 24) for n in (1, 24, 24)]
    act = function(hidden) if factor == 1 else nn.AliasFree(function(hidden), factor).double()
    return space, torch.nn.Sequential(layers[0], act, layers[1], act, layers[2])


def inner(x):
    for axis in range(2, x.dim()):
        quarter = x.shape[axis] // 4
        x = x.narrow(axis, quarter, x.shape[axis] - 2 * quarter)
    return x


def turn(dimension, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(dimension)
    matrix[:2, :2] = [[c, -s], [s, c]]
    return matrix


def error(net, space, x, degrees):
    """Of the field summed over the channels of a regular field: an invariant, so that no element of the group is needed."""
    matrix = turn(space.dimensionality, degrees)
    with torch.no_grad():
        pooled, moved = (net(v).amax(dim=1, keepdim=True) for v in (x, act_on_grid(x, matrix, 3)))
        expected = act_on_grid(pooled, matrix, 3)
    return float((inner(expected) - inner(moved)).norm() / inner(expected - expected.mean()).norm())


def floor(x, degrees):
    matrix = turn(x.dim() - 2, degrees)
    back = act_on_grid(act_on_grid(x, matrix, 3), matrix.T, 3)
    return float((inner(back) - inner(x)).norm() / inner(x - x.mean()).norm())


def cost(net, x):
    best = []
    for _ in range(3):
        start = time.perf_counter()
        net(x).square().mean().backward()
        best.append(time.perf_counter() - start)
    return min(best)


def main():
    torch.set_num_threads(1)
    print("| network | degrees | floor | plain | factor 2 | factor 3 | time 2 | time 3 |")
    print("|---|---|---|---|---|---|---|---|")
    for dimension, kind in ((2, "relu"), (2, "elu"), (3, "relu")):
        x = photographs() if dimension == 2 else volume()
        nets = {factor: network(dimension, kind, factor) for factor in (1, 2, 3)}
        times = {factor: cost(net, x[:1]) for factor, (_, net) in nets.items()}
        for degrees in (45, 30, 22.5) if dimension == 2 else (45,):
            # C8 holds turns by 45 degrees alone; the others show what lies between.
            errors = [f"{error(net, space, x, degrees):.3f}" for space, net in nets.values()]
            ratios = [f"{times[factor] / times[1]:.1f}" for factor in (2, 3)]
            name = f"{'C8 on R^2' if dimension == 2 else 'octahedral on R^3'}, {kind}"
            print("|", " | ".join([name, str(degrees), f"{floor(x, degrees):.3f}", *errors, *ratios]), "|", flush=True)


if __name__ == "__main__":
    main()
