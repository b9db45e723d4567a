"""Training, prediction and evaluation of any torch module, on lightning's Fabric.

Example:
    >>> import torch
    >>> from intertwine import training
    >>> x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    >>> y = (x[:, 0] > 0).long()
    >>> result = training.fit(torch.nn.Linear(3, 2), x, y, epochs=20, learn_rate=0.1, seed=1)
    >>> training.evaluate(result.module, x, y)["accuracy"] > 0.9
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.public import publish
from intertwine.suggestions import missing_name
from intertwine.training.data.augment import turn_images
from intertwine.training.data.files import ImageFolder, read_image
from intertwine.training.data.idx import read_idx
from intertwine.training.data.masks import MaskFolder
from intertwine.training.data.pairing import IGNORE
from intertwine.training.data.point_sets import PointSets, forces, run_on_points
from intertwine.training.engine.energies import EnergyFit, fit_energies
from intertwine.training.engine.fit import fit
from intertwine.training.engine.result import FitResult, Progress
from intertwine.training.prediction.predict import confusion, evaluate, predict
from intertwine.training.prediction.tiles import predict_tiled

__all__ = [
    "IGNORE",
    "EnergyFit",
    "FitResult",
    "ImageFolder",
    "MaskFolder",
    "PointSets",
    "Progress",
    "confusion",
    "evaluate",
    "fit",
    "fit_energies",
    "forces",
    "predict",
    "predict_tiled",
    "read_idx",
    "read_image",
    "run_on_points",
    "turn_images",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
