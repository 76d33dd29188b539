"""Without zlib-ng and simplejpeg, everything works as it does with them."""

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
from batch_loop.core.media import decode as decoder
from batch_loop.core.media import encode as encoder
from batch_loop.core.media import jpeg, png, zlib_stream
from batch_loop.core.media.pixels import to_uint8
from batch_loop.tests.support.drawings import DRAWINGS
from batch_loop.tests.support.png_files import png_file


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks both imports, and replaces our modules with ones imported that way."""
    for name in ("zlib_ng", "simplejpeg"):
        monkeypatch.setitem(sys.modules, name, None)
    poor_zlib, poor_jpeg = _again(zlib_stream), _again(jpeg)
    monkeypatch.setattr(png, "zlib_stream", poor_zlib)
    monkeypatch.setattr(png, "Way", poor_zlib.Way)
    monkeypatch.setattr(decoder, "jpeg", poor_jpeg)


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
    assert jpeg.simplejpeg is not None


@pytest.mark.usefixtures("without")
def test_the_log_says_which_package_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    _again(zlib_stream)
    _again(jpeg)
    assert "zlib-ng cannot be imported" in caplog.text
    assert "simplejpeg cannot be imported" in caplog.text


@pytest.mark.usefixtures("without")
def test_png_files_contain_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    poor = Image.open(io.BytesIO(saved(encoder.Format.PNG)))
    assert np.array_equal(np.asarray(poor), to_uint8(image()))
    monkeypatch.undo()
    rich = Image.open(io.BytesIO(saved(encoder.Format.PNG)))
    assert np.array_equal(np.asarray(poor), np.asarray(rich))
    assert poor.info == rich.info == {"prompt": '{"1": 2}'}


@pytest.mark.usefixtures("without")
def test_pythons_own_zlib_takes_every_kind_of_image() -> None:
    assert png.zlib_stream._zlib is zlib
    for drawing in DRAWINGS.values():
        pixels = drawing(90, 120)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_file(pixels)))), pixels)


@pytest.mark.usefixtures("without")
def test_jpeg_files_decode_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(encoder.Format.JPEG))
    poor = read_image(str(path))
    monkeypatch.undo()
    rich = read_image(str(path))
    assert torch.equal(poor.image, rich.image)
    assert torch.equal(poor.mask, rich.mask)
