"""Maps from fields to features that the group does not change."""

from __future__ import annotations

import torch

from intertwine.fields import FieldType
from intertwine.nn.fields_by_size import FieldsBySize
from intertwine.nn.module import EquivariantModule, check_field_type, need_permutations


class GroupPooling(EquivariantModule):
    """The greatest channel of each field: one invariant channel for each field.

    Args:
        in_type: regular, quotient or trivial fields.
        **kwargs: accepted for escnn's sake.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.GroupPooling(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.tensor([[3.0, 1.0, 4.0, 1.0]])).tolist()
        [[4.0]]
    """

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "GroupPooling")
        need_permutations(in_type, "GroupPooling", "NormPool")
        self.out_type = FieldType(in_type.gspace, len(in_type) * (in_type.gspace.trivial_repr,))
        self._fields = FieldsBySize(in_type)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._fields.join_fields([values.amax(dim=2) for _, values in self._fields.split(tensor)])

    def _export(self) -> torch.nn.Module:
        return export_field_maximum(self.in_type)


def export_field_maximum(in_type: FieldType) -> torch.nn.Module:
    """The maximum over each field's channels, of plain torch modules.

    Args:
        in_type: fields of one size.

    Raises:
        UnsupportedFieldError: if the fields have different sizes.
    """
    from intertwine.errors import UnsupportedFieldError

    sizes = {representation.size for representation in in_type.representations}
    if len(sizes) > 1:
        raise UnsupportedFieldError(
            "fields of different sizes cannot be pooled by plain torch modules",
            hint="pool one size at a time before the export",
        )
    size = sizes.pop()
    dimension = in_type.gspace.dimensionality
    if size == 1:
        return torch.nn.Identity()
    if dimension == 0:
        return torch.nn.MaxPool1d(size)
    if dimension == 1:
        pool: torch.nn.Module = torch.nn.AdaptiveMaxPool2d((1, None))
    elif dimension == 2:
        pool = torch.nn.AdaptiveMaxPool3d((1, None, None))
    else:
        raise UnsupportedFieldError("volumes cannot be pooled over channels by plain torch modules")
    return torch.nn.Sequential(torch.nn.Unflatten(1, (len(in_type), size)), pool, torch.nn.Flatten(1, 2))
