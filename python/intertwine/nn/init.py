"""Initialisation of the weights of equivariant layers."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.errors import ShapeError


def generalized_he_init(
    tensor: torch.Tensor, basismanager: Any, cache: bool = False, generator: torch.Generator | None = None
) -> None:
    """Fills weights with normal numbers that keep the variance of a layer's input in its output.

    The variance of each weight is closed form: each kind of input field contributes in proportion to its channels, and each of
    its basis kernels equally, by its energy on the grid (He et al., "Delving deep into rectifiers", 2015; Weiler and Cesa,
    "General E(2)-equivariant steerable CNNs", 2019).

    Args:
        tensor: the flat weights, changed in place.
        basismanager: the layer's ``basisexpansion``.
        cache: accepted for escnn's sake; there is nothing slow to remember.
        generator: the torch generator to draw from; torch's default one otherwise.

    Raises:
        ShapeError: if the weights are not those of the layer.
    """
    if tuple(tensor.shape) != (basismanager.dimension(),):
        raise ShapeError(
            f"the layer has {basismanager.dimension()} weights, but a tensor of shape {tuple(tensor.shape)} was given"
        )
    scale = basismanager.variances().sqrt()
    with torch.no_grad():
        if tensor.device.type == "meta":
            return
        noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype, device=tensor.device)
        tensor.copy_(noise * scale.to(tensor))
