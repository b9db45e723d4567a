"""Names of groups in words, for readers who do not know what a group is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_SOLIDS = {
    "Oh": (48, "the turns of a cube and their mirror images"),
    "O": (24, "the turns of a cube"),
    "Ih": (120, "the turns of an icosahedron and their mirror images"),
    "I": (60, "the turns of an icosahedron"),
    "Ci": (2, "the inversion at the centre"),
    "Cs": (2, "mirror images"),
}
_SIMPLE = {2: "half turns", 4: "quarter turns"}


def group_size(name: str) -> float:
    """How many movements a group has, by its name; infinity if that is not known.

    Args:
        name: such as ``"D4"`` or ``"Oh"``.

    Example:
        >>> group_size("C4"), group_size("D4"), group_size("D4h"), group_size("Oh")
        (4, 8, 16, 48)
    """
    found = re.fullmatch(r"([CD])(\d+)([vh]?)", name)
    if found:
        return int(found[2]) * 2 ** ((found[1] == "D") + bool(found[3]))
    return _SOLIDS.get(name, (math.inf, ""))[0]


def group_in_words(name: str, dimension: int = 2) -> str:
    """Which movements of a signal, an image or a volume a group holds.

    Args:
        name: such as ``"D4"``.
        dimension: 1, 2 or 3.

    Example:
        >>> [group_in_words(name) for name in ("C1", "D1", "C4", "D4", "C6")]
        ['no symmetry', 'mirror images', 'quarter turns', 'quarter turns and mirror images', 'turns by 60°']
        >>> group_in_words("D4", 3)
        'quarter turns about the vertical axis and half turns across it'
    """
    found = re.fullmatch(r"([CD])(\d+)([vh]?)", name)
    if not found:
        return _SOLIDS.get(name, (0, f"the movements of {name}"))[1]
    letter, n, end = found[1], int(found[2]), found[3]
    if n == 1 and not end:
        return "mirror images" if letter == "D" else "no symmetry"
    turns = _SIMPLE.get(n, f"turns by {360 / n:g}°")
    if dimension < 3:
        return turns + (" and mirror images" if letter == "D" else "")
    parts = [f"{turns} about the vertical axis"]
    parts += ["half turns across it"] if letter == "D" else []
    parts += ["mirror images"] if end else []
    return parts[0] + "".join(f", {part}" for part in parts[1:-1]) + (f" and {parts[-1]}" if parts[1:] else "")


def depth_in_words(schedule: Sequence[str], dimension: int = 2) -> str:
    """What a schedule keeps, and down to which depth.

    Args:
        schedule: the group of each block, from the input.
        dimension: 1, 2 or 3.

    Example:
        >>> print(depth_in_words(("D4", "D4", "C1")))
        quarter turns and mirror images in the first 2 of 3 blocks, and no symmetry above
        >>> print(depth_in_words(("C4", "C4", "C4")))
        quarter turns in all 3 blocks
    """
    depth = len(schedule)
    starts = [k for k in range(depth) if k == 0 or schedule[k] != schedule[k - 1]]
    if len(starts) == 1:
        return group_in_words(schedule[0], dimension) + (f" in all {depth} blocks" if depth > 1 else "")
    parts = []
    for first, last in zip(starts, [*(k - 1 for k in starts[1:]), depth - 1]):
        if first == 0:
            where = f"in the first of {depth} blocks" if last == 0 else f"in the first {last + 1} of {depth} blocks"
        elif last == depth - 1:
            where = "above"
        else:
            where = f"in block {first + 1}" if first == last else f"in blocks {first + 1} to {last + 1}"
        parts.append(f"{group_in_words(schedule[first], dimension)} {where}")
    return ", ".join(parts[:-1]) + f", and {parts[-1]}"
