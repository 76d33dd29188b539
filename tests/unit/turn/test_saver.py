"""Which files a result and its text go to, given what is there and what others have saved."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.write_behind import WriteBehind
from batch_loop.core.common.errors import ClaimLost, FolderNotFound, NoRoom, UnwritableImage
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.formats import Format
from batch_loop.core.model.if_exists import IfExists, Owner
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.selection import Filter, Selection
from batch_loop.core.results.caption import Caption
from batch_loop.core.results.numbering import Numbering
from batch_loop.core.results.saver_names import image_name
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.turn import saved_result
from batch_loop.core.turn.result_files import ResultFiles, Run
from batch_loop.core.turn.saved_result import Background
from batch_loop.core.turn.saver import Saver, Saving
from batch_loop.tests.support.fake_host import FakeHost

BEFORE = b"from before"
RUN = Run("4")
ALL = Selection()
MANY = 8
"""More than there are threads that write."""


class Desk:
    """A loop over `names`, whose images are saved one after the other."""

    def __init__(self, root: Path, *names: str, listing: Any = None) -> None:
        root = root.resolve()
        self.input, self.output = root / "input", root / "output"
        self.input.mkdir()
        self.output.mkdir()
        self._allowed = AllowedFolders(str(self.input), str(self.output), str(root / "temp"))
        self.host = FakeHost()
        listing = listing or (lambda *_, **__: list(names))
        self.registry = LoopRegistry(MemoryStore(), self.host, ImageFolder(listing, lambda _: 0.0))
        self.numbering = Numbering(self.registry.earlier_outputs)

    def link(self, name: str, to: str) -> None:
        """Make an image that is a link to a file in the folder of results."""
        (self.input / name).symlink_to(self.output / to)

    def put(self, *names: str) -> None:
        for name in names:
            (self.output / name).write_bytes(BEFORE)

    def acquire(self, selection: Selection = ALL, workflow: str = "") -> Iteration:
        request = Request(LoopKey("", str(self.input), workflow=workflow), selection)
        return self.registry.acquire(request, self.host.submit())

    def save(
        self,
        iteration: Iteration,
        images: int = 1,
        run: Run = RUN,
        behind: Background | None = None,
        **settings: Any,
    ) -> list[str]:
        """Save images with the source's name as their text; the names that they got."""
        saver = self.saver(iteration, run, behind, **settings)
        return [Path(path).name for path in saver.save(torch.zeros(images, 4, 4, 3))]

    def saver(
        self,
        iteration: Iteration,
        run: Run = RUN,
        behind: Background | None = None,
        **settings: Any,
    ) -> Saver:
        assert iteration.item is not None
        chosen: dict[str, Any] = {
            "folder": str(self.output),
            "prefix": "",
            "suffix": "",
            "format": Format.PNG,
            "if_exists": IfExists.OVERWRITE_OWN,
            "keep_subfolders": True,
            "caption": Caption(iteration.item.path.encode()),
            **settings,
        }
        files = ResultFiles(
            iteration,
            image_name(chosen, self._allowed, run.rank),
            chosen["if_exists"],
            allowed=self._allowed,
            claims=self.registry,
            behind=behind,
            run=run,
            numbering=self.numbering,
        )
        return Saver(files, Saving(chosen["format"], 95, None, chosen["caption"]))

    def end(self, iteration: Iteration, ending: Ending = Ending.SUCCESS) -> None:
        self.registry.end(iteration)
        self.host.finish(iteration.prompt, ending)

    def files(self) -> dict[str, str]:
        """The files in the folder of results: each a text, `before`, or `image`."""
        return {
            path.name: "before"
            if path.read_bytes() == BEFORE
            else (path.read_text(encoding="utf-8") if path.suffix == ".txt" else "image")
            for path in sorted(self.output.iterdir())
        }


