"""Which images a saver's results are made from, and which savers there are."""

from __future__ import annotations

from batch_loop.core.graph.savers import iterators_behind, rank_of, savers_of, saves_video
from batch_loop.tests.support.graphs import COMPLETE, ITERATOR, SAVE, WORK, batch_graph, node
from batch_loop.tests.support.pairs import OTHER, pairs


def test_the_first_link_of_a_saver_leads_to_the_main_iterator() -> None:
    assert iterators_behind(pairs("x"), "4") == [ITERATOR, OTHER]
    assert iterators_behind(pairs("x", turned=True), "4") == [OTHER, ITERATOR]


def test_save_image_batch_goes_by_its_loop() -> None:
    graph = pairs("x")
    graph["4"] = node("BatchLoopSaveImage", image=[WORK, 0], loop=[OTHER, 0])
    assert iterators_behind(graph, "4") == [OTHER, ITERATOR]
    graph["4"]["inputs"]["loop"] = "not a link"
    assert iterators_behind(graph, "4") == [ITERATOR, OTHER]


def test_what_batch_complete_says_makes_no_image() -> None:
    graph = pairs("x")
    graph["4"]["inputs"] = {"filename_prefix": [COMPLETE, 1], "images": [OTHER, 1]}
    assert iterators_behind(graph, "4") == [OTHER]


def test_an_image_that_comes_by_no_link_may_be_of_each_iterator() -> None:
    graph = pairs("x")
    graph["4"]["inputs"] = {}
    assert iterators_behind(graph, "4") == [ITERATOR, OTHER]
    assert iterators_behind(graph, "made by another node") == [ITERATOR, OTHER]
    assert iterators_behind({"1": node("SaveImage")}, "1") == []


def test_two_ways_to_one_iterator_count_once() -> None:
    assert iterators_behind(batch_graph("a", "b"), SAVE) == [ITERATOR]


def test_savers_of_videos_are_savers_and_are_told_apart_by_their_container() -> None:
    graph = {
        ITERATOR: node("BatchLoopVideoIterator"),
        "10": node("BatchLoopSaveVideo", loop=[ITERATOR, 0], folder="a", container="mp4"),
        "11": node("BatchLoopSaveVideo", loop=[ITERATOR, 0], folder="a", container="mp4"),
        "12": node("BatchLoopSaveVideo", loop=[ITERATOR, 0], folder="a", container="mkv"),
    }
    assert [saver for saver, _ in savers_of(graph, ITERATOR)] == ["10", "11", "12"]
    assert all(saves_video(graph, saver) for saver in ("10", "11", "12"))
    assert [rank_of(graph, saver) for saver in ("10", "11", "12")] == [0, 1, 0]
