"""Filters and matrices out of the state of another library's layer: from its coefficients and sampled bases."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping

import numpy as np
import torch

from intertwine.errors import ModelFileError
from intertwine.group.core.representation import Representation
from intertwine.nn.conv.expanded_module import ExpandedModule

_SAME = 1e-4
"""What may be left of a kernel of theirs, which is in float32, relative to its norm."""

_POINTS = (
    "take points = torch.cat([torch.zeros(1, d), 0.01 * torch.randn(1000, d), width * torch.randn(1000, d)]): the innermost "
    "ring is as narrow as 0.005"
)

State = Mapping[str, torch.Tensor]

_BLOCK = re.compile(r"^_basisexpansion\.block_expansion_(\(.*\))\.sampled_basis$")


def filter_of_peer(name: str, module: ExpandedModule, part: dict[str, torch.Tensor]) -> torch.Tensor:
    """The filter of another library's layer, in its channels, float64, shape ``(out, in, cells)``.

    It is made from coefficients and basis where they are there: a filter beside them is that of the last switch to eval mode.
    """
    functions = getattr(module, "_functions", None)
    if functions is not None:
        return _from_points(name, module, functions, part)
    plan = module.basisexpansion.plan
    bases = {match.group(1): part[key] for key in part if (match := _BLOCK.match(key))}
    if bases and "weights" in part:
        made = _from_bases(bases, part["weights"].double(), plan.source.representations, plan.target.representations)
        if made is not None:
            return _need_shape(name, module, made)
    for key in ("filter", "matrix"):
        if key in part:
            given = part[key].double()
            if not given.any() and "weights" in part and part["weights"].any():
                break  # it was not made of the weights yet
            if getattr(module, "transposed", False):
                given = given.transpose(0, 1)
            return _need_shape(name, module, given.flatten(2) if given.dim() > 2 else given[:, :, None])
    raise ModelFileError(
        f"the state has no filter for the layer {name!r}, a {type(module).__name__}",
        hint="take the state_dict of the other model after its .eval()",
    )


def _from_points(
    name: str, module: ExpandedModule, functions: torch.nn.Module, part: dict[str, torch.Tensor]
) -> torch.Tensor:
    """The matrices C_f of a convolution on points, from values of its kernel at points.

    Args:
        name: of the layer.
        module: the layer.
        functions: the scalar functions f of its kernel.
        part: with ``points`` of shape ``(points, d)``, and ``filter`` of shape ``(points, out, in)``.
    """
    if "points" not in part or "filter" not in part:
        raise ModelFileError(
            f"the state has no values of the kernel of the layer {name!r}, a {type(module).__name__}",
            hint="add them there: state[name + '.points'] = points, state[name + '.filter'] = layer.expand_filter(points). "
            + _POINTS,
        )
    values, points = part["filter"].double().cpu(), part["points"].double().cpu()
    with torch.no_grad():
        at_points = copy.deepcopy(functions).to("cpu", torch.float64)(points)
    if values.dim() != 3 or len(values) != len(points):
        raise ModelFileError(f"the layer {name!r} needs its kernel at each of its {len(points)} points")
    # A ring that no point meets leaves its weights open.
    lengths = at_points.norm(dim=0).clamp_min(1e-30)
    spread = torch.linalg.svdvals(at_points / lengths)
    if len(at_points) < len(lengths) or lengths.min() < 1e-2 or spread[-1] < _SAME * spread[0]:
        raise ModelFileError(f"the points of the layer {name!r} do not tell all its rings apart", hint=_POINTS)
    solved = torch.linalg.lstsq(at_points / lengths, values.flatten(1)).solution / lengths[:, None]
    rest = float((at_points @ solved - values.flatten(1)).norm() / values.norm().clamp_min(1e-30))
    if rest > _SAME:
        raise ModelFileError(
            f"the rings of the layer {name!r} ({type(module).__name__}) make the kernel of the other layer up to {rest:.2g} of "
            "its norm only",
            hint="give the layer the settings of the other one: width, n_rings, sigma, frequencies_cutoff",
        )
    return _need_shape(name, module, solved.unflatten(1, values.shape[1:]).permute(1, 2, 0))


def _need_shape(name: str, module: ExpandedModule, filters: torch.Tensor) -> torch.Tensor:
    plan = module.basisexpansion.plan
    expected = (plan.target.size, plan.source.size, plan.cells)
    if tuple(filters.shape) != expected:
        raise ModelFileError(
            f"the filter of the layer {name!r} ({type(module).__name__}) has the shape {tuple(filters.shape)}, but the layer "
            f"needs {expected}"
        )
    return filters


def _from_bases(
    bases: dict[str, torch.Tensor],
    weights: torch.Tensor,
    sources: tuple[Representation, ...],
    targets: tuple[Representation, ...],
) -> torch.Tensor | None:
    """The filter from coefficients and sampled bases; ``None`` if it is not clear which fields a basis belongs to."""
    try:
        pairs = {ast.literal_eval(key): basis.double() for key, basis in bases.items()}
    except (ValueError, SyntaxError):
        return None
    in_fields = _fields_by_name(sources, {names[0]: basis.shape[2] for names, basis in pairs.items()})
    out_fields = _fields_by_name(targets, {names[1]: basis.shape[1] for names, basis in pairs.items()})
    if in_fields is None or out_fields is None:
        return None
    cells = next(iter(pairs.values())).shape[3]
    made = weights.new_zeros(sum(r.size for r in targets), sum(r.size for r in sources), cells)
    start = 0
    for names in sorted(pairs, key=lambda pair: tuple(name.replace("^", ".") for name in pair)):
        basis, ins, outs = pairs[names], in_fields[names[0]], out_fields[names[1]]
        count = len(ins) * len(outs) * len(basis)
        if start + count > len(weights):
            return None
        coefficients = weights[start : start + count].view(len(outs), len(ins), len(basis))
        start += count
        blocks = torch.einsum("uik,koxc->uoixc", coefficients, basis)
        rows = torch.tensor(np.concatenate(outs))[:, None]
        columns = torch.tensor(np.concatenate(ins))[None, :]
        made[rows, columns] = blocks.reshape(rows.shape[0], columns.shape[1], cells)
    return made if start == len(weights) else None


def _fields_by_name(
    representations: tuple[Representation, ...], sizes: dict[str, int]
) -> dict[str, list[np.ndarray]] | None:
    """The channels of our fields for each name of a representation of theirs; ``None`` if that is ambiguous."""
    kinds: list[tuple[Representation, list[np.ndarray]]] = []
    start = 0
    # Theirs are told apart by names alone, which ours may share.
    named = {name.replace("^", ".") for name in sizes} == {representation.name for representation in representations}
    for representation in representations:
        channels = np.arange(start, start + representation.size)
        start += representation.size
        same_kind = [
            fields
            for other, fields in kinds
            if (other.name == representation.name if named else other == representation)
        ]
        known = same_kind[0] if same_kind else None
        if known is None:
            kinds.append((representation, [channels]))
        else:
            known.append(channels)
    found: dict[str, list[np.ndarray]] = {}
    left = list(range(len(kinds)))
    for name, size in sizes.items():
        same = [k for k in left if kinds[k][0].name == name.replace("^", ".") and kinds[k][0].size == size]
        if len(same) == 1:
            found[name] = kinds[same[0]][1]
            left.remove(same[0])
    for name, size in sizes.items():
        if name in found:
            continue
        same = [k for k in left if kinds[k][0].size == size]
        unnamed = [other for other in sizes if other not in found and sizes[other] == size]
        if len(same) != 1 or len(unnamed) != 1:
            return None
        found[name] = kinds[same[0]][1]
    return found
