"""What e2cnn has around its differential operators: settings, sizes of stencils, polynomials as lists of coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np


@dataclass(frozen=True)
class DiscretizationArgs:
    """How operators become filters; ``nn.R2Diffop`` takes the same as arguments.

    Args:
        method: ``"fd"``, ``"gauss"`` or ``"rbffd"``.
        smoothing: the width of the Gaussian.
        angle_offset: by which angle operators are turned.
        phi: the name of the radial function.
    """

    method: str = "fd"
    smoothing: float | None = None
    angle_offset: float | None = None
    phi: str = "ga"


def load_cache(path: str = "") -> None:
    """Nothing: no operator is stored on disk.

    Args:
        path: has no effect.
    """


def store_cache(path: str = "") -> None:
    """Nothing: no operator is stored on disk.

    Args:
        path: has no effect.
    """


def required_points(order: int, accuracy: int) -> int:
    """How many cells differences need along an axis.

    Args:
        order: of the derivative.
        accuracy: the power of the distance of cells with which the error falls.
    """
    return order + accuracy - (accuracy + 1) % 2


def largest_possible_order(num_points: int, accuracy: int) -> int:
    """The greatest order of a derivative on some cells.

    Args:
        num_points: how many there are along an axis.
        accuracy: see :func:`required_points`.
    """
    return num_points - accuracy + (accuracy + 1) % 2


def guaranteed_accuracy(num_points: int, order: int) -> int:
    """The accuracy of a derivative on some cells.

    Args:
        num_points: how many there are along an axis.
        order: of the derivative.
    """
    accuracy = num_points - order
    return accuracy + accuracy % 2


def symmetric_points(n: int, dilation: float = 1) -> list[float]:
    """The coordinates of cells along an axis, around their centre.

    Args:
        n: how many there are.
        dilation: their distance.
    """
    return [(cell - (n - 1) / 2) * dilation for cell in range(n)]


def order_filter(maximum_order: int) -> Callable[[dict[str, Any]], bool]:
    """A ``basis_filter`` that keeps operators up to an order.

    Args:
        maximum_order: the greatest order.
    """
    return lambda attributes: attributes["order"] <= maximum_order


def laplacian_power(k: int) -> np.ndarray:
    """The coefficients of a power of x^2 + y^2, those of x^2k first.

    Args:
        k: the exponent.
    """
    found = np.zeros(2 * k + 1)
    found[::2] = [comb(k, i) for i in range(k + 1)]
    return found


def multiply_polynomials(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The coefficients of a product of two homogeneous polynomials.

    Args:
        a: coefficients.
        b: coefficients.
    """
    return np.convolve(a, b)
