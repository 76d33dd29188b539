"""What ends the turn of an image: a Loop End, or else a saver."""

from __future__ import annotations

import pytest

from batch_loop.core.common.errors import LoopEndMissing
from batch_loop.core.graph.loop_ends import check_end, decides_itself, ends_with_saver
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    batch_graph,
    iterator,
    node,
    save,
    two_node_graph,
)
from batch_loop.tests.support.pairs import OTHER

SIX = batch_graph("a", "b")
TWO = two_node_graph("a", "b")


def test_a_loop_end_is_what_ends_it_where_there_is_one() -> None:
    assert not ends_with_saver(SIX, ITERATOR)
    assert ends_with_saver(TWO, ITERATOR)
    check_end(SIX, ITERATOR)
    check_end(TWO, ITERATOR)


def test_a_saver_behind_loop_start_ends_it_too() -> None:
    graph = {each: SIX[each] for each in SIX if each not in (END, COMPLETE, STOP)}
    assert ends_with_saver(graph, ITERATOR)
    check_end(graph, ITERATOR)


def test_without_either_the_message_names_the_next_node() -> None:
    graph = {**TWO, SAVE: node("SaveImage", images=[WORK, 0])}
    with pytest.raises(LoopEndMissing, match=r"Add a Save Image \(Batch\), and connect its `loop`"):
        check_end(graph, ITERATOR)
    with pytest.raises(LoopEndMissing, match=r"^None of Save Image .* and Save Video .* follows"):
        check_end(graph, ITERATOR)


def test_a_saver_of_texts_ends_it_alone() -> None:
    text = node("BatchLoopSaveText", loop=[ITERATOR, 0], text="a caption")
    check_end({ITERATOR: TWO[ITERATOR], SAVE: text}, ITERATOR)


def test_an_empty_graph_is_not_checked() -> None:
    check_end({}, ITERATOR)


def test_a_saver_ends_whatever_goes_together_with_its_own_iterator() -> None:
    graph = {
        **TWO,
        OTHER: iterator("c"),
        "blend": node("ImageBlend", image1=[WORK, 0], image2=[OTHER, 1]),
        SAVE: save(["blend", 0], "b", loop=[ITERATOR, 0]),
    }
    check_end(graph, OTHER)
    graph["blend"] = node("PreviewImage", images=[OTHER, 1])
    graph[SAVE] = save([WORK, 0], "b", loop=[ITERATOR, 0])
    with pytest.raises(LoopEndMissing):
        check_end(graph, OTHER)


def test_end_queues_decide_where_there_are_any_but_not_about_a_loop_without_loop_end() -> None:
    assert decides_itself(TWO, ITERATOR)
    assert not decides_itself(SIX, ITERATOR)
    assert decides_itself({each: SIX[each] for each in SIX if each != STOP}, ITERATOR)
    both = {**SIX, OTHER: iterator("c"), "14": save([OTHER, 1], "b", loop=[OTHER, 0])}
    assert decides_itself(both, OTHER)
    assert not decides_itself(both, ITERATOR)
