"""Spaces with a group acting on them: where feature fields live."""

from __future__ import annotations

from intertwine.gspaces.general import flipOnR1, gspace, trivialOnR1
from intertwine.gspaces.gspace import GSpace, GSpace0D, no_base_space
from intertwine.gspaces.planar import GSpace2D, flip2dOnR2, flipRot2dOnR2, rot2dOnR2, trivialOnR2

__all__ = [
    "GSpace",
    "GSpace0D",
    "GSpace2D",
    "flip2dOnR2",
    "flipOnR1",
    "flipRot2dOnR2",
    "gspace",
    "no_base_space",
    "rot2dOnR2",
    "trivialOnR1",
    "trivialOnR2",
]
