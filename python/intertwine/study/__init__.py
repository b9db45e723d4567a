"""Which symmetry suits the data: the study of symmetries, and the demonstration on digits that are turned.

Example:
    >>> from intertwine import study
    >>> study.load_digits(size=17).train_x.shape
    torch.Size([1297, 1, 17, 17])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.public import publish
from intertwine.study.design.settings import Settings
from intertwine.study.rotated.angles import accuracy_by_angle, random_angles
from intertwine.study.rotated.compare import KERNELS, NETWORKS, RECIPE, Study, make_network, rotated_digits
from intertwine.study.rotated.digits import Digits, enlarge, load_digits
from intertwine.study.symmetry import SymmetryStudy, symmetry_study
from intertwine.suggestions import missing_name

__all__ = [
    "KERNELS",
    "NETWORKS",
    "RECIPE",
    "Digits",
    "Settings",
    "Study",
    "SymmetryStudy",
    "accuracy_by_angle",
    "enlarge",
    "load_digits",
    "make_network",
    "random_angles",
    "rotated_digits",
    "symmetry_study",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
