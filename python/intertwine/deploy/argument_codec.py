"""Arguments of layers as JSON, and back: numbers, field types, groups, representations, modules.

Groups are written by their names and sizes or by their generators, representations by the labels of their irreps; a change of
basis that is not determined by them travels as a float64 tensor.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.budget import Budget, Price
from intertwine.deploy.comparing import same_tensor
from intertwine.deploy.groups import MOST, decode_group, encode_group, label, stated_order, whole
from intertwine.errors import ArgumentError, GroupError, ModelFileError
from intertwine.fields import FieldType
from intertwine.group import Group, GroupElement, Representation
from intertwine.group.catalogue.prices import (
    continuous_price,
    finite_price,
    irrep_price,
    regular_price,
    representation_price,
)
from intertwine.gspaces import GSpace, GSpace2D, no_base_space
from intertwine.nn.norm.synchronise import Processes

_DTYPES = {
    name: getattr(torch, name)
    for name in ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
}


STORED = frozenset({*_DTYPES, "complex64", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"})
"""The kinds of numbers of which a file can hold tensors."""


class Encoder:
    """Turns arguments into JSON, and collects the tensors that JSON cannot hold.

    Args:
        tensors: where those go.
        encode_module: turns a module that is an argument into JSON.
        class_name: the name that the file has for a class of modules.
        share: whether equal tensors are kept once; not for those that a module may write to, each in its own.
    """

    def __init__(
        self,
        tensors: dict[str, torch.Tensor],
        encode_module: Callable[[torch.nn.Module, str], Any],
        class_name: Callable[[type[torch.nn.Module], str], str],
        share: bool = True,
    ) -> None:
        self.tensors = tensors
        self._encode_module = encode_module
        self._class_name = class_name
        self._share = share

    def encode(self, value: Any, where: str) -> Any:
        """A value as JSON.

        Args:
            value: the value.
            where: what it is, for the error.

        Raises:
            ArgumentError: if it is or holds something that a file cannot hold.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, list):
            return [self.encode(item, where) for item in value]
        if isinstance(value, tuple):
            return {"tuple": [self.encode(item, f"item {n} of {where}") for n, item in enumerate(value)]}
        if isinstance(value, dict):
            return self._encode_dict(value, where)
        if isinstance(value, (set, frozenset)):
            items = [self.encode(item, f"an item of {where}") for item in value]
            return {"set": sorted(items, key=json.dumps), "frozen": isinstance(value, frozenset)}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, complex):
            return {"complex": [self.encode(value.real, where), self.encode(value.imag, where)]}
        if isinstance(value, torch.Tensor):
            return {"tensor": self._store(value, where)}
        if isinstance(value, np.ndarray):
            try:
                # A copy: arrays of this library are read-only, which torch cannot say of a tensor.
                return {"tensor": self._store(torch.as_tensor(np.array(value)), where), "array": True}
            except TypeError:
                raise ArgumentError(f"{where} is an array of {value.dtype}, which a model file cannot hold") from None
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if isinstance(value, torch.nn.Module):
            return {"module": self._encode_module(value, where)}
        if isinstance(value, type) and issubclass(value, torch.nn.Module):
            return {"layer": self._class_name(value, where)}
        return self._encode_symmetry(value, where)

    def _encode_dict(self, value: dict[Any, Any], where: str) -> dict[str, Any]:
        if all(isinstance(key, str) for key in value):
            encoded: dict[str, Any] = {
                "dict": {key: self.encode(item, f"{where}[{key!r}]") for key, item in value.items()}
            }
        else:
            items = [[self.encode(key, f"a key of {where}"), self.encode(item, where)] for key, item in value.items()]
            encoded = {"items": items}
        return {**encoded, "ordered": True} if isinstance(value, OrderedDict) else encoded

    def _encode_symmetry(self, value: Any, where: str) -> Any:
        if isinstance(value, FieldType):
            return {"field_type": self._fields(value, where), "gspace": self._space(value.gspace, where)}
        if isinstance(value, GSpace):
            return {"gspace": self._space(value, where)}
        if isinstance(value, Representation):
            return {"representation": self._representation(value), "group": self._group(value.group, where)}
        if isinstance(value, Group):
            return {"group": self._group(value, where)}
        if isinstance(value, GroupElement):
            return {"element": self.encode(value.value, where), "group": self._group(value.group, where)}
        if isinstance(value, Processes):
            return {"processes": "all"}  # those of the program that loads it, as for pickles
        kind = "a function" if callable(value) else type(value).__name__
        raise ArgumentError(
            f"{where} is {kind}, which a model file cannot hold: loading it would have to run code of your own",
            hint="save the module's state_dict() alone, and build the module in your program before loading it",
        )

    def _fields(self, value: FieldType, where: str) -> list[Any]:
        runs: list[list[Any]] = []
        last: Representation | None = None
        for representation in value.representations:
            if last is not None and representation == last and representation.name == last.name:
                runs[-1][1] += 1
            else:
                runs.append([self._representation(representation), 1])
            last = representation
        return runs

    def _space(self, space: GSpace, where: str) -> dict[str, Any]:
        if isinstance(space, GSpace2D):
            axis, rotations = space.sg_id
            encoded: dict[str, Any] = {"space": "R2", "axis": None if axis is None else float(axis)}
            encoded["rotations"] = "all" if rotations == -1 else int(rotations)
            if rotations == -1:
                encoded["maximum_frequency"] = _maximum_frequency(space)
            return encoded
        group = self._group(space.fibergroup, where)
        if space.dimensionality == 0:
            return {"space": "R0", "group": group}
        action = self._representation(space.basespace_action)
        return {"space": f"R{space.dimensionality}", "group": group, "name": space.name, "action": action}

    def _group(self, group: Group, where: str) -> dict[str, Any]:
        encoded = encode_group(group, self._store)
        if encoded is None:
            raise ArgumentError(f"{where} has the group {group}, which a model file cannot hold")
        return encoded

    def _representation(self, rho: Representation) -> dict[str, Any]:
        group = rho.group
        if rho.irreducible and len(rho.irreps) == 1 and rho == group.irrep(*rho.irreps[0]):
            return {"irrep": _listed(rho.irreps[0])}
        if rho.name == "regular" and not group.continuous and rho == group.regular_representation:
            return {"name": "regular"}
        encoded: dict[str, Any] = {"name": rho.name, "irreps": [_listed(id) for id in rho.irreps]}
        if not np.array_equal(rho.change_of_basis, np.eye(rho.size)):
            encoded["change_of_basis"] = self._store(torch.tensor(rho.change_of_basis, dtype=torch.float64))
        return encoded

    def _store(self, tensor: torch.Tensor, where: str = "a matrix") -> str:
        if tensor.layout != torch.strided or tensor.is_meta or str(tensor.dtype).removeprefix("torch.") not in STORED:
            raise ArgumentError(
                f"{where} is a tensor of a kind that a model file cannot hold: {tensor.dtype}, {tensor.layout}"
            )
        if not self._share and tensor.requires_grad:
            raise ArgumentError(f"{where} is a tensor with a gradient, which a model file cannot hold there")
        tensor = tensor.detach().cpu()
        for name, known in self.tensors.items() if self._share else ():
            if same_tensor(known, tensor):
                return name
        name = f"value.{len(self.tensors)}"
        self.tensors[name] = tensor
        return name


