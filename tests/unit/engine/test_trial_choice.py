"""Finding what to try in sources that are too large to be looked at in one answer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.engine.trial_choice import MOST_LOOKED_AT, MOST_SHOWN, Found, find, wanted
from batch_loop.core.model.loop_key import FRAMES, ROWS, VARIANTS, LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.titles import taken_with
from batch_loop.core.sources.frames import Frames
from batch_loop.core.sources.rows import Rows
from batch_loop.core.store.memory import MemoryStore
from batch_loop.tests.support.fake_host import FakeHost

KEY = LoopKey("", "/films/film.mp4", source=FRAMES)
FPS = 25.0
COUNT = MOST_LOOKED_AT + 10


def found(typed: str, start: int = 0, **selection: int) -> Found:
    registry = LoopRegistry(MemoryStore(), FakeHost(), Frames(lambda _path: COUNT))
    chosen = Selection(**selection)
    return find(registry, KEY, chosen, wanted(KEY, chosen, typed, FPS), start)


def test_all_are_shown_in_parts_and_none_twice() -> None:
    first = found("")
    assert (len(first.paths), first.more_from) == (MOST_SHOWN, MOST_SHOWN)
    second = found("", MOST_SHOWN)
    assert not set(first.paths) & set(second.paths)
    assert found("", COUNT - 1) == Found([f"film_{COUNT - 1:06}.frame"], None)
    assert found("", COUNT) == found("", 2 * COUNT) == Found([], None)


def test_the_search_goes_on_where_the_last_answer_has_ended() -> None:
    number = str(COUNT - 2)
    nothing = found(number)
    assert nothing == Found([], MOST_LOOKED_AT)
    rest = found(number, MOST_LOOKED_AT)
    assert rest == Found([f"film_{COUNT - 2:06}.frame", f"film_{COUNT - 1:06}.frame"], None)


def test_of_a_range_nothing_else_is_found() -> None:
    in_range = found("", start_index=5, limit=2)
    assert in_range == Found(["film_000005.frame", "film_000006.frame"], None)
    assert found("7", start_index=5, limit=2) == Found([], None)


def test_a_time_means_the_frame_that_is_shown_then() -> None:
    for typed, number in (("0:02", 50), ("1:00.04", 1501), ("0:10:00", 15_000)):
        assert found(typed).paths[0] == f"film_{number:06}.frame"
    # Where the film does not tell its speed, it is part of a name like any other text.
    assert not wanted(KEY, Selection(), "0:02", 0.0)(["film_000050.frame"])


def test_a_row_is_found_by_any_of_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("name,style,seed\nfox,Oil paint,12\nowl,ink,345\n", encoding="utf-8")
    rows, chosen = Rows(partial(open, mode="rb")), Selection()
    registry = LoopRegistry(MemoryStore(), FakeHost(), rows)
    for source, behind in ((ROWS, ""), (ROWS + VARIANTS, " · 0.5")):
        key = LoopKey("", str(file), source=source)
        listed = rows.listed(key.of_entries, chosen, seed=0)
        fox, owl = (taken_with(path, "0.5") if behind else path for path in listed)
        for typed, meant in (("oil", [fox]), ("345", [owl]), ("FOX", [fox]), ("Oil p\nx", [])):
            tells = wanted(key, chosen, typed, 0.0, rows.texts_by_path(key, chosen))
            assert set(tells([fox, owl])) == set(meant)
    key = LoopKey("", str(file), source=ROWS)
    ink = wanted(key, chosen, "ink", 0.0, rows.texts_by_path(key, chosen))
    assert find(registry, key, chosen, ink, 0) == Found([listed[1]], None)
    file.write_text("name,style,seed\nowl,ink,345\n", encoding="utf-8")
    assert not wanted(key, chosen, "oil", 0.0, rows.texts_by_path(key, chosen))([fox])
