"""Results that other nodes, other programs or people change, and what later attempts make of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.formats import Format
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.prompt import Ending
from batch_loop.core.results.finished_results import finished
from batch_loop.core.results.saver_names import image_name
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.turn.result_files import Run
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.unit.turn.test_saver import KEEPING, Desk, outputs

HANDS_ON = Run("4", hands_on=True)
"""A saver whose `path` is linked to another node."""
OVERWRITING = [IfExists.OVERWRITE_OWN, IfExists.OVERWRITE]
ENDINGS = [Ending.ERROR, Ending.STOPPED]


def finished_in(desk: Desk) -> set[str]:
    """The images that `skip_finished` leaves out."""
    settings = {
        "folder": str(desk.output),
        "prefix": "",
        "suffix": "",
        "format": Format.PNG,
        "if_exists": IfExists.OVERWRITE_OWN,
        "keep_subfolders": True,
    }
    results = desk.registry._outputs
    known = list(results.known_below_beside(desk.acquire().key, str(desk.output)))
    names = [image_name(settings, desk._allowed, 0)]
    return set(finished(names, str(desk.input), ["a.jpg", "b.jpg"], lambda _folder: known))


def work_on(file: Path) -> None:
    """Do what an optimizer or a node that adds metadata does."""
    file.write_bytes(file.read_bytes() + b"more")
    os.utime(file)


@pytest.mark.parametrize("ending", ENDINGS)
def test_skip_does_not_keep_what_another_node_has_left_half_done(
    tmp_path: Path, ending: Ending
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    result = desk.output / "a.png"
    for last in (ending, ending, Ending.SUCCESS):
        iteration = desk.acquire()
        saved = desk.save(iteration, run=HANDS_ON, caption=None, if_exists=IfExists.SKIP)
        assert saved == ["a.png"]
        whole = result.read_bytes()
        assert whole.endswith(b"IEND\xaeB`\x82")
        if last is not Ending.SUCCESS:
            result.write_bytes(whole[:20])
        desk.end(iteration, last)
    assert outputs(desk, iteration) == [["a.png"]]


def test_what_takes_the_place_of_a_result_that_was_moved_away_is_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    for is_moved in (False, False, True):
        iteration = desk.acquire()
        desk.save(iteration, run=HANDS_ON, caption=None, if_exists=IfExists.SKIP)
        if is_moved:
            (desk.output / "a.png").unlink()
        desk.end(iteration, Ending.ERROR)
        desk.registry.reconcile_all()
    desk.put("a.png")
    desk.save(desk.acquire(), run=HANDS_ON, caption=None, if_exists=IfExists.SKIP)
    assert desk.files() == {"a.png": "before"}


def test_skip_does_not_keep_what_a_kill_has_left_half_done(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    desk.save(iteration, run=HANDS_ON, caption=None, if_exists=IfExists.SKIP)
    whole = (desk.output / "a.png").read_bytes()
    (desk.output / "a.png").write_bytes(whole[:20])
    desk.host = FakeHost()
    desk.registry = LoopRegistry(
        desk.registry._store, desk.host, ImageFolder(lambda *_, **__: ["a.jpg"], lambda _: 0.0)
    )
    again = desk.acquire()
    desk.save(again, run=HANDS_ON, caption=None, if_exists=IfExists.SKIP)
    assert (desk.output / "a.png").read_bytes() == whole


@pytest.mark.parametrize("if_exists", OVERWRITING)
@pytest.mark.parametrize("ending", [*ENDINGS, Ending.SUCCESS])
def test_what_another_node_has_worked_on_is_replaced_by_the_next_attempt(
    tmp_path: Path, if_exists: IfExists, ending: Ending
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    for _ in range(3):
        iteration = desk.acquire()
        assert desk.save(iteration, run=HANDS_ON, if_exists=if_exists) == ["a.png"]
        work_on(desk.output / "a.png")
        desk.end(iteration, ending)
        desk.registry.reconcile_all()
        if ending is Ending.SUCCESS:
            desk.registry.start_over(iteration.key.id)
    assert sorted(desk.files()) == ["a.png", "a.txt"]


@pytest.mark.parametrize("if_exists", KEEPING)
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_person_puts_there_once_other_nodes_have_ended_is_kept(
    tmp_path: Path, if_exists: IfExists, ending: Ending
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    desk.save(iteration, run=HANDS_ON, caption=None, if_exists=if_exists)
    work_on(desk.output / "a.png")
    desk.end(iteration, ending)
    desk.registry.reconcile_all()
    desk.put("a.png")
    desk.save(desk.acquire(), run=HANDS_ON, caption=None, if_exists=if_exists)
    assert desk.files()["a.png"] == "before"


def test_what_is_only_touched_stays_the_image_s_own(tmp_path: Path) -> None:
    """A backup, a synchronization or a copy back dates each result anew."""
    desk = Desk(tmp_path, "a.jpg")
    for number in range(4):
        iteration = desk.acquire()
        assert desk.save(iteration) == ["a.png"]
        desk.end(iteration, Ending.ERROR if number % 2 else Ending.SUCCESS)
        desk.registry.reconcile_all()
        desk.registry.start_over(iteration.key.id)
        for name in ("a.png", "a.txt"):
            os.utime(desk.output / name, ns=(number, number))
    assert sorted(desk.files()) == ["a.png", "a.txt"]


def test_a_text_of_the_same_length_is_another(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    desk.save(iteration)
    desk.end(iteration)
    desk.registry.start_over(iteration.key.id)
    (desk.output / "a.txt").write_text("b.jpg")
    assert desk.save(desk.acquire()) == ["a_1.png"]
    assert desk.files()["a.txt"] == "b.jpg"


@pytest.mark.parametrize("step", ["link", "replace"])
def test_a_file_system_may_date_files_when_they_get_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    names: Callable[..., None] = getattr(os, step)

    def dated(source: str, target: str, **folders: int) -> None:
        names(source, target, **folders)
        os.utime(target, dir_fd=folders.get("dst_dir_fd"))

    monkeypatch.setattr(os, step, dated)
    desk = Desk(tmp_path, "a.jpg")
    for _ in range(4):
        iteration = desk.acquire()
        assert desk.save(iteration) == ["a.png"]
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
    assert sorted(desk.files()) == ["a.png", "a.txt"]


@pytest.mark.parametrize("if_exists", [IfExists.OVERWRITE_OWN, IfExists.RENAME])
def test_only_the_last_attempt_s_files_count_if_a_text_was_corrected_before_it(
    tmp_path: Path, if_exists: IfExists
) -> None:
    desk = Desk(tmp_path, "a.jpg", "b.jpg")
    iteration = desk.acquire()
    desk.save(iteration, if_exists=if_exists)
    desk.end(iteration, Ending.ERROR)
    (desk.output / "a.txt").write_text("better")
    iteration = desk.acquire()
    assert desk.save(iteration, if_exists=if_exists) == ["a_1.png"]
    desk.end(iteration)
    desk.acquire()
    assert outputs(desk, iteration)[0] == ["a_1.png", "a_1.txt"]
    assert finished_in(desk) == {"a.jpg"}
    assert desk.files()["a.txt"] == "better"


def test_skip_writes_the_image_anew_beside_a_text_that_was_corrected(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg", "b.jpg")
    for ending in (Ending.ERROR, Ending.SUCCESS):
        iteration = desk.acquire()
        assert desk.save(iteration, if_exists=IfExists.SKIP) == ["a.png"]
        desk.end(iteration, ending)
        (desk.output / "a.txt").write_text("better")
    desk.acquire()
    assert outputs(desk, iteration)[0] == ["a.png"]
