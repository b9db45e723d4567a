"""Spaces with a group acting on them: where feature fields live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.gspaces.general import gspace
from intertwine.gspaces.gspace import GSpace, GSpace0D, no_base_space
from intertwine.gspaces.line import flipOnR1, trivialOnR1
from intertwine.gspaces.planar import GSpace2D, flip2dOnR2, flipRot2dOnR2, rot2dOnR2, trivialOnR2
from intertwine.gspaces.spatial import (
    GSpace3D,
    conicalOnR3,
    cylindricalOnR3,
    dihedralOnR3,
    flipRot3dOnR3,
    fullCylindricalOnR3,
    fullIcoOnR3,
    fullOctaOnR3,
    icoOnR3,
    invOnR3,
    mirOnR3,
    octaOnR3,
    rot2dOnR3,
    rot3dOnR3,
    trivialOnR3,
)
from intertwine.public import publish
from intertwine.suggestions import missing_name

__all__ = [
    "GSpace",
    "GSpace0D",
    "GSpace2D",
    "GSpace3D",
    "conicalOnR3",
    "cylindricalOnR3",
    "dihedralOnR3",
    "flip2dOnR2",
    "flipOnR1",
    "flipRot2dOnR2",
    "flipRot3dOnR3",
    "fullCylindricalOnR3",
    "fullIcoOnR3",
    "fullOctaOnR3",
    "icoOnR3",
    "invOnR3",
    "mirOnR3",
    "gspace",
    "no_base_space",
    "octaOnR3",
    "rot2dOnR2",
    "rot2dOnR3",
    "rot3dOnR3",
    "trivialOnR1",
    "trivialOnR2",
    "trivialOnR3",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
