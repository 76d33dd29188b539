"""What a trial counts as damage; that servers cause none is tested elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from batch_loop.tools import programs
from batch_loop.tools.layout import ROOT
from batch_loop.tools.server import ComfyServer
from batch_loop.tools.trial import FOLDER, TEMPORARY, Figures, Trial, again


def test_each_kind_of_damage_is_counted(tmp_path: Path) -> None:
    server = ComfyServer(tmp_path)
    trial = Trial(tmp_path, [server], images=3, side=8, seed=1)
    sources, results = server.input / FOLDER, server.output / FOLDER
    results.mkdir(parents=True)
    for name in trial.names[:2]:
        shutil.copy(sources / name, results / name)
    figures = Figures()
    trial.count(figures)
    assert figures.faults == {"lost": 1}

    whole = (sources / trial.names[2]).read_bytes()
    (results / trial.names[2]).write_bytes(whole[: len(whole) // 2])
    shutil.copy(sources / trial.names[0], results / trial.names[1])
    (results / f".{trial.names[0]}{TEMPORARY}").touch()
    assert trial.unfinished() == 1
    figures = Figures()
    trial.count(figures)
    assert figures.faults == {"lost": 2, "half_files": 2, "stray_files": 1}


def test_folders_that_servers_share_are_checked_once(tmp_path: Path) -> None:
    first = ComfyServer(tmp_path / "first")
    trial = Trial(tmp_path, [first, first.beside(tmp_path / "second")], images=1, side=8, seed=1)
    assert trial.outputs == [first.output / FOLDER]
    trial.record.write_text("img1.png\nimg1.png\nimg2.png\n", encoding="utf-8")
    assert again(trial.recorded) == 1


@pytest.mark.parametrize("name", ["crash", "crash_film", "soak", "soak_films", "machines"])
def test_each_can_be_run_from_the_root(name: str) -> None:
    done = programs.run([sys.executable, "-m", f"tools.{name}", "--help"], cwd=ROOT, timeout=60)
    assert not done.returncode, done.stderr
    assert f"tools.{name}" in done.stdout
