"""The point groups of space: by Schoenflies symbols of any order, and the 32 of crystals by Hermann-Mauguin symbols too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.catalogue.from_generators import MAX_ORDER, MatrixGroup
from intertwine.group.core.representation import block_diagonal
from intertwine.memory import interned
from intertwine.suggestions import suggests

_HERMANN_MAUGUIN: dict[str, str] = {
    "1": "C1",
    "-1": "Ci",
    "2": "C2",
    "m": "Cs",
    "2/m": "C2h",
    "222": "D2",
    "mm2": "C2v",
    "mmm": "D2h",
    "4": "C4",
    "-4": "S4",
    "4/m": "C4h",
    "422": "D4",
    "4mm": "C4v",
    "-42m": "D2d",
    "4/mmm": "D4h",
    "3": "C3",
    "-3": "S6",
    "32": "D3",
    "3m": "C3v",
    "-3m": "D3d",
    "6": "C6",
    "-6": "C3h",
    "6/m": "C6h",
    "622": "D6",
    "6mm": "C6v",
    "-6m2": "D3h",
    "6/mmm": "D6h",
    "23": "T",
    "m-3": "Th",
    "432": "O",
    "-43m": "Td",
    "m-3m": "Oh",
}
"""The crystallographic point groups in the order of the International Tables."""

_OTHER_SYMBOLS: dict[str, str] = {
    "2/m2/m2/m": "mmm",
    "4/m2/m2/m": "4/mmm",
    "-32/m": "-3m",
    "6/m2/m2/m": "6/mmm",
    "2/m-3": "m-3",
    "m3": "m-3",
    "4/m-32/m": "m-3m",
    "m3m": "m-3m",
    "321": "32",
    "3m1": "3m",
    "-3m1": "-3m",
}
"""Full and older symbols of the same groups in the same setting."""

_SAME_AS: dict[str, str] = {"S2": "Ci", "C3i": "S6", "C1h": "Cs", "V": "D2", "Vd": "D2d", "Vh": "D2h"}
"""Other Schoenflies symbols of the same groups."""

CRYSTALLOGRAPHIC: tuple[str, ...] = tuple(_HERMANN_MAUGUIN.values())
"""The Schoenflies symbols of the 32 crystallographic point groups, in the order of the International Tables."""

_INVERSION = -np.eye(3)
_MIRROR_X = np.diag([-1.0, 1.0, 1.0])
_MIRROR_Z = np.diag([1.0, 1.0, -1.0])
_HALF_X = np.diag([1.0, -1.0, -1.0])
_THIRD_111 = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_ROOT = float(np.sqrt(3.0)) / 2


def exact_turn(step: int, order: int) -> np.ndarray:
    """The rotation of the plane by 2 pi step / order, with entries 0, 1/2, sqrt(3)/2 and 1 where they are due.

    Args:
        step: number of steps.
        order: steps in a full turn.

    Returns:
        shape ``(2, 2)``.

    Example:
        >>> exact_turn(1, 6)[0, 0], exact_turn(1, 4).tolist()
        (0.5, [[0.0, -1.0], [1.0, 0.0]])
    """
    twelfth, rest = divmod(12 * (step % order), order)
    if rest:
        angle = 2 * np.pi * (step % order) / order
        c, s = float(np.cos(angle)), float(np.sin(angle))
    else:
        cosines = (1.0, _ROOT, 0.5, 0.0, -0.5, -_ROOT, -1.0, -_ROOT, -0.5, 0.0, 0.5, _ROOT)
        c, s = cosines[twelfth], cosines[(twelfth - 3) % 12]
    return np.array([[c, -s], [s, c]])


def _about_z(step: int, order: int) -> np.ndarray:
    return block_diagonal([exact_turn(step, order), np.eye(1)])


def _fifth() -> np.ndarray:
    """A fifth of a turn about (0, 1, golden ratio), a vertex of the icosahedron with edges about the coordinate axes."""
    golden = (1 + np.sqrt(5.0)) / 2
    a, b, c = 0.5, golden / 2, 1 / (2 * golden)
    return np.array([[c, -b, a], [b, a, c], [-a, c, b]])


def _axial(family: str, n: int, kind: str) -> list[np.ndarray]:
    """Generators of the groups with one main axis, which is z."""
    turn = [] if n == 1 else [_about_z(1, n)]
    if family == "S":
        # A turn with a mirror; it is n / 2 turns and the inversion where n / 2 is odd.
        return [_about_z(1, n) @ _MIRROR_Z]
    if family == "C":
        return {"": turn, "v": [*turn, _MIRROR_X], "h": [*turn, _MIRROR_Z]}[kind]
    if kind == "d":
        return [_about_z(1, 2 * n) @ _MIRROR_Z, _HALF_X]
    if kind == "h":
        # With the mirrors across x, as for C_nv; the half turns are about lines in them.
        return [*turn, _MIRROR_X, _MIRROR_Z]
    return [*turn, _HALF_X]


_POLYHEDRAL: dict[str, Callable[[], list[np.ndarray]]] = {
    "T": lambda: [_about_z(1, 2), _THIRD_111],
    "Th": lambda: [_about_z(1, 2), _THIRD_111, _INVERSION],
    "Td": lambda: [_about_z(1, 4) @ _MIRROR_Z, _THIRD_111],
    "O": lambda: [_about_z(1, 4), _THIRD_111],
    "Oh": lambda: [_about_z(1, 4), _THIRD_111, _INVERSION],
    "I": lambda: [_fifth(), _THIRD_111],
    "Ih": lambda: [_fifth(), _THIRD_111, _INVERSION],
}


def _refused(symbol: str) -> GroupError:
    return GroupError(
        f"there is no point group {symbol!r}",
        hint="use a Schoenflies symbol (C4v, D3h, S6, Td, ...) or a Hermann-Mauguin symbol "
        f"({', '.join(_HERMANN_MAUGUIN)})",
    )


def _schoenflies(symbol: Any) -> str:
    """The Schoenflies symbol that is meant, in one spelling."""
    if not isinstance(symbol, str):
        raise ArgumentTypeError(f"the symbol of a point group is a string such as 'C4v' or '4mm', not {symbol!r}")
    plain = re.sub(r"[\s_{}$]", "", symbol).replace("\u2212", "-").replace("\u2013", "-").lower()
    short = _OTHER_SYMBOLS.get(plain, plain)
    if short in _HERMANN_MAUGUIN:
        return _HERMANN_MAUGUIN[short]
    name = plain.capitalize()
    return _SAME_AS.get(name, name)


def _generators(name: str, symbol: str) -> list[np.ndarray]:
    if name in _POLYHEDRAL:
        return _POLYHEDRAL[name]()
    if name in ("Cs", "Ci"):
        return [_MIRROR_Z if name == "Cs" else _INVERSION]
    match = re.fullmatch(r"(C|S|D)(\d{1,4})(|v|h|d)", name)
    if match is None:
        raise _refused(symbol)
    family, n, kind = match[1], int(match[2]), match[3]
    allowed = {"C": ("", "v", "h"), "S": ("",), "D": ("", "h", "d")}[family]
    if n < (1 if name == "C1" else 2) or kind not in allowed or (family == "S" and n % 2):
        raise _refused(symbol)
    order = n * (2 if kind and family == "C" else 1) * ((4 if kind else 2) if family == "D" else 1)
    if order > MAX_ORDER:
        raise GroupError(f"the point group {symbol!r} has {order} elements, more than {MAX_ORDER}")
    return _axial(family, n, kind) or [np.eye(3)]


class PointGroup(MatrixGroup):
    """A finite group of rotations and reflections of space, by its symbol.

    The main axis is z. C_nv and D_nh have a mirror across x, D_n and D_nd a half turn about x; the cubic groups have their
    axes along x, y and z, and the icosahedral ones their half turns about these. Elements print by angle in degrees and axis.

    Args:
        symbol: a Schoenflies symbol of any order, or a Hermann-Mauguin symbol of a crystallographic group.

    Raises:
        GroupError: if there is no such group.

    Example:
        >>> group = PointGroup("-43m")
        >>> group, group.order(), group.elements[2]
        (Td, 24, 120 deg about (1, 1, 1))
    """

    def __init__(self, symbol: str) -> None:
        name = _schoenflies(symbol)
        super().__init__(_generators(name, symbol), name)

    @property
    def schoenflies(self) -> str:
        """The Schoenflies symbol."""
        return self.name

    @property
    def hermann_mauguin(self) -> str | None:
        """The short Hermann-Mauguin symbol; ``None`` if no crystal has the symmetry."""
        return {name: symbol for symbol, name in _HERMANN_MAUGUIN.items()}.get(self.name)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (point_group, (self.name,))


@interned
def _point_group(name: str) -> PointGroup:
    return PointGroup(name)


@suggests
def point_group(symbol: str) -> PointGroup:
    """A finite group of rotations and reflections of space, by its symbol.

    All Schoenflies symbols are known (C_n, C_nv, C_nh, S_2n, D_n, D_nh, D_nd, Cs, Ci, T, Td, Th, O, Oh, I, Ih), and the
    Hermann-Mauguin symbols of the 32 crystallographic point groups, short or full.

    Args:
        symbol: for example ``"Td"`` or ``"-43m"``.

    Raises:
        GroupError: if there is no such group.

    Source:
        International Tables for Crystallography, volume A, chapter 3.2.

    Example:
        >>> point_group("m-3m") == point_group("Oh"), point_group("3m").elements
        (True, [identity, 120 deg about (0, 0, 1), mirror of (1, 0, 0), ...])
    """
    name = _schoenflies(symbol)
    _generators(name, symbol)
    return _point_group(name)
