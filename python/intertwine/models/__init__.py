"""Ready networks.

Example:
    >>> from intertwine import gspaces, models
    >>> model = models.equivariant_cnn(1, 10, gspaces.flipRot2dOnR2(4), size=28)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.models.classifier import equivariant_cnn
from intertwine.models.matching import count_operations, count_parameters, match_budget, match_parameters, time_forward
from intertwine.models.plain import plain_cnn, plain_resnet, plain_unet
from intertwine.models.resnet import equivariant_resnet
from intertwine.models.restriction import restrict_model
from intertwine.models.transformer import equivariant_transformer
from intertwine.models.unet import equivariant_unet
from intertwine.models.unstructured import equivariant_mlp, point_network
from intertwine.public import publish
from intertwine.suggestions import missing_name

__all__ = [
    "count_operations",
    "count_parameters",
    "equivariant_cnn",
    "equivariant_mlp",
    "equivariant_resnet",
    "equivariant_transformer",
    "equivariant_unet",
    "match_budget",
    "match_parameters",
    "plain_cnn",
    "plain_resnet",
    "plain_unet",
    "point_network",
    "restrict_model",
    "time_forward",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
