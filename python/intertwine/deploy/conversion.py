"""Weights of escnn's and e2cnn's models, carried over to ours of the same architecture.

Their layers hold the filters that they have sampled, or the basis and the coefficients from which they are made, so neither
library is needed. A filter is projected on our basis of the same layer; what is left over, relative to the filter, is the
residual. It is as small as rounding where the layers have the same settings, and tells apart those that do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from intertwine import nn
from intertwine.deploy.peer_filters import filter_of_peer
from intertwine.errors import ArgumentTypeError, GroupError, ModelFileError
from intertwine.fields import FieldType
from intertwine.group import O3, SO3, FiniteGroup
from intertwine.group.catalogue.other_libraries import escnn_element_order, escnn_order
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation, block_diagonal
from intertwine.nn.conv.expanded_module import ExpandedModule
from intertwine.nn.norm.invariant_batchnorm import IIDBatchNorm

State = Mapping[str, torch.Tensor]

_SAME = 1e-4
"""Values of coefficients that differ by less are equal: theirs are in float32."""

_STATISTICS = ("running_mean", "running_var", "weight", "bias")


@dataclass(frozen=True)
class ConvertedLayer:
    """What became of one layer.

    Attributes:
        name: its name in the model.
        kind: its class.
        residual: the norm of what our basis cannot make of its filter, over the norm of the filter; ``None`` for layers
            whose parameters are copied.
    """

    name: str
    kind: str
    residual: float | None


def irrep_order(representation: Representation) -> np.ndarray:
    """The matrix T with x_ours = T x_escnn for the channels of a representation.

    The degree-l irreps of SO(3) and O(3) list their harmonics by falling frequency, cosines before sines, so that degree 1 is
    (x, y, z); escnn lists them by m = -l, ..., l, so that it is (y, z, x). The irreps of the octahedron and of the icosahedron
    differ likewise, and so does the order of their rotations, which regular fields follow. All others have one order.

    Args:
        representation: of any group.

    Returns:
        orthogonal, shape ``(size, size)``.

    Example:
        >>> from intertwine.group import so3_group
        >>> irrep_order(so3_group().irrep(1)) @ [2.0, 3.0, 1.0]  # y, z, x
        array([1., 2., 3.])
    """
    group = representation.group
    if isinstance(group, FiniteGroup) and representation.is_permutation:
        is_regular = representation == group.regular_representation
        return escnn_element_order(group).T if is_regular else np.eye(representation.size)
    orders = [_irrep_order(group.irrep(*id)) for id in representation.irreps]
    basis = representation.change_of_basis
    return basis @ block_diagonal(orders) @ basis.T


def _irrep_order(irrep: IrreducibleRepresentation) -> np.ndarray:
    try:
        return escnn_order(irrep).T
    except GroupError:  # escnn does not have the group, or shares no order for the irrep
        return np.eye(irrep.size)


def _order(representations: tuple[Representation, ...]) -> torch.Tensor:
    return torch.tensor(block_diagonal([irrep_order(representation) for representation in representations]))


def convert(
    state_dict: State, model: torch.nn.Module, tolerance: float | None = 1e-4, strict: bool = True
) -> list[ConvertedLayer]:
    """Loads a model of escnn or e2cnn into one of ours of the same architecture.

    Both train and eval mode will do. Layers are matched by their names; where the names differ, by their order. A convolution on
    points has no filter in its state; add its kernel at points there, as ``state[name + ".points"]`` and
    ``state[name + ".filter"] = layer.expand_filter(points)``, near to the origin, too.

    Args:
        state_dict: of the other model.
        model: ours, built with the same arguments; changed in place, unless something does not fit.
        tolerance: the largest residual that passes; ``None`` for any.
        strict: whether a layer of ours that finds nothing in the state is an error; else it is left as it is.

    Returns:
        one record for each layer with parameters, with the residuals of those with filters.

    Raises:
        ModelFileError: if a layer finds nothing that fits, or a residual is larger than the tolerance.
        ArgumentTypeError: if the arguments are something else.

    Example:
        >>> from intertwine import deploy, gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=2), 3)
        >>> theirs = {"filter": conv.expand_parameters()[0].detach(), "expanded_bias": torch.zeros(8)}
        >>> deploy.convert(theirs, conv)[0].residual < 1e-6
        True
    """
    if not isinstance(state_dict, Mapping) or not all(isinstance(value, torch.Tensor) for value in state_dict.values()):
        raise ArgumentTypeError("convert needs a state_dict: tensors by name", hint="give other_model.state_dict()")
    if not isinstance(model, torch.nn.Module):
        raise ArgumentTypeError(f"convert needs a model, not {type(model).__name__}")
    layers = [(name, module) for name, module in model.named_modules() if _has_own_state(module)]
    parts = _parts(state_dict, [name for name, _ in layers])
    if len(parts) != len(layers) and strict:
        raise ModelFileError(
            f"the model has {len(layers)} layers with parameters, but the state has parameters for {len(parts)}: "
            f"{', '.join(sorted(parts)) or 'none'}",
            hint="build the model with the same layers as the other one",
        )
    found: list[ConvertedLayer] = []
    changes: list[tuple[torch.Tensor, torch.Tensor]] = []
    for name, module in layers:
        part = parts.get(name)
        if part is None:
            if strict:
                raise ModelFileError(f"the state has nothing for the layer {name!r}, a {type(module).__name__}")
            continue
        residual, values = _converted(name, module, part)
        for key, value in values.items():
            target = module.get_parameter(key) if key in module._parameters else module.get_buffer(key)
            if value.numel() != target.numel():
                raise ModelFileError(
                    f"{key} of the layer {name!r} ({type(module).__name__}) has {target.numel()} numbers, but the state has "
                    f"{value.numel()}"
                )
            changes.append((target, value.reshape(target.shape)))
        if residual is not None and tolerance is not None and not residual <= tolerance:
            raise ModelFileError(
                f"our basis makes the filter of the layer {name!r} ({type(module).__name__}) up to {residual:.2g} of its norm "
                f"only, more than {tolerance:.2g}",
                hint="give the layer the settings of the other one (kernel_size, rings, sigma, frequencies_cutoff), or raise "
                "the tolerance",
            )
        found.append(ConvertedLayer(name, type(module).__name__, residual))
    grids = _other_grids(state_dict, model)
    with torch.no_grad():
        for target, value in changes:
            target.copy_(value)
    for module in model.modules():
        if isinstance(module, ExpandedModule):
            module.train(module.training)
    for module, grid in grids:
        module.use_grid(grid)
    return found


def _has_own_state(module: torch.nn.Module) -> bool:
    saved = [key for key in module._buffers if key not in module._non_persistent_buffers_set]
    return any(p is not None for p in module._parameters.values()) or any(module._buffers[k] is not None for k in saved)


def _parts(state: State, names: list[str]) -> dict[str, dict[str, torch.Tensor]]:
    """The state of each of our layers, with the layer's name cut off."""

    def under(prefix: str) -> dict[str, torch.Tensor]:
        start = f"{prefix}." if prefix else ""
        return {key[len(start) :]: value for key, value in state.items() if key.startswith(start)}

    by_name = {name: part for name in names if (part := under(name))}
    if len(by_name) == len(names):
        return by_name
    # The names differ: take their layers with parameters in turn.
    prefixes: dict[str, None] = {}
    for key in state:
        block = re.match(r"^(.*?)\.?(?:_basisexpansion\..*|batch_norm_\[.*|[^.]*)$", key)
        prefix = block.group(1) if block else ""
        if _bears(under(prefix)):
            prefixes.setdefault(prefix)
    if len(prefixes) == len(names):
        return {name: under(prefix) for name, prefix in zip(names, prefixes, strict=True)}
    return by_name


