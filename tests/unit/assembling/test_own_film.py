"""The mark of a film that is made of results."""

from __future__ import annotations

import os
from pathlib import Path

from batch_loop.core.assembling.own_film import Mark
from batch_loop.core.model.shared_roots import Roots


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
