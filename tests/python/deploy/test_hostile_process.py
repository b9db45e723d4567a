"""A process that loads a whole corpus of hostile files: one classed error each, nothing run, and no memory to speak of."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from intertwine import deploy, gspaces, models
from intertwine.deploy.safetensors_file import pack
from intertwine.errors import ModelFileError

from .test_hostile import FORGERIES, GREEDY, STRANGERS, WRONG_GROUPS, document, forged

LIMIT = 400_000_000
"""Bytes that the process may take beyond what it has when it starts to load."""


class Touch:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (open, (self.marker, "w"))


def with_header(header, payload=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload


def bomb(depth=3):
    """A zip of zips of zeros, a hundred megabytes from a few hundred bytes each."""
    content = bytes(50_000_000)
    for _ in range(depth):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4):
                archive.writestr(f"data/{number}", content)
        content = buffer.getvalue()
    return content


def corpus(marker):
    """The hostile files by name."""
    torch.manual_seed(0)
    model = models.equivariant_cnn(1, 3, gspaces.rot2dOnR2(4), widths=(2, 2))
    good = deploy.save_bytes(model)
    generator = random.Random(1)  # noqa: S311 - damage, not secrets
    files = {f"cut at {cut}": good[:cut] for cut in range(0, len(good), max(1, len(good) // 60))}
    for number in range(60):
        damaged = bytearray(good)
        damaged[generator.randrange(len(good))] ^= 1 << generator.randrange(8)
        files[f"flipped {number}"] = bytes(damaged)
    files |= {name: content for name, (content, _) in STRANGERS.items()}
    files |= {f"forged: {name}": forged(good, change) for name, (change, _) in FORGERIES.items()}
    for name, recipe in GREEDY.items():
        if name != "a tower of modules":  # which is forged by its own test
            files[f"greedy: {name}"] = pack({}, {**document(good), "module": recipe})
    for name in WRONG_GROUPS:
        files[f"group: {name}"] = pack({}, {**document(good), "module": recipe_of_group(name)})
    for gauge in (0, 99, None, "1"):
        files[f"gauge {gauge}"] = pack({}, {**document(good), "gauge": gauge})
    touch = Touch(marker)
    for protocol in range(6):
        files[f"pickle {protocol}"] = pickle.dumps(touch, protocol)
    saved, array = io.BytesIO(), io.BytesIO()
    torch.save(touch, saved)
    np.save(array, np.array([touch], dtype=object), allow_pickle=True)
    files |= {"torch.save": saved.getvalue(), "numpy object": array.getvalue()}
    files["zip bomb"] = bomb()
    files["gzip bomb"] = gzip.compress(bytes(200_000_000))
    claims = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    metadata = {"format": "pt", "intertwine": "{}", "sha256": "0" * 64}
    files |= {
        "a tensor of terabytes": with_header({"__metadata__": metadata, "a": claims}),
        "a shape that overflows": with_header({"__metadata__": metadata, "a": {**entry, "shape": [2**63, 2**63]}}),
        "tensors on each other": with_header({"__metadata__": metadata, "a": entry, "b": entry}, bytes(4)),
        "a long header": with_header(b"{" + b" " * 30_000_000 + b"}"),
        "many names": with_header(("{" + ",".join(f'"{n}":0' for n in range(300_000)) + "}").encode()),
        "deep brackets": with_header(b'{"__metadata__":' + b"[" * 2_000_000),
        "not text": with_header(b"{" + bytes(range(128, 256)) + b"}"),
        "not a number": with_header(b'{"__metadata__": NaN, "a": Infinity}'),
    }
    return files, good


def recipe_of_group(name):
    """A convolution of fields of a group that cannot be, or has no weights in the file."""
    kind = {"field_type": [[{"name": "regular"}, 1]], "gspace": {"space": "R2", "axis": None, "rotations": 4}}
    described = {"module": {"class": "intertwine.nn.ReLU", "arguments": {"args": {"tuple": [kind]}}}}
    WRONG_GROUPS[name](described)
    return {"class": "intertwine.nn.R2Conv", "arguments": {"in_type": kind, "out_type": kind, "kernel_size": 3}}


PROGRAM = """
import json, os, resource, sys

import torch
from intertwine import deploy
from intertwine.errors import ModelFileError

folder, limit = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(1)
deploy.load(os.path.join(folder, "good"))
try:
    deploy.load(os.path.join(folder, "none"))
except ModelFileError:
    pass
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limit,) * 2)

WATCHED = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "pickle.find_class",
           "ctypes.dlopen", "shutil.rmtree", "os.remove", "os.rename", "os.mkdir")
seen = []

def watch(event, arguments):
    if event in WATCHED or (event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
        seen.append([event, repr(arguments)[:200]])

sys.addaudithook(watch)
found = {}
for name in sorted(os.listdir(folder)):
    if name in ("good", "names.json"):
        continue
    for load in (deploy.load, deploy.read_extra):
        try:
            load(os.path.join(folder, name))
            outcome = "loaded"
        except ModelFileError as error:
            outcome = "refused" if error.message and len(str(error)) > 20 else "refused without words"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"[:300]
        found.setdefault(name, []).append(outcome)
deploy.load(os.path.join(folder, "good"))
json.dump({"found": found, "seen": seen}, sys.stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are set as Linux does")
def test_one_error_each_and_nothing_runs(tmp_path):
    folder, marker = tmp_path / "files", tmp_path / "marker"
    folder.mkdir()
    files, good = corpus(marker)
    names = {f"{number:04d}": name for number, name in enumerate(files)}
    for number, name in names.items():
        (folder / number).write_bytes(files[name])
    (folder / "good").write_bytes(good)
    with (folder / "9999").open("wb") as file:  # a terabyte that takes no room on the disk
        file.write(struct.pack("<Q", 1000) + b"{")
        file.truncate(2**40)
    names["9999"] = "a sparse terabyte"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(LIMIT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert len(result["found"]) == len(names)
    wrong = {names[number]: outcome for number, outcome in result["found"].items() if outcome[0] != "refused"}
    assert not wrong
    # what was saved beside a module can be read without building it
    assert all(outcome[1] in ("refused", "loaded") for outcome in result["found"].values())
    assert result["seen"] == []
    assert not marker.exists()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_file_without_end():
    with pytest.raises(ModelFileError, match="ordinary"):
        deploy.load("/dev/zero")
