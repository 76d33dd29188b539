from __future__ import annotations

from pathlib import Path

from batch_loop.tools import stamps


def test_a_stamp_is_valid_only_for_what_was_requested(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    assert not stamps.is_made(stamp, ["a==1"])
    stamps.set_made(stamp, ["a==1"])
    assert stamps.is_made(stamp, ["a==1"])
    assert not stamps.is_made(stamp, ["a==2"])


def test_a_stamp_without_its_folder_is_not_valid(tmp_path: Path) -> None:
    assert not stamps.is_made(tmp_path / "missing" / "stamp", "anything")
