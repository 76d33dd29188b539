"""A film on its way to a file."""

from __future__ import annotations

import errno
from pathlib import Path

import av
import pytest

from batch_loop.core.common.errors import NoRoom, UnwritableImage
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.turn.saved_film import FilmResult

INVALID_DATA = 1094995529
"""FFmpeg's own error, which PyAV raises as a ValueError."""


def saved(folder: Path, number: int) -> None:
    """Save a film whose writer reports an error of FFmpeg."""
    film = FilmResult(lambda _path: av.error.err_check(-number))
    film.write(str(folder / "film.mp4"), IfExists.SKIP)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, INVALID_DATA])
def test_an_error_of_the_encoder_is_not_told_as_one_of_the_disk(
    tmp_path: Path, number: int
) -> None:
    with pytest.raises(UnwritableImage, match=r"Cannot make the video .* choose another codec\."):
        saved(tmp_path, number)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="the disk is full"):
        saved(tmp_path, errno.ENOSPC)
