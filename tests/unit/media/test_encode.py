from __future__ import annotations

import io
import json
import logging
import os
import struct
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from batch_loop.core.common.errors import InvalidSetting, UnwritableImage
from batch_loop.core.common.source_metadata import SourceMetadata
from batch_loop.core.media.effort import Effort
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.media.pixels import to_uint8, to_uint16
from batch_loop.core.model.formats import Format, can_write_avif, extension_of, format_of
from batch_loop.core.turn.saver_folders import check_format
from batch_loop.tests.support.photographs import grey_gamma_18

METADATA = {
    "prompt": {"1": {"class_type": "LoadImage", "inputs": {"image": "caf\u00e9: \u732b.png"}}},
    "workflow": {"nodes": [{"id": 1, "title": "a:b \U0001f600"}], "links": []},
    "other": [1, 2.5, None],
}
Image.init()
FORMATS = [format_ for format_ in Format if format_ is not Format.SOURCE]
LOSSLESS = [Format.PNG, Format.TIFF, Format.BMP, Format.WEBP]


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def encoded(
    image: torch.Tensor,
    format_: Format,
    quality: int = 90,
    metadata: dict[str, Any] | None = None,
) -> bytes:
    return encode(image, format=format_, quality=quality, metadata=metadata)


def name_of(format_: Format) -> str:
    """Pillow's name for it."""
    return format_.value.split()[0].upper()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


class TestPixels:
    @pytest.mark.parametrize("format_", LOSSLESS)
    @pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
    def test_lossless_formats_keep_every_pixel(
        self, format_: Format, channels: int, mode: str
    ) -> None:
        image = noise(11, 17, channels)
        picture = opened(encoded(image, format_, quality=100))
        expected = to_uint8(image)
        if format_ is Format.BMP and channels == 4:
            mode, expected = "RGB", expected[:, :, :3]
        if format_ is Format.WEBP and channels == 1:
            expected = expected.repeat(3, axis=2)
            mode = "RGB"
        assert (picture.mode, picture.size) == (mode, (17, 11))
        assert np.array_equal(np.asarray(picture).reshape(expected.shape), expected)

    @pytest.mark.parametrize("format_", FORMATS)
    def test_the_content_is_in_the_format(self, format_: Format) -> None:
        assert opened(encoded(noise(8, 8, 3), format_)).format == name_of(format_)

    def test_16_bits_keep_every_value_of_a_grey_file(self) -> None:
        values = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
        image = torch.from_numpy(values.astype(np.float32) / np.float32(65535))[:, :, None]
        picture = opened(encoded(image, Format.PNG_16))
        assert picture.mode == "I;16"
        assert np.array_equal(np.asarray(picture), values)

    @pytest.mark.parametrize("channels", [3, 4])
    def test_16_bits_of_each_channel(self, channels: int) -> None:
        image = noise(11, 17, channels)
        data = encoded(image, Format.PNG_16)
        assert data[24] == 16  # the header's bit depth
        # Pillow keeps the higher half of each value.
        assert np.array_equal(np.asarray(opened(data)), to_uint16(image) >> 8)

    def test_webp_at_100_keeps_the_colours_of_transparent_pixels(self) -> None:
        image = noise(8, 8, 4)
        image[:, :, 3] = 0
        picture = opened(encoded(image, Format.WEBP, quality=100))
        assert np.array_equal(np.asarray(picture), to_uint8(image))

    def test_webp_below_quality_100_is_smaller(self) -> None:
        image = noise(64, 64, 3)
        assert len(encoded(image, Format.WEBP, 99)) < len(encoded(image, Format.WEBP, 100))

    @pytest.mark.parametrize("format_", [Format.JPEG, Format.WEBP, Format.AVIF])
    def test_quality_matters(self, format_: Format) -> None:
        image = noise(64, 64, 3)
        sizes = [len(encoded(image, format_, quality)) for quality in (1, 50, 95)]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[1] < sizes[2]

    @pytest.mark.parametrize("format_", [Format.PNG, Format.PNG_16, Format.TIFF, Format.BMP])
    def test_quality_does_not_matter(self, format_: Format) -> None:
        image = noise(8, 8, 3)
        assert encoded(image, format_, 1) == encoded(image, format_, 100)

    def test_jpeg_drops_the_alpha_channel(self) -> None:
        image = torch.full((8, 8, 4), 0.5)
        image[:, :, 3] = 0
        picture = opened(encoded(image, Format.JPEG))
        assert picture.mode == "RGB"
        assert np.abs(np.asarray(picture).astype(int) - 127).max() <= 2

    def test_a_grey_jpeg(self) -> None:
        assert opened(encoded(noise(8, 8, 1), Format.JPEG)).mode == "L"


