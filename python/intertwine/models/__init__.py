"""Ready networks.

Example:
    >>> from intertwine import gspaces, models
    >>> model = models.equivariant_cnn(1, 10, gspaces.flipRot2dOnR2(4), size=28)
"""

from __future__ import annotations

from intertwine.models.classifier import equivariant_cnn, plain_cnn
from intertwine.models.matching import count_parameters, match_parameters

__all__ = ["count_parameters", "equivariant_cnn", "match_parameters", "plain_cnn"]
