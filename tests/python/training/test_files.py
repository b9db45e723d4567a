"""IDX files and folders of images, whole and damaged."""

from __future__ import annotations

import builtins
import gzip
import io
import os
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
import torch

from intertwine import training
from intertwine.errors import ArgumentError, DataWarning, FileError

pytest.importorskip("PIL")

from ..contracts.hostile_folders import FOLDERS, bomb
from ..contracts.hostile_folders import make as make_folder

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def idx(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[str(array.dtype)], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_is_read_exactly(tmp_path, dtype, pack):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    (tmp_path / "file").write_bytes(pack(idx(array)))
    read = training.read_idx(tmp_path / "file")
    assert np.array_equal(read.numpy(), array)
    assert str(read.numpy().dtype) == dtype


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damaged_idx(tmp_path, pack):
    whole = pack(idx(np.arange(40, dtype="int32")))
    for cut in range(0, len(whole), 7):
        (tmp_path / "file").write_bytes(whole[:cut])
        with pytest.raises(ArgumentError, match=r"(?i)file"):
            training.read_idx(tmp_path / "file")


def test_an_idx_header_that_promises_too_much_takes_no_memory(tmp_path):
    (tmp_path / "file").write_bytes(struct.pack(">BBBB3I", 0, 0, 14, 3, 2**31, 2**31, 2**31) + b"few")
    with pytest.raises(ArgumentError, match="only 3"):
        training.read_idx(tmp_path / "file")


def test_idx_with_bytes_to_spare(tmp_path):
    (tmp_path / "file").write_bytes(idx(np.arange(4, dtype="int32")) + b"x")
    with pytest.raises(ArgumentError, match="more"):
        training.read_idx(tmp_path / "file")


def test_no_idx(tmp_path):
    with pytest.raises(ArgumentError, match="no file"):
        training.read_idx(tmp_path / "absent")
    (tmp_path / "file").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ArgumentError, match="no IDX"):
        training.read_idx(tmp_path / "file")