def _bears(part: Mapping[str, torch.Tensor]) -> bool:
    """Whether a part of a state holds parameters or statistics, not only tables."""
    return any(
        key in ("weights", "log_bias", "bias", "filter") or key.endswith(_STATISTICS) or key.startswith("batch_norm_[")
        for key in part
    )


def _converted(
    name: str, module: torch.nn.Module, part: dict[str, torch.Tensor]
) -> tuple[float | None, dict[str, torch.Tensor]]:
    """The residual, and the values of the layer's parameters and statistics."""
    if isinstance(module, ExpandedModule):
        return _expanded(name, module, part)
    if isinstance(module, nn.InnerBatchNorm):
        return None, _by_size(module, part)
    if isinstance(module, (IIDBatchNorm, nn.GNormBatchNorm, nn.NormBatchNorm, nn.InducedNormBatchNorm)):
        return None, _by_representation(name, module, part)
    values: dict[str, torch.Tensor] = {}
    own = {**module._parameters, **{k: b for k, b in module._buffers.items() if k in module.state_dict()}}
    for key, target in own.items():
        if target is None:
            continue
        if key not in part:
            raise ModelFileError(f"the state has no {key} for the layer {name!r}, a {type(module).__name__}")
        values[key] = part[key]
    if isinstance(module, (nn.NormNonLinearity, nn.InducedNormNonLinearity)) and "log_bias" in values:
        # Theirs are in the order of the fields' sizes, ours in the order of the fields.
        order = torch.tensor(np.argsort([r.size for r in module.in_type.representations], kind="stable"))
        given = values["log_bias"].reshape(-1)
        if len(given) == len(order):
            values["log_bias"] = torch.empty_like(given).index_copy(0, order, given)
    return None, values


