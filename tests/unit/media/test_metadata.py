"""What goes from a source's file into its result's: colours, EXIF, XMP."""

from __future__ import annotations

import io
import json
import logging
import struct
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from batch_loop.core.common.errors import UnwritableImage
from batch_loop.core.common.source_metadata import SourceMetadata
from batch_loop.core.media import exif
from batch_loop.core.media.formats.decode import decode
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.formats import Format
from batch_loop.tests.support.photographs import (
    AUTHOR,
    CAMERA,
    MAKER_NOTE,
    MODEL,
    THUMBNAIL,
    XMP,
    colours,
    display_p3,
    grey_gamma_18,
    inks,
    photograph,
    saved,
    shown,
)
from batch_loop.tests.support.photographs import exif as camera_exif

WITH_ALL = [Format.JPEG, Format.PNG, Format.PNG_16, Format.WEBP, Format.AVIF]
WITH_PROFILE = [*WITH_ALL, Format.TIFF]
GPS, EXIF = 0x8825, 0x8769


def processed(data: bytes, format_: Format, *, keep: bool = True, **options: Any) -> bytes:
    """Read an image file, and save it as it is."""
    image = decode(io.BytesIO(data))
    source = image.metadata if keep else image.metadata.profile_only()
    given: dict[str, Any] = {"quality": 100, "metadata": None, "source": source}
    return encode(image.image[0], format=format_, **{**given, **options})


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def xmp_of(data: bytes) -> bytes:
    info = opened(data).info
    found = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    return found.encode() if isinstance(found, str) else bytes(found)


def same_colours(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], most: int) -> bool:
    return bool(np.abs(one.astype(int) - other.astype(int)).max() <= most)


class TestColours:
    @pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF"])
    @pytest.mark.parametrize("format_", [*WITH_PROFILE, Format.BMP])
    def test_a_photograph_in_display_p3_looks_the_same(self, source: str, format_: Format) -> None:
        before = photograph(source, exif=b"", xmp=b"")
        after = processed(before, format_)
        if format_ in {Format.JPEG, Format.AVIF}:  # which change colours a little by themselves
            options = {"subsampling": "4:4:4", "speed": 10} if format_ is Format.AVIF else {}
            image, name = opened(before), format_.value
            before = saved(image, name, quality=100, icc_profile=display_p3(), **options)
        assert same_colours(shown(before), shown(after), 1)
        # Without the profile it would not.
        assert not same_colours(shown(before), colours(), 10)

    def test_the_profile_is_the_sources_own(self) -> None:
        for format_ in WITH_PROFILE:
            kept = opened(processed(photograph(), format_, keep=False)).info["icc_profile"]
            assert kept[: len(display_p3())] == display_p3()

    def test_no_profile_comes_from_nowhere(self) -> None:
        for format_ in WITH_PROFILE:
            after = processed(saved(Image.fromarray(colours()), "PNG"), format_)
            assert "icc_profile" not in opened(after).info

    @pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
    @pytest.mark.parametrize("format_", WITH_PROFILE)
    def test_a_grey_image_with_a_profile_looks_the_same(self, mode: str, format_: Format) -> None:
        grey = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
        image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey)
        image = image.convert(mode)
        before = saved(image, "PNG", icc_profile=grey_gamma_18())
        after = processed(before, format_)
        expected = shown(saved(Image.fromarray(grey), "PNG", icc_profile=grey_gamma_18()))
        assert same_colours(expected, shown(after), 2 if format_ is Format.JPEG else 1)
        assert not same_colours(expected, np.repeat(grey[:, :, None], 3, axis=2), 10)

    @pytest.mark.parametrize("format_", [*WITH_PROFILE, Format.BMP])
    def test_a_print_in_cmyk_looks_the_same(self, format_: Format) -> None:
        image = Image.fromarray(colours()).convert("CMYK")
        for kind in ("TIFF", "JPEG"):
            before = saved(image, kind, icc_profile=inks())
            after = processed(before, format_)
            seen = Image.fromarray(shown(before))
            expected = saved(seen, "JPEG", quality=100) if format_ is Format.JPEG else before
            assert same_colours(shown(expected), shown(after), 8 if format_ is Format.AVIF else 2)
            assert "icc_profile" not in opened(after).info
        assert not same_colours(shown(before), np.asarray(image.convert("RGB")), 10)

    def test_a_profile_that_cannot_be_used_is_passed_over(self) -> None:
        image = Image.fromarray(colours())
        for mode in ("RGB", "CMYK", "L"):
            before = saved(image.convert(mode), "TIFF", icc_profile=b"no profile" * 20)
            after = opened(processed(before, Format.PNG))
            assert "icc_profile" not in after.info
            expected = image.convert(mode).convert("RGB")
            assert np.array_equal(np.asarray(after), np.asarray(expected))

    def test_a_grey_result_keeps_a_grey_profile_and_no_other(self) -> None:
        grey = torch.rand(8, 8, 1)
        for profile, kept in ((grey_gamma_18(), True), (display_p3(), False)):
            data = encode(
                grey,
                format=Format.PNG,
                quality=90,
                metadata=None,
                source=SourceMetadata(profile),
            )
            assert ("icc_profile" in opened(data).info) is kept