class TestImages:
    @pytest.fixture(autouse=True)
    def _pillow(self):
        pytest.importorskip("PIL")

    def save(self, path, array, mode=None):
        from PIL import Image

        Image.fromarray(array).save(path)

    def test_eight_and_sixteen_bits(self, tmp_path):
        self.save(tmp_path / "a.png", np.array([[0, 255]], dtype=np.uint8))
        self.save(tmp_path / "b.png", np.array([[0, 65535]], dtype=np.uint16))
        self.save(tmp_path / "c.tif", np.array([[0.0, 0.5]], dtype=np.float32))
        assert training.read_image(tmp_path / "a.png").tolist() == [[[0.0, 1.0]]]
        assert training.read_image(tmp_path / "b.png").tolist() == [[[0.0, 1.0]]]
        assert training.read_image(tmp_path / "c.tif").tolist() == [[[0.0, 0.5]]]

    def test_channels_and_size(self, tmp_path):
        self.save(tmp_path / "a.png", np.zeros((6, 4, 3), dtype=np.uint8))
        assert training.read_image(tmp_path / "a.png").shape == (3, 6, 4)
        assert training.read_image(tmp_path / "a.png", channels=1, size=(3, 3)).shape == (1, 3, 3)
        self.save(tmp_path / "g.png", np.zeros((6, 4), dtype=np.uint8))
        assert training.read_image(tmp_path / "g.png", channels=3).shape == (3, 6, 4)

    def test_no_image(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"no image")
        with pytest.raises(ArgumentError, match=r"a\.png"):
            training.read_image(tmp_path / "a.png")
        with pytest.raises(ArgumentError, match="no file"):
            training.read_image(tmp_path / "absent.png")

    def test_a_folder_trains(self, tmp_path):
        for number, name in enumerate(["cat", "dog"]):
            (tmp_path / name).mkdir()
            for i in range(6):
                self.save(tmp_path / name / f"{i}.png", np.full((5, 5), 200 * number + i, dtype=np.uint8))
        folder = training.ImageFolder(tmp_path)
        assert folder.levels == ("cat", "dog")
        assert len(folder) == 12
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25, 2))
        result = training.fit(module, folder, epochs=20, batch_size=4, learn_rate=0.1, seed=0)
        assert result.n_classes == 2
        assert training.evaluate(result.module, folder)["accuracy"] == 1
        assert training.predict(result.module, folder, type="class").shape == (12,)

    def test_some_files_in_their_order(self, tmp_path):
        for number, name in enumerate(["cat", "cow", "dog"]):
            (tmp_path / name).mkdir()
            for i in range(2):
                self.save(tmp_path / name / f"{i}.png", np.full((5, 5), 51 * (number + i), dtype=np.uint8))
        # classes that these files lack keep their numbers, also without a folder
        folder = training.ImageFolder(tmp_path, files=["dog/1.png", "cat/0.png"], levels=["ant", "cat", "dog"])
        assert [int(target) for _, target in folder] == [2, 1]
        assert [float(image.mean()) for image, _ in folder] == pytest.approx([0.6, 0])
        with pytest.raises(ArgumentError, match="cow"):
            training.ImageFolder(tmp_path, files=["cow/0.png"], levels=["cat", "dog"])
        with pytest.raises(ArgumentError, match="no images"):
            training.ImageFolder(tmp_path, files=[], levels=["cat"])

    def test_images_without_classes_are_predicted(self, tmp_path):
        for i in range(3):
            self.save(tmp_path / f"{i}.png", np.full((5, 5), i, dtype=np.uint8))
        folder = training.ImageFolder(tmp_path, files=["2.png", "0.png"], levels=[])
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25, 2))
        assert training.predict(module, folder).shape == (2, 2)
        with pytest.raises(ArgumentError, match="y is missing"):
            training.fit(module, folder)

    def test_no_folder(self, tmp_path):
        with pytest.raises(ArgumentError, match="no folder"):
            training.ImageFolder(tmp_path / "absent")
        with pytest.raises(ArgumentError, match="no images"):
            training.ImageFolder(tmp_path)
        with pytest.raises(ArgumentError, match="cow"):
            training.ImageFolder(tmp_path, levels=["cow"])


def test_turning_is_exact_at_quarter_turns():
    x = torch.rand(2, 1, 7, 7)
    for quarter in range(4):
        assert torch.equal(training.turn_images(x, 90 * quarter), torch.rot90(x, quarter, (2, 3)))
    each = training.turn_images(x, torch.tensor([0.0, 90.0]))
    assert torch.equal(each[1], torch.rot90(x[1], 1, (1, 2)))


# ---- folders as they are found on disks


def read_all(folder):
    return [folder[k][0] for k in range(len(folder))]