def test_the_text_has_the_image_s_stem(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    assert desk.save(desk.acquire(), suffix="_up") == ["a_up.png"]
    assert desk.files() == {"a_up.png": "image", "a_up.txt": "a.jpg"}


def test_without_a_caption_there_is_no_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    desk.save(desk.acquire(), caption=None)
    assert desk.files() == {"a.png": "image"}


def test_each_of_several_images_has_its_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    assert desk.save(desk.acquire(), images=2) == ["a_1.png", "a_2.png"]
    texts = {"a_1.txt": "a.jpg", "a_2.txt": "a.jpg"}
    assert desk.files() == {"a_1.png": "image", "a_2.png": "image", **texts}


def test_results_are_encoded_once_while_earlier_ones_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, writes = Desk(tmp_path, "a.png"), WriteBehind(MemoryBudget(10**9))
    is_encoding, go_on = threading.Semaphore(0), threading.Event()

    def noted(image: torch.Tensor, **settings: Any) -> bytes:
        is_encoding.release()
        return encode(image, **settings)

    monkeypatch.setattr(saved_result, "encode", noted)
    iteration = desk.acquire()
    earlier = Turn(iteration.key.id, "before.png", iteration.prompt)
    assert writes.write(earlier, "/before.webp", 1, lambda: go_on.wait(10), ("1", "Saver"))
    saver, images = desk.saver(iteration, format=Format.WEBP, caption=None), torch.zeros(1, 4, 4, 3)
    saver.begin(writes, images, None)
    assert is_encoding.acquire(timeout=10)
    assert writes.busy(iteration.key.id)
    assert desk.files() == {}
    go_on.set()
    writes.wait(iteration.key.id)
    saver.save(images)
    assert desk.files() == {"a.webp": "image"}
    assert not is_encoding.acquire(blocking=False)


def test_what_was_begun_and_is_not_written_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded, go_on = list[bool](), threading.Event()
    monkeypatch.setattr(saved_result, "encode", lambda *_given, **_named: encoded.append(True))
    desk, writes = Desk(tmp_path, "a.png"), WriteBehind(MemoryBudget(10**9))
    for _ in range(MANY):
        assert writes.encode(1, lambda: b"" if go_on.wait(10) else b"late") is not None
    saver = desk.saver(desk.acquire(), format=Format.WEBP, caption=None)
    saver.begin(writes, torch.zeros(2, 4, 4, 3), None)
    saver.drop()
    go_on.set()
    after = writes.encode(1, lambda: b"after")
    assert after is not None
    assert after.file.result(10) == b"after"
    assert encoded == []


def test_a_batch_of_no_images_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    with pytest.raises(UnwritableImage, match="batch of no images"):
        desk.save(desk.acquire(), images=0)
    assert desk.files() == {}


def test_no_text_is_lost_if_two_sources_have_one_stem(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg", "a.png")
    for name in ("a.jpg", "a_1.png"):
        iteration = desk.acquire()
        assert desk.save(iteration, format=Format.SOURCE) == [name]
        desk.end(iteration)
    texts = {"a.txt": "a.jpg", "a_1.txt": "a.png"}
    assert desk.files() == {"a.jpg": "image", "a_1.png": "image", **texts}


@pytest.mark.parametrize(
    ("around", "names"),
    [
        ({"prefix": "stem", "suffix": "_1"}, ["stema_1.png", "stema_1_2.png", "stema_1_1.png"]),
        ({"prefix": "a"}, ["aa.png", "aa_2.png", "aa_1.png"]),
        ({"suffix": "_x"}, ["a_x.png", "a_x_1.png", "a_1_x.png"]),
    ],
)
@pytest.mark.parametrize("keep_subfolders", [True, False])
def test_a_number_that_leads_to_another_image_s_name_is_not_taken(
    tmp_path: Path, around: dict[str, str], names: list[str], *, keep_subfolders: bool
) -> None:
    desk = Desk(tmp_path, "a.jpg", "a.png", "a_1.png")
    for name in ("a.jpg", "a.png", "a_1.png"):
        (desk.input / name).touch()
    saved = []
    for _ in names:
        iteration = desk.acquire()
        saved += desk.save(iteration, caption=None, keep_subfolders=keep_subfolders, **around)
        desk.end(iteration)
    assert saved == names


def test_an_image_s_own_result_beside_it_keeps_its_number(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    desk.output = desk.input
    desk.put("a.png")
    for _ in range(3):
        iteration = desk.acquire()
        assert desk.save(iteration) == ["a_1.png"]
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)


@pytest.mark.parametrize(
    ("if_exists", "there", "after"),
    [
        (IfExists.OVERWRITE, ["a.png", "a.txt"], {"a.png": "image", "a.txt": "a.jpg"}),
        (IfExists.SKIP, ["a.png", "a.txt"], {"a.png": "before", "a.txt": "before"}),
        (IfExists.SKIP, ["a.png"], {"a.png": "before", "a.txt": "a.jpg"}),
        (IfExists.SKIP, ["a.txt"], {"a.png": "image", "a.txt": "before"}),
        (
            IfExists.RENAME,
            ["a.png"],
            {"a.png": "before", "a_1.png": "image", "a_1.txt": "a.jpg"},
        ),
        (
            IfExists.RENAME,
            ["a.txt"],
            {"a.txt": "before", "a_1.png": "image", "a_1.txt": "a.jpg"},
        ),
    ],
)
def test_existing_files_are_treated_alike_at_the_second_attempt(
    tmp_path: Path, if_exists: IfExists, there: list[str], after: dict[str, str]
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    desk.put(*there)
    for ending in (Ending.ERROR, Ending.SUCCESS):
        iteration = desk.acquire()
        desk.save(iteration, if_exists=if_exists)
        desk.end(iteration, ending)
        assert desk.files() == after


def test_the_report_lists_the_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    desk.put("a.png")
    iteration = desk.acquire()
    desk.save(iteration, if_exists=IfExists.RENAME)
    desk.end(iteration)
    _, ((_, outputs),) = desk.registry.report(iteration.key.id)
    assert [Path(output).name for output in outputs] == ["a_1.png", "a_1.txt"]


def test_a_text_overwrites_no_source(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg", "a.txt")
    iteration = desk.acquire()
    with pytest.raises(UnwritableImage, match=r"a\.txt' would overwrite an image that this batch"):
        desk.save(iteration, folder=str(desk.input))
    assert list(desk.input.iterdir()) == []


def test_a_text_is_not_written_through_a_link(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    outside = tmp_path / "outside.txt"
    outside.write_bytes(BEFORE)
    (desk.output / "a.txt").symlink_to(outside)
    with pytest.raises(Exception, match="link that leads out"):
        desk.save(desk.acquire())
    assert outside.read_bytes() == BEFORE
    assert list(desk.files()) == ["a.txt"]


@pytest.mark.parametrize(
    ("if_exists", "name"),
    [
        (IfExists.OVERWRITE_OWN, "a_1.png"),
        (IfExists.SKIP, "a.png"),
        (IfExists.RENAME, "a_1.png"),
        (IfExists.OVERWRITE, None),
    ],
)
@pytest.mark.parametrize("link", ["a.png", "b.png"])
def test_what_an_image_is_a_link_to_is_never_overwritten(
    tmp_path: Path, link: str, if_exists: IfExists, name: str | None
) -> None:
    desk = Desk(tmp_path, "a.png", "b.png")
    desk.put("a.png")
    desk.link(link, "a.png")
    iteration = desk.acquire()
    if name is None:
        with pytest.raises(UnwritableImage, match="would overwrite an image that this batch reads"):
            desk.save(iteration, if_exists=if_exists, caption=None)
    else:
        assert desk.save(iteration, if_exists=if_exists, caption=None) == [name]
    assert desk.files()["a.png"] == "before"


def test_an_earlier_result_that_an_image_is_a_link_to_is_not_replaced(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.png")
    first = desk.acquire()
    assert desk.save(first) == ["a.png"]
    desk.end(first)
    desk.registry.start_over(first.key.id)
    desk.link("b.png", "a.png")
    with pytest.raises(UnwritableImage, match="would overwrite an image that this batch reads"):
        desk.save(desk.acquire())


def test_links_are_looked_at_once_a_batch_and_only_if_something_would_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def links(folder: str, *_: object) -> list[str]:
        looked.append(folder)
        return []

    monkeypatch.setattr("batch_loop.core.sources.image_folder.linked_files", links)
    desk = Desk(tmp_path, "a.png", "b.png")
    for looks in (0, 1):
        for _ in range(2):
            iteration = desk.acquire()
            desk.save(iteration)
            desk.end(iteration)
        assert len(looked) == looks
        desk.registry.start_over(iteration.key.id)


def test_what_is_replaced_must_be_known_to_be_no_image(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.png")
    desk.put("a.png")
    iteration = desk.acquire()
    desk.input.rmdir()
    with pytest.raises(FolderNotFound):
        desk.save(iteration, if_exists=IfExists.OVERWRITE)
    assert desk.files() == {"a.png": "before"}


@pytest.fixture
def _a_file_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody puts a file under the name of the first result while that is being made."""

    def encode_slowly(*given: Any, **settings: Any) -> bytes:
        monkeypatch.undo()
        (tmp_path / "output/a.png").write_bytes(BEFORE)
        return encode(*given, **settings)

    monkeypatch.setattr(saved_result, "encode", encode_slowly)


@pytest.mark.usefixtures("_a_file_appears")
@pytest.mark.parametrize("if_exists", [IfExists.OVERWRITE_OWN, IfExists.RENAME, IfExists.SKIP])
def test_a_file_that_appears_while_a_result_is_made_is_no_result(
    tmp_path: Path, if_exists: IfExists
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    skips = if_exists is IfExists.SKIP
    names = ["a.png" if skips else "a_1.png"]
    for _ in range(2):
        iteration = desk.acquire()
        assert desk.save(iteration, if_exists=if_exists, caption=None) == names
        written = desk.registry.earlier_outputs(iteration)
        assert [Path(file).name for file in written] == ([] if skips else names)
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
        assert desk.files()["a.png"] == "before"
        if if_exists is IfExists.RENAME:
            break


@pytest.mark.usefixtures("_a_file_appears")
@pytest.mark.parametrize(
    ("if_exists", "name"),
    [
        (IfExists.OVERWRITE_OWN, "a_1.png"),
        (IfExists.RENAME, "a_1.png"),
        (IfExists.SKIP, "a.png"),
    ],
)
def test_a_file_that_appears_while_a_result_is_written_in_the_background_is_kept(
    tmp_path: Path, if_exists: IfExists, name: str
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    writes = WriteBehind(MemoryBudget(10**9))
    behind = Background(writes, iteration, "a.jpg", ("4", "BatchLoopSaveImage"))
    assert desk.save(iteration, behind=behind, if_exists=if_exists, caption=None) == ["a.png"]
    writes.wait(iteration.key.id)
    assert desk.files() == {"a.png": "before"}
    desk.end(iteration, Ending.ERROR)
    again = desk.acquire()
    assert desk.save(again, if_exists=if_exists, caption=None) == [name]
    assert desk.files() == {"a.png": "before", name: "before" if name == "a.png" else "image"}


@pytest.mark.parametrize("in_background", [True, False])
def test_what_a_prompt_has_written_before_it_failed_is_replaced(
    tmp_path: Path,
    in_background: bool,  # noqa: FBT001
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    writes = WriteBehind(MemoryBudget(10**9))
    behind = Background(writes, iteration, "a.jpg", ("4", "BatchLoopSaveImage"))
    desk.save(iteration, behind=behind if in_background else None)
    writes.wait(iteration.key.id)
    desk.end(iteration, Ending.ERROR)
    assert desk.save(desk.acquire()) == ["a.png"]
    assert desk.files() == {"a.png": "image", "a.txt": "a.jpg"}


@pytest.mark.parametrize("in_background", [True, False])
def test_no_file_gets_its_name_once_its_image_was_given_to_another_server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_background: bool,  # noqa: FBT001
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    first = desk.acquire()
    desk.save(first)
    desk.end(first)
    desk.registry.start_over(first.key.id)
    before = {file.name: file.stat().st_ino for file in desk.output.iterdir()}

    def forbid() -> None:
        raise ClaimLost("given to another server")

    monkeypatch.setattr(desk.registry, "guard", lambda _iteration: forbid)
    iteration = desk.acquire()
    writes = WriteBehind(MemoryBudget(10**9))
    behind = Background(writes, iteration, "a.jpg", ("4", "BatchLoopSaveImage"))
    with nullcontext() if in_background else pytest.raises(ClaimLost):
        desk.save(iteration, behind=behind if in_background else None)
    writes.wait(iteration.key.id)
    assert {file.name: file.stat().st_ino for file in desk.output.iterdir()} == before
    assert desk.registry.memory.written(iteration.prompt) == {}


def test_the_check_covers_the_time_since_before_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    calls = []
    guard, claim = desk.registry.guard, desk.registry.claim_outputs

    def guarded(iteration: Iteration) -> Callable[[], None]:
        calls.append("guard")
        return guard(iteration)

    def claimed(*given: Any, **more: Any) -> Any:
        calls.append("claim")
        return claim(*given, **more)

    monkeypatch.setattr(desk.registry, "guard", guarded)
    monkeypatch.setattr(desk.registry, "claim_outputs", claimed)
    desk.save(desk.acquire())
    assert calls == ["guard", "claim"]


KEEPING = [IfExists.OVERWRITE_OWN, IfExists.SKIP, IfExists.RENAME]


def outputs(desk: Desk, iteration: Iteration) -> list[list[str]]:
    """The names of the files that the report has for each image."""
    _, items = desk.registry.report(iteration.key.id)
    return [sorted(Path(output).name for output in of_item) for _, of_item in items]


@pytest.mark.parametrize("ending", [Ending.ERROR, Ending.STOPPED])
@pytest.mark.parametrize("if_exists", KEEPING)
@pytest.mark.parametrize("in_background", [True, False])
def test_what_replaces_a_result_before_the_second_attempt_is_kept(
    tmp_path: Path, ending: Ending, if_exists: IfExists, *, in_background: bool
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    writes = WriteBehind(MemoryBudget(10**9))
    behind = Background(writes, iteration, "a.jpg", ("4", "BatchLoopSaveImage"))
    desk.save(iteration, behind=behind if in_background else None, caption=None)
    writes.wait(iteration.key.id)
    desk.end(iteration, ending)
    desk.put("a.png")
    skips = if_exists is IfExists.SKIP
    for last in (ending, Ending.SUCCESS):
        again = desk.acquire()
        name = "a.png" if skips else "a_1.png"
        assert desk.save(again, if_exists=if_exists, caption=None) == [name]
        desk.end(again, last)
    assert desk.files()["a.png"] == "before"
    assert outputs(desk, iteration) == [[] if skips else ["a_1.png"]]


@pytest.mark.parametrize("change", ["edited", "of another size at the same time"])
def test_a_result_that_was_edited_is_kept_when_the_batch_starts_over(
    tmp_path: Path, change: str
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    text = desk.output / "a.txt"
    for name in ("a.png", "a_1.png", "a_1.png"):
        iteration = desk.acquire()
        assert desk.save(iteration) == [name]
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
        if name == "a.png":
            before = text.stat().st_mtime_ns
            text.write_text("better" if change == "edited" else "a.jpg, better")
            if change == "of another size at the same time":
                os.utime(text, ns=(before, before))
            found = text.read_text(encoding="utf-8")
    assert text.read_text(encoding="utf-8") == found
    assert sorted(desk.files()) == ["a.png", "a.txt", "a_1.png", "a_1.txt"]


def test_overwrite_replaces_even_what_was_edited(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    for _ in range(2):
        iteration = desk.acquire()
        assert desk.save(iteration, if_exists=IfExists.OVERWRITE) == ["a.png"]
        assert desk.files() == {"a.png": "image", "a.txt": "a.jpg"}
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
        desk.put("a.png", "a.txt")


def test_what_a_claim_was_to_replace_is_still_the_image_s_own(tmp_path: Path) -> None:
    """A crash leaves the file of the batch before, under a claim for another one."""
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    desk.save(iteration, caption=None)
    desk.end(iteration)
    desk.registry.start_over(iteration.key.id)
    for _ in range(6):
        crashed = desk.acquire()
        for number in range(2):
            claimed = desk.registry.claim_outputs(
                crashed,
                [str(desk.output / "a.png")],
                [str(desk.output / "a.png")],
                result="4/0/0",
                at=number,
            )
            assert set(claimed.values()) == {Owner.SAME}
        desk.end(crashed, Ending.STOPPED)
    assert desk.save(desk.acquire(), caption=None) == ["a.png"]
    assert list(desk.files()) == ["a.png"]


def test_a_result_may_be_saved_again_and_again_in_one_prompt(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    for _ in range(2):
        iteration = desk.acquire()
        for _ in range(6):
            assert desk.save(iteration) == ["a.png"]
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
    assert desk.files() == {"a.png": "image", "a.txt": "a.jpg"}


def test_files_that_were_noted_without_how_they_look_are_the_image_s_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    iteration = desk.acquire()
    desk.registry.claim_outputs(iteration, [str(desk.output / "a.png")])
    desk.end(iteration)
    desk.registry.start_over(iteration.key.id)
    desk.put("a.png")
    assert desk.save(desk.acquire(), caption=None) == ["a.png"]
    assert desk.files() == {"a.png": "image"}


def test_another_workflow_s_result_stays_one_if_writing_over_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, listing=list_images)
    (desk.input / "a.jpg").touch()
    settings = {"folder": str(desk.input), "if_exists": IfExists.OVERWRITE, "caption": None}
    one = desk.acquire(workflow="one")
    desk.save(one, suffix="_up", **settings)
    desk.end(one)
    assert desk.acquire(workflow="one").complete  # now it is known that the first has ended

    def full(*_: object) -> None:
        raise NoRoom("the disk is full")

    for fails in (True, False):
        other = desk.acquire(workflow="other")
        with monkeypatch.context() as patched:
            if fails:
                patched.setattr(saved_result, "write_atomic", full)
            with pytest.raises(NoRoom) if fails else nullcontext():
                assert desk.save(other, suffix="_up", **settings) == ["a_up.png"]
        desk.end(other, Ending.ERROR if fails else Ending.SUCCESS)
    for workflow in ("one", "other"):
        key = LoopKey("", str(desk.input), workflow=workflow)
        desk.registry.start_over(key.id)
        desk.acquire(workflow=workflow)
        snapshot = desk.registry.snapshot(key.id)
        assert snapshot is not None
        assert snapshot.counts.total == 1


LEFT_OUT = [Selection(limit=1), Selection(filter=Filter.JPEG), Selection(recursive=True, limit=1)]


@pytest.mark.parametrize("selection", LEFT_OUT)
@pytest.mark.parametrize(
    ("if_exists", "name"),
    [
        (IfExists.OVERWRITE, None),
        (IfExists.OVERWRITE_OWN, "a_1.png"),
        (IfExists.RENAME, "a_1.png"),
        (IfExists.SKIP, "a.png"),
    ],
)
def test_an_image_of_the_folder_that_the_batch_leaves_out_is_kept(
    tmp_path: Path, selection: Selection, if_exists: IfExists, name: str | None
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    own = desk.input / "a.png"
    own.write_bytes(BEFORE)
    settings = {"folder": str(desk.input), "if_exists": if_exists, "caption": None}
    iteration = desk.acquire(selection)
    if name is None:
        with pytest.raises(
            UnwritableImage,
            match="an image of its folder that this batch leaves",
        ):
            desk.save(iteration, **settings)
    else:
        assert desk.save(iteration, **settings) == [name]
    assert own.read_bytes() == BEFORE


@pytest.mark.parametrize(
    ("there", "settings"),
    [
        ("x/a.png", {}),  # the batch is not recursive
        (".a.png", {"prefix": "."}),
        ("a.txt", {}),
    ],
)
def test_a_file_that_no_batch_of_the_folder_would_read_may_be_overwritten(
    tmp_path: Path, there: str, settings: dict[str, Any]
) -> None:
    desk = Desk(tmp_path, "a.jpg")
    file = desk.input / there
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(BEFORE)
    desk.save(desk.acquire(), folder=str(file.parent), if_exists=IfExists.OVERWRITE, **settings)
    assert file.read_bytes() != BEFORE


def test_a_result_beside_the_sources_may_be_overwritten(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "a.jpg")
    settings = {"folder": str(desk.input), "if_exists": IfExists.OVERWRITE, "suffix": "_up"}
    for _ in range(2):
        iteration = desk.acquire()
        assert desk.save(iteration, **settings) == ["a_up.png"]
        desk.end(iteration)
        desk.registry.start_over(iteration.key.id)
    assert sorted(path.name for path in desk.input.iterdir()) == ["a_up.png", "a_up.txt"]
