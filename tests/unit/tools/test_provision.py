from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools import provision


def test_what_is_made_aside_takes_its_name_when_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    final = tmp_path / "thing"
    with provision._made_aside(final) as aside:
        (aside / "half").touch()
        assert not final.exists()
    assert [path.name for path in final.iterdir()] == ["half"]


def test_what_fails_half_way_leaves_the_old_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(provision, "COMFYUI", tmp_path)
    final = tmp_path / "thing"
    final.mkdir()
    with pytest.raises(KeyboardInterrupt), provision._made_aside(final):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [final]
