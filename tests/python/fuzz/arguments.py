"""Arguments of constructors at random, by the name of the parameter: a new layer with known names needs nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from intertwine import nn
from intertwine.gspaces import GSpace

from .spaces import Draw, field_type

REQUIRED = inspect.Parameter.empty


def per_axis(draw: Draw, space: GSpace, values: list[int]) -> Any:
    """One number, or now and then one for each axis."""
    if draw.flip(0.85):
        return draw.choice(values)
    return tuple(draw.choice(values) for _ in range(space.dimensionality))


def small(space: GSpace) -> bool:
    """Whether space has three dimensions, where sizes are small."""
    return space.dimensionality == 3


ARGUMENTS: dict[str, Callable[[Draw, GSpace, type], Any]] = {
    "kernel_size": lambda draw, space, cls: per_axis(draw, space, [1, 2, 3] if small(space) else [1, 2, 3, 3, 4, 5]),
    "stride": lambda draw, space, cls: per_axis(draw, space, [1, 2, 3]),
    "padding": lambda draw, space, cls: (
        "same"
        if draw.flip(0.2) and "Conv" in cls.__name__ and "Transposed" not in cls.__name__
        else per_axis(draw, space, [0, 1, 1, 2, 3])
    ),
    "output_padding": lambda draw, space, cls: per_axis(draw, space, [0, 0, 1]),
    "dilation": lambda draw, space, cls: draw.choice([1, 2]),
    "padding_mode": lambda draw, space, cls: draw.choice(["zeros", "reflect", "replicate", "circular"]),
    "groups": lambda draw, space, cls: draw.choice([1, 1, 2, 3]),
    "bias": lambda draw, space, cls: draw.flip(0.5),
    "sigma": lambda draw, space, cls: draw.choice([0.3, 0.5, 0.8, 1.2]),
    "frequencies_cutoff": lambda draw, space, cls: draw.choice([0.5, 1.0, 2.0, 3.0]),
    "rings": lambda draw, space, cls: draw.choice([[0.0, 1.0], [0.7], [0.0, 0.5, 1.4], [1.0, 2.0]]),
    "low_error": lambda draw, space, cls: draw.choice([True, 0.2, False, False]),
    "spacing": lambda draw, space, cls: draw.choice(
        [1, 2.0, tuple(draw.choice([1, 2]) for _ in range(space.dimensionality))]
    ),
    "basis_filter": lambda draw, space, cls: draw.choice([only_small_radii, only_some_irreps]),
    "maximum_offset": lambda draw, space, cls: draw.choice([None, 1]),
    "recompute": lambda draw, space, cls: draw.flip(0.5),
    "accuracy": lambda draw, space, cls: draw.choice([1, 2, 3, 4]),
    "maximum_order": lambda draw, space, cls: draw.choice([0, 1, 2, 3]),
    "maximum_power": lambda draw, space, cls: draw.choice([0, 1]),
    "smoothing": lambda draw, space, cls: draw.choice([0.7, 1.5]),
    "rbffd": lambda draw, space, cls: draw.flip(0.3),
    "radial_basis_function": lambda draw, space, cls: draw.choice(["ga", "mq", "imq", "iq"]),
    "angle_offset": lambda draw, space, cls: draw.choice([0.0, 0.3]),
    "cache": lambda draw, space, cls: draw.flip(0.5),
    "initialize": lambda draw, space, cls: True,
    "samples": lambda draw, space, cls: draw.choice(["ico", "dodeca", "icosidodeca"]),
    "ceil_mode": lambda draw, space, cls: draw.flip(0.5),
    "output_size": lambda draw, space, cls: per_axis(draw, space, [1, 2, 3, 4]),
    "scale_factor": lambda draw, space, cls: draw.choice([1, 2, 2, 3, 1.5, 2.5, 0.5]),
    "size": lambda draw, space, cls: per_axis(draw, space, [4, 5, 8] if small(space) else [5, 9, 10, 14]),
    "mode": lambda draw, space, cls: draw.choice(["bilinear", "trilinear", "nearest", "nearest-exact", "bicubic"]),
    "align_corners": lambda draw, space, cls: draw.flip(0.5),
    "function": lambda draw, space, cls: draw.choice(
        [f"{letter}_{name}" for letter in "pnc" for name in ("relu", "sigmoid", "tanh", "elu", "softplus")] + ["squash"]
    ),
    "gate": lambda draw, space, cls: draw.choice([torch.sigmoid, torch.tanh]),
    "gates": lambda draw, space, cls: draw.choice([2 * ["gate", "gated"], ["gate", "gated"]]),
    "drop_gates": lambda draw, space, cls: draw.flip(0.5),
    "subfield_size": lambda draw, space, cls: draw.choice([1, 2, 4]),
    "alpha": lambda draw, space, cls: draw.choice([0.5, 1.0, 2.0]),
    "negative_slope": lambda draw, space, cls: draw.choice([0.01, 0.3]),
    "inplace": lambda draw, space, cls: draw.flip(0.5),
    "p": lambda draw, space, cls: draw.choice([0.0, 0.0, 0.5]),
    "eps": lambda draw, space, cls: draw.choice([1e-5, 1e-2]),
    "momentum": lambda draw, space, cls: draw.choice([0.1, 0.5, None]),
    "affine": lambda draw, space, cls: draw.flip(0.5),
    "track_running_stats": lambda draw, space, cls: draw.flip(0.7),
    "reshuffle": lambda draw, space, cls: draw.choice([0, 1, 2]),
    "n": lambda draw, space, cls: draw.randint(1, 4),
    "L": lambda draw, space, cls: draw.randint(0, 4),
    "group": lambda draw, space, cls: draw.choice(["so3", "o3"]),
    "S": lambda draw, space, cls: draw.choice([3, 4, 5, 6]),
    "cells": lambda draw, space, cls: per_axis(draw, space, [0, 1, 2]),
    "crop": lambda draw, space, cls: draw.flip(0.5),
    "margin": lambda draw, space, cls: draw.choice([0.0, 10.0, 50.0]),
    "width": lambda draw, space, cls: draw.choice([1.0, 2.0]),
    "n_rings": lambda draw, space, cls: draw.randint(1, 3),
    "radial": lambda draw, space, cls: draw.choice(["gaussian", "normalized", "bessel"]),
    "aggr": lambda draw, space, cls: draw.choice(["mean", "sum"]),
    "reduce": lambda draw, space, cls: draw.choice(["mean", "sum"]),
    "basisexpansion": lambda draw, space, cls: "blocks",
    "num_groups": lambda draw, space, cls: draw.choice([1, 1, 2, 3]),
    "heads": lambda draw, space, cls: draw.choice([1, 1, 2]),
    "reach": lambda draw, space, cls: draw.choice([1, 2]),
    "window": lambda draw, space, cls: draw.choice([2, 3, 4]),
    "reduction": lambda draw, space, cls: draw.choice([1, 2, 4]),
    "shifted": lambda draw, space, cls: draw.flip(0.3),
    "position_bias": lambda draw, space, cls: draw.flip(0.7),
    "dropout": lambda draw, space, cls: 0.0,
    "factor": lambda draw, space, cls: draw.choice([1, 2, 3]),
    "radius": lambda draw, space, cls: draw.choice([1, 2, 3]),
    "out_type": lambda draw, space, cls: field_type(draw, space),
}
"""How a value of each parameter is drawn."""


def only_small_radii(attributes: dict[str, Any]) -> bool:
    """A filter of basis kernels by their ring."""
    return attributes["radius"] < 1.5


def only_some_irreps(attributes: dict[str, Any]) -> bool:
    """A filter of basis kernels by the irreps that they join."""
    return attributes["in_irrep"] == attributes["out_irrep"] or attributes["j"] != attributes["in_irrep"]


def arguments_of(draw: Draw, space: GSpace, cls: type, given: dict[str, Any], often: float = 0.45) -> dict[str, Any]:
    """Arguments of a constructor: the required ones, and others now and then.

    Args:
        draw: random choices.
        space: the space of the layer.
        cls: the layer.
        given: arguments that are chosen already.
        often: how often an optional one is given.
    """
    chosen = dict(given)
    for name, parameter in list(inspect.signature(cls.__init__).parameters.items())[1:]:
        if name in chosen or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        rare = name in ("basis_filter", "rings", "spacing", "low_error", "groups", "frequencies_cutoff")
        if parameter.default is REQUIRED or draw.flip(often / 3 if rare else often):
            chosen[name] = ARGUMENTS[name](draw, space, cls)
    return chosen


def parameters_without_generator(cls: type[nn.EquivariantModule], known: set[str]) -> list[str]:
    """The parameters of a layer that nothing here draws.

    Args:
        cls: the layer.
        known: those that its own generator chooses.
    """
    return [
        name
        for name, parameter in list(inspect.signature(cls.__init__).parameters.items())[1:]
        if name not in ARGUMENTS
        and name not in known
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
