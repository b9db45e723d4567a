"""From regular fields to vectors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.errors import UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type


class VectorFieldNonLinearity(EquivariantModule):
    """The greatest channel of each regular field as a vector: max(x, 0) long, towards the rotation where it lies.

    (Marcos et al., "Rotation equivariant vector field networks", 2017.) Of two equal channels the first one counts. The output
    fields are ``irrep(1)``; with reflections ``irrep(1, 1)``, as in escnn, which is not the plane's own ``vector``: a convolution
    behind it makes one.

    Args:
        in_type: regular fields of rotations (C_N with N > 1), or of rotations and reflections (D_N with N > 2).
        **kwargs: accepted as by escnn, and not used.

    Raises:
        UnsupportedFieldError: for other fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.VectorFieldNonLinearity(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.tensor([[1.0, 5.0, 2.0, 0.0]])).round().tolist()
        [[0.0, 5.0]]
    """

    needs: ClassVar[str] = "regular fields of a group of rotations"

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "VectorFieldNonLinearity")
        group: Any = in_type.fibergroup
        for representation in in_type.representations:
            if not representation.supports("vectorfield"):
                raise UnsupportedFieldError(
                    f"VectorFieldNonLinearity needs regular fields of a group of rotations, but {representation.name} of "
                    f"{group} was given",
                    hint="use NormNonLinearity for vectors, or another non-linearity for regular fields of this group",
                )
        vector = group.irrep(*group.vector_label)
        self.out_type = FieldType(in_type.gspace, len(in_type) * (vector,))
        self._order = group.order()
        self.register_constant("directions", np.stack([vector(element)[:, 0] for element in group.elements]))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        greatest, where = tensor.unflatten(1, (len(self.in_type), self._order)).max(dim=2)
        table: torch.Tensor = self.directions.to(tensor.dtype)  # type: ignore[operator, assignment]
        lengths = torch.relu(greatest)
        # One gather for each of the (one or two) coordinates, straight into the layout of the output.
        parts = [lengths * table[:, axis][where] for axis in range(table.shape[1])]
        return torch.stack(parts, dim=2).flatten(1, 2)
