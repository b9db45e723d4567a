"""The constant matrices to the orders of escnn and e3nn: orthogonal, and right beside both."""

import numpy as np
import pytest

from intertwine import group
from intertwine.errors import IntertwineError
from intertwine.group.catalogue.other_libraries import e3nn_order, escnn_order, rising_order

GROUPS = {
    "so3_group": (4,),
    "o3_group": (4,),
    "octa_group": (),
    "ico_group": (),
    "full_octa_group": (),
    "full_ico_group": (),
    "cyclic_group": (5,),
    "dihedral_group": (6,),
    "so2_group": (3,),
    "o2_group": (3,),
    "cylinder_group": (3,),
    "full_cylinder_group": (3,),
    "full_cylinder_discrete_group": (4,),
}


@pytest.mark.parametrize("name", GROUPS)
def test_matrices_are_orthogonal(name):
    for irrep in getattr(group, name)(*GROUPS[name]).irreps():
        C = escnn_order(irrep)
        np.testing.assert_allclose(C @ C.T, np.eye(irrep.size), atol=1e-12)


def test_the_vector_is_the_same_in_e3nn_and_turned_in_escnn():
    vector = group.so3_group().irrep(1)
    assert (escnn_order(vector) @ [1, 2, 3]).tolist() == [2, 3, 1]
    np.testing.assert_allclose(e3nn_order(vector), np.eye(3), atol=1e-12)
    for l in range(5):
        C = e3nn_order(group.so3_group().irrep(l))
        np.testing.assert_allclose(C @ C.T, np.eye(2 * l + 1), atol=1e-12)
        assert (np.sort(rising_order(l).argmax(axis=1)) == np.arange(2 * l + 1)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: escnn_order(group.quaternion_group().irrep(4)),
        lambda: escnn_order("irrep_1"),
        lambda: e3nn_order(group.octa_group().irrep(1)),
        lambda: e3nn_order(1),
    ],
)
def test_other_irreps_are_refused(wrong):
    with pytest.raises(IntertwineError) as caught:
        wrong()
    assert len(str(caught.value)) > 20


@pytest.mark.peer
@pytest.mark.parametrize("name", [name for name in GROUPS if name != "full_ico_group"])  # escnn cannot build that one
def test_beside_escnn(name):
    escnn = pytest.importorskip("escnn.group")
    ours, theirs = getattr(group, name)(*GROUPS[name]), getattr(escnn, name)(*GROUPS[name])
    elements = list(theirs.testing_elements())[:12] if ours.continuous else theirs.elements
    if ours.continuous:
        elements += [theirs.sample() for _ in range(4)]
    for irrep in ours.irreps():
        other = theirs.irrep(*irrep.id)
        C = escnn_order(irrep)
        for h in elements:
            np.testing.assert_allclose(C @ irrep(ours.element(h.value, h.param)) @ C.T, other(h), atol=2e-6)


@pytest.mark.peer
def test_beside_e3nn():
    o3 = pytest.importorskip("e3nn.o3")
    import torch

    rng = np.random.default_rng(0)
    so3, whole = group.so3_group(4), group.o3_group(4)
    for l in range(5):
        for g in (so3.sample(rng) for _ in range(4)):
            theirs = o3.Irrep(l, 1).D_from_matrix(torch.tensor(so3.irrep(1)(g))).numpy()
            C = e3nn_order(so3.irrep(l))
            np.testing.assert_allclose(C @ so3.irrep(l)(g) @ C.T, theirs, atol=1e-5)
        for j in (0, 1):
            for g in (whole.sample(rng) for _ in range(4)):
                theirs = o3.Irrep(l, (-1) ** j).D_from_matrix(torch.tensor(whole.standard_representation()(g))).numpy()
                C = e3nn_order(whole.irrep(j, l))
                np.testing.assert_allclose(C @ whole.irrep(j, l)(g) @ C.T, theirs, atol=1e-5)
