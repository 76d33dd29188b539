"""Which folders ignore case."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.files import same_file as spelling
from batch_loop.tests.support.watching import Watch


def test_a_file_that_vanishes_during_the_look_tells_nothing_about_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread's unfinished file is listed, and then it gets its final name."""

    def lexists(path: str) -> bool:
        return os.path.basename(path).lower() == "b.png"

    monkeypatch.setattr(spelling, "_entries", lambda _folder: iter(["unfinished.tmp", "B.png"]))
    monkeypatch.setattr(os.path, "lexists", lexists)
    assert spelling.folds(str(tmp_path), "new.png")


@pytest.mark.linux
def test_a_folder_above_is_not_looked_at_where_its_answer_makes_no_difference(
    tmp_path: Path,
) -> None:
    """Above an allowed folder lies what is not allowed, and a look may make a file there."""
    folder = tmp_path / "1" / "2"
    folder.mkdir(parents=True)
    watch = Watch(folder.parent)
    assert spelling.identity(str(folder / "new.png")) == str(folder / "new.png")
    assert [access for access in watch.accesses() if not access.endswith(" 2")] == []
    watch.close()
