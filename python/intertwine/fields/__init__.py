"""Feature fields: their types, tensors of them, and how a group moves them."""

from __future__ import annotations

from intertwine.fields.field_type import FieldType, as_field_type, field_type
from intertwine.fields.geometric_tensor import GeometricTensor, tensor_directsum
from intertwine.public import publish

__all__ = ["FieldType", "GeometricTensor", "as_field_type", "field_type", "tensor_directsum"]

publish(__name__, __all__, globals())
