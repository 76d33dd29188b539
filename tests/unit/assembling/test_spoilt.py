"""Results that are there, and are no good when a film is made of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.assembling.changed_film import notice_of_change
from batch_loop.core.assembling.item_results import ItemResults
from batch_loop.core.assembling.pixels import pictures
from batch_loop.core.assembling.spoilt import SpoiltResults, items_with, spoilt_results
from batch_loop.core.common.errors import ResultsMissing, UnreadableImage
from batch_loop.core.files.unreadable import opened_image
from batch_loop.core.media.formats.decode import DecodedImage, decode
from batch_loop.core.model.formats import FilmDepth
from batch_loop.core.model.loop_key import LoopKey

COUNT = 6


@pytest.fixture
def results(tmp_path: Path) -> list[Path]:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(COUNT)]
    for path in paths:
        Image.fromarray(noise).save(path)
    return paths


def read(path: str) -> DecodedImage:
    with opened_image(path) as file:
        return decode(file)


def read_all(paths: Sequence[Path]) -> int:
    given = pictures([*map(str, paths)], FilmDepth.EIGHT, read, lambda _number: None)
    return len([*given])


def test_all_that_are_no_whole_pictures_are_found_at_once(results: list[Path]) -> None:
    assert read_all(results) == COUNT
    results[1].write_bytes(b"")
    results[4].write_bytes(results[4].read_bytes()[:3000])
    with pytest.raises(SpoiltResults) as caught:
        read_all(results)
    assert [*caught.value.paths] == [str(results[1]), str(results[4])]
    assert caught.value.reason == "the file is empty"


def test_what_cannot_be_reached_is_not_spoilt(results: list[Path]) -> None:
    results[2].unlink()
    with pytest.raises(UnreadableImage):
        read_all(results)


def test_the_items_of_spoilt_results_are_named_and_the_way_to_make_them_again(
    results: list[Path],
) -> None:
    key, found = LoopKey("", str(results[0].parent)), ItemResults()
    for number, path in enumerate(results):
        found.add(path.name if number else "gone.png", [str(path)])
    error = SpoiltResults([str(results[0]), str(results[3])], "the file is empty")
    items = items_with(error.paths, key, [found], lambda _path: True)
    assert items == ["3.png"], "the other one has no source any more"
    told = str(spoilt_results(items, error))
    assert "2 results cannot be read, of 3.png: the file is empty. Press Retry failed" in told
    assert "Press Retry failed, then Continue:" in told
    assert items_with(error.paths, key, [found], lambda _path: False) == []
    assert '"0.png", "3.png": the file is empty. Delete' in str(spoilt_results([], error))


def test_a_picture_of_another_size_is_named_with_what_to_do(results: list[Path]) -> None:
    Image.new("RGB", (10, 10)).save(results[3])
    with pytest.raises(ResultsMissing, match=r"3\.png.* has 10x10 .* delete it, and press Run"):
        read_all(results)


def test_a_film_that_is_newer_than_a_result_is_told_of(results: list[Path]) -> None:
    film = results[0].parent / "clip.mp4"
    film.touch()
    paths = [*map(str, results)]
    for path in paths:
        os.utime(path, (1000, 1000))
    os.utime(film, (999, 999))
    assert notice_of_change(str(film), paths) is None
    os.utime(film, (1001, 1001))
    os.utime(paths[0], (2000, 2000))  # it was retried since
    told = notice_of_change(str(film), paths)
    assert told is not None
    assert told.startswith('"clip.mp4" was changed after results were made of it.')