@pytest.mark.parametrize("name", FOLDERS)
def test_hostile_folders(name, tmp_path):
    expected = make_folder(name, tmp_path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        error = None
        try:
            folder = training.ImageFolder(tmp_path)
            assert list(folder.levels) == expected.classes
            assert len(folder) == expected.count
            if expected.reads:
                assert not said
            if expected.reads or not expected.refused:
                read_all(folder)
        except FileError as caught:
            error = str(caught)
    texts = [str(warning.message) for warning in said if issubclass(warning.category, DataWarning)]
    if expected.refused:
        assert error is not None
        assert expected.says in error
    else:
        assert error is None
        assert len(texts) == bool(expected.says)
        assert expected.says in "".join(texts)


@pytest.mark.parametrize("side", [13000, 60000])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, side):
    bomb(tmp_path / "bomb.png", side, side)
    tracemalloc.start()
    with pytest.raises(FileError, match="max_pixels"):
        training.read_image(tmp_path / "bomb.png")
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_the_limit_of_pixels_can_be_raised_and_lowered(tmp_path):
    from PIL import Image

    before = Image.MAX_IMAGE_PIXELS
    Image.fromarray(np.zeros((6, 4), dtype=np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(FileError, match=r"image a\.png has 4 x 6 pixels, and images of up to 23 pixels"):
        training.read_image(tmp_path / "a.png", max_pixels=23)
    assert training.read_image(tmp_path / "a.png", max_pixels=24).shape == (1, 6, 4)
    assert training.read_image(tmp_path / "a.png", max_pixels=10**12).shape == (1, 6, 4)
    assert before == Image.MAX_IMAGE_PIXELS


def test_names_that_are_no_unicode_are_read_and_shown(tmp_path):
    make_folder("a name that is no UTF-8", tmp_path)
    folder = training.ImageFolder(tmp_path)
    assert len(folder) == 5
    assert len(read_all(folder)) == 5
    os.truncate(os.fsencode(tmp_path / "cat") + b"/caf\xe9.png", 40)
    with pytest.raises(FileError, match=r"caf\\xe9\.png") as caught:
        read_all(folder)
    str(caught.value).encode("utf-8")


def test_a_class_that_cannot_be_read_is_refused_and_a_folder_in_it_left_out(tmp_path, monkeypatch):
    make_folder("nested folders", tmp_path)
    scan = os.scandir

    def locked(where):
        def refuse(path):
            if os.fspath(path).endswith(where):
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        return refuse

    monkeypatch.setattr(os, "scandir", locked("cat"))
    with pytest.raises(FileError, match=r"'cat'.*cannot be read: Permission denied"):
        training.ImageFolder(tmp_path)
    monkeypatch.setattr(os, "scandir", locked(tmp_path.name))
    with pytest.raises(FileError, match="cannot be read: Permission denied"):
        training.ImageFolder(tmp_path)
    monkeypatch.setattr(os, "scandir", locked("b"))
    with pytest.warns(DataWarning, match=r"1 not readable \(cat/a/b\)"):
        assert len(training.ImageFolder(tmp_path)) == 4


def test_a_warning_counts_and_names_a_few(tmp_path):
    make_folder("nothing wrong", tmp_path)
    for k in range(7):
        (tmp_path / "cat" / f"empty{k}.png").touch()
    with pytest.warns(
        DataWarning,
        match=r"^7 left out of .*: 7 empty \(cat/empty0.png, cat/empty1.png, cat/empty2.png and 4 more\)\.$",
    ):
        training.ImageFolder(tmp_path)


def test_images_are_turned_upright(tmp_path):
    from PIL import Image

    array = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    seen = {
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        6: np.rot90(array, -1),
        8: np.rot90(array),
    }
    for number, expected in seen.items():
        exif = Image.Exif()
        exif[0x0112] = number
        Image.fromarray(array).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_allclose(training.read_image(tmp_path / "a.png")[0] * 255, expected, atol=1e-4)


def test_four_channels_are_colour_and_opacity(tmp_path):
    from PIL import Image

    Image.fromarray(np.full((2, 2), 65535, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert training.read_image(tmp_path / "deep.png", channels=4).tolist() == [[[1.0, 1.0], [1.0, 1.0]]] * 4
    Image.fromarray(np.array([[[0, 51, 102, 153]]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert training.read_image(tmp_path / "a.png", channels=4).flatten().tolist() == pytest.approx([0, 0.2, 0.4, 0.6])
    assert training.read_image(tmp_path / "a.png").flatten().tolist() == pytest.approx([0, 0.2, 0.4])


def test_many_files_are_listed_without_opening_them(tmp_path, monkeypatch):
    make_folder("nothing wrong", tmp_path)
    one = (tmp_path / "cat" / "0.png").read_bytes()
    for k in range(300):
        (tmp_path / "dog" / f"many{k}.png").write_bytes(one)
    opened, looked = [], []
    for module, name, calls in [(io, "open", opened), (builtins, "open", opened), (os, "scandir", looked)]:
        kept = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, kept=kept, calls=calls, **k: (calls.append(a), kept(*a, **k))[1])
    assert len(training.ImageFolder(tmp_path)) == 304
    # one is opened, for its number of channels
    assert len([args for args in opened if str(args[0]).endswith(".png")]) == 1
    assert len(looked) <= 2 * (1 + len(list(tmp_path.iterdir())))
