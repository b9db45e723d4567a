"""The orthogonal matrices that translate our bases of irreps to those of escnn and e3nn.

Our degree-1 irrep of SO(3), O(3) and their subgroups is the vector (x, y, z), and harmonics are listed by falling frequency,
cosines before sines. escnn lists them by m = -l, ..., l, so that its degree-1 irrep is (y, z, x). e3nn does so too, but about the
y-axis. The matrix C of an irrep carries our channels to the peer's: theirs(g) = C ours(g) C^T. escnn also lists the rotations of
the octahedron and of the icosahedron in another order, which is the order of the channels of their regular fields.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.catalogue.cyclic_dihedral import CyclicGroup, DihedralGroup
from intertwine.group.catalogue.products import DirectProductGroup
from intertwine.group.catalogue.so2_o2 import O2, SO2
from intertwine.group.catalogue.so3_o3 import O3, SO3
from intertwine.group.catalogue.solids import Icosahedral, Octahedral
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.matrices.harmonics import harmonic_action

_E3NN_AXES = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""(x, y, z) to (z, x, y): e3nn's harmonics of u are the usual ones of this rotation of u."""


def rising_order(frequency: int) -> np.ndarray:
    """The permutation from our harmonics of one order to those listed by m = -l, ..., l (sines, 1, cosines).

    Args:
        frequency: l.

    Returns:
        shape ``(2 l + 1, 2 l + 1)``.

    Example:
        >>> (rising_order(1) @ [1.0, 2.0, 3.0]).tolist()
        [2.0, 3.0, 1.0]
    """
    l = frequency
    positions = [2 * (l - m) + 1 for m in range(l, 0, -1)] + [2 * l] + [2 * (l - m) for m in range(1, l + 1)]
    return np.eye(2 * l + 1)[positions]


def _octahedral(label: int) -> np.ndarray:
    if label == 2:
        c, s = (np.sqrt(6) + np.sqrt(2)) / 4, (np.sqrt(6) - np.sqrt(2)) / 4
        return np.array([[-s, c], [-c, -s]])
    return rising_order(1) if abs(label) == 1 else np.eye(1)


def _icosahedral(label: int) -> np.ndarray:
    if label <= 2:
        return rising_order(label)
    if label == 3:
        c, s = np.sqrt((5 + np.sqrt(5)) / 10), np.sqrt((5 - np.sqrt(5)) / 10)
        return np.array([[0.0, c, -s], [1.0, 0.0, 0.0], [0.0, -s, -c]])
    c, s, h = np.sqrt(0.5 + 1 / np.sqrt(5)), np.sqrt(0.5 - 1 / np.sqrt(5)), np.sqrt(0.5)
    return np.array([[-h, -h, 0.0, 0.0], [0.0, 0.0, c, s], [h, -h, 0.0, 0.0], [0.0, 0.0, s, -c]])


def escnn_order(irrep: IrreducibleRepresentation) -> np.ndarray:
    """The matrix C with escnn(g) = C ours(g) C^T for an irrep of a group that escnn has too.

    Args:
        irrep: of C_N, D_N, SO(2), O(2), SO(3), O(3), the octahedral or icosahedral group, or a product of these.

    Returns:
        orthogonal, shape ``(size, size)``.

    Raises:
        GroupError: for other groups.

    Example:
        >>> from intertwine.group import so3_group
        >>> (escnn_order(so3_group().irrep(1)) @ [1.0, 2.0, 3.0]).tolist()
        [2.0, 3.0, 1.0]
    """
    group, label = _checked(irrep).group, irrep.id
    if isinstance(group, (SO3, O3)):
        return rising_order(label[-1])
    if isinstance(group, Octahedral):
        return _octahedral(label[0])
    if isinstance(group, Icosahedral):
        return _icosahedral(label[0])
    if isinstance(group, (CyclicGroup, DihedralGroup, SO2, O2)):
        return np.eye(irrep.size)
    if isinstance(group, DirectProductGroup):
        parts = [escnn_order(g.irrep(*id)) for g, id in zip((group.G1, group.G2), label[:2], strict=True)]
        whole = np.kron(parts[0], parts[1])
        # A product of two irreps of complex type splits in two; no convention is shared there.
        if whole.shape[0] == irrep.size:
            return whole
    raise GroupError(
        f"no matrix to escnn's order is known for {irrep.name} of {group}",
        hint="homomorphism_space() of the two representations finds one, if both are at hand",
    )


def escnn_element_order(group: FiniteGroup) -> np.ndarray:
    """The permutation matrix P with regular_escnn(g) = P regular_ours(g) P^T, for escnn's order of the elements.

    Args:
        group: a finite one; those that escnn does not have keep their order.

    Returns:
        shape ``(order, order)``.

    Example:
        >>> from intertwine.group import octa_group
        >>> escnn_element_order(octa_group())[3, 0]  # the identity is escnn's fourth rotation of the octahedron
        1.0
    """
    if isinstance(group, DirectProductGroup):
        parts = [escnn_element_order(factor) for factor in (group.G1, group.G2)]  # type: ignore[arg-type]
        return np.kron(parts[0], parts[1])
    if not isinstance(group, (Octahedral, Icosahedral)):
        return np.eye(group.order())
    # escnn takes scipy's list.
    listed = Rotation.create_group("O" if isinstance(group, Octahedral) else "I").as_quat()
    positions = {element: position for position, element in enumerate(group.elements)}
    return np.eye(group.order())[[positions[group.element(quaternion, "Q")] for quaternion in listed]]


def e3nn_order(irrep: IrreducibleRepresentation) -> np.ndarray:
    """The matrix C with e3nn(g) = C ours(g) C^T for an irrep of SO(3) or O(3).

    The irrep (j, l) of O(3) is e3nn's of degree l whose parity is even for j = 0 and odd for j = 1.

    Args:
        irrep: of SO(3) or O(3).

    Returns:
        orthogonal, shape ``(2 l + 1, 2 l + 1)``.

    Raises:
        GroupError: for other groups.

    Example:
        >>> from intertwine.group import so3_group
        >>> (e3nn_order(so3_group().irrep(1)) @ [1.0, 2.0, 3.0]).round(12).tolist()
        [1.0, 2.0, 3.0]
    """
    if not isinstance(_checked(irrep).group, (SO3, O3)):
        raise GroupError(
            f"e3nn has the irreps of SO(3) and O(3), not {irrep.name} of {irrep.group}", hint="use escnn_order()"
        )
    l = irrep.id[-1]
    return rising_order(l) @ harmonic_action(_E3NN_AXES, l)


def _checked(irrep: object) -> IrreducibleRepresentation:
    if not isinstance(irrep, IrreducibleRepresentation):
        raise ArgumentTypeError(
            f"an irrep is needed, not {type(irrep).__name__}", hint="take one by its label, for example group.irrep(1)"
        )
    return irrep
