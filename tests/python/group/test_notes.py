"""What programs write on representations and groups belongs to the object, not to the value."""

import copy
import pickle

import pytest

from intertwine import errors, group, gspaces, nn
from intertwine.group import Representation


def made() -> Representation:
    return group.directsum([group.cyclic_group(9).irrep(1)], name="made")


def again(rho: Representation) -> Representation:
    return pickle.loads(pickle.dumps(rho))  # noqa: S301 - written here


def test_notes_stay_with_the_object() -> None:
    first, other = made(), made()
    first.attributes["mine"] = 1
    first.supported_nonlinearities.discard("norm")
    assert (first, hash(first)) == (other, hash(other))
    for another in (other, first + first, group.change_basis(first, first.change_of_basis, "turned")):
        assert "mine" not in another.attributes
        assert another.supports("norm")
    for same in (copy.deepcopy(first), again(first)):
        assert same.attributes["mine"] == 1
        assert not same.supports("norm")


def test_the_notes_of_an_irrep_that_lives_win() -> None:
    irrep = group.cyclic_group(9).irrep(2)
    irrep.attributes["mine"] = 1
    written = pickle.dumps(irrep)
    irrep.attributes["mine"] = 2
    assert pickle.loads(written).attributes["mine"] == 2  # noqa: S301 - written here
    del irrep.attributes["mine"]


def test_results_do_not_read_notes() -> None:
    g = group.so2_group(4)
    before = g.bl_irreps(2)
    irrep = g.irrep(1)
    irrep.attributes["frequency"] = 99
    assert g.bl_irreps(2) == before
    irrep.attributes["frequency"] = 1


def test_nonlinearities_are_narrowed_and_never_widened() -> None:
    space = gspaces.rot2dOnR2(9)
    regular, arrow = made_regular(), space.irrep(1)
    regular.supported_nonlinearities -= {"pointwise", "gated"}
    with pytest.raises(errors.UnsupportedFieldError):
        nn.ReLU(nn.FieldType(space, [regular]))
    with pytest.raises(errors.UnsupportedFieldError, match="gated"):
        nn.GatedNonLinearity1(nn.FieldType(space, [space.trivial_repr, regular]))
    nn.NormNonLinearity(nn.FieldType(space, [regular]))
    nn.ReLU(nn.FieldType(space, [space.regular_repr]))
    arrow.supported_nonlinearities.add("pointwise")
    with pytest.raises(errors.UnsupportedFieldError):
        nn.ReLU(nn.FieldType(space, [arrow]))
    arrow.supported_nonlinearities.discard("pointwise")


def made_regular() -> Representation:
    return group.directsum([group.cyclic_group(9).regular_representation], name="regular of mine")


def test_names_of_what_was_made() -> None:
    g = group.dihedral_group(9)
    own = group.directsum([g.irrep(1, 1), g.irrep(0, 0)], name="mine")
    assert type(g.representations) is dict
    g.representations["mine"] = own
    induced = g.induced_representation((None, 9), group.cyclic_group(9).irrep(1), name="up")
    assert g.representations["up"] == induced
    space = gspaces.flipRot2dOnR2(9)
    assert nn.field_type(space, mine=2).size == 6
    assert "mine" not in g.standard_representations()
    del g.representations["mine"]
    with pytest.raises(errors.ArgumentError, match="mine"):
        nn.field_type(space, mine=2)
