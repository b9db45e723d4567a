"""What a path can point to: links, devices, pipes, protected files, full disks, names that cannot be."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading

import pytest
import torch

from intertwine import deploy
from intertwine.errors import ArgumentTypeError, ModelFileError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes as POSIX has them")


@pytest.fixture(name="model")
def fixture_model():
    return torch.nn.Linear(2, 1)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def only(folder, *names):
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(names)


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path, model):
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    (here / "link").symlink_to("../there/model")
    for extra in ({"n": 1}, {"n": 2}):  # the first creates the target, the second replaces it
        deploy.save(model, here / "link", extra)
        assert (here / "link").is_symlink()
        assert deploy.read_extra(there / "model") == extra
    only(here, "link")
    only(there, "model")
    (here / "chain").symlink_to("link")
    deploy.save(model, here / "chain", {"n": 3})
    assert deploy.read_extra(there / "model") == {"n": 3}


@pytest.mark.parametrize("old", [0o600, 0o640, 0o644, 0o664, 0o777, 0o200])
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_a_file_keeps_its_mode(tmp_path, model, old, mask):
    path = tmp_path / "model"
    path.write_bytes(b"")
    path.chmod(old)
    before = os.umask(mask)
    try:
        deploy.save(model, path)
        assert mode(path) == old
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027, 0o000])
def test_a_new_file_has_the_mode_of_any_new_file(tmp_path, model, mask):
    before = os.umask(mask)
    try:
        deploy.save(model, tmp_path / "model")
        (tmp_path / "other").touch()
    finally:
        os.umask(before)
    assert mode(tmp_path / "model") == mode(tmp_path / "other") == 0o666 & ~mask


def test_no_file_is_wider_than_it_will_be_on_the_way(tmp_path, model, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"")
    path.chmod(0o640)
    seen = []
    fsync = os.fsync

    def look(descriptor):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the mask of the process was touched"))
    deploy.save(model, path)
    assert seen[0] == 0o640


def special(folder, kind):
    path = folder / "special"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "device":
        return "/dev/null"
    elif kind == "endless device":
        return "/dev/zero"
    elif kind == "full device":
        return "/dev/full"
    elif kind == "link to a device":
        path.symlink_to("/dev/null")
    elif kind == "link to a pipe":
        os.mkfifo(folder / "pipe")
        path.symlink_to("pipe")
    else:
        path.mkdir()
    return path


KINDS = ["pipe", "socket", "device", "endless device", "full device", "link to a device", "link to a pipe", "folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_at_once(tmp_path, model, kind):
    path = special(tmp_path, kind)
    before = os.lstat(path)
    outcome = []

    def attempt():
        for act in (lambda: deploy.save(model, path), lambda: deploy.load(path), lambda: deploy.read_extra(path)):
            try:
                act()
                outcome.append(None)
            except BaseException as error:
                outcome.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert all(
        isinstance(error, ModelFileError) and ("ordinary" in str(error) or "folder" in str(error)) for error in outcome
    )
    assert (os.lstat(path).st_mode, os.lstat(path).st_ino) == (before.st_mode, before.st_ino)


NAMES = {
    "a zero": "mod\0el",
    "half a letter": "mod\udc80\ud800el",
    "a long name": "m" * 256,
    "a long path": "folder/" * 1000 + "model",
    "no name": "",
    "a folder that is a file": "file/model",
    "no such folder": "absent/model",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_be(tmp_path, model, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for act in (lambda: deploy.save(model, NAMES[name]), lambda: deploy.load(NAMES[name])):
        with pytest.raises(ModelFileError) as caught:
            act()
        assert caught.value.hint
        assert len(str(caught.value)) < 500
    only(tmp_path, "file")


@pytest.mark.parametrize("path", [3, None, b"model", ["model"]])
def test_what_is_no_path(model, path):
    for act in (lambda: deploy.save(model, path), lambda: deploy.load(path)):
        with pytest.raises(ArgumentTypeError, match="path"):
            act()


def test_the_longest_name(tmp_path, model):
    path = tmp_path / ("m" * 255)
    deploy.save(model, path)
    deploy.save(model, path)
    assert deploy.load(path).in_features == 2


def test_links_in_a_circle(tmp_path, model):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for act in (lambda: deploy.save(model, tmp_path / "a"), lambda: deploy.load(tmp_path / "a")):
        with pytest.raises(ModelFileError):
            act()
    only(tmp_path, "a", "b")


FULL = """
import resource, signal, sys, torch
from intertwine import deploy
from intertwine.errors import ModelFileError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
deploy.save(torch.nn.Linear(2, 1), sys.argv[1], {"which": "old"})
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    deploy.save(torch.nn.Linear(200, 200), sys.argv[1])
except ModelFileError as error:
    print(error.hint)
print(deploy.read_extra(sys.argv[1]))
"""


def test_a_full_disk(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "model")], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == ["Free some space on the disk, or use another folder.", "{'which': 'old'}"]
    only(tmp_path, "model")


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="nothing is protected from root")
def test_a_protected_file_is_not_replaced(tmp_path, model):
    path = tmp_path / "model"
    deploy.save(model, path, {"which": "old"})
    path.chmod(0o400)
    with pytest.raises(ModelFileError, match="protected"):
        deploy.save(model, path)
    assert deploy.read_extra(path) == {"which": "old"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path, model):
    path = tmp_path / "model"
    deploy.save(model, path)
    os.chown(path, 12345, 54321)
    path.chmod(0o640)
    deploy.save(model, path)
    about = path.stat()
    assert (about.st_uid, about.st_gid, mode(path)) == (12345, 54321, 0o640)


def test_the_folder_is_synchronised_after_the_file(tmp_path, model, monkeypatch):
    synced = []
    fsync = os.fsync

    def look(descriptor):
        synced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    deploy.save(model, tmp_path / "model")
    assert synced == ["file", "folder"]
