"""The example images are what the README says they are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.files.listing import list_images
from batch_loop.core.model.selection import Selection
from batch_loop.tools.examples import IMAGES as FOLDER

EVERYTHING = Selection(recursive=True)
NAMES = list_images(str(FOLDER), EVERYTHING)


def test_are_small() -> None:
    sizes = [(FOLDER / name).stat().st_size for name in NAMES]
    assert max(sizes) < 30_000
    assert sum(sizes) < 300_000


def test_show_natural_order_and_a_subfolder() -> None:
    numbered = [name for name in NAMES if "img" in name]
    assert numbered == [
        "img1.png",
        "img2.png",
        "img3.webp",
        "img10.png",
        "more/img1.jpg",
        "more/img2.png",
    ]


def test_show_what_folders_hold() -> None:
    with Image.open(FOLDER / "portrait_exif.jpg") as portrait:
        assert portrait.width > portrait.height
    height, width = read_image(str(FOLDER / "portrait_exif.jpg")).image.shape[1:3]
    assert height > width
    with Image.open(FOLDER / "palette.png") as palette:
        assert palette.mode == "P"
    with Image.open(FOLDER / "animated.gif") as animation:
        assert getattr(animation, "n_frames", 1) == 3
    grey = read_image(str(FOLDER / "grey_16bit.png")).image
    assert len(np.unique(grey.numpy())) > 256
    mask = read_image(str(FOLDER / "transparent.png")).mask
    assert mask.min() == 0
    assert mask.max() == 1


def test_one_is_broken() -> None:
    with pytest.raises(UnreadableImage, match="truncated"):
        read_image(str(FOLDER / "broken.png"))