def photograph() -> torch.Tensor:
    """Some detail on smooth colours, as in photographs: [H,W,3]."""
    across, down = torch.meshgrid(
        torch.linspace(0, 6, 240), torch.linspace(0, 9, 320), indexing="ij"
    )
    smooth = torch.stack([across.sin(), (across + down).cos(), down.sin()], 2) * 0.4 + 0.5
    return (smooth + 0.02 * noise(240, 320, 3)).clamp(0, 1)


class TestEffort:
    @pytest.mark.parametrize("format_", [*LOSSLESS, Format.PNG_16, Format.JPEG])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_the_pixels_are_the_same_with_each(self, format_: Format, channels: int) -> None:
        image = photograph()[:, :, :channels]
        pictures = [
            np.asarray(
                opened(encode(image, format=format_, quality=100, metadata=None, effort=effort))
            )
            for effort in Effort
        ]
        assert all(np.array_equal(picture, pictures[0]) for picture in pictures)

    @pytest.mark.parametrize(
        ("format_", "quality"),
        [
            (Format.JPEG, 90),
            (Format.WEBP, 90),
            (Format.WEBP, 100),
            (Format.TIFF, 90),
            (Format.AVIF, 90),
        ],
    )
    def test_more_of_it_makes_the_file_smaller(self, format_: Format, quality: int) -> None:
        fast, small = (
            len(encode(photograph(), format=format_, quality=quality, metadata=None, effort=effort))
            for effort in (Effort.FAST, Effort.SMALL)
        )
        assert small < fast

    def test_an_incompressible_jpeg_has_room_with_each(self) -> None:
        image = noise(500, 700, 3)
        for effort in Effort:
            data = encode(image, format=Format.JPEG, quality=100, metadata=None, effort=effort)
            assert opened(data).size == (700, 500)


class TestLock:
    """Pillow holds Python's lock while it writes JPEG, unless it is into one of the system's files.

    Then a workflow that has something to do would wait for whole images.
    """

    @pytest.mark.linux
    @pytest.mark.parametrize("effort", Effort)
    def test_jpeg_is_written_into_a_file_of_the_system(
        self, effort: Effort, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        into: list[Any] = []
        save = Image.Image.save

        def noted(self: Image.Image, file: Any, *options: Any, **named: Any) -> None:
            into.append(file)
            assert not isinstance(file, io.BytesIO)
            assert os.fstat(file.fileno()).st_nlink == 0  # on no disk
            save(self, file, *options, **named)

        monkeypatch.setattr(Image.Image, "save", noted)
        written = encode(
            noise(30, 40, 3), format=Format.JPEG, quality=90, metadata=METADATA, effort=effort
        )
        assert [file.closed for file in into] == [True]
        monkeypatch.undo()

        def refused(_name: str) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "memfd_create", refused)
        assert written == encode(
            noise(30, 40, 3), format=Format.JPEG, quality=90, metadata=METADATA, effort=effort
        )


class TestNoRoom:
    """Pillow optimizes a JPEG file in one buffer, whose size it guesses."""

    @pytest.mark.parametrize("quality", [92, 94, 95, 100])
    @pytest.mark.parametrize("shape", [(300, 400, 3), (8, 5000, 3), (5000, 8, 3)])
    def test_a_jpeg_file_full_of_noise_is_written_with_each_effort(
        self, quality: int, shape: tuple[int, int, int]
    ) -> None:
        image = (noise(*shape) > 0.5).float()
        pictures = [
            np.asarray(
                opened(
                    encode(image, format=Format.JPEG, quality=quality, metadata=None, effort=effort)
                )
            )
            for effort in Effort
        ]
        assert all(np.array_equal(picture, pictures[0]) for picture in pictures)

    @pytest.mark.parametrize(
        ("format_", "refusals"), [(Format.JPEG, 1), (Format.TIFF, 1), (Format.AVIF, 2)]
    )
    @pytest.mark.parametrize("error", [OSError, ValueError, RuntimeError])
    def test_an_encoder_that_fails_is_tried_with_less_effort(
        self,
        monkeypatch: pytest.MonkeyPatch,
        format_: Format,
        refusals: int,
        error: type[Exception],
    ) -> None:
        can_write_avif()
        name, failed = format_.value.upper(), []
        save = Image.SAVE[name]

        def refusing(image: Image.Image, file: Any, path: Any) -> None:
            if len(failed) < refusals:
                failed.append(image.encoderinfo)
                raise error("broken data stream")
            save(image, file, path)

        monkeypatch.setitem(Image.SAVE, name, refusing)
        image = noise(8, 8, 3)
        data = encode(image, format=format_, quality=90, metadata=None, effort=Effort.SMALL)
        assert data == encoded(image, format_)
        failed.clear()
        with pytest.raises(UnwritableImage, match="broken data stream"):
            encoded(image, format_)


