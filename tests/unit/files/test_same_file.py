"""Which folders ignore case."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.files import same_file as spelling


def test_a_file_that_vanishes_during_the_look_tells_nothing_about_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread's unfinished file is listed, and then it gets its final name."""

    def lexists(path: str) -> bool:
        return os.path.basename(path).lower() == "b.png"

    monkeypatch.setattr(spelling, "_entries", lambda _folder: iter(["unfinished.tmp", "B.png"]))
    monkeypatch.setattr(os.path, "lexists", lexists)
    assert spelling.folds(str(tmp_path), "new.png")
