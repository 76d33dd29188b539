"""Which folders take upper and lower case for one name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.files import same_file as spelling


def test_a_file_that_goes_while_a_folder_is_looked_at_tells_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that another thread writes is listed, and then it has its own name."""

    def lexists(path: str) -> bool:
        return os.path.basename(path).lower() == "b.png"

    monkeypatch.setattr(spelling, "_entries", lambda _folder: iter(["unfinished.tmp", "B.png"]))
    monkeypatch.setattr(os.path, "lexists", lexists)
    assert spelling.folds(str(tmp_path), "new.png")
