"""Folders of images with masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from intertwine import gspaces, models, training
from intertwine.errors import ArgumentError, FileError

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folders(tmp_path):
    """Six images, black and white, whose masks say which pixels are white."""
    generator = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / name / "deep").mkdir(parents=True)
    for number in range(6):
        white = generator.random((8, 8)) > 0.5
        place = "deep/" if number % 2 else ""
        Image.fromarray(np.where(white, 200, 20).astype(np.uint8)).save(tmp_path / "images" / f"{place}{number}.png")
        Image.fromarray(np.where(white, 255, 0).astype(np.uint8)).save(tmp_path / "masks" / f"{place}{number}.tif")
    return tmp_path / "images", tmp_path / "masks"


def test_masks_are_classes_of_pixels(folders):
    data = training.MaskFolder(*folders)
    assert (len(data), data.levels, data.channels, data.size) == (6, ("0", "255"), 1, (8, 8))
    for image, classes in data:
        assert torch.equal(classes, (image[0] > 0.5).long())
    assert training.MaskFolder(*folders, size=(4, 4))[0][1].shape == (4, 4)
    assert training.MaskFolder(*folders, values=(255,))[0][1].unique().tolist() == [-100, 0]
    assert training.MaskFolder(*folders, files=["deep/1.png"]).fingerprint() != data.fingerprint()


def test_a_network_is_trained_on_them(folders):
    data = training.MaskFolder(*folders)
    model = models.equivariant_unet(1, 2, gspaces.rot2dOnR2(4), widths=(2, 2), size=8)
    result = training.fit(model, data, epochs=25, batch_size=3, learn_rate=0.03, seed=0, augment="rotations")
    assert result.history[-1]["accuracy"] > 0.9
    assert result.labels == ("0", "255")
    masked = training.MaskFolder(*folders, values=(255,))
    assert training.evaluate(result.module, masked, na="mask")["loss"] > 0


def test_what_does_not_fit(folders):
    images, masks = folders
    (masks / "0.tif").unlink()
    with pytest.raises(FileError, match="no mask"):
        training.MaskFolder(images, masks)
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(masks / "0.png")
    with pytest.raises(ArgumentError, match="3 channels"):
        training.MaskFolder(images, masks)
    with pytest.raises(FileError, match="no folder"):
        training.MaskFolder(images, masks / "nowhere")