class Decoder:
    """Turns what `Encoder` wrote back into values; it makes nothing but those.

    Args:
        tensors: the tensors of the file.
        decode_module: what stands for a module, from its JSON.
        find_class: the class of modules that the file has a name for.
        budget: what the file may ask for.
    """

    def __init__(
        self,
        tensors: dict[str, torch.Tensor],
        decode_module: Callable[[Any], Any],
        find_class: Callable[[Any], type[torch.nn.Module]],
        budget: Budget,
    ) -> None:
        self._tensors = tensors
        self._budget = budget
        # what is said in the same words is made, and paid for, once
        self._known: dict[tuple[str, str], Any] = {}
        self._decode_module = decode_module
        self._find_class = find_class

    def decode(self, value: Any) -> Any:
        """The value that was encoded.

        Raises:
            ModelFileError: if the JSON says something that `Encoder` does not write.
        """
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        makers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "float": lambda v: _number(v["float"]),
            "tuple": lambda v: tuple(self.decode(item) for item in v["tuple"]),
            "dict": lambda v: _ordered(v, {key: self.decode(item) for key, item in v["dict"].items()}),
            "items": lambda v: _ordered(v, {self.decode(key): self.decode(item) for key, item in v["items"]}),
            "set": lambda v: (frozenset if v["frozen"] else set)(self.decode(item) for item in v["set"]),
            "complex": lambda v: complex(*(_number(self.decode(item)) for item in v["complex"])),
            "layer": lambda v: self._find_class(v["layer"]),
            "slice": lambda v: slice(*(_whole_or_none(item) for item in v["slice"])),
            "tensor": lambda v: self._tensor(v["tensor"]).numpy() if v.get("array") else self._tensor(v["tensor"]),
            "dtype": lambda v: _DTYPES[v["dtype"]],
            "device": lambda v: torch.device(v["device"]),
            "processes": lambda v: Processes(),
            "module": lambda v: self._decode_module(v["module"]),
            "field_type": lambda v: self._once("type", v, self._field_type),
            "gspace": lambda v: self._space(v["gspace"]),
            "representation": lambda v: self._representation(self._group(v["group"]), v["representation"]),
            "element": self._element,
            "group": lambda v: self._group(v["group"]),
        }
        for name, make in makers.items():
            if isinstance(value, dict) and name in value:
                return make(value)
        raise ModelFileError(f"the file holds a value that this version does not know: {str(value)[:60]}")

    def _element(self, value: dict[str, Any]) -> GroupElement:
        group = self._group(value["group"])
        try:
            return group.element(_as_arrays(self.decode(value["element"])))
        except (GroupError, TypeError, ValueError, KeyError) as error:
            raise ModelFileError(f"the file holds no element of {group}: {error}") from None

    def _tensor(self, name: Any) -> torch.Tensor:
        if not isinstance(name, str) or name not in self._tensors:
            raise ModelFileError(f"the file names the tensor {name!r}, but does not hold it")
        return self._tensors[name]

    def _once(self, kind: str, value: Any, make: Callable[[Any], Any]) -> Any:
        words = (kind, json.dumps(value, sort_keys=True))
        if words not in self._known:
            self._known[words] = make(value)
        return self._known[words]

    def _field_type(self, value: dict[str, Any]) -> FieldType:
        if any(isinstance(encoded, dict) and encoded.get("name") == "regular" for encoded, _ in value["field_type"]):
            order = stated_order(value["gspace"])
            # before the group is built, which takes less than its regular representation
            self._budget.need(regular_price(order), f"{order} matrices of size {order}")
        space = self._space(value["gspace"])
        representations: list[Representation] = []
        for encoded, count in value["field_type"]:
            rho = self._representation(space.fibergroup, encoded)
            count = whole(count, 1)
            self._budget.pay(Price(100.0 * count, 1e-5 * count), f"a field type of {count} fields")
            representations += count * [rho]
        return FieldType(space, representations)

    def _space(self, value: dict[str, Any]) -> GSpace:
        return self._once("space", value, self._built_space)

    def _built_space(self, value: dict[str, Any]) -> GSpace:
        kind = value["space"]
        if kind == "R2" and "rotations" in value:
            axis = value["axis"]
            everything = value["rotations"] == "all"
            rotations = -1 if everything else whole(value["rotations"], 1)
            frequency = whole(value["maximum_frequency"], 0) if everything else 6
            order = 0 if everything else rotations * (1 if axis is None else 2)
            self._budget.pay(
                continuous_price(False, frequency) if everything else finite_price(order),
                f"a group with frequencies up to {frequency}" if everything else f"a group of {order} elements",
            )
            return GSpace2D((None if axis is None else _number(axis), rotations), frequency)
        group = self._group(value["group"])
        if kind == "R0":
            return no_base_space(group)
        if kind not in ("R1", "R2", "R3"):
            raise ModelFileError(f"the file asks for the space {kind!r}, which this version does not know")
        return GSpace(group, int(kind[1]), str(value["name"]), self._representation(group, value["action"]))

    def _representation(self, group: Group, value: dict[str, Any]) -> Representation:
        return self._once(f"representation of {id(group)}", value, lambda v: self._new_representation(group, v))

    def _irrep(self, group: Group, id: tuple[Any, ...]) -> Any:
        self._budget.pay(irrep_price(group, id), f"the irrep {id} of {group}")
        return group.irrep(*id)

    def _new_representation(self, group: Group, value: dict[str, Any]) -> Representation:
        if "irrep" in value:
            return self._irrep(group, label(value["irrep"]))
        if "irreps" not in value:
            if value["name"] != "regular":
                raise ModelFileError(f"the file asks for the representation {value['name']!r}, which is not known")
            if not group.continuous:
                order = group.order()
                self._budget.pay(regular_price(order), f"{order} matrices of size {order}")
            return group.regular_representation
        size = len(value["irreps"])
        least = representation_price(group, size)
        self._budget.pay(least, f"a representation of size {size} or more")
        labels = [label(id) for id in value["irreps"]]
        different = {id: self._irrep(group, id) for id in dict.fromkeys(labels)}
        irreps = [different[id] for id in labels]
        size = sum(irrep.size for irrep in irreps)
        self._budget.pay(representation_price(group, size) - least, f"a representation of size {size}")
        if "change_of_basis" in value:
            basis = self._tensor(value["change_of_basis"]).double().numpy()
        else:
            basis = np.eye(size)
        return Representation(group, str(value["name"]), [irrep.id for irrep in irreps], basis)

    def _group(self, value: dict[str, Any]) -> Group:
        return self._once("group", value, lambda v: decode_group(v, self._tensor, self._budget))


def _ordered(encoded: dict[str, Any], value: dict[Any, Any]) -> dict[Any, Any]:
    return OrderedDict(value) if encoded.get("ordered") else value


def _maximum_frequency(value: Any) -> int:
    """The last argument of a continuous group, or of a space with one: how it is pickled."""
    return int(value.__reduce__()[1][-1])


def _as_arrays(value: Any) -> Any:
    """The value with arrays for its tensors."""
    if isinstance(value, tuple):
        return tuple(_as_arrays(item) for item in value)
    return value.numpy() if isinstance(value, torch.Tensor) else value


def _listed(id: Any) -> Any:
    return [_listed(part) for part in id] if isinstance(id, tuple) else id


def _whole_or_none(value: Any) -> int | None:
    return None if value is None else whole(value, -MOST)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"the file holds {str(value)[:40]} where a number belongs") from error
