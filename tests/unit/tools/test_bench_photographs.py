from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from batch_loop.tools.bench import bare, command, photographs
from batch_loop.tools.bench.batch_rows import BARE_PNG, LINES, MAIN, OWN, rows
from batch_loop.tools.bench.batch_run import Run
from batch_loop.tools.bench.batches import IN_TURN, ONCE
from batch_loop.tools.bench.set_up import BARE, COMFYUI, OURS, PNG, SMALL, Found, SetUp
from batch_loop.tools.bench.tables import photographs_table, short_table
from batch_loop.tools.errors import ToolError

LARGE = (4000, 2000)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "photographs of the user"
    folder.mkdir()
    monkeypatch.setenv("PHOTOS", str(folder))
    return folder


def test_the_photographs_of_a_folder_come_by_name_and_again_if_they_are_few(
    own: Path, tmp_path: Path
) -> None:
    for name in ("b.jpg", "a.JPEG"):
        Image.new("RGB", LARGE).save(own / name, "JPEG")
    Image.new("RGB", (400, 300)).save(own / "small.jpg")
    Image.new("L", LARGE).save(own / "drawing.png")
    (own / "notes.txt").write_text("no image", encoding="utf-8")
    (own / "a folder").mkdir()
    names = photographs.photographs(tmp_path / "copies", 3)
    assert names == ["01 a.JPEG", "02 b.jpg", "03 a.JPEG"]
    assert sorted(path.name for path in (tmp_path / "copies").iterdir()) == names
    assert photographs.megapixels(tmp_path / "copies" / names[0]) == pytest.approx(8)


def test_a_folder_without_photographs_is_an_error_that_says_what_to_do(
    own: Path,
) -> None:
    with pytest.raises(ToolError, match=r"no JPEG file of 8 megapixels or more in .* set PHOTOS"):
        photographs.sources()
    own.rmdir()
    with pytest.raises(ToolError, match=r"PHOTOS names .* which is no folder"):
        photographs.sources()


def test_where_packages_cannot_be_fetched_a_folder_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOS", raising=False)
    monkeypatch.setattr(photographs, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(photographs, "STAMP", tmp_path / "kept" / "stamp")
    monkeypatch.setenv("PATH", str(tmp_path))  # neither apt-get nor anything else
    with pytest.raises(ToolError, match=r"apt-get cannot fetch .* set PHOTOS to a folder"):
        photographs.sources()


@pytest.mark.usefixtures("own")
def test_photographs_are_asked_for_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "loops", "photographs"])
    with pytest.raises(ToolError, match="set PHOTOS"):
        command.main()
    assert capsys.readouterr().out == ""


def run(*images: float) -> Run:
    return Run([*images], 2.0, [10**6] * len(images), 1.5, 500.0, 300.0)


def test_a_run_is_said_per_image() -> None:
    given = run(1.0, 0.2, 0.3)
    assert (given.median, given.whole) == (pytest.approx(0.3), pytest.approx(0.5))
    assert (given.cpu, given.megabytes) == (pytest.approx(2 / 3), 1)


def test_the_middle_leaves_out_what_is_cold_and_what_waits_for_the_disk() -> None:
    assert run(*[1.0] * 6, 0.2, 0.3, 0.4, 9.0).middle == pytest.approx(0.3)
    assert run(1.0, 2.0, 3.0).middle == pytest.approx(2.0)


def found(set_up: SetUp, **figures: Any) -> Found:
    usual = {"median": 0.25, "whole": 0.3, "first_images": [1.0, 0.5], "middle": 0.2, "cpu": 0.4}
    costs = {"megabytes": 10.0, "of_comfyui": 0.95, "first_seconds": 0.7, "peak_mb": 900.0}
    which = (set_up.nodes, set_up.format, set_up.model, set_up.compression, 24, set_up.step > 1)
    return Found(*which, **{**usual, **costs, **figures})


def test_every_line_is_of_a_set_up_that_is_run() -> None:
    run_at_all = {*IN_TURN, OWN, *ONCE}
    for line in LINES:
        assert {line.set_up, line.other} <= run_at_all, line
    lines = list(rows("24 photographs", {each: found(each) for each in run_at_all}))
    assert lines[0].what == "24 photographs to PNG, a model that waits 200 ms: the median image"
    assert (lines[0].ours, lines[0].other, lines[0].met) == (0.25, 0.25, False)
    assert lines[1].what == "the same: the whole run, per image"


def test_the_tables_show_set_ups_in_words() -> None:
    small = SetUp(OURS, PNG, compression=SMALL, step=3)
    every = [vars(found(each)) for each in (MAIN, OWN, small, BARE_PNG)]
    lines = photographs_table(every).splitlines()[2:]
    assert lines[0] == (
        "| PNG | waits 200 ms | 0.250 s | 0.300 s | 1.00 0.500 s | 0.200 s | 0.400 s | 10.0 MB "
        "| 0.950 x | 0.700 s | 900 MB |"
    )
    assert lines[1].startswith(f"| PNG, by {COMFYUI} |")
    assert lines[2].startswith("| PNG, *small*, 24 of them |")
    assert lines[3].startswith(f"| PNG, {BARE} |")
    short = short_table(every).splitlines()[2:]
    assert short[0] == "| PNG | 0.250 s | 0.300 s | 0.400 s | 0.700 s |"
    assert len(short) == 2


@pytest.mark.parametrize(("format_", "ending"), [("PNG", "png"), ("WebP", "webp")])
def test_the_same_work_is_done_without_comfyui(format_: str, ending: str, tmp_path: Path) -> None:
    names = ["b.jpg", "a.jpg", "c.jpg"]
    for number, name in enumerate(names):
        Image.new("RGB", (40, 30), (50 * number,) * 3).save(tmp_path / name)
    results = tmp_path / "results"
    waits = {"seconds": 0.1}
    done = bare.run(bare.Task(str(tmp_path), names, str(results), format_, 95, "BenchSleep", waits))
    assert sorted(file.name for file in results.iterdir()) == [f"{each}.{ending}" for each in "abc"]
    with Image.open(results / f"c.{ending}") as last:
        assert last.getpixel((0, 0)) == (100, 100, 100)
    assert done.began < done.ends[0] < done.ends[1] < done.ends[2]
    assert done.ends[2] - done.began >= len(names) * 0.1
    with pytest.raises(ToolError, match="no such"):
        bare.run(bare.Task(str(tmp_path), ["no such"], str(results), "PNG", 95, "BenchSleep", {}))
