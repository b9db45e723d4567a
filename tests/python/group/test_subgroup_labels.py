"""Every subgroup that a group lists can be taken by its label."""

import pytest

from intertwine import group

LISTED = {
    "cyclic": lambda: group.cyclic_group(6),
    "dihedral": lambda: group.dihedral_group(4),
    "octahedral": group.octa_group,
    "icosahedral": group.ico_group,
    "full octahedral": group.full_octa_group,
    "cylinder": lambda: group.full_cylinder_discrete_group(4),
    "product": lambda: group.direct_product(group.cyclic_group(3), group.dihedral_group(3)),
    "double": lambda: group.double_group(group.cyclic_group(3)),
    "permutations": lambda: group.symmetric_group(4),
    "matrices": lambda: group.point_group("Td"),
    "table": lambda: group.semidirect_product(
        group.cyclic_group(5), group.cyclic_group(4), lambda h, n: n ** (2**h.value)
    ),
}


@pytest.mark.parametrize("name", LISTED)
def test_labels_of_listed_subgroups(name: str) -> None:
    G = LISTED[name]()
    for listed in G.subgroups():
        H, inclusion, restriction = G.subgroup(listed.id)
        assert H.order() == listed.order
        assert sorted(G.index(inclusion(h)) for h in H.elements) == sorted(listed.elements)
        for h in H.elements:
            assert restriction(inclusion(h)) == h
            assert all(inclusion(h @ k) == inclusion(h) @ inclusion(k) for k in H.elements[:4])
        assert G.quotient_representation(listed.id).size == G.order() // listed.order
