"""Which files are decoded, whatever they are called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import pytest
from PIL import EpsImagePlugin, Image

from batch_loop.batch_loop_cli import contact_sheet
from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.read_ahead import read_image
from batch_loop.core.common.errors import UnreadableImage
from batch_loop.core.common.file_kinds import IMAGE_EXTENSIONS
from batch_loop.core.media.buffers import Buffers
from batch_loop.core.media.formats.decode import FORMATS
from batch_loop.tests.support.thumbnails import thumbnail_of


def test_the_formats_match_the_listing_s() -> None:
    Image.init()
    known = Image.registered_extensions()
    listed = {known[extension] for extension in IMAGE_EXTENSIONS if extension in known}
    # MPO is opened as the JPEG at its start.
    assert listed - {"MPO"} <= set(FORMATS)
    assert contact_sheet.FORMATS == FORMATS


@pytest.mark.posix
def test_an_eps_file_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = tmp_path / "started"
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{started}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    file = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(file, "EPS")
    with pytest.raises(UnreadableImage, match="of a format that Batch Loop does not read"):
        read_image(os.path.realpath(file))
    with pytest.raises(UnreadableImage):
        thumbnail_of(file, 64)
    contact_sheet.draw_contact_sheet([("a.png", file, file)])
    assert not started.exists()
    # It would, for anyone who accepts whatever Pillow accepts.
    with pytest.raises(OSError), Image.open(file) as image:  # noqa: PT011 - of any wording
        image.load()
    assert started.exists()


def test_a_header_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    opened: list[object] = []
    real = Image.open

    def counting(file: IO[bytes], *, formats: tuple[str, ...]) -> Image.Image:
        opened.append(file)
        return real(file, formats=formats)

    monkeypatch.setattr(Image, "open", counting)
    image = read_image(os.path.realpath(path), Buffers(MemoryBudget(10**6)))
    assert image.image.shape == (1, 8, 8, 3)
    assert len(opened) == 1
