"""The version of the gauge in which all bases are computed.

A basis of a space of intertwiners is fixed only up to an orthogonal matrix (the gauge). Trained weights mean something only
in the gauge in which they were trained, so its version travels with every saved model.
"""

from __future__ import annotations

from typing import Final

GAUGE_VERSION: Final = 1
"""Raised by one whenever a change alters any basis: saved models of another gauge are refused, never misread."""