# --- filters and matrices -------------------------------------------------------------------------------------------------


def _expanded(
    name: str, module: ExpandedModule, part: dict[str, torch.Tensor]
) -> tuple[float, dict[str, torch.Tensor]]:
    plan = module.basisexpansion.plan
    sources, targets = plan.source.representations, plan.target.representations
    filters = filter_of_peer(name, module, part)
    if isinstance(module, nn.TensorProductModule):
        one = torch.tensor(irrep_order(module.in_type.representations[0]))
        inside = torch.kron(one, one)
    else:
        inside = _order(sources)
    carried = torch.einsum("po,oic,qi->pqc", _order(targets), filters, inside)
    weights, residual = module.basisexpansion.project(carried)
    values = {"weights": weights}
    if module.bias is not None:
        expansion = module._bias_expansion
        if "bias" in part and "bias_expansion" in part:
            channels = part["bias_expansion"].double() @ part["bias"].double()
        elif "expanded_bias" in part:
            channels = part["expanded_bias"].double()
        elif "bias" in part:
            return residual, {**values, "bias": part["bias"]}
        else:
            raise ModelFileError(f"the state has no bias for the layer {name!r}, a {type(module).__name__}")
        if expansion is None or len(channels) != module.out_type.size:
            raise ModelFileError(f"the bias of the layer {name!r} has {len(channels)} channels")
        values["bias"] = expansion.project(_order(module.out_type.representations) @ channels)
    elif _nonzero(part.get("bias")):
        raise ModelFileError(
            f"the state has a bias for the layer {name!r}, but the layer has none", hint="build it with bias=True"
        )
    return residual, values


def _nonzero(value: torch.Tensor | None) -> bool:
    return value is not None and bool(value.abs().max() > 0)


# --- grids of Fourier layers -----------------------------------------------------------------------------------------------


def _other_grids(state: State, model: torch.nn.Module) -> list[tuple[Any, list[Any]]]:
    """Our Fourier layers whose grid is another one than theirs, with the elements of theirs.

    They hold the values of the coefficients at the elements. Those of degree 1 tell which elements they are.
    """
    kinds = (nn.FourierPointwise, nn.QuotientFourierPointwise)
    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, kinds)]
    keys = [key for key in state if key.rpartition(".")[2] == "A" and f"{key[:-1]}Ainv" in state]
    if len(keys) != len(layers):
        return []
    found: list[tuple[Any, list[Any]]] = []
    for key, (name, module) in zip(keys, layers, strict=True):
        given = state[key].double()
        if given.shape[1] != module.rho.size:
            raise ModelFileError(
                f"the grid of the layer {name!r} is of {given.shape[1]} coefficients, not {module.rho.size}"
            )
        values = (given @ torch.tensor(irrep_order(module.rho)).T).numpy()
        own: torch.Tensor = module.A  # type: ignore[assignment]
        if own.shape == given.shape and np.abs(own.double().cpu().numpy() - values).max() < _SAME:
            continue
        elements = _elements_of(module, values)
        if elements is not None:
            twin = nn.FourierTransform(
                module.in_type.gspace, module.fourier_irreps, elements, module._subgroup_id, module._normalize
            )
            if np.abs(twin.sampling(twin.irreps) - values).max() < _SAME:
                found.append((module, elements))
                continue
        raise ModelFileError(
            f"the Fourier layer {name!r} ({type(module).__name__}) samples on another grid than the other model's",
            hint="build it with the same elements: grid=[...]",
        )
    return found