class TestLargeWebp:
    """A lossy file may have no room for all that the lower methods choose."""

    @pytest.mark.parametrize(
        ("effort", "expected"), [(Effort.FAST, [0, 2, 4]), (Effort.SMALL, [4])]
    )
    def test_what_has_no_room_is_encoded_with_a_higher_method(
        self, monkeypatch: pytest.MonkeyPatch, effort: Effort, expected: list[int]
    ) -> None:
        tried, save = [], Image.SAVE["WEBP"]

        def full(image: Image.Image, file: Any, name: Any) -> None:
            tried.append(image.encoderinfo["method"])
            if tried[-1] < 4:
                raise ValueError("encoding error 6")
            save(image, file, name)

        monkeypatch.setitem(Image.SAVE, "WEBP", full)
        data = encode(noise(8, 8, 3), format=Format.WEBP, quality=90, metadata=None, effort=effort)
        assert opened(data).size == (8, 8)
        assert tried == expected

    def test_where_there_never_is_any_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_given: object) -> None:
            raise ValueError("encoding error 6")

        opened(encoded(noise(8, 8, 3), Format.WEBP))
        monkeypatch.setitem(Image.SAVE, "WEBP", full)
        with pytest.raises(UnwritableImage, match="Save it as PNG"):
            encoded(noise(8, 8, 3), Format.WEBP)

    def test_the_lowest_methods_are_left_out_where_they_are_likely_to_fail(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried, save = [], Image.SAVE["WEBP"]

        def noted(image: Image.Image, file: Any, name: Any) -> None:
            tried.append(image.encoderinfo["method"])
            save(image, file, name)

        monkeypatch.setitem(Image.SAVE, "WEBP", noted)
        encoded(torch.zeros(3600, 4000, 1), Format.WEBP)
        assert tried == [2]


class TestAvif:
    def test_it_is_close_to_the_image(self) -> None:
        image = photograph()
        picture = opened(encoded(image, Format.AVIF, 95))
        assert picture.mode == "RGB"
        assert np.abs(np.asarray(picture).astype(int) - to_uint8(image)).mean() < 3

    @pytest.mark.parametrize("width", [1, 5, 8])
    def test_it_has_the_metadata_where_comfyuis_page_looks(self, width: int) -> None:
        data = encoded(noise(5, width, 3), Format.AVIF, metadata=METADATA)
        # The page looks for the beginning of the EXIF data in the item that the file names.
        found = opened(data).info["exif"]
        assert data.count(found.removeprefix(b"Exif\0\0")) == 1
        assert exif_texts(found) == {key: json.dumps(value) for key, value in METADATA.items()}

    @pytest.mark.parametrize("error", [KeyError, OSError, RuntimeError])
    def test_where_pillow_cannot_write_it(
        self, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        def refuse(*_given: object) -> None:
            raise error("encoder not available")

        can_write_avif()  # Pillow knows its formats from now on
        with monkeypatch.context() as patched:
            patched.setitem(Image.SAVE, "AVIF", refuse)
            can_write_avif.cache_clear()
            assert format_of(".avif") is Format.PNG
            with pytest.raises(UnwritableImage, match="pip install --upgrade pillow"):
                encoded(noise(8, 8, 3), Format.AVIF)
            with pytest.raises(InvalidSetting, match="pip install --upgrade pillow"):
                check_format({"format": "AVIF"})
            check_format({"format": "same as source"})
        can_write_avif.cache_clear()
        check_format({"format": "AVIF"})

    def test_a_grey_profile_is_left_out_of_it_as_it_has_no_grey(self) -> None:
        data = encode(
            noise(8, 8, 1),
            format=Format.AVIF,
            quality=90,
            metadata=None,
            source=SourceMetadata(grey_gamma_18()),
        )
        picture = opened(data)
        assert picture.mode == "RGB"
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        assert profile.profile.xcolor_space.strip() == "RGB"

    def test_the_largest_that_can_be_opened(self) -> None:
        picture = opened(encoded(noise(2, 32_768, 3), Format.AVIF))
        picture.load()
        assert picture.size == (32_768, 2)

    @pytest.mark.parametrize("size", [(2, 32_769), (65_537, 2), (16_385, 16_385)])
    def test_what_no_program_opens_is_refused_before_it_is_encoded(
        self, size: tuple[int, int]
    ) -> None:
        with pytest.raises(UnwritableImage, match="32768 pixels on a side"):
            encoded(torch.zeros(1, 1, 3).expand(*size, 3), Format.AVIF)


class TestRefused:
    @pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3), (0, 4, 3)])
    def test_other_shapes_than_images_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(UnwritableImage) as raised:
            encoded(torch.zeros(shape), Format.PNG)
        assert str(shape) in str(raised.value)

    def test_a_size_that_the_format_cannot_hold_is_refused(self) -> None:
        with pytest.raises(UnwritableImage, match=r"20000x1 pixels as WebP.*PNG"):
            encoded(torch.zeros(1, 20_000, 3), Format.WEBP)
        with pytest.raises(UnwritableImage, match="70000x1 pixels as JPEG"):
            encoded(torch.zeros(1, 70_000, 3), Format.JPEG)