class TestExif:
    @pytest.mark.parametrize("format_", WITH_ALL)
    @pytest.mark.parametrize("endian", ["<", ">"])
    def test_what_the_photographer_noted_is_kept(self, format_: Format, endian: str) -> None:
        before = photograph(exif=b"Exif\0\0" + camera_exif(endian=endian))
        after = opened(processed(before, format_)).getexif()
        assert (after[0x010F], after[0x0110], after[0x013B]) == (CAMERA, MODEL, AUTHOR)
        assert after.get_ifd(GPS)[2] == (48.0, 8.0, 0.0)
        assert after.get_ifd(EXIF)[0x9003] == "2026:05:01 12:00:00"
        assert after.get_ifd(EXIF)[0x927C] == MAKER_NOTE

    @pytest.mark.parametrize("format_", WITH_ALL)
    def test_the_result_is_upright_and_of_its_own_size(self, format_: Format) -> None:
        larger = torch.rand(72, 48, 3)
        source = decode(io.BytesIO(photograph())).metadata
        data = encode(larger, format=format_, quality=90, metadata=None, source=source)
        after = opened(data)
        assert after.size == (48, 72)
        assert after.getexif()[0x0112] == 1
        own = after.getexif().get_ifd(EXIF)
        assert (own[0xA002], own[0xA003]) == (48, 72)
        assert b'tiff:Orientation="1"' in xmp_of(data)
        assert b"<tiff:Orientation>1<" in xmp_of(data)
        assert b'exif:PixelXDimension="48"' in xmp_of(data)

    @pytest.mark.parametrize("format_", WITH_ALL)
    def test_a_thumbnail_is_left_out(self, format_: Format) -> None:
        assert THUMBNAIL in photograph()
        after = processed(photograph(), format_)
        assert THUMBNAIL not in after
        assert b"thumbnail" not in xmp_of(after)
        assert not opened(after).getexif().get_ifd(1)

    def test_a_maker_s_note_stays_at_its_place(self) -> None:
        before = camera_exif()
        after = exif.edited(before, {"prompt": "{}"}, (4, 4))
        assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)

    @pytest.mark.parametrize("format_", WITH_ALL)
    def test_nothing_of_it_is_kept_where_it_is_switched_off(self, format_: Format) -> None:
        after = processed(photograph(), format_, keep=False)
        assert not opened(after).getexif()
        assert not xmp_of(after)

    @pytest.mark.parametrize("format_", [Format.JPEG, Format.WEBP, Format.AVIF])
    def test_the_workflow_goes_beside_it(self, format_: Format) -> None:
        metadata = {"prompt": {"1": {"class_type": "é"}}, "workflow": {"nodes": []}}
        after = opened(processed(photograph(), format_, metadata=metadata)).getexif()
        assert (after[0x010F], after[0x0110]) == (CAMERA, MODEL)
        assert 0x010E not in after  # viewers would show it as a caption
        texts = [value for value in after.values() if isinstance(value, str) and ":" in value]
        found = dict(text.split(":", 1) for text in texts)
        assert {key: json.loads(found[key]) for key in metadata} == metadata

    @pytest.mark.parametrize("embeds", [True, False])
    def test_a_workflow_that_the_source_held_is_not_kept(self, *, embeds: bool) -> None:
        earlier = encode(
            torch.rand(8, 8, 3), format=Format.WEBP, quality=90, metadata={"prompt": {"old": 1}}
        )
        after = processed(earlier, Format.WEBP, metadata={"prompt": {"new": 1}} if embeds else None)
        assert b"old" not in opened(after).getexif().tobytes()
        assert (b"new" in after) is embeds

    @pytest.mark.parametrize("cut", range(0, 400, 7))
    def test_damaged_exif_never_loses_an_image(self, cut: int) -> None:
        data = camera_exif()
        source = SourceMetadata(exif=data[:cut] + b"\xff" * 12 + data[cut + 12 :], xmp=b"\xff<")
        for format_ in WITH_ALL:
            texts = {"workflow": {}}
            image = torch.rand(4, 4, 3)
            data = encode(image, format=format_, quality=90, metadata=texts, source=source)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow warns of what is damaged
                opened(data)

    def test_what_does_not_fit_into_jpeg_is_left_out_the_photographer_s_last(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = decode(io.BytesIO(photograph())).metadata
        image = torch.rand(4, 4, 3)
        workflow = {"workflow": "w" * 65_500, "prompt": {}}
        with caplog.at_level(logging.WARNING):
            data = encode(image, format=Format.JPEG, quality=90, metadata=workflow, source=source)
        assert opened(data).getexif()[0x0110] == MODEL
        assert b"prompt:{}" in data
        assert "workflow" in caplog.text
        longer = exif.edited(source.exif, {"note": "n" * 65_536})
        long = SourceMetadata(exif=longer, xmp=XMP + b" " * 65_536)
        with caplog.at_level(logging.WARNING):
            data = encode(image, format=Format.JPEG, quality=90, metadata=None, source=long)
        assert not opened(data).getexif()
        assert "EXIF data" in caplog.text
        assert "XMP data" in caplog.text

    def test_the_text_of_older_png_files(self) -> None:
        data = (b"Exif\0\0" + camera_exif()).hex()
        text = f"\nexif\n{len(data) // 2}\n" + "\n".join(
            data[start : start + 72] for start in range(0, len(data), 72)
        )
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type exif", text)
        before = saved(Image.fromarray(colours()), "PNG", pnginfo=info)
        assert opened(processed(before, Format.PNG)).getexif()[0x0110] == MODEL


class TestXmp:
    @pytest.mark.parametrize("format_", WITH_ALL)
    def test_it_is_kept_but_for_what_only_the_file_of_the_source_had(self, format_: Format) -> None:
        after = xmp_of(processed(photograph(), format_))
        assert b'xmp:Rating="4"' in after
        assert "café".encode() in after
        for part in (b"HasExtendedXMP", b"MotionPhoto", b"Thumbnails"):
            assert part in XMP
            assert part not in after

    def test_older_pages_find_the_workflow_in_webp(self) -> None:
        metadata = {"prompt": {"1": {}}}
        for length in (1, 2):
            source = SourceMetadata(display_p3() + bytes(length), camera_exif(), XMP)
            data = encode(
                torch.rand(4, 4, 3),
                format=Format.WEBP,
                quality=90,
                metadata=metadata,
                source=source,
            )
            position, kinds = 12, []
            while position < len(data):
                kind, size = struct.unpack_from("<4sI", data, position)
                kinds.append(kind)
                assert size % 2 == 0 or kind == b"XMP "
                position += 8 + size + size % 2
            assert kinds.index(b"EXIF") < kinds.index(b"XMP ")


class TestMask:
    MASK = torch.tensor([[0.0, 1.0], [0.5, 0.0]])

    @pytest.mark.parametrize(
        "format_", [Format.PNG, Format.PNG_16, Format.WEBP, Format.TIFF, Format.AVIF]
    )
    @pytest.mark.parametrize("channels", [1, 3])
    def test_it_makes_the_result_transparent(self, format_: Format, channels: int) -> None:
        image = torch.full((2, 2, channels), 0.2)
        data = encode(image, format=format_, quality=100, metadata=None, mask=self.MASK)
        after = opened(data)
        assert after.mode == "RGBA"
        half = 128 if format_ is Format.PNG_16 else 127
        assert np.asarray(after)[:, :, 3].tolist() == [[255, 0], [half, 255]]
        assert (np.asarray(after)[:, :, :3] == 51).all()

    def test_one_of_another_size_is_scaled(self) -> None:
        mask = torch.zeros(4, 4)
        mask[:, 2:] = 1
        image = torch.rand(12, 12, 3)
        data = encode(image, format=Format.PNG, quality=1, metadata=None, mask=mask)
        alpha = np.asarray(opened(data))[:, :, 3]
        assert (alpha[:, :4] == 255).all()
        assert (alpha[:, 8:] == 0).all()

    def test_what_is_transparent_already_remains_so(self) -> None:
        image = torch.full((2, 2, 4), 0.5)
        data = encode(image, format=Format.PNG, quality=1, metadata=None, mask=self.MASK)
        assert np.asarray(opened(data))[:, :, 3].tolist() == [[127, 0], [63, 127]]

    @pytest.mark.parametrize("format_", [each for each in Format if each is not Format.SOURCE])
    def test_an_opaque_image_needs_none(self, format_: Format) -> None:
        image = torch.rand(2, 2, 3)
        given: dict[str, Any] = {"format": format_, "quality": 100, "metadata": None}
        assert encode(image, mask=torch.zeros(2, 2), **given) == encode(image, **given)

    @pytest.mark.parametrize("format_", [Format.JPEG, Format.BMP])
    def test_formats_without_transparency_say_so(self, format_: Format) -> None:
        image = torch.rand(2, 2, 3)
        with pytest.raises(UnwritableImage, match=f"{format_.value} file cannot be"):
            encode(image, format=format_, quality=90, metadata=None, mask=self.MASK)


class TestResolution:
    @pytest.mark.parametrize("format_", [Format.JPEG, Format.PNG, Format.PNG_16, Format.TIFF])
    @pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF"])
    def test_it_is_the_sources(self, source: str, format_: Format) -> None:
        before = saved(Image.fromarray(colours()), source, dpi=(300, 300))
        across, down = opened(processed(before, format_)).info["dpi"]
        assert round(float(across)) == round(float(down)) == 300
        without = opened(processed(before, format_, keep=False)).info
        assert without.get("dpi", (1, 1)) == (1, 1)

    def test_one_for_each_centimetre_is_understood(self) -> None:
        before = saved(Image.fromarray(colours()), "JPEG", dpi=(100, 100))
        per_centimetre = before.replace(b"JFIF\0\1\1\1", b"JFIF\0\1\1\2", 1)
        assert opened(processed(per_centimetre, Format.JPEG)).info["jfif_density"] == (254, 254)

    def test_none_comes_from_nowhere(self) -> None:
        for before in (
            photograph(),  # has none, and EXIF data, for which Pillow makes up one
            saved(Image.fromarray(colours()), "JPEG"),
            saved(Image.fromarray(colours()), "JPEG", dpi=(300, 150)),
            saved(Image.fromarray(colours()), "TIFF"),
        ):
            for format_ in WITH_ALL:
                made = opened(processed(before, format_))
                assert made.info.get("jfif_unit", 0) == 0
                assert "dpi" not in made.info or format_ is Format.JPEG
