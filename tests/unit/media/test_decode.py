from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.media.formats.decode import DecodedImage
from batch_loop.tests.support.images import colour_of, damaged, write_broken, write_images

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112


def save(path: Path, image: Image.Image, **options: Any) -> str:
    image.save(path, **options)
    return str(path)


def pixels(decoded: DecodedImage) -> list[list[tuple[int, ...]]]:
    """The image's rows, as 8 bits."""
    return [
        [tuple(pixel) for pixel in row] for row in (decoded.image[0] * 255).round().int().tolist()
    ]


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


class TestTensors:
    def test_shape_type_and_range(self, tmp_path: Path) -> None:
        decoded = read_image(save(tmp_path / "a.png", Image.fromarray(noise(5, 7, 4))))
        assert decoded.image.shape == (1, 5, 7, 3)
        assert decoded.mask.shape == (1, 5, 7)
        for tensor in (decoded.image, decoded.mask):
            assert tensor.dtype is torch.float32
            assert tensor.device.type == "cpu"
            assert tensor.is_contiguous()
            assert 0 <= tensor.min() <= tensor.max() <= 1
            tensor.add_(0)  # a node may write into it without a warning

    def test_8_bit_values_are_divided_by_255_in_float32(self, tmp_path: Path) -> None:
        ramp = np.arange(256, dtype=np.uint8)[None]
        decoded = read_image(save(tmp_path / "a.png", Image.fromarray(ramp)))
        expected = ramp.astype(np.float32) / np.float32(255)
        for channel in range(3):
            assert np.array_equal(decoded.image[0, :, :, channel].numpy(), expected)

    @pytest.mark.linux
    def test_the_file_is_closed(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.png", Image.new("RGB", (1, 1)))
        before = len(os.listdir("/proc/self/fd"))
        read_image(path)
        with pytest.raises(UnreadableImage):
            read_image(str(write_broken(tmp_path / "b.png")))
        assert len(os.listdir("/proc/self/fd")) == before

    @pytest.mark.parametrize("extension", ["png", "bmp", "tif", "gif", "tga", "ppm", "qoi"])
    def test_every_lossless_format_is_decoded(self, tmp_path: Path, extension: str) -> None:
        (path,) = write_images(tmp_path, [f"a.{extension}"], size=(4, 2))
        assert pixels(read_image(str(path))) == [[colour_of(path.name)] * 4] * 2

    @pytest.mark.parametrize("extension", ["jpg", "jpeg", "jfif", "webp", "avif", "jp2"])
    def test_every_lossy_format_is_decoded(self, tmp_path: Path, extension: str) -> None:
        (path,) = write_images(tmp_path, [f"a.{extension}"])
        difference = read_image(str(path)).image * 255 - torch.tensor(colour_of(path.name))
        assert difference.abs().max() <= 6

    def test_the_content_counts_not_the_extension(self, tmp_path: Path) -> None:
        (path,) = write_images(tmp_path, ["a.png"])
        path = path.rename(tmp_path / "a.jpg")
        assert pixels(read_image(str(path)))[0][0] == colour_of("a.png")


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "colour", "expected"),
        [
            ("RGB", (10, 20, 30), (10, 20, 30)),
            ("RGBA", (10, 20, 30, 0), (10, 20, 30)),
            ("L", 77, (77, 77, 77)),
            ("LA", (77, 128), (77, 77, 77)),
            ("1", 1, (255, 255, 255)),
            ("1", 0, (0, 0, 0)),
            ("CMYK", (255, 0, 0, 0), (0, 255, 255)),
            ("CMYK", (0, 0, 0, 255), (0, 0, 0)),
            ("YCbCr", (128, 128, 128), (128, 128, 128)),
        ],
    )
    def test_are_converted_to_rgb(
        self, tmp_path: Path, mode: str, colour: Any, expected: tuple[int, int, int]
    ) -> None:
        # Pillow 12.3 cannot read the uncompressed YCbCr file that it writes.
        options = {"compression": "tiff_lzw"} if mode == "YCbCr" else {}
        path = save(tmp_path / "a.tif", Image.new(mode, (3, 2), colour), **options)
        assert pixels(read_image(path)) == [[expected] * 3] * 2

    def test_a_palette(self, tmp_path: Path) -> None:
        image = Image.fromarray(np.array([[0, 1], [2, 0]], np.uint8)).convert("P")
        image.putpalette([*RED, *GREEN, *BLUE])
        decoded = read_image(save(tmp_path / "a.png", image))
        assert pixels(decoded) == [[RED, GREEN], [BLUE, RED]]
        assert not decoded.mask.any()

    def test_an_inverted_cmyk_jpeg_as_photoshop_writes_it(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 0, 0, 0)), quality=100)
        assert pixels(read_image(path))[0][0] == WHITE

    def test_a_colour_profile_changes_nothing(self, tmp_path: Path) -> None:
        image = Image.fromarray(noise(4, 4, 3))
        plain = read_image(save(tmp_path / "a.png", image))
        tagged = read_image(save(tmp_path / "b.png", image, icc_profile=b"no profile at all"))
        assert torch.equal(plain.image, tagged.image)

    def test_16_bit_rgb_in_8_bits_as_pillow_has_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(png(2, 1, 16, 2, struct.pack(">6H", 0x1234, 0, 0xFFFF, 0xFF, 0x100, 1)))
        assert pixels(read_image(str(path))) == [[(0x12, 0, 0xFF), (0, 1, 0)]]


