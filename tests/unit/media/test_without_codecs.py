"""Without isal, zlib-ng and simplejpeg, everything works as it does with them."""

from __future__ import annotations

import importlib.util
import io
import sys
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.media import png
from batch_loop.core.media.effort import Effort
from batch_loop.core.media.formats import decode as decoder
from batch_loop.core.media.formats import encode as encoder
from batch_loop.core.media.formats import from_jpeg, to_png
from batch_loop.core.media.pixels import to_uint8
from batch_loop.core.media.png import zlib_stream
from batch_loop.core.media.png.zlib_stream import Way
from batch_loop.tests.support import png_files
from batch_loop.tests.support.drawings import DRAWINGS
from batch_loop.tests.support.png_files import png_file

MISSING = [("isal",), ("zlib_ng",), ("isal", "zlib_ng", "simplejpeg")]


@pytest.fixture(params=MISSING, ids="+".join)
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Blocks imports, and replaces our modules with ones imported that way; returns their names."""
    names: tuple[str, ...] = request.param
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)
    for each in ("zlib_stream", "chunks", "choice", "encode"):  # in the order of their imports
        name = f"{png.__name__}.{each}"
        module = _again(sys.modules[name])
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(png, each, module)
    for module in (to_png, png_files):
        monkeypatch.setattr(module, "encode_rows", png.encode.encode_rows)
    monkeypatch.setattr(decoder, "from_jpeg", _again(from_jpeg))
    return names


def _again(module: ModuleType) -> ModuleType:
    assert module.__file__ is not None
    spec = importlib.util.spec_from_file_location(module.__name__, module.__file__)
    assert spec is not None
    assert spec.loader is not None
    result = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(result)
    return result


def image() -> torch.Tensor:
    return torch.from_numpy(DRAWINGS["photo"](60, 80)).float() / 255


def saved(format_: encoder.Format) -> bytes:
    return encoder.encode(image(), format=format_, quality=90, metadata={"prompt": {"1": 2}})


def test_the_other_tests_have_the_packages() -> None:
    assert zlib_stream._zlib.__name__ == "zlib_ng.zlib_ng"
    assert zlib_stream._isal.__name__ == "isal.isal_zlib"
    assert set(zlib_stream.WAYS) == set(Way)
    assert from_jpeg.simplejpeg is not None


def test_the_log_says_which_package_is_missing(
    without: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    _again(zlib_stream)
    _again(from_jpeg)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(without)
    for name in without:
        package = name.replace("_", "-")
        assert any(f"{package} cannot be imported" in line for line in said)


@pytest.mark.usefixtures("without")
def test_png_files_contain_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    poor = Image.open(io.BytesIO(saved(encoder.Format.PNG)))
    assert np.array_equal(np.asarray(poor), to_uint8(image()))
    monkeypatch.undo()
    rich = Image.open(io.BytesIO(saved(encoder.Format.PNG)))
    assert np.array_equal(np.asarray(poor), np.asarray(rich))
    assert poor.info == rich.info == {"prompt": '{"1": 2}'}


@pytest.mark.parametrize("effort", Effort)
def test_what_is_left_takes_every_kind_of_image(without: tuple[str, ...], effort: Effort) -> None:
    assert (png.zlib_stream._zlib is zlib) == ("zlib_ng" in without)
    assert (png.zlib_stream._isal is None) == ("isal" in without)
    for drawing in DRAWINGS.values():
        pixels = drawing(90, 120)
        data = png_file(pixels, effort=effort)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)


@pytest.mark.usefixtures("without")
def test_check_values_are_the_same() -> None:
    parts = [bytes(range(256)) * 30, b"a", b"\xff" * 70_000]
    found = png.zlib_stream.end([png.zlib_stream.CheckValue.of(part) for part in parts])
    assert found == zlib.adler32(b"".join(parts)).to_bytes(4, "big")
    assert png.zlib_stream.checksum(*parts) == zlib.crc32(b"".join(parts))


@pytest.mark.usefixtures("without")
def test_jpeg_files_decode_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(encoder.Format.JPEG))
    poor = read_image(str(path))
    monkeypatch.undo()
    rich = read_image(str(path))
    assert torch.equal(poor.image, rich.image)
    assert torch.equal(poor.mask, rich.mask)
