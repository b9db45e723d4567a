"""The same program in two fresh processes, to see what depends on the process and on its random states.

Starting a process that imports torch takes seconds, so there is one program for all of these tests, run once for each state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import intertwine

SOURCE = str(Path(intertwine.__file__).resolve().parents[1])

PROGRAM = """
import hashlib, json, sys
import numpy as np
np.random.seed(SEED)
import intertwine
early = sorted({name.split(".")[0] for name in sys.modules})
import torch
from intertwine import gspaces, nn
from intertwine.errors import IntertwineError
from intertwine.group import (
    cyclic_group, dihedral_group, group_from_table, homomorphism_space, point_group, quaternion_group, symmetric_group,
)
from intertwine.group.constructions.induced_structure import induced_components
from intertwine.kernels.ring_functions import scalar_basis
from intertwine.kernels.kernel_basis import row_basis

np.random.seed(SEED)
torch.manual_seed(SEED)

def digest(*arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()

C, D = cyclic_group(8), dihedral_group(6)
irreps_before = str(C.irreps())
dihedral_group(16).irreps(); cyclic_group(16).regular_representation
built = [
    D.regular_representation, D.quotient_representation((1, 2)), D.irrep(1, 1).tensor(D.regular_representation),
    C.regular_representation.restrict(4), D.induced_representation((None, 6), cyclic_group(6).irrep(1)),
]
generated = [symmetric_group(5), quaternion_group(), point_group("Ih"), group_from_table(point_group("Td").table)]
fields = [*D.irreps(), D.quotient_representation((0, 2)), D.irrep(1, 1).tensor(D.irrep(1, 2))]
kernels = []
for a in fields:
    for b in fields:
        for s in induced_components(a):
            for t in induced_components(b):
                basis = row_basis(D.irrep(1, 1), s, t, scalar_basis(2, 3))
                if basis.coefficients is not None:
                    kernels.append(basis.coefficients)

layers = []
for space in (gspaces.flipRot2dOnR2(6), gspaces.rot2dOnR2(8)):
    kind = nn.FieldType(space, [space.regular_repr, *space.irreps])
    conv = nn.R2Conv(kind, kind, kernel_size=5, initialize=False).double()
    torch.nn.init.ones_(conv.weights)
    layers.append(conv.expand_parameters()[0].detach().numpy())
torch.manual_seed(0)
weights = nn.R2Conv(kind, kind, kernel_size=3).weights.detach().numpy()

regular = nn.FieldType(space, [space.regular_repr])
model = nn.SequentialModule(nn.R2Conv(regular, regular, 3), nn.ReLU(regular), nn.GroupPooling(regular)).eval()
model.check_equivariance(); model.export()
try:
    model(torch.zeros(1, 2, 5, 5))
    refusal = "accepted"
except ValueError as error:
    refusal = str(error)

sys.stdout.write("RESULT" + json.dumps({
    "early": early,
    "irreps before": irreps_before,
    "irreps after": str(C.irreps()),
    "representations": digest(*[rho.change_of_basis for rho in built]),
    "labels": [repr((rho, rho.irreps)) for rho in built],
    "generated": digest(*[psi.matrices for G in generated for psi in G.irreps()], *[G.table for G in generated]),
    "printed": [str((G.elements, G.character_table, G.subgroups())) for G in generated],
    "homomorphisms": digest(homomorphism_space(built[0], built[0])),
    "kernels": digest(*kernels),
    "filters": digest(*layers),
    "weights": digest(weights),
    "refusal": refusal,
}))
"""


@lru_cache(maxsize=4)
def fresh_process(seed: int, *options: str) -> dict[str, Any]:
    """What the program finds in a process with other hashes and another state of NumPy's and torch's generators.

    Args:
        seed: of the hashes and the generators.
        *options: of the interpreter.

    Returns:
        its findings, and under ``noise`` what was written to stdout on the way.
    """
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")]),
    }
    program = f"SEED = {seed}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    noise, _, result = done.stdout.partition("RESULT")
    return {**json.loads(result), "noise": noise}


def two_processes() -> tuple[dict[str, Any], dict[str, Any]]:
    """The findings of two processes that differ in their seeds; the second runs without assertions."""
    return fresh_process(0), fresh_process(7, "-O")