class TestDeepGrey:
    @pytest.mark.parametrize("extension", ["png", "tif", "jp2"])
    def test_16_bits_are_divided_by_65535(self, tmp_path: Path, extension: str) -> None:
        grey = noise(32, 32, dtype=np.uint16)
        path = save(tmp_path / f"a.{extension}", Image.fromarray(grey))
        decoded = read_image(path)
        assert decoded.image.shape == (1, 32, 32, 3)
        assert decoded.image.dtype is torch.float32
        expected = grey.astype(np.float32) / np.float32(65535)
        for channel in range(3):
            assert np.array_equal(decoded.image[0, :, :, channel].numpy(), expected)
        assert decoded.mask.shape == (1, 32, 32)
        assert not decoded.mask.any()

    def test_big_endian_tiff(self, tmp_path: Path) -> None:
        image = Image.new("I;16B", (2, 1), 0x1234)
        decoded = read_image(save(tmp_path / "a.tif", image))
        assert np.unique((decoded.image * 65535).round().numpy()).tolist() == [0x1234]

    def test_16_bit_pgm(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pgm"
        path.write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", 0x1234, 65535))
        assert (read_image(str(path)).image[0, 0, :, 0] * 65535).round().tolist() == [0x1234, 65535]

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([0, 65535], [0, 1]),
            ([0, 6553], [0, 6553 / 65535]),
            ([-5, 65535], [0, 1]),
            ([0, 2**30, 2**31 - 1], [0, 0.5, 1]),
        ],
    )
    def test_32_bit_integers(
        self, tmp_path: Path, values: list[int], expected: list[float]
    ) -> None:
        path = save(tmp_path / "a.tif", Image.fromarray(np.array([values], np.int32)))
        assert read_image(path).image[0, 0, :, 0].tolist() == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([0, 0.25, 1], [0, 0.25, 1]),
            ([0, 0.25], [0, 0.25]),
            ([-1, 0.5], [0, 0.5]),
            ([0, 1, 4], [0, 0.25, 1]),
            ([0, float("nan"), 0.5], [0, 0, 0.5]),
            ([float("-inf"), 0, float("inf")], [0, 0, 1]),
        ],
    )
    def test_float(self, tmp_path: Path, values: list[float], expected: list[float]) -> None:
        path = save(tmp_path / "a.tif", Image.fromarray(np.array([values], np.float32)))
        assert read_image(path).image[0, 0, :, 0].tolist() == pytest.approx(expected)

    def test_is_turned_upright_too(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        grey = noise(2, 3, dtype=np.uint16)
        decoded = read_image(save(tmp_path / "a.png", Image.fromarray(grey), exif=exif))
        expected = np.rot90(grey, -1).astype(np.float32) / np.float32(65535)
        assert np.array_equal(decoded.image[0, :, :, 0].numpy(), expected)


class TestMask:
    def test_is_the_inverted_alpha_channel(self, tmp_path: Path) -> None:
        alpha = np.arange(256, dtype=np.uint8).reshape(16, 16)
        image = Image.new("RGB", (16, 16))
        image.putalpha(Image.fromarray(alpha))
        expected = np.float32(1) - alpha.astype(np.float32) / np.float32(255)
        for name, mode in (("a.png", "RGBA"), ("b.png", "LA")):
            decoded = read_image(save(tmp_path / name, image.convert(mode)))
            assert np.array_equal(decoded.mask[0].numpy(), expected)

    def test_is_the_transparency_of_a_palette(self, tmp_path: Path) -> None:
        image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
        image.putpalette([*RED, *GREEN, *BLUE])
        one = read_image(save(tmp_path / "one.png", image, transparency=1))
        assert one.mask.tolist() == [[[0, 1, 0]]]
        assert pixels(one) == [[RED, GREEN, BLUE]]
        each = read_image(save(tmp_path / "each.png", image, transparency=bytes([0, 51, 255])))
        assert each.mask.tolist() == [[[1, pytest.approx(0.8), 0]]]
        gif = read_image(save(tmp_path / "a.gif", image, transparency=2))
        assert gif.mask.tolist() == [[[0, 0, 1]]]

    def test_is_zeros_of_the_images_size_without_transparency(self, tmp_path: Path) -> None:
        decoded = read_image(save(tmp_path / "a.jpg", Image.new("RGB", (9, 5))))
        assert decoded.mask.shape == (1, 5, 9)
        assert not decoded.mask.any()

    def test_has_no_part_of_a_transparent_colour_as_load_image(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.png", Image.new("RGB", (2, 2), RED), transparency=RED)
        assert not read_image(path).mask.any()


class TestOrientation:
    # Where the corners of an image with corners R G / B W end up.
    UPRIGHT = (
        (1, [[RED, GREEN], [BLUE, WHITE]]),
        (2, [[GREEN, RED], [WHITE, BLUE]]),
        (3, [[WHITE, BLUE], [GREEN, RED]]),
        (4, [[BLUE, WHITE], [RED, GREEN]]),
        (5, [[RED, BLUE], [GREEN, WHITE]]),
        (6, [[BLUE, RED], [WHITE, GREEN]]),
        (7, [[WHITE, GREEN], [BLUE, RED]]),
        (8, [[GREEN, WHITE], [RED, BLUE]]),
    )

    @pytest.mark.parametrize(("orientation", "expected"), UPRIGHT)
    @pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
    def test_turns_the_image_upright(
        self,
        tmp_path: Path,
        orientation: int,
        expected: list[list[tuple[int, ...]]],
        extension: str,
    ) -> None:
        corners = np.array([[RED, GREEN], [BLUE, WHITE]], np.uint8)
        # 16 pixels per corner, as JPEG blurs colours; three times as wide, as sides count.
        image = Image.fromarray(corners.repeat(16, axis=0).repeat(48, axis=1))
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options = {"quality": 100, "exif": exif}
        decoded = read_image(save(tmp_path / f"a.{extension}", image, **options))
        sideways = orientation > 4
        assert decoded.image.shape == (1, 96, 32, 3) if sideways else (1, 32, 96, 3)
        height, width = decoded.image.shape[1:3]
        quarters = decoded.image[0, height // 4 :: height // 2, width // 4 :: width // 2]
        found = (quarters * 255).round()
        assert (found - torch.tensor(expected)).abs().max() <= 3

    def test_turns_the_mask_too(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        image = Image.fromarray(noise(2, 3, 4))
        decoded = read_image(save(tmp_path / "a.png", image, exif=exif))
        assert decoded.image.shape == (1, 3, 2, 3)
        expected = 1 - np.rot90(np.asarray(image)[:, :, 3], -1).astype(np.float32) / 255
        assert np.allclose(decoded.mask[0].numpy(), expected)


class TestSeveralFrames:
    @pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif", "a.avif", "a.mpo"])
    def test_the_first_counts(self, tmp_path: Path, name: str) -> None:
        frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
        path = save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])
        decoded = read_image(path)
        assert decoded.image.shape == (1, 16, 16, 3)
        assert (decoded.image[0, 8, 8] - torch.tensor([1.0, 0, 0])).abs().max() < 0.02


def png(width: int, height: int, depth: int, colour_type: int, row: bytes) -> bytes:
    """A PNG whose rows are all alike."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    data = zlib.compress((b"\0" + row) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


class TestUnreadable:
    def reason(self, path: Path) -> str:
        with pytest.raises(UnreadableImage) as raised:
            read_image(str(path))
        message = str(raised.value)
        assert f'"{path}"' in message
        assert raised.value.reason in message
        assert "Skip on error" in message
        assert raised.value.__cause__ is not None
        return raised.value.reason

    def test_a_missing_file(self, tmp_path: Path) -> None:
        assert self.reason(tmp_path / "a.png") == "the file is gone"

    def test_a_folder(self, tmp_path: Path) -> None:
        assert self.reason(tmp_path) == "it is a folder"

    def test_a_file_that_may_not_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(*_args: object, **_more: object) -> object:  # root may read any file
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", denied)
        reason = self.reason(tmp_path / "a.png")
        monkeypatch.undo()
        assert reason == "the user that runs ComfyUI may not read it"

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        assert self.reason(tmp_path / "a.png") == "the file is empty"

    def test_what_is_no_image(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"no image")
        assert "not an image" in self.reason(tmp_path / "a.png")

    @pytest.mark.parametrize(
        ("extension", "says"),
        [
            *((each, "the file is cut off: ") for each in ("png", "jpg", "gif", "bmp", "tif")),
            ("webp", "the file is damaged: "),
            ("jp2", "the file is damaged: "),
            ("avif", ""),  # Pillow may not know it for an image
        ],
    )
    def test_a_file_that_is_cut_short(self, tmp_path: Path, extension: str, says: str) -> None:
        reason = self.reason(write_broken(tmp_path / f"a.{extension}"))
        assert reason
        assert reason.startswith(says)

    def test_a_jpeg_that_is_cut_short_before_its_pixels(self, tmp_path: Path) -> None:
        path = write_broken(tmp_path / "a.jpg")
        path.write_bytes(path.read_bytes()[:100])
        assert self.reason(path).startswith("the file is cut off: ")

    def test_pixels_that_are_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(png(4, 4, 8, 2, b"no compressed pixels"))
        said = "unrecognized data stream contents when reading image file"
        assert self.reason(path) == f"the file is damaged: {said}"

    @pytest.mark.parametrize("extension", ["png", "jpg", "webp", "gif", "tif", "jp2", "avif"])
    def test_a_file_of_any_length_or_damage(self, tmp_path: Path, extension: str) -> None:
        buffer = io.BytesIO()
        Image.fromarray(noise(8, 8, 3)).save(buffer, Image.registered_extensions()["." + extension])
        whole = buffer.getvalue()
        path = tmp_path / "a.bin"
        for content in damaged(whole, 60):
            path.write_bytes(content)
            with contextlib.suppress(UnreadableImage):
                decoded = read_image(str(path))
                assert decoded.image.ndim == 4
                assert decoded.mask.shape == decoded.image.shape[:3]

    def test_a_decompression_bomb(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(png(30_000, 30_000, 1, 0, b""))
        assert "decompression bomb" in self.reason(tmp_path / "a.png")

    def test_pillows_warning_where_warnings_are_errors(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
        (path,) = write_images(tmp_path, ["a.png"], size=(8, 8))
        assert "decompression bomb" in self.reason(path)

    def test_no_pixels(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(png(0, 4, 8, 2, b""))
        assert self.reason(tmp_path / "a.png")

    def test_not_enough_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (path,) = write_images(tmp_path, ["a.png"])

        def full(*_args: object, **_kwargs: object) -> object:
            raise MemoryError

        monkeypatch.setattr(np, "divide", full)
        assert self.reason(path) == "there is not enough memory for it"

    def test_pillows_settings_are_left_alone(self, tmp_path: Path) -> None:
        limit = Image.MAX_IMAGE_PIXELS
        with pytest.raises(UnreadableImage):
            read_image(str(write_broken(tmp_path / "a.png")))
        assert ImageFile.LOAD_TRUNCATED_IMAGES is False
        assert limit == Image.MAX_IMAGE_PIXELS

    @pytest.mark.linux
    def test_a_name_that_cannot_be_shown(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableImage) as raised:
            read_image(str(tmp_path / os.fsdecode(b"new\nline \xe9.png")))
        assert r"new\nline \udce9.png" in str(raised.value)
        assert str(raised.value).isprintable()
