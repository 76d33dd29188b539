"""Shared folders have one name on all machines, wherever each has them."""

from __future__ import annotations

import os
from pathlib import Path

from batch_loop.core.model.shared_roots import NO_ROOTS, Roots


def roots(**folders: Path) -> Roots:
    return Roots({name: str(folder) for name, folder in folders.items()})


def test_a_path_below_a_root_has_its_name_and_leads_back(tmp_path: Path) -> None:
    here, there = roots(photos=tmp_path / "a"), roots(photos=tmp_path / "b" / "c")
    for inside in ("", "2024", "2024/spring/ünï.png"):
        own = os.path.join(tmp_path, "a", *inside.split("/")).rstrip(os.sep)
        shared = here.shared(own)
        assert shared == f"root:photos/{inside}".rstrip("/")
        assert here.local(shared) == own
        theirs = os.path.join(tmp_path, "b", "c", *inside.split("/")).rstrip(os.sep)
        assert there.local(shared) == theirs


def test_paths_outside_of_roots_stay_as_they_are(tmp_path: Path) -> None:
    some = roots(photos=tmp_path / "photos")
    for path in (str(tmp_path), str(tmp_path / "photos2" / "a.png"), "/elsewhere"):
        assert some.shared(path) == some.local(path) == path
        assert NO_ROOTS.shared(path) == path
    assert some.local("root:other/a") == "root:other/a"


def test_the_inner_of_two_roots_wins(tmp_path: Path) -> None:
    some = roots(all=tmp_path, photos=tmp_path / "photos")
    assert some.shared(str(tmp_path / "photos" / "a.png")) == "root:photos/a.png"
    assert some.shared(str(tmp_path / "b.png")) == "root:all/b.png"