def png_texts(data: bytes) -> dict[str, str]:
    """What ComfyUI's page reads: the tEXt chunks, as UTF-8."""
    texts = {}
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 :][:length]
        if kind == b"tEXt":
            key, text = content.split(b"\0", 1)
            texts[key.decode()] = text.decode()
        position += 12 + length
    return texts


def webp_texts(data: bytes) -> dict[str, str]:
    """What ComfyUI's page reads: `key:text` in text tags of the EXIF chunk.

    Like frontends 1.25 and 1.32, it ignores the padding after a chunk of odd length.
    """
    position = 12
    while position < len(data):
        kind = data[position : position + 4]
        (length,) = struct.unpack_from("<I", data, position + 4)
        if kind == b"EXIF":
            return exif_texts(data[position + 8 :][:length])
        position += 8 + length
    return {}


def exif_texts(exif: bytes) -> dict[str, str]:
    exif = exif.removeprefix(b"Exif\0\0")
    order = "<" if exif.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(order + "I", exif, 4)
    (entries,) = struct.unpack_from(order + "H", exif, directory)
    texts = {}
    for entry in range(entries):
        place = directory + 2 + 12 * entry
        _tag, kind, length, offset = struct.unpack_from(order + "HHII", exif, place)
        if kind == 2:
            key, text = exif[offset : offset + length - 1].decode().split(":", 1)
            texts[key] = text
    return texts


