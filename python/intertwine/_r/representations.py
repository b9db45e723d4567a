"""Representations, labelled as R labels them: by frequency, flip and subgroups."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from intertwine import group as library
from intertwine._r.crossing.labels import label_text, name_text, representation_text
from intertwine._r.crossing.numpy_arrays import numbers
from intertwine._r.crossing.values import tuples
from intertwine._r.elements import group_of, is_with_inversion, mirrors_only, spatial_matrix, texts
from intertwine._r.subgroups import subgroup_label
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError
from intertwine.group import (
    O2,
    O3,
    SO2,
    SO3,
    ContinuousGroup,
    CyclicGroup,
    DihedralGroup,
    FiniteGroup,
    GeneratedGroup,
    Group,
    GroupElement,
    Icosahedral,
    IrreducibleRepresentation,
    MatrixGroup,
    Octahedral,
    Representation,
    directsum,
    intertwiners,
    o3_group,
    so3_group,
)
from intertwine.group.catalogue.from_generators import GENERATED
from intertwine.group.constructions.decomposition import named_representation
from intertwine.gspaces import GSpace

# --- representations ------------------------------------------------------------------------------------------------------


def matrix(representation: Representation, at: GroupElement) -> Any:
    """The matrix of a representation at an element."""
    if not isinstance(at, GroupElement):
        raise ArgumentTypeError(
            f"a representation is evaluated at a group element, not at {type(at).__name__}",
            hint="make one with group_element(gs, rotation = 1)",
        )
    return representation(at)


def representations(space: Any) -> dict[str, Representation]:
    """The irreps and the regular representation, by name."""
    group = group_of(space)
    named: dict[str, Representation] = {name_text(psi): psi for psi in group.irreps()}
    if isinstance(group, FiniteGroup):
        named["regular"] = group.regular_representation
    return named


def irreps(space: Any, max_frequency: int | None) -> list[IrreducibleRepresentation]:
    """The irreps; those up to a frequency of a continuous group."""
    group: Any = group_of(space)
    if max_frequency is None:
        return list(group.irreps())
    if not isinstance(group, ContinuousGroup):
        if not hasattr(group, "bl_irreps"):
            raise GroupError(f"the irreps of {group} have no frequency", hint="leave max_frequency out")
        return [group.irrep(*id) for id in group.bl_irreps(max_frequency)]
    return list(group.irreps_up_to(max_frequency))


def irrep(
    space: Any, frequency: int | None, flip: int | None, label: Any, inversion: int | None = None
) -> IrreducibleRepresentation:
    """The irrep of this frequency and behaviour under reflection and inversion, or with this label."""
    group = group_of(space)
    if label is not None:
        return group.irrep(*(tuples(label) if isinstance(label, list) else [label]))
    if is_with_inversion(group):
        inner = irrep(group.G2, frequency, flip, None)
        return group.irrep((int(inversion or 0),), inner.id)
    if isinstance(group, O3):
        l = int(frequency or 0)
        return group.irrep(l % 2 if inversion is None else int(inversion), l)
    if inversion is not None:
        raise GroupError(
            f"{group} has no inversion apart from its rotations", hint="leave inversion out, or use label ="
        )
    if isinstance(group, DihedralGroup):
        return _dihedral_irrep(group, frequency, flip)
    if isinstance(group, O2):
        k = int(frequency or 0)
        return group.irrep(int(k > 0) if flip is None else int(flip), k)
    if isinstance(group, (CyclicGroup, SO2)) and mirrors_only(space, group):
        return group.irrep(int((flip if frequency is None else frequency) or 0))
    if isinstance(group, (CyclicGroup, SO2, SO3)):
        if flip:
            raise GroupError(f"{group} has no reflections, so its irreps have a frequency alone")
        return group.irrep(int(frequency or 0))
    if isinstance(group, (Octahedral, Icosahedral)) and not flip:
        return _harmonic_irrep(group, int(frequency or 0))
    raise GroupError(f"the irreps of {group} have no frequency", hint="use irrep(G, label = ) or representations(G)")


def _harmonic_irrep(group: Octahedral | Icosahedral, l: int) -> IrreducibleRepresentation:
    """The irrep of the rotations of a solid that the harmonics of order l are."""
    found = so3_group().irrep(l).restrict("octa" if isinstance(group, Octahedral) else "ico").irreps
    if len(found) == 1:
        return group.irrep(*found[0])
    raise GroupError(
        f"the harmonics of order {l} are no irrep of {group}: they split into {' + '.join(label_text(id) for id in found)}",
        hint="name an irrep with label =",
    )


def _dihedral_irrep(group: DihedralGroup, frequency: int | None, flip: int | None) -> IrreducibleRepresentation:
    wanted = int(frequency or 0)
    if flip is not None:
        return group.irrep(int(flip), wanted)
    labels = [psi.id for psi in group.irreps() if psi.id[1] == wanted]
    # Frequencies 0 and N / 2 have one irrep for each parity: the even one is meant unless something else is said.
    return group.irrep(*min(labels)) if labels else group.irrep(0, wanted)


def label(representation: IrreducibleRepresentation) -> Any:
    """The label of an irrep."""
    return representation.id


def trivial(space: Any) -> Representation:
    """The trivial representation."""
    return group_of(space).trivial_representation


def regular(space: Any) -> Representation:
    """The regular representation."""
    return group_of(space).regular_representation


def standard(space: Any) -> Representation:
    """The orthogonal matrices by which a space, or the group on its usual space, moves."""
    if getattr(space, "dimensionality", 0):
        return space.standard_repr
    group: Any = group_of(space)
    if isinstance(group, MatrixGroup):
        return group.natural_representation
    if isinstance(group, SO2):
        return group.irrep(1)
    if isinstance(group, O2):
        return group.irrep(1, 1)
    if isinstance(group, (CyclicGroup, DihedralGroup)):
        if group.N > 2:
            return group.irrep(*((1, 1) if isinstance(group, DihedralGroup) else (1,)))
        matrices = [np.asarray(spatial_matrix(g)) for g in group.elements]
        return named_representation(group, np.stack(matrices), "standard")
    if is_with_inversion(group):
        return o3_group().standard_representation().restrict(_spatial_label(group))
    if isinstance(group, SO3):
        return group.irrep(1)
    if isinstance(group, O3):
        return group.standard_representation()
    if isinstance(group, (Octahedral, Icosahedral)):
        return group.standard_representation
    raise GroupError(
        f"the group {group} is not given by orthogonal matrices",
        hint="take one of irreps(G), or make a space with gspace()",
    )


def pseudo(space: Any, kind: str) -> Representation:
    """The pseudovector or the pseudoscalar of a space, or of the usual space of a group."""
    if not isinstance(space, Group):
        return getattr(space, f"{kind}_repr")
    return getattr(GSpace(space, standard(space).size, str(space), standard(space)), f"{kind}_repr")


def _spatial_label(group: Any) -> tuple[Any, ...]:
    """The label of a product with the inversion as a subgroup of O(3)."""
    kind, inner = group.name.removesuffix("Discrete"), group.G2
    solids = {"FullIcosahedral": "ico", "FullOctahedral": "octa", "FullTetrahedral": "tetra"}
    if kind in solids:
        return (True, solids[kind])
    return (True, kind == "FullCylindrical", inner.N if isinstance(inner, FiniteGroup) else -1)  # type: ignore[attr-defined]


def solid(space: Any, what: str) -> Representation:
    """The permutation of the vertices, faces or edges of the cube or the icosahedron."""
    group = group_of(space)
    found = getattr(group, f"cube_{what}_representation", None) or getattr(group, f"ico_{what}_representation", None)
    if found is None:
        raise GroupError(f"{group} is not the group of rotations of a cube or an icosahedron", hint="use gspace_octa()")
    return found


def sphere(space: Any, frequency: int) -> Representation:
    """The functions on the sphere up to a frequency."""
    group = group_of(space)
    if not isinstance(group, (SO3, O3)):
        raise GroupError(
            f"{group} does not hold all rotations of space, so the sphere is not one orbit of it",
            hint="use so3_group() or o3_group(), and restrict() what you get",
        )
    return group.bl_sphere_representation(frequency)


def _irreps_or_frequency(group: Any, frequency: int | None, irreps: Any) -> list[Any]:
    if (frequency is None) == (irreps is None):
        raise ArgumentError("say which irreps are kept", hint="give either frequency = 2 or a list of irreps")
    if irreps is not None:
        return [
            psi.id if isinstance(psi, IrreducibleRepresentation) else group.irrep(*tuples(psi)).id for psi in irreps
        ]
    if not hasattr(group, "bl_irreps"):
        raise GroupError(f"the irreps of {group} have no frequency", hint="give a list of irreps")
    return list(group.bl_irreps(frequency))


def fourier(space: Any, frequency: int | None, irreps: Any = None) -> Representation:
    """The functions on the group up to a frequency, or that transform by some irreps, by their Fourier coefficients."""
    group: Any = group_of(space)
    kept = _irreps_or_frequency(group, frequency, irreps)
    listed = "|".join(label_text(id) for id in kept)
    return group.spectral_regular_representation(*kept, name=f"regular_[{listed}]")


def fourier_quotient(space: Any, subgroup: Any, frequency: int | None, irreps: Any) -> Representation:
    """The functions on the cosets of a subgroup, likewise."""
    group: Any = group_of(space)
    label = subgroup_label(space, *subgroup)
    return group.spectral_quotient_representation(
        label, *_irreps_or_frequency(group, frequency, irreps), name=f"quotient[{_subgroup_text(group, label)}]"
    )


def fourier_induced(space: Any, subgroup: Any, repr: Any, frequency: int | None, irreps: Any) -> Representation:
    """The fields on the cosets of a subgroup that an irrep of it induces, likewise."""
    group: Any = group_of(space)
    kept = _irreps_or_frequency(group, frequency, irreps)
    found = group.homspace(subgroup_label(space, *subgroup)).induced_representation(repr, kept)
    if found is None:
        raise GroupError(f"no field induced from {repr} has one of these irreps", hint="keep more irreps")
    return found


def quotient(space: Any, *subgroup: Any) -> Representation:
    """The permutation of the cosets of a subgroup."""
    group: Any = group_of(space)
    label = subgroup_label(space, *subgroup)
    return group.quotient_representation(label, name=f"quotient[{_subgroup_text(group, label)}]")


def induced(space: Any, subgroup: Any, repr: Any) -> Representation:
    """The representation induced from one of a subgroup."""
    group = group_of(space)
    label = subgroup_label(space, *subgroup)
    name = f"induced[{_subgroup_text(group, label)}][{name_text(repr)}]"
    return group.induced_representation(label, repr, name=name)


def _subgroup_text(group: Group, label: Any) -> str:
    """A subgroup in the name of a representation: by elements that generate it, or as it prints."""
    chosen: Any = None
    if isinstance(group, GeneratedGroup):
        chosen = group.subgroup_id(label)
    elif isinstance(group, FiniteGroup) and isinstance(label, tuple) and label[:1] == (GENERATED,):
        chosen = label[1:]
    if chosen:
        members = cast("FiniteGroup", group).elements
        return "; ".join(texts([members[g] for g in chosen]))
    axis = label[0] if isinstance(group, (DihedralGroup, O2)) else None
    return f"{group.subgroup(label)[0]}" + (f" at {axis}" if axis else "")


def direct_sum(parts: Any) -> Representation:
    """The direct sum of representations of one group."""
    given = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    return given[0] if len(given) == 1 else directsum(given)


def tensor_product(first: Representation, second: Representation) -> Representation:
    """The tensor product of two representations."""
    return first.tensor(second)


def change_basis(representation: Representation, basis: Any, name: str) -> Representation:
    """The representation in other coordinates."""
    return library.change_basis(representation, numbers(basis), name)


def endomorphisms(representation: Representation) -> np.ndarray:
    """A basis of the matrices that commute with a representation."""
    return np.asarray(representation.endomorphism_basis())


def homomorphisms(first: Representation, second: Representation) -> np.ndarray:
    """An orthonormal basis of the equivariant linear maps from one representation to another."""
    if first.group != second.group:
        raise GroupError(f"representations of one group are needed, but {first} and {second} were given")
    return intertwiners(
        first.generator_matrices, second.generator_matrices, a_lie=first.lie_matrices, b_lie=second.lie_matrices
    )


def character(representation: Representation, at: GroupElement) -> float:
    """The trace of a representation at an element."""
    return float(representation.character(at))


def disentangle(representation: Representation) -> dict[str, Any]:
    """A representation as a change of basis of a sum of smaller ones."""
    change, parts = library.disentangle(representation)
    return {"change_of_basis": change, "representations": list(parts)}


def facts(representation: Representation) -> dict[str, Any]:
    """What a summary of a representation shows."""
    irreducible = len(representation.irreps) == 1
    return {
        "group": str(representation.group),
        "name": name_text(representation),
        "size": representation.size,
        "irreps": [label_text(id) for id in representation.irreps],
        "permutation": bool(_truth(representation, "is_permutation")),
        "trivial": bool(representation.is_trivial()),
        "irreducible": irreducible,
        "type": representation.group.irrep(*representation.irreps[0]).type if irreducible else "",
    }


def text(representation: Representation) -> str:
    """The printed form of a representation."""
    return representation_text(representation)


def _truth(value: Any, name: str) -> bool:
    found = getattr(value, name)
    return bool(found() if callable(found) else found)


def size(representation: Representation) -> int:
    """The number of channels that a representation acts on."""
    return representation.size


def split_irreps(representation: Representation) -> dict[str, Any]:
    """The irreps of which a representation is made, and the change of basis Q with rho = Q (psi_1 + psi_2 + ...) Q^T."""
    group = representation.group
    return {
        "irreps": [group.irrep(*id) for id in representation.irreps],
        "change_of_basis": np.asarray(representation.change_of_basis),
    }
