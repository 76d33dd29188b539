"""The example images are those that the script makes, and as the README describes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.files.listing import list_images
from batch_loop.core.model.selection import Selection
from batch_loop.tools.layout import EXAMPLE_IMAGES as FOLDER
from batch_loop.tools.layout import EXAMPLE_MASKS
from batch_loop.tools.make_example_images import make_all, make_masks

EVERYTHING = Selection(recursive=True)
NAMES = list_images(str(FOLDER), EVERYTHING)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    make_all(folder)
    return folder


def test_are_those_that_the_script_makes(made: Path) -> None:
    assert list_images(str(made), EVERYTHING) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name != "broken.png"])
def test_have_the_pixels_that_the_script_makes(made: Path, name: str) -> None:
    committed, new = read_image(str(FOLDER / name)), read_image(str(made / name))
    assert committed.image.shape == new.image.shape
    # Not to the bit: Pillow's encoders and drawing may change slightly.
    assert (committed.image - new.image).abs().mean() < 0.01
    assert (committed.mask - new.mask).abs().mean() < 0.01


def test_each_has_the_mask_that_the_script_makes(tmp_path: Path) -> None:
    make_masks(tmp_path, FOLDER)
    names = sorted(path.name for path in EXAMPLE_MASKS.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert {Path(name).stem for name in NAMES if "/" not in name} == {
        *(Path(name).stem for name in names),
        "broken",
    }
    for name in names:
        committed, new = read_image(str(EXAMPLE_MASKS / name)), read_image(str(tmp_path / name))
        assert (committed.image - new.image).abs().mean() < 0.01


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
    with pytest.raises(UnreadableImage, match="the file is cut off: "):
        read_image(str(FOLDER / "broken.png"))
