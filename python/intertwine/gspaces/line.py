"""The line, with its reflection or without symmetry."""

from __future__ import annotations

from intertwine.group.catalogue.cyclic_dihedral import cyclic_group
from intertwine.gspaces.gspace import GSpace
from intertwine.suggestions import suggests


@suggests
def flipOnR1() -> GSpace:
    """The line with its reflection: signals that may be read in both directions.

    Example:
        >>> flipOnR1().basespace_action.matrices.ravel().tolist()
        [1.0, -1.0]
    """
    mirror = cyclic_group(2)
    return GSpace(mirror, 1, "C2_on_R1", mirror.irrep(1))


@suggests
def trivialOnR1() -> GSpace:
    """The line without symmetry but translations: ordinary convolutional networks on signals.

    Example:
        >>> trivialOnR1().fibergroup.order()
        1
    """
    identity = cyclic_group(1)
    return GSpace(identity, 1, "C1_on_R1", identity.irrep(0))


__all__ = ["flipOnR1", "trivialOnR1"]