def _elements_of(module: Any, values: np.ndarray) -> list[Any] | None:
    """The elements with these values of the coefficients, of SO(3) or O(3); ``None`` if there is no degree 1 to tell."""
    group = module.in_type.fibergroup
    vector = (1,) if isinstance(group, SO3) else (1, 1)
    if not isinstance(group, (SO3, O3)) or vector not in module.fourier_irreps:
        return None
    transform = nn.FourierTransform(
        module.in_type.gspace, [vector], [group.identity], module._subgroup_id, normalize=False
    )
    size = transform.representation.size
    start = 0
    for label in module.fourier_irreps:
        if label == vector:
            break
        start += transform.spectral([label]).size
    # The copies of the vector: what becomes of as many vectors of the identity.
    before = transform.sampling([vector]).reshape(size // 3, 3)
    elements = []
    for row in values[:, start : start + size]:
        after = row.reshape(size // 3, 3)
        scale = np.linalg.norm(before) / np.linalg.norm(after)
        matrix = _carrying(before.T, after.T * scale, isinstance(group, SO3) or size == 3)
        elements.append(group._from_matrix(matrix))
    return None if any(element is None for element in elements) else elements


def _carrying(before: np.ndarray, after: np.ndarray, proper: bool) -> np.ndarray:
    """The orthogonal matrix, a rotation if asked for, that carries some vectors (columns) nearest to others."""
    left, _, right = np.linalg.svd(after @ before.T)
    flip = np.ones(3)
    if proper:
        flip[2] = np.sign(np.linalg.det(left @ right))
    return left @ np.diag(flip) @ right


# --- normalisations -------------------------------------------------------------------------------------------------------


def _by_size(module: nn.InnerBatchNorm, part: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Batch norms of fields of one size each: ``batch_norm_[8].weight``."""
    values: dict[str, torch.Tensor] = {}
    sizes = np.array([representation.size for representation in module.in_type.representations])
    for key in _STATISTICS:
        target = getattr(module, key)
        if target is None:
            continue
        whole = torch.empty(len(sizes), dtype=torch.float64)
        for size in dict.fromkeys(sizes.tolist()):
            given = part.get(f"batch_norm_[{size}].{key}")
            where = np.flatnonzero(sizes == size)
            if given is None or given.numel() != len(where):
                raise ModelFileError(
                    f"the state of an InnerBatchNorm has no {key} of {len(where)} fields of size {size}"
                )
            whole[where] = given.double().reshape(-1)
        values[key] = whole
    counted = part.get(f"batch_norm_[{sizes[0]}].num_batches_tracked")
    if module.num_batches_tracked is not None and counted is not None:
        values["num_batches_tracked"] = counted
    return values


def _by_representation(name: str, module: torch.nn.Module, part: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Statistics by the name of a representation, or by the size of fields: ``irrep_1_running_var``."""
    in_type: FieldType = module.in_type  # type: ignore[assignment]
    stems = list(dict.fromkeys(key[: -len("_running_var")] for key in part if key.endswith("_running_var")))
    fields: dict[str, list[int]] = {}
    representations = in_type.representations
    for number, representation in enumerate(representations):
        for stem in stems:
            sizes = re.match(r"^\(?(\d+)", stem)
            fits = stem.replace("^", ".") == representation.name or (sizes and int(sizes[1]) == representation.size)
            if fits or len(stems) == 1:
                fields.setdefault(stem, []).append(number)
                break
        else:
            raise ModelFileError(f"the state of the layer {name!r} has nothing for the field {representation.name}")
    values: dict[str, torch.Tensor] = {}
    own = [key for key in _STATISTICS if getattr(module, key, None) is not None]
    for key in own:
        rows: dict[int, torch.Tensor] = {}
        for stem, numbers in fields.items():
            given = part.get(f"{stem}_{key}")
            if given is None:
                if key in ("running_mean", "bias"):
                    continue  # fields without invariant vectors have none
                raise ModelFileError(f"the state of the layer {name!r} has no {stem}_{key}")
            split = given.double().reshape(len(numbers), -1)
            basis = part.get(f"{stem}_change_of_basis")
            if key == "running_mean" and basis is not None and f"{stem}_avg" in part:
                split = split @ basis.double()  # the mean of each channel, where we keep that of each invariant vector
            rows.update(zip(numbers, split, strict=True))
        values[key] = torch.cat([rows[number] for number in sorted(rows)])
    if "num_batches_tracked" in part and getattr(module, "num_batches_tracked", None) is not None:
        values["num_batches_tracked"] = part["num_batches_tracked"]
    return values
