from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.spare_time import SpareTime
from batch_loop.core.background.write_behind import Encoding, WriteBehind
from batch_loop.core.media.effort import Effort
from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.background_writes import Turn
from batch_loop.core.model.formats import Compression, Format
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.items import Counts
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.prompt import Failure, Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.turn import saved_result
from batch_loop.core.turn.saved_result import Background, Result

KEY = LoopKey("", "/folder")
PROMPT = Prompt("1", 1.0)
TURN = Turn(KEY.id, "a.png", PROMPT)
NODE = ("9", "BatchLoopSaveImage")


class Desk:
    """A background with a target to write to."""

    def __init__(self, folder: Path, limit: int = 10**9) -> None:
        self.writes = WriteBehind(MemoryBudget(limit))
        iteration = Iteration(KEY, PROMPT, 1, Counts())
        self.background = Background(self.writes, iteration, "a.png", NODE)
        self.target = os.path.realpath(folder / "a.png")

    def write(self, picture: torch.Tensor, if_exists: IfExists = IfExists.OVERWRITE) -> bool:
        content = Result(picture, Format.PNG, 95, None)
        return self.background.write(content, self.target, if_exists)

    def failure(self) -> Failure | None:
        self.writes.wait(KEY.id)
        return self.writes.failure(TURN)


def test_the_file_contains_the_picture(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.write(torch.full((70, 80, 3), 0.5))
    assert desk.failure() is None
    with Image.open(desk.target) as saved:
        assert saved.getcolors() == [(70 * 80, (127, 127, 127))]


def test_without_room_nothing_is_written_behind(tmp_path: Path) -> None:
    desk = Desk(tmp_path, limit=100)
    assert not desk.write(torch.zeros(70, 80, 3))
    assert desk.failure() is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_picture_that_changes_meanwhile_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    picture = torch.full((70, 80, 3), value)

    def changing(image: torch.Tensor, **settings: Any) -> bytes:
        data = encode(image, **settings)
        picture.fill_(0.75)
        return data

    monkeypatch.setattr(saved_result, "encode", changing)
    desk = Desk(tmp_path)
    desk.write(picture)
    failure = desk.failure()
    assert failure is not None
    assert "was changed by another node while it was being saved" in failure.reason
    assert (failure.node_id, failure.node_type) == NODE
    assert os.listdir(tmp_path) == []


def test_an_unchanged_picture_with_nan_is_not_an_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write(torch.full((70, 80, 3), float("nan")))
    assert desk.failure() is None


def test_a_file_that_appears_meanwhile_is_kept_and_is_an_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    Path(desk.target).write_bytes(b"other")
    desk.write(torch.zeros(70, 80, 3), IfExists.SKIP)
    failure = desk.failure()
    assert failure is not None
    assert "a file of this name appeared while it was being made. Run again" in failure.reason
    assert Path(desk.target).read_bytes() == b"other"


class Encoders:
    """Notes the effort that each file is encoded with, in place of its content."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.efforts: list[Effort] = []
        monkeypatch.setattr(saved_result, "encode", self._encode)

    def _encode(self, _image: torch.Tensor, *, effort: Effort, **_settings: Any) -> bytes:
        self.efforts.append(effort)
        return b"file"


@pytest.mark.parametrize(
    ("compression", "in_background", "expected"),
    [
        (Compression.FAST, True, Effort.FAST),
        (Compression.SMALL, True, Effort.SMALL),
        (Compression.SMALL, False, Effort.SMALL),
        (Compression.AS_TIME_ALLOWS, True, Effort.MIDDLE),
        (Compression.AS_TIME_ALLOWS, False, Effort.FAST),
    ],
)
def test_the_effort_is_the_one_that_was_chosen_or_that_time_allows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compression: Compression,
    expected: Effort,
    *,
    in_background: bool,
) -> None:
    encoders, spare = Encoders(monkeypatch), SpareTime()
    monkeypatch.setattr(spare, "chosen", lambda _turn, _work: Effort.MIDDLE)
    content = Result(
        torch.zeros(7, 8, 3), Format.PNG, 95, None, compression=compression, efforts=spare.of(TURN)
    )
    desk = Desk(tmp_path)
    if in_background:
        assert desk.background.write(content, desk.target, IfExists.OVERWRITE)
    else:
        content.write(desk.target, IfExists.OVERWRITE)
    assert desk.failure() is None
    assert encoders.efforts == [expected]


def test_without_room_no_effort_is_noted_for_what_is_not_written_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, spare = [], SpareTime()
    monkeypatch.setattr(spare, "chosen", lambda *asking: asked.append(asking))
    way = Compression.AS_TIME_ALLOWS
    picture = torch.zeros(70, 80, 3)
    content = Result(picture, Format.PNG, 95, None, compression=way, efforts=spare.of(TURN))
    desk = Desk(tmp_path, limit=100)
    assert not desk.background.write(content, desk.target, IfExists.OVERWRITE)
    content.write(desk.target, IfExists.OVERWRITE)
    assert asked == []


@pytest.mark.parametrize("format_", [Format.WEBP, Format.JPEG, Format.PNG])
def test_a_result_that_was_begun_is_encoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: Format
) -> None:
    encoders, desk = Encoders(monkeypatch), Desk(tmp_path)
    content = Result(torch.zeros(7, 8, 3), format_, 95, None, compression=Compression.SMALL)
    content.begin(desk.writes.encode)
    # Nothing is written before its turn.
    assert os.listdir(tmp_path) == []
    assert desk.background.write(content, desk.target, IfExists.OVERWRITE)
    assert desk.failure() is None
    assert Path(desk.target).read_bytes() == b"file"
    assert encoders.efforts == [Effort.SMALL]


def test_a_picture_that_changes_after_it_was_begun_is_an_error(tmp_path: Path) -> None:
    picture, desk = torch.zeros(70, 80, 3), Desk(tmp_path)
    content = Result(picture, Format.WEBP, 95, None)
    content.begin(desk.writes.encode)
    picture[20:].fill_(0.75)
    assert desk.background.write(content, desk.target, IfExists.OVERWRITE)
    failure = desk.failure()
    assert failure is not None
    assert "was changed by another node while it was being saved" in failure.reason
    assert os.listdir(tmp_path) == []


def test_a_result_that_was_begun_needs_its_memory_once(tmp_path: Path) -> None:
    picture, go_on = torch.zeros(70, 80, 3), threading.Event()
    desk = Desk(tmp_path, limit=picture.nbytes + picture.nbytes // 2)
    content = Result(picture, Format.WEBP, 95, None)

    def begin(size: int, job: Callable[[], bytes]) -> Encoding | None:
        def later() -> bytes:
            assert go_on.wait(10)
            return job()

        return desk.writes.encode(size, later)

    content.begin(begin)
    assert desk.background.write(content, desk.target, IfExists.OVERWRITE)
    go_on.set()
    assert desk.failure() is None
    with Image.open(desk.target) as saved:
        assert saved.size == (80, 70)
