"""The code of a candidate in Python and R, ready to paste."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_SOLIDS = {
    "Oh": ("fullOctaOnR3()", "gspace_full_octa()"),
    "O": ("octaOnR3()", "gspace_octa()"),
    "Ih": ("fullIcoOnR3()", "gspace_full_ico()"),
    "I": ("icoOnR3()", "gspace_ico()"),
    "Ci": ("invOnR3()", "gspace_inversion3d()"),
    "Cs": ("mirOnR3()", "gspace_mirror3d()"),
}
_AXIAL = {
    ("C", ""): ("rot2dOnR3", "gspace_axis3d"),
    ("D", ""): ("dihedralOnR3", "gspace_dihedral3d"),
    ("C", "v"): ("conicalOnR3", "gspace_cone"),
    ("C", "h"): ("cylindricalOnR3", "gspace_cylinder"),
    ("D", "h"): ("fullCylindricalOnR3", "gspace_full_cylinder"),
}


@dataclass(frozen=True)
class Network:
    """What the code of a candidate is written from.

    Args:
        family: the function in `intertwine.models`, such as ``"equivariant_cnn"`` or ``"plain_resnet"``.
        dimension: of the data: 1, 2 or 3.
        channels: of the data.
        outputs: classes, or numbers that are measured.
        size: sides of the grid.
        schedule: the group of each block; ``None`` for a plain network.
        widths: of the blocks.
        options: further arguments of the family.
        training: arguments of `intertwine.training.fit`.
    """

    family: str
    dimension: int
    channels: int
    outputs: int
    size: Sequence[int]
    schedule: Sequence[str] | None
    widths: Sequence[float]
    options: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


def space_code(name: str, dimension: int) -> tuple[str, str]:
    """How a space is made in Python and in R.

    Args:
        name: of its group, as in schedules.
        dimension: 1, 2 or 3.

    Example:
        >>> space_code("D4", 2), space_code("C1", 1)
        (('gspaces.flipRot2dOnR2(4)', 'gspace_flip_rot2d(N = 4)'), ('gspaces.trivialOnR1()', 'gspace_trivial1d()'))
    """
    if name == "C1":
        return f"gspaces.trivialOnR{dimension}()", f"gspace_trivial{dimension}d()"
    if name == "D1" and dimension < 3:
        return (
            ("gspaces.flipOnR1()", "gspace_flip1d()") if dimension == 1 else ("gspaces.flip2dOnR2()", "gspace_flip2d()")
        )
    if name in _SOLIDS:
        python, r = _SOLIDS[name]
        return f"gspaces.{python}", r
    found = re.fullmatch(r"([CD])(\d+)([vh]?)", name)
    if not found:
        raise KeyError(name)
    planar = {"C": ("rot2dOnR2", "gspace_rot2d"), "D": ("flipRot2dOnR2", "gspace_flip_rot2d")}
    python, r = planar[found[1]] if dimension == 2 else _AXIAL[found[1], found[3]]
    return f"gspaces.{python}({found[2]})", f"{r}(N = {found[2]})"


def python_code(network: Network) -> str:
    """A program in Python that trains the network on `x` and `y`.

    Args:
        network: what it is written from.
    """
    needed = "gspaces, models, training" if network.schedule else "models, training"
    lines = [f"from intertwine import {needed}", "", f"model = models.{network.family}("]
    arguments = [str(network.channels), str(network.outputs)]
    if network.schedule:
        arguments.append(space_code(network.schedule[0], network.dimension)[0])
    arguments.append(f"widths={_python(list(network.widths))}")
    size = network.size[0] if len(set(network.size)) == 1 else list(network.size)
    arguments.append(f"size={_python(size)}")
    if changes := _changes(network):
        arguments.append("restrict={" + ", ".join(f"{k}: {python}" for k, (python, _) in changes.items()) + "}")
    options = dict(network.options)
    if not network.schedule and network.dimension != 2:
        options["dimension"] = network.dimension
    arguments += [f"{name}={_python(value)}" for name, value in options.items()]
    lines += [f"    {argument}," for argument in arguments]
    more = "".join(f", {name}={_python(value)}" for name, value in network.training.items())
    lines += [")", "# x: [n, channels, ...], y: class numbers from 0, or measurements"]
    return "\n".join([*lines, f"fitted = training.fit(model, x, y{more})", ""])


def r_code(network: Network) -> str:
    """A program in R that trains the network on `x` and `y`.

    Args:
        network: what it is written from.
    """
    arguments = ["x, y"]
    if network.schedule:
        arguments.append(f"group = {space_code(network.schedule[0], network.dimension)[1]}")
    if changes := _changes(network):
        arguments.append("restrict = list(" + ", ".join(f'"{k + 1}" = {r}' for k, (_, r) in changes.items()) + ")")
    arguments.append(f"widths = {_r(list(network.widths))}")
    arguments += [f"{name} = {_r(value)}" for name, value in {**network.options, **network.training}.items()]
    lines = ["library(intertwine)", "", "# x: images(), y: a factor or measurements", f"fitted <- {network.family}("]
    return "\n".join([*lines, ",\n".join(f"  {argument}" for argument in arguments), ")", ""])


def _changes(network: Network) -> dict[int, tuple[str, str]]:
    """The spaces by the number, from 0, of the block before which they come."""
    schedule = list(network.schedule or ())
    return {
        k: space_code(schedule[k], network.dimension) for k in range(1, len(schedule)) if schedule[k] != schedule[k - 1]
    }


def _python(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _r(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"c({', '.join(map(_r, value))})"
    if isinstance(value, bool):
        return str(value).upper()
    return f'"{value}"' if isinstance(value, str) else "NULL" if value is None else repr(value)