class TestMetadata:
    def test_png_has_the_metadata_where_comfyuis_page_looks(self) -> None:
        texts = png_texts(encoded(noise(8, 8, 3), Format.PNG, metadata=METADATA))
        assert texts == {key: json.dumps(value) for key, value in METADATA.items()}

    # Each has a chunk of odd length before the metadata.
    @pytest.mark.parametrize("quality", [50, 100])
    @pytest.mark.parametrize("channels", [3, 4])
    @pytest.mark.parametrize("width", range(1, 9))
    def test_webp_has_the_metadata_where_comfyuis_page_looks(
        self, quality: int, channels: int, width: int
    ) -> None:
        image = noise(5, width, channels)
        data = encoded(image, Format.WEBP, quality, METADATA)
        texts = webp_texts(data)
        assert texts == {key: json.dumps(value) for key, value in METADATA.items()}
        assert opened(data).size == (width, 5)
        if quality == 100:
            assert np.array_equal(np.asarray(opened(data)), to_uint8(image))

    def test_webp_has_the_metadata_under_comfyuis_tags(self) -> None:
        exif = opened(encoded(noise(8, 8, 3), Format.WEBP, metadata=METADATA)).getexif()
        assert exif[0x0110] == "prompt:" + json.dumps(METADATA["prompt"])
        assert exif[0x010F] == "workflow:" + json.dumps(METADATA["workflow"])
        assert exif[0x010E] == "other:" + json.dumps(METADATA["other"])

    def test_jpeg_and_tiff_have_the_same_metadata(self) -> None:
        jpeg = opened(encoded(noise(8, 8, 3), Format.JPEG, metadata=METADATA))
        expected = {key: json.dumps(value) for key, value in METADATA.items()}
        assert exif_texts(jpeg.info["exif"]) == expected
        tiff = opened(encoded(noise(8, 8, 3), Format.TIFF, metadata=METADATA)).getexif()
        assert tiff[0x0110] == "prompt:" + expected["prompt"]
        assert tiff[0x010F] == "workflow:" + expected["workflow"]

    @pytest.mark.parametrize("format_", FORMATS)
    @pytest.mark.parametrize("metadata", [None, {}])
    def test_none(self, format_: Format, metadata: dict[str, Any] | None) -> None:
        picture = opened(encoded(noise(8, 8, 3), format_, metadata=metadata))
        picture.load()
        assert "prompt" not in picture.info
        assert 0x0110 not in picture.getexif()

    def test_many_keys(self) -> None:
        metadata = {f"key{number}": {"value": number} for number in range(20)}
        for format_ in (Format.WEBP, Format.JPEG):
            picture = opened(encoded(noise(8, 8, 3), format_, metadata=metadata))
            texts = exif_texts(picture.info["exif"])
            assert texts == {key: json.dumps(value) for key, value in metadata.items()}
        assert len(png_texts(encoded(noise(8, 8, 3), Format.PNG, metadata=metadata))) == 20

    @pytest.mark.parametrize("format_", [Format.PNG, Format.PNG_16, Format.WEBP, Format.TIFF])
    def test_of_any_size(self, format_: Format) -> None:
        metadata = {"prompt": "p" * 100_000, "workflow": "w" * 500_000}
        data = encoded(noise(8, 8, 3), format_, metadata=metadata)
        assert data.count(b"w" * 500_000) == 1
        assert opened(data).size == (8, 8)

    def test_metadata_too_large_for_jpeg_is_left_out_with_a_warning(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        metadata = {"prompt": "p" * 60_000, "workflow": "w" * 60_001, "other": 1}
        with caplog.at_level(logging.WARNING):
            data = encoded(noise(8, 8, 3), Format.JPEG, metadata=metadata)
        assert exif_texts(opened(data).info["exif"]).keys() == {"prompt", "other"}
        assert "leaves the workflow out" in caplog.text

    def test_jpeg_without_any_that_fits(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            data = encoded(noise(8, 8, 3), Format.JPEG, metadata={"prompt": "p" * 70_000})
        assert "exif" not in opened(data).info
        assert "leaves the prompt out" in caplog.text

    def test_jpeg_takes_metadata_that_just_fits(self, caplog: pytest.LogCaptureFixture) -> None:
        for length in range(65_470, 65_540):
            data = encoded(noise(1, 1, 3), Format.JPEG, metadata={"prompt": "p" * length})
            assert ("exif" in opened(data).info) == (not caplog.records)
        assert caplog.records


class TestFormats:
    @pytest.mark.parametrize(
        ("extension", "format_"),
        [
            (".png", Format.PNG),
            (".PNG", Format.PNG),
            (".jpg", Format.JPEG),
            (".JPEG", Format.JPEG),
            (".jfif", Format.JPEG),
            (".webp", Format.WEBP),
            (".tif", Format.TIFF),
            (".tiff", Format.TIFF),
            (".bmp", Format.BMP),
            (".gif", Format.PNG),
            (".avif", Format.AVIF),
            ("", Format.PNG),
            (".anything", Format.PNG),
        ],
    )
    def test_of_an_extension(self, extension: str, format_: Format) -> None:
        assert format_of(extension) is format_

    @pytest.mark.parametrize("format_", FORMATS)
    def test_an_extension_leads_back_to_its_format(self, format_: Format) -> None:
        # A name does not tell the bit depth, so it is the usual one.
        usual = Format.PNG if format_ is Format.PNG_16 else format_
        assert format_of(extension_of(format_)) is usual
        assert Image.registered_extensions()[extension_of(format_)] == name_of(format_)
