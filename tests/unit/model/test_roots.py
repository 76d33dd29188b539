"""Shared folders have one name on all machines, wherever each of them has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.model.roots import NO_ROOTS, ROOTS_VARIABLE, Roots


def roots(*entries: str) -> Roots:
    return Roots.load({ROOTS_VARIABLE: os.pathsep.join(entries)})


def test_a_path_below_a_root_has_its_name_and_leads_back(tmp_path: Path) -> None:
    here, there = roots(f"photos={tmp_path / 'a'}"), roots(f" photos = {tmp_path / 'b' / 'c'} ")
    for inside in ("", "2024", "2024/spring/ünï.png"):
        own = os.path.join(tmp_path, "a", *inside.split("/")).rstrip(os.sep)
        shared = here.shared(own)
        assert shared == f"root:photos/{inside}".rstrip("/")
        assert here.local(shared) == own
        theirs = os.path.join(tmp_path, "b", "c", *inside.split("/")).rstrip(os.sep)
        assert there.local(shared) == theirs


def test_what_is_outside_of_roots_is_as_it_is(tmp_path: Path) -> None:
    some = roots(f"photos={tmp_path / 'photos'}")
    for path in (str(tmp_path), str(tmp_path / "photos2" / "a.png"), "/elsewhere"):
        assert some.shared(path) == some.local(path) == path
        assert NO_ROOTS.shared(path) == path
    assert some.local("root:other/a") == "root:other/a"


def test_the_inner_of_two_roots_is_taken(tmp_path: Path) -> None:
    some = roots(f"all={tmp_path}", f"photos={tmp_path / 'photos'}")
    assert some.shared(str(tmp_path / "photos" / "a.png")) == "root:photos/a.png"
    assert some.shared(str(tmp_path / "b.png")) == "root:all/b.png"


def test_a_root_is_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    some = roots(f"photos={tmp_path / 'link'}")
    assert some.shared(str(tmp_path / "real" / "a.png")) == "root:photos/a.png"


@pytest.mark.parametrize("entry", ["photos", "=/mnt", "photos=", "photos=mnt", "a/b=/mnt"])
def test_what_is_no_entry_is_skipped_with_a_word(
    entry: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    some = roots(entry, f"photos={tmp_path}")
    assert some.shared(str(tmp_path)) == "root:photos"
    assert f'skips the entry "{entry}"' in caplog.text
    assert roots("").shared("/mnt") == "/mnt"
