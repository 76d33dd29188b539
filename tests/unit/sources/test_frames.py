from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_loop.core.common.errors import UnreadableFilm
from batch_loop.core.model.loop_key import FRAMES, LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.titles import is_frame, title_of
from batch_loop.core.sources.frames import Frames, Windows, frame_in, path_of

KEY = LoopKey("", "/films/my.film.mp4", source=FRAMES)


def selection(frames: int, overlap: int, **others: int) -> Selection:
    return Selection(options=(("frames", str(frames)), ("overlap", str(overlap))), **others)


@given(st.integers(0, 300), st.integers(1, 20), st.data())
def test_windows_hold_every_frame_and_none_has_nothing_new(
    total: int, frames: int, data: st.DataObject
) -> None:
    windows = Windows(frames, data.draw(st.integers(0, frames - 1)))
    seen: set[int] = set()
    for place in range(windows.count(total)):
        first = place * windows.step
        own = set(range(first, min(first + frames, total)))
        assert own - seen
        seen |= own
    assert seen == set(range(total))


def test_each_window_is_an_item_named_after_its_first_frame() -> None:
    source = Frames(lambda _path: 20)
    found = source.listed(KEY, selection(8, 2), seed=0)
    assert found == [f"my.film_{first:06}.frames8" for first in (0, 6, 12)]
    assert [frame_in(path) for path in found] == [0, 6, 12]


def test_another_window_is_another_item_of_the_same_name() -> None:
    """So what was done of a shorter one is not taken for done of a longer one."""
    source = Frames(lambda _path: 24)
    for frames in (1, 8, 16):
        first = source.listed(KEY, selection(frames, 0), seed=0)[0]
        assert first not in source.listed(KEY, selection(frames + 1, 0), seed=0)
        assert (title_of(first), is_frame(first)) == ("my.film_000000", True)
    overlapping = source.listed(KEY, selection(8, 4), seed=0)
    assert set(source.listed(KEY, selection(8, 0), seed=0)) <= set(overlapping)


def test_a_range_counts_windows() -> None:
    source = Frames(lambda _path: 20)
    found = source.listed(KEY, selection(2, 0, start_index=3, limit=2), seed=0)
    assert [frame_in(path) for path in found] == [6, 8]


def test_a_part_says_how_many_follow() -> None:
    part = Frames(lambda _path: 100).part(KEY, selection(1, 0), 10, 5)
    assert part is not None
    assert (part.paths[0], len(part.paths), part.behind) == (path_of(KEY, 10, 1), 5, 85)


def test_a_path_of_no_frame_is_refused() -> None:
    with pytest.raises(UnreadableFilm, match="no number of a frame"):
        frame_in("film_x.frame")
