"""The mark of a film that is made of results, and where it goes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from batch_loop.core.assembling.own_film import Mark, Place, places
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.shared_roots import Roots
from batch_loop.tests.support.films import make_film


def marked(folder: Path, content: bytes) -> Mark:
    """The mark on a machine that has the shared folder there."""
    file = folder / "a.png"
    file.parent.mkdir()
    file.write_bytes(content)
    os.utime(file, (5, 5))
    return Mark.made_by("loop", "7", [str(file)], {}, Roots({"pics": str(folder)}))


def test_machines_that_share_a_folder_make_the_same_film_of_it(tmp_path: Path) -> None:
    one = marked(tmp_path / "one", b"a")
    assert marked(tmp_path / "two", b"a") == one
    other = marked(tmp_path / "three", b"ab")
    assert (other.by, other.of != one.of) == (one.by, True)


MARK = Mark("of a node", "of its files")


@pytest.mark.parametrize(
    ("appears", "following"),
    [
        (MARK, Place("clip.mp4", IfExists.OVERWRITE_OWN, is_there=True)),
        (Mark(MARK.by, "of other files"), Place("clip.mp4", IfExists.OVERWRITE)),
        (Mark("of another node", MARK.of), Place("clip_1.mp4", IfExists.SKIP)),
    ],
    ids=["the same film", "one of its own", "another's"],
)
def test_of_a_film_that_appears_while_it_is_made_no_second_one_is_made(
    tmp_path: Path, appears: Mark, following: Place
) -> None:
    """Another server may make it, too, where both find the end of a batch."""
    where = places(str(tmp_path / "clip"), ".mp4", IfExists.OVERWRITE_OWN, MARK, ())
    film = tmp_path / "clip.mp4"
    assert next(where) == Place(str(film), IfExists.SKIP)
    muxer = {"movflags": "use_metadata_tags"}
    make_film(film, frames=1, muxer=muxer, metadata=appears.metadata)
    assert next(where) == replace(following, path=str(tmp_path / following.path))
