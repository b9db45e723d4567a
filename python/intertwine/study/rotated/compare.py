"""Networks with and without symmetry, side by side on turned images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace2D, flipRot2dOnR2, rot2dOnR2
from intertwine.models import count_parameters, equivariant_cnn, match_parameters, plain_cnn
from intertwine.numpy_scalars import plain_numbers
from intertwine.study.rotated.angles import accuracy_by_angle, random_angles
from intertwine.study.rotated.digits import Digits, load_digits
from intertwine.training import FitResult, evaluate, fit, turn_images

NETWORKS = ("plain", "C4", "C8", "D4")
"""An ordinary network; four and eight rotations; four rotations with reflections."""

RECIPE: Mapping[str, Any] = {
    "epochs": 14,
    "batch_size": 64,
    "learn_rate": 0.01,
    "schedule": "onecycle",
}
"""How each of the networks is trained. The plain one needs half of these epochs for its best on upright digits."""

KERNELS = (7, 5, 5)
"""Kernel sizes: a wide first one, for a small window holds few angles that differ from each other."""


@dataclass(frozen=True)
class Study:
    """What came out of a comparison.

    Args:
        rows: for each network: network, parameters, seconds, upright and turned (accuracies).
        angles: for each network and angle: network, degrees, accuracy.
        fits: the trained networks, by name.
        data: the images.
    """

    rows: list[dict[str, Any]]
    angles: list[dict[str, Any]]
    fits: dict[str, FitResult] = field(repr=False)
    data: Digits = field(repr=False)


@plain_numbers
def make_network(
    name: str,
    *,
    size: int = 17,
    budget: int = 20_000,
    channels: int = 1,
    classes: int | None = 10,
    kernel_size: int | Sequence[int] = KERNELS,
    proportions: Sequence[float] = (1, 2, 4),
) -> torch.nn.Module:
    """One of the networks of the comparison, as wide as its budget of parameters allows.

    Args:
        name: "plain", "C4", "C8", "D4", or another such name of rotations (C) and reflections (D).
        size: side of the images.
        budget: number of parameters to come close to.
        channels: channels of the images.
        classes: how many classes there are.
        kernel_size: of each block.
        proportions: of the widths of the blocks.

    Raises:
        ArgumentError: if the name means nothing.

    Example:
        >>> from intertwine.models import count_parameters
        >>> [count_parameters(make_network(name, budget=5000)) for name in ("plain", "C4")]
        [4422, 4186]
    """
    if name == "plain":
        return match_parameters(
            lambda widths: plain_cnn(channels, classes or 1, widths=widths, kernel_size=kernel_size, size=size),
            budget,
            proportions,
        )
    space = _space(name)
    return match_parameters(
        lambda widths: equivariant_cnn(channels, classes, space, widths=widths, kernel_size=kernel_size, size=size),
        budget,
        proportions,
    )


@plain_numbers
def rotated_digits(
    networks: Sequence[str] = NETWORKS,
    *,
    size: int = 17,
    budget: int = 20_000,
    degrees: Sequence[float] = tuple(range(0, 360, 15)),
    seed: int = 0,
    data: Digits | None = None,
    on_batch: Callable[[str, dict[str, Any]], bool | None] | None = None,
    **recipe: Any,
) -> Study:
    """Train networks on upright digits, and test them on other digits: upright, and turned by random angles.

    Every network sees the same images in the same order for the same number of epochs, and the same turned images in the
    test. No epoch or network is chosen by the test images.

    Args:
        networks: names as in `make_network`.
        size: side of the images.
        budget: number of parameters that each network comes close to.
        degrees: angles for the accuracy by angle.
        seed: of the split, the weights, the order of the images and the random angles.
        data: other images than scikit-learn's digits.
        on_batch: called with the name of the network and the event after each batch, as in `fit`; `False` stops.
        **recipe: arguments of `fit` in place of those of `RECIPE`.

    Returns:
        The table, the accuracies by angle, and the trained networks. After a stop, what was done until then.

    Raises:
        MissingDependencyError: if scikit-learn or lightning's Fabric is not installed.
    """
    for name in networks:
        if name != "plain":
            _space(name)
    images = load_digits(size, seed=seed) if data is None else data
    turned = turn_images(images.test_x, random_angles(len(images.test_x), seed))
    study = Study([], [], {}, images)
    for name in networks:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = make_network(name, size=images.train_x.shape[-1], budget=budget, channels=images.train_x.shape[1])
        watch = None if on_batch is None else (lambda event, name=name: on_batch(name, event))
        result = fit(network, images.train_x, images.train_y, seed=seed, on_batch=watch, **{**RECIPE, **recipe})
        study.fits[name] = result
        study.rows.append(
            {
                "network": name,
                "parameters": count_parameters(result.module),
                "seconds": result.seconds,
                "upright": evaluate(result.module, images.test_x, images.test_y)["accuracy"],
                "turned": evaluate(result.module, turned, images.test_y)["accuracy"],
            }
        )
        by_angle = accuracy_by_angle(result.module, images.test_x, images.test_y, degrees)
        study.angles.extend({"network": name, **row} for row in by_angle)
        if result.stopped in ("callback", "interrupted"):
            break
    return study


def _space(name: str) -> GSpace2D:
    makers: dict[str, Callable[[int], GSpace2D]] = {"C": rot2dOnR2, "D": flipRot2dOnR2}
    if name[:1] not in makers or not name[1:].isdigit() or int(name[1:]) < 1:
        raise ArgumentError(f"there is no network {name!r}", hint=f"use {', '.join(NETWORKS)}, or such a name")
    return makers[name[0]](int(name[1:]))
