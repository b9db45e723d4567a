"""Initialisation of the weights of equivariant layers."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.errors import ShapeError
from intertwine.group.core.representation import Representation


def generalized_he_init(
    tensor: torch.Tensor, basismanager: Any, cache: bool = False, generator: torch.Generator | None = None
) -> None:
    """Fills weights with normal numbers that keep the variance of a layer's input in its output.

    The variance of each weight has a closed form: each kind of input field contributes in proportion to its channels, and the
    basis kernels of a kind contribute equally, each by its energy on the grid (He et al., "Delving deep into rectifiers", 2015;
    Weiler and Cesa, "General E(2)-equivariant steerable CNNs", 2019).

    Args:
        tensor: the flat weights, changed in place.
        basismanager: the layer's ``basisexpansion``.
        cache: has no effect: nothing slow is computed. Programs written for escnn may give it.
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


def deltaorthonormal_init(tensor: torch.Tensor, basismanager: Any, generator: torch.Generator | None = None) -> None:
    """Fills weights so that the layer is an orthogonal map of the channels at the centre of the kernel, and zero elsewhere.

    By Schur's lemma an equivariant map acts on the copies of each irrep by one matrix. This matrix is drawn orthogonal (with
    orthonormal rows or columns if the numbers of copies differ), and the map is projected onto the basis (Xiao et al.,
    "Dynamical isometry and a mean field theory of CNNs", 2018, whose method is used here on this basis).

    Args:
        tensor: the flat weights, changed in place.
        basismanager: the layer's ``basisexpansion``.
        generator: the torch generator to draw from; torch's default one otherwise.

    Raises:
        ShapeError: if the weights are not those of the layer.
    """
    if tuple(tensor.shape) != (basismanager.dimension(),):
        raise ShapeError(
            f"the layer has {basismanager.dimension()} weights, but a tensor of shape {tuple(tensor.shape)} was given"
        )
    if tensor.device.type == "meta":
        return
    plan = basismanager.plan
    matrix = _orthogonal_intertwiner(plan.source.representations, plan.target.representations, generator)
    filters = torch.zeros(plan.target.size, plan.source.size, plan.cells, dtype=torch.float64)
    filters[:, :, plan.cells // 2] = matrix
    weights, _ = basismanager.project(filters.to(tensor.device))
    with torch.no_grad():
        tensor.copy_(weights)


def _copies(representations: tuple[Representation, ...]) -> dict[tuple[int, ...], list[torch.Tensor]]:
    """For each irrep the embeddings of its copies into the channels, shapes ``(channels, irrep size)``."""
    channels = sum(representation.size for representation in representations)
    found: dict[tuple[int, ...], list[torch.Tensor]] = {}
    start = 0
    for representation in representations:
        column = 0
        for id in representation.irreps:
            size = representation.group.irrep(*id).size
            embedding = torch.zeros(channels, size, dtype=torch.float64)
            block = representation.change_of_basis[:, column : column + size]
            embedding[start : start + representation.size] = torch.tensor(block)
            found.setdefault(id, []).append(embedding)
            column += size
        start += representation.size
    return found


def _orthogonal_intertwiner(
    source: tuple[Representation, ...], target: tuple[Representation, ...], generator: torch.Generator | None
) -> torch.Tensor:
    sources, targets = _copies(source), _copies(target)
    shape = (sum(r.size for r in target), sum(r.size for r in source))
    matrix = torch.zeros(shape, dtype=torch.float64)
    for id, ends in targets.items():
        starts = sources.get(id, [])
        if not starts:
            continue
        tall, wide = max(len(ends), len(starts)), min(len(ends), len(starts))
        noise = torch.randn(tall, wide, generator=generator, dtype=torch.float64)
        q, r = torch.linalg.qr(noise)
        q = q * torch.sign(torch.diagonal(r))
        q = q if len(ends) >= len(starts) else q.T
        left, right = torch.stack(ends), torch.stack(starts)
        matrix += torch.einsum("aod,ab,bid->oi", left, q, right)
    return matrix
