"""JPEG files decoded by simplejpeg, with Pillow as the reference."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.media.formats import from_jpeg
from batch_loop.core.media.formats.decode import DecodedImage
from batch_loop.tests.support.drawings import DRAWINGS
from batch_loop.tests.support.images import damaged
from batch_loop.tests.support.odd_images import odd_files


def by_pillow(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def saved(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


class TestPixels:
    @pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 16), (17, 33), (161, 75)])
    @pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "4:1:1", "grey"])
    @pytest.mark.parametrize("progressive", [False, True])
    def test_are_pillows(
        self,
        size: tuple[int, int],
        sampling: str,
        progressive: bool,  # noqa: FBT001
    ) -> None:
        for name in ("photo", "noise", "flat"):
            image = Image.fromarray(DRAWINGS[name](*size))
            options: dict[str, Any] = {"subsampling": sampling}
            if sampling == "grey":
                image, options = image.convert("L"), {}
            for quality in (1, 50, 95, 100):
                data = saved(image, quality=quality, progressive=progressive, **options)
                pixels = from_jpeg.decode(data, image.size)
                assert pixels is not None
                assert np.array_equal(pixels, by_pillow(data))

    def test_without_a_colour_transform(self) -> None:
        image = Image.fromarray(DRAWINGS["photo"](40, 50))
        data = saved(image, quality=90, keep_rgb=True)
        assert np.array_equal(from_jpeg.decode(data, image.size), by_pillow(data))  # type: ignore[arg-type]


class TestLeftToPillow:
    DATA = saved(Image.fromarray(DRAWINGS["photo"](40, 50)))

    def test_a_file_that_is_cut_short(self) -> None:
        assert from_jpeg.decode(self.DATA, (50, 40)) is not None
        for length in range(len(self.DATA)):
            assert from_jpeg.decode(self.DATA[:length], (50, 40)) is None

    def test_a_size_other_than_pillow_s(self) -> None:
        assert from_jpeg.decode(self.DATA, (40, 50)) is None

    def test_a_file_that_is_not_jpeg(self) -> None:
        assert from_jpeg.decode(b"", (1, 1)) is None
        assert from_jpeg.decode(b"no image", (1, 1)) is None

    def test_cmyk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "a.jpg"
        Image.new("CMYK", (8, 8), (1, 2, 3, 4)).save(path)

        def asked(*_args: object) -> None:
            raise AssertionError("CMYK is Pillow's")

        monkeypatch.setattr(from_jpeg, "decode", asked)
        read_image(str(path))


def outcome(path: Path) -> DecodedImage | str:
    """The image, or why there is none."""
    try:
        return read_image(str(path))
    except UnreadableImage as error:
        return error.reason


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The outcome for a file with simplejpeg, and without."""
    ours = outcome(path)
    with monkeypatch.context() as patch:
        patch.setattr(from_jpeg, "decode", lambda *_given: None)
        return ours, outcome(path)


def is_same(one: DecodedImage | str, other: DecodedImage | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return torch.equal(one.image, other.image) and torch.equal(one.mask, other.mask)


class TestWithAndWithout:
    def test_odd_jpeg_files_have_the_same_outcome(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files = [file for file in odd_files() if file.data[:2] == b"\xff\xd8"]
        assert len(files) > 70
        path = tmp_path / "a.jpg"
        different = []
        for file in files:
            path.write_bytes(file.data)
            if not is_same(*both(path, monkeypatch)):
                different.append(file.name)
        assert different == []

    @pytest.mark.parametrize("progressive", [False, True])
    def test_damaged_files_have_the_same_outcome(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        progressive: bool,  # noqa: FBT001
    ) -> None:
        whole = saved(Image.fromarray(DRAWINGS["photo"](24, 40)), progressive=progressive)
        path = tmp_path / "a.jpg"
        contents = damaged(whole, 300)
        contents += [whole[:length] for length in range(len(whole) - 20, len(whole))]
        contents += [whole + b"\0", whole + whole, whole[:-2] + b"\0\0\xff\xd9"]
        for content in contents:
            path.write_bytes(content)
            ours, pillows = both(path, monkeypatch)
            assert is_same(ours, pillows), (ours, pillows)

    @pytest.mark.parametrize("orientation", range(10))
    def test_the_orientation_is_applied_in_the_same_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orientation: int
    ) -> None:
        image = Image.fromarray(DRAWINGS["photo"](24, 40))
        exif = Image.Exif()
        exif[0x0112] = orientation
        xmp = f'<x tiff:Orientation="{orientation}"/>'.encode()
        options: tuple[dict[str, Any], ...] = ({"exif": exif}, {"xmp": xmp})
        for option in options:
            path = tmp_path / "a.jpg"
            image.save(path, **option)
            ours, pillows = both(path, monkeypatch)
            assert is_same(ours, pillows)
            assert ours.image.is_contiguous()

    def test_nothing_of_a_decompression_bomb_is_decoded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.jpg"
        Image.new("RGB", (64, 64)).save(path)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)

        def asked(*_args: object) -> None:
            raise AssertionError("Pillow refuses it first")

        monkeypatch.setattr(from_jpeg, "decode", asked)
        assert "decompression bomb" in str(outcome(path))
