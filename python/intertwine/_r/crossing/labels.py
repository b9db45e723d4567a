"""Labels of irreps and names of representations, as R prints them."""

from __future__ import annotations

import re
from typing import Any

from intertwine.group import IrreducibleRepresentation, Representation

_PRODUCT = re.compile(r"irrep_\[(?P<id1>\([^()]*\)),(?P<id2>\([^()]*\))\]\((?P<part>\d+)\)")


def label_text(id: Any) -> str:
    """`1,2` for (1, 2); `1 x 0,2` for ((1,), (0, 2), 0), the irrep of a product; its second part ends in ` part 1`."""
    if not any(isinstance(part, tuple) for part in id):
        return ",".join(str(n) for n in id)
    first, second = (f"({label_text(p)})" if any(isinstance(n, tuple) for n in p) else label_text(p) for p in id[:2])
    return f"{first} x {second}" + (f" part {id[2]}" if len(id) > 2 and id[2] else "")


def name_text(representation: Representation) -> str:
    """The name of a representation, its irreps of products in a readable form."""
    if isinstance(representation, IrreducibleRepresentation):
        if any(isinstance(part, tuple) for part in representation.id):
            return f"irrep_{label_text(representation.id)}"
        return representation.name
    return _PRODUCT.sub(_product, representation.name)


def _product(found: re.Match[str]) -> str:
    ids = [tuple(int(n) for n in found[key].strip("()").split(",") if n.strip()) for key in ("id1", "id2")]
    return f"irrep_{label_text((*ids, int(found['part'])))}"


def representation_text(representation: Representation) -> str:
    """`C4|[regular]:4`."""
    return f"{representation.group}|[{name_text(representation)}]:{representation.size}"
