"""Saving and loading models: one portable safetensors file for Python and R, of which nothing is ever executed.

A file holds the whole model, or is not written: what has changed since the model was built is saved along with it, and what no
file can hold, such as a hook, is refused. Classes of your own are saved by name and arguments, and built again only where you
hand them over: ``load(path, classes=[MyNet])``.

Example:
    >>> import torch
    >>> from intertwine import deploy
    >>> data = deploy.save_bytes(torch.nn.Linear(3, 2), extra={"levels": ["cat", "dog"]})
    >>> deploy.read_extra(data)
    {'levels': ['cat', 'dog']}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.deploy.conversion import ConvertedLayer, convert, irrep_order
from intertwine.deploy.files import load, load_bytes, read_extra, save, save_bytes
from intertwine.public import publish
from intertwine.suggestions import missing_name

__all__ = ["ConvertedLayer", "convert", "irrep_order", "load", "load_bytes", "read_extra", "save", "save_bytes"]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
