"""Homogeneous spaces G/H and the vector fields on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.errors import ArgumentError, GroupError
from intertwine.group.constructions.decomposition import restricted_data
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.hom import ENDOMORPHISMS, intertwiners
from intertwine.group.matrices.labels import SubgroupKey
from intertwine.suggestions import Suggesting

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement
    from intertwine.group.core.group import Group


class HomSpace(Suggesting):
    """The space G/H, and bases of the psi-vector fields on it that transform by irreps of G.

    A field is a function f on G with f(g h) = psi(h)^-1 f(g) (Mackey). Those that transform by an irrep rho are
    f(g) = B^T rho(g)^T v with B in Hom_H(psi, rho) (Frobenius reciprocity).

    Args:
        G: the group.
        sgid: the label of the subgroup H.

    Example:
        >>> from intertwine.group import dihedral_group
        >>> space = dihedral_group(4).homspace((None, 2))
        >>> space.dimension_basis((1, 2), (0,))
        (1, 1, 1)
    """

    def __init__(self, G: Group, sgid: Any) -> None:
        self.G = G
        self.sgid = sgid
        self.H, self._inclusion, self._restriction = G.subgroup(sgid)

    def same_coset(self, g1: GroupElement, g2: GroupElement) -> bool:
        """Whether g1 = g2 h for some h in H.

        Args:
            g1: an element of G.
            g2: another one.
        """
        return self._restriction(~g1 @ g2) is not None

    def _irrep(self, group: Group, given: Any) -> IrreducibleRepresentation:
        irrep = given if isinstance(given, IrreducibleRepresentation) else group.irrep(*given)
        if irrep.group != group:
            raise GroupError(f"an irrep of {group} is needed, but {irrep} was given")
        return irrep

    def _multiplicity(self, rho: IrreducibleRepresentation, psi: IrreducibleRepresentation) -> tuple[int, int]:
        """The dimension of Hom_H(psi, rho), and how many of its elements are independent over End(rho)."""
        maps = rho.restrict(self.sgid).multiplicity(psi.id) * ENDOMORPHISMS[psi.type]
        return maps, maps // ENDOMORPHISMS[rho.type]

    def dimension_basis(self, rho: Any, psi: Any) -> tuple[int, int, int]:
        """The shape of ``basis``: size of rho, its multiplicity in the induced representation, size of psi.

        Args:
            rho: an irrep of G, or its label.
            psi: an irrep of H, or its label.
        """
        rho, psi = self._irrep(self.G, rho), self._irrep(self.H, psi)
        return rho.size, self._multiplicity(rho, psi)[1], psi.size

    def basis(self, g: GroupElement, rho: Any, psi: Any) -> np.ndarray:
        """The fields that transform by an irrep, at one element.

        Args:
            g: an element of G.
            rho: an irrep of G, or its label.
            psi: an irrep of H, or its label.

        Returns:
            rho(g) B_j for each j, shape ``(size of rho, multiplicity, size of psi)``.
        """
        rho, psi = self._irrep(self.G, rho), self._irrep(self.H, psi)
        maps, count = self._multiplicity(rho, psi)
        if count == 0:
            return np.zeros((rho.size, 0, psi.size))
        inside = restricted_data(self.G, self.sgid, rho)
        found = intertwiners(
            psi.generator_matrices, inside.generators, a_lie=psi.lie_matrices, b_lie=inside.lie, dimension=maps
        )
        chosen: list[np.ndarray] = []
        span = np.zeros((rho.size * psi.size, 0))
        for candidate in found:
            orbit = np.stack([(c @ candidate).ravel() for c in rho.endomorphism_basis()], axis=1)
            rest = orbit - span @ (span.T @ orbit)
            if np.linalg.norm(rest[:, 0]) > 1e-3:
                chosen.append(rest[:, 0].reshape(rho.size, psi.size))
                span = np.concatenate([span, np.linalg.qr(rest)[0]], axis=1)
            if len(chosen) == count:
                break
        scaled = [b * np.sqrt(psi.size) / np.linalg.norm(b) for b in chosen]
        return np.einsum("oi,ijp->ojp", rho(g), np.stack(scaled, axis=1))

    def scalar_basis(self, g: GroupElement, rho: Any) -> np.ndarray:
        """The functions on G/H that transform by an irrep, at one element, shape ``(size of rho, multiplicity, 1)``.

        Args:
            g: an element of G.
            rho: an irrep of G, or its label.
        """
        return self.basis(g, rho, self.H.trivial_representation)

    def induced_representation(
        self, psi: Any = None, irreps: list[Any] | None = None, name: str | None = None
    ) -> Representation | None:
        """The part of the induced representation with some irreps only, as a sum of irreps.

        Args:
            psi: an irrep of H, or its label; the trivial one by default.
            irreps: labels of irreps of G (or the irreps).
            name: the name that it prints.

        Returns:
            the representation, or ``None`` if none of the irreps occurs.
        """
        if not irreps:
            raise ArgumentError(
                "an induced representation needs a list of irreps", hint="for example group.bl_irreps(3)"
            )
        psi = self._irrep(self.H, self.H.trivial_representation if psi is None else psi)
        labels = [self._irrep(self.G, irrep).id for irrep in irreps]
        if len(set(labels)) != len(labels):
            raise ArgumentError(f"each irrep may be named once, but {labels} was given")
        ids = [label for label in labels for _ in range(self.dimension_basis(label, psi)[1])]
        if not ids:
            return None
        size = sum(self.G.irrep(*id).size for id in ids)
        listed = "|".join(str(label) for label in labels)
        return Representation(self.G, name or f"induced[{self.sgid}]_[{psi.id}]_[{listed}]", ids, np.eye(size))

    def complete_basis(
        self, g: GroupElement, psi: Any = None, irreps: list[Any] | None = None, name: str | None = None
    ) -> np.ndarray:
        """All fields of some irreps at one element, shape ``(size of the induced representation, size of psi)``.

        Args:
            g: an element of G.
            psi: an irrep of H, or its label; the trivial one by default.
            irreps: labels of irreps of G (or the irreps).
            name: taken as escnn takes it; it changes nothing.
        """
        if not irreps:
            raise ArgumentError("a basis needs a list of irreps", hint="for example group.bl_irreps(3)")
        psi = self._irrep(self.H, self.H.trivial_representation if psi is None else psi)
        parts = [self.basis(g, irrep, psi).transpose(1, 0, 2).reshape(-1, psi.size) for irrep in irreps]
        return np.concatenate(parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HomSpace):
            return NotImplemented
        return self.G == other.G and SubgroupKey(self.sgid) == SubgroupKey(other.sgid)

    def __hash__(self) -> int:
        return hash((self.G, SubgroupKey(self.sgid)))

    def __repr__(self) -> str:
        return f"{self.G}/{self.H}[{self.sgid}]"
