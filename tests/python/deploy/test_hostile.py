"""Files that are cut, flipped, forged or something else altogether: one clear error, and nothing is executed."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import tracemalloc

import numpy as np
import pytest
import torch

from intertwine import deploy, gspaces, models, nn
from intertwine.deploy.safetensors_file import pack
from intertwine.errors import GaugeError, ModelFileError


@pytest.fixture(scope="module")
def data():
    torch.manual_seed(0)
    model = nn.SequentialModule(
        nn.field_type(gspaces.rot2dOnR2(4), trivial=1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        nn.HeadClasses.spec(n=3),
    )
    return deploy.save_bytes(model, {"levels": ["a", "b", "c"]})


def document(data):
    size = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["intertwine"])


def forged(data, change, tensors=None):
    """A file with a valid checksum whose description says something else."""
    described = document(data)
    change(described)
    return pack(tensors if tensors is not None else {}, described)


def refused(data, words=None):
    with pytest.raises(ModelFileError, match=words) as caught:
        deploy.load_bytes(data)
    assert caught.value.hint is not None
    with pytest.raises(ModelFileError):
        deploy.load_bytes(data, "model.safetensors")


def test_cut_at_every_tenth_byte(data):
    for cut in range(0, len(data), 10):
        refused(data[:cut])


def test_bytes_to_spare(data):
    refused(data + b"\0")


def test_every_flipped_bit_is_found(data):
    generator = random.Random(0)  # noqa: S311 - damage, not secrets
    places = {generator.randrange(len(data)) for _ in range(1500)} | set(range(8)) | {len(data) - 1}
    for place in sorted(places):
        damaged = bytearray(data)
        damaged[place] ^= 1 << generator.randrange(8)
        refused(bytes(damaged))


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was executed",))


def zipped(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


STRANGERS = {
    "empty": (b"", "cut short"),
    "pickle": (pickle.dumps(Bomb()), "pickle"),
    "old pickle": (pickle.dumps(Bomb(), protocol=0), "no model file"),
    "torch.save": (zipped(torch.nn.Linear(2, 1).state_dict()), "zip"),
    "saveRDS": (gzip.compress(b"X\n"), "gzip"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    "text": (b"hello, this is a text and no model", "no model file"),
    "zeros": (bytes(1000), "no model file"),
    "a header longer than the file": ((2**62).to_bytes(8, "little") + b"{}", "header"),
    "nested brackets": ((200_000).to_bytes(8, "little") + b'{"a":' + b"[" * 199_995, "header"),
    "an endless number": ((200_002).to_bytes(8, "little") + b'{"a":' + b"9" * 199_996 + b"}", "header"),
    "a header that is no object": ((8).to_bytes(8, "little") + b"{}      ", "without a description"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_something_else_in_its_place(name):
    content, words = STRANGERS[name]
    refused(content, words)


def test_plain_safetensors():
    import safetensors.torch

    refused(safetensors.torch.save({"weight": torch.zeros(2)}), "without a description")


FORGERIES = {
    "an unknown class": (lambda d: d["module"].update({"class": "os.system"}), "os.system"),
    "a class of another module": (lambda d: d["module"].update({"class": "torch.nn.Module"}), "torch.nn.Module"),
    "a class by a path": (
        lambda d: d["module"].update({"class": "intertwine.nn.base.construction.inspect"}),
        "inspect",
    ),
    "a class that is no text": (lambda d: d["module"].update({"class": ["a"]}), "class"),
    "no module": (lambda d: d.pop("module"), "does not describe"),
    "a module that is a number": (lambda d: d.update(module=3), "no module"),
    "a newer format": (lambda d: d.update(format=99), "format 99"),
    "an unknown value": (lambda d: d["module"]["arguments"].update(args={"tuple": [{"lambda": "x"}]}), "does not know"),
    "an unknown dtype": (lambda d: d.update(dtype="complex64"), "complex64"),
    "another argument": (lambda d: d["module"]["arguments"].update(initialize=True), "describe"),
    "missing weights": (lambda d: None, "describe"),
    "a module described later": (lambda d: d.update(module={"again": 3}), "has not described"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_descriptions(data, name):
    change, words = FORGERIES[name]
    with pytest.raises(ModelFileError, match=words):
        deploy.load_bytes(forged(data, change))


def regrouped(**change):
    def forge(described):
        described["module"]["arguments"]["args"]["tuple"][0]["gspace"].update(change)

    return forge


def with_fields(*runs):
    def forge(described):
        described["module"]["arguments"]["args"]["tuple"][0]["field_type"] = list(runs)

    return forge


WRONG_GROUPS = {
    "another group than the weights are for": regrouped(rotations=8),
    "with reflections": regrouped(axis=0.0),
    "all rotations": regrouped(rotations="all", maximum_frequency=3),
    "no rotations": regrouped(rotations=0),
    "minus one rotation": regrouped(rotations=-1),
    "a broken rotation": regrouped(rotations=1.5),
    "true rotations": regrouped(rotations=True),
    "more than can be": regrouped(rotations=10**9),
    "text rotations": regrouped(rotations="four"),
    "an axis that is no number": regrouped(axis="north"),
    "a space that is not known": regrouped(space="R9"),
    "frequencies without end": regrouped(rotations="all", maximum_frequency=10**9),
    "an irrep that the group has not": with_fields([{"irrep": [99]}, 1]),
    "an irrep of another group": with_fields([{"irrep": [1, 1]}, 1]),
    "a negative irrep": with_fields([{"irrep": [-1]}, 1]),
    "a representation by a name": with_fields([{"name": "irregular"}, 1]),
    "a field minus once": with_fields([{"irrep": [0]}, -1]),
    "no fields": with_fields(),
    "fields that are text": with_fields("regular"),
}


@pytest.mark.parametrize("name", WRONG_GROUPS)
def test_wrong_groups(data, name):
    import safetensors.torch

    tensors = safetensors.torch.load(data)
    assert isinstance(deploy.load_bytes(forged(data, lambda d: None, tensors)), nn.SequentialModule)
    with pytest.raises(ModelFileError) as caught:
        deploy.load_bytes(forged(data, WRONG_GROUPS[name], tensors))
    assert len(str(caught.value)) > 30


@pytest.mark.parametrize("gauge", [0, 99, None, "1", [1], 1.5, True])
def test_wrong_gauges(data, gauge):
    from intertwine.gauge import GAUGE_VERSION

    if gauge == GAUGE_VERSION:
        gauge = -1
    with pytest.raises(GaugeError, match="gauge"):
        deploy.load_bytes(forged(data, lambda d: d.update(gauge=gauge)))


def fields(**gspace):
    space = {"space": "R2", "axis": None, "rotations": 4, **gspace}
    return {"field_type": [[{"name": "regular"}, 1]], "gspace": space}


def layer(name, **arguments):
    return {"class": name, "arguments": arguments}


GREEDY = {
    "a huge torch layer": layer("torch.nn.Linear", in_features=10**6, out_features=10**6),
    "a huge group": layer("intertwine.nn.ReLU", in_type=fields(rotations=10**6)),
    "many fields": layer("intertwine.nn.ReLU", in_type={**fields(), "field_type": [[{"name": "regular"}, 10**12]]}),
    "a huge kernel": layer("intertwine.nn.R2Conv", in_type=fields(), out_type=fields(), kernel_size=100_001),
    "a wide layer": layer(
        "intertwine.nn.R2Conv",
        in_type={**fields(), "field_type": [[{"irrep": [0]}, 200_000]]},
        out_type={**fields(), "field_type": [[{"irrep": [0]}, 200_000]]},
        kernel_size=3,
    ),
    "a representation without end": layer(
        "intertwine.nn.ReLU",
        in_type={**fields(), "field_type": [[{"name": "r", "irreps": [[0]] * 3000}, 1]]},
    ),
    **{
        f"a huge {name}": layer(
            "intertwine.nn.ReLU",
            in_type={
                "field_type": [[{"name": "regular"}, 1]],
                "gspace": {"space": "R0", "group": {"name": name, **group}},
            },
        )
        for name, group in {
            "symmetric": {"n": 6},
            "alternating": {"n": 10**9},
            "dicyclic": {"n": 250},
            "point group": {"symbol": "D200h"},
            "semidirect product": {"factors": [{"name": "cyclic", "N": 200}] * 2, "action": "value.0", "printed": "x"},
            "matrices": {"generators": "value.0", "printed": "x"},
        }.items()
    },
    "a tower of modules": {"class": "torch.nn.Sequential", "children": {}},
}


@pytest.mark.parametrize("name", GREEDY)
def test_no_more_memory_is_taken_than_the_file_is_long(data, name):
    def change(described):
        described["module"] = GREEDY[name]
        if name == "a tower of modules":
            for _ in range(200):
                described["module"] = {"class": "torch.nn.Sequential", "children": {"0": described["module"]}}
            described["module"]["children"]["1"] = layer("torch.nn.Linear", in_features=1, out_features=1)

    content = forged(data, change)
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        deploy.load_bytes(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


def test_tensors_of_the_wrong_shape_or_kind(data):
    model = models.equivariant_cnn(1, 3, gspaces.rot2dOnR2(4), widths=(2,))
    good = deploy.save_bytes(model)
    state = {f"state.{k}": v for k, v in model.state_dict().items()}
    first = next(iter(state))
    for wrong in (torch.zeros(3), torch.zeros_like(state[first], dtype=torch.int64), torch.zeros(0)):
        with pytest.raises(ModelFileError):
            deploy.load_bytes(forged(good, lambda d: None, {**state, first: wrong}))
    with pytest.raises(ModelFileError, match="describe"):
        deploy.load_bytes(forged(good, lambda d: None, {**state, "state.extra": torch.zeros(1)}))
    assert deploy.load_bytes(forged(good, lambda d: None, state)).in_type == model.in_type


def test_a_matrix_without_inverse():
    space = gspaces.rot2dOnR2(4)
    from intertwine.group import change_basis

    rho = change_basis(space.regular_repr, np.eye(4)[::-1], "reversed")
    good = deploy.save_bytes(nn.ReLU(nn.FieldType(space, [rho])))
    deploy.load_bytes(good)
    with pytest.raises(ModelFileError, match="no inverse"):
        deploy.load_bytes(forged(good, lambda d: None, {"value.0": torch.ones(4, 4, dtype=torch.float64)}))
    with pytest.raises(ModelFileError, match="does not hold"):
        deploy.load_bytes(forged(good, lambda d: None, {}))
