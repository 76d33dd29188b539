"""Which frame each result of a window of frames is shown beside."""

from __future__ import annotations

import pytest

from batch_loop.core.pictures.beside_results import frames_beside


def saved(name: str, count: int, first: int = 1) -> list[str]:
    return [f"/out/{name.format(first + place)}" for place in range(count)]


@pytest.mark.parametrize(
    ("results", "beside"),
    [
        (saved("clip_000012_{:02}.png", 4), [12, 13, 14, 15]),
        # Two savers, one after the other, under names of their own.
        (saved("a_{}.png", 4) + saved("b_{}.png", 4), [12, 13, 14, 15] * 2),
        # ComfyUI counts on where two savers give their files one name.
        (saved("ComfyUI_{:05}_.png", 8, first=41), [12, 13, 14, 15] * 2),
        # One for the whole window, such as a contact sheet of it, or a text.
        ([*saved("a_{}.png", 4), "/out/sheet.png"], [12, 13, 14, 15, 12]),
        # A model may make more frames than it is given, or fewer.
        (saved("a_{}.png", 6), [12, 13, 14, 15, 15, 15]),
        (saved("a_{}.png", 3), [12, 13, 14]),
        ([], []),
    ],
)
def test_a_result_is_beside_the_frame_of_its_place(results: list[str], beside: list[int]) -> None:
    assert frames_beside(results, 12, 4) == beside


def test_the_order_is_that_of_the_numbers_and_not_that_of_the_texts() -> None:
    results = sorted(saved("a_{}.png", 12))
    assert results[1] == "/out/a_10.png"
    assert frames_beside(results, 0, 12) == [0, 9, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8]


def test_the_first_one_of_a_list_has_no_number() -> None:
    listed = ["/out/clip_000012.png", *saved("clip_000012_{}.png", 11)]
    beside = dict(zip(sorted(listed), frames_beside(sorted(listed), 12, 12), strict=True))
    assert [beside[path] for path in listed] == [*range(12, 24)]
    # One for the whole window is none of a list.
    whole = ["/out/clip_000012.png", *saved("clip_000012_{:02}.png", 12)]
    assert frames_beside(whole, 12, 12) == [12, *range(12, 24)]


def test_the_same_name_in_two_folders_is_of_two_savers() -> None:
    results = ["/out/x/a_1.png", "/out/x/a_2.png", "/out/y/a_1.png", "/out/y/a_2.png"]
    assert frames_beside(results, 0, 2) == [0, 1, 0, 1]
