"""Savers' folders from other nodes are known before an image is handed out, or never."""

from __future__ import annotations

from collections.abc import ItemsView
from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import PathRefused
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.graph.links import Graph
from batch_loop.core.graph.required_nodes import Submission, Unrun, unrun
from batch_loop.core.turn.linked_inputs import Learned, Wanted, nothing_known
from batch_loop.core.turn.saver_folders import (
    check_known_folders,
    check_saver_folders,
    wanted_folders,
)
from batch_loop.tests.support.graphs import ITERATOR, SAVE, batch_graph, node

WANTED = Wanted(SAVE, "folder", ["folder", 0])


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFolders:
    return AllowedFolders.load(
        input_dir=str(tmp_path / "input"),
        output_dir=str(tmp_path / "output"),
        temp_dir=str(tmp_path / "temp"),
        user_dir=str(tmp_path / "user"),
    )


def graph_of(source: object = "") -> Graph:
    """A batch whose saver's folder comes from a node with the input `source`."""
    graph = batch_graph("in", "out")
    graph[SAVE]["inputs"]["folder"] = ["folder", 0]
    graph["folder"] = node("StringTrim", string=source)
    return graph


def test_a_folder_is_wanted_until_it_is_known() -> None:
    submission, learned = Submission(graph_of()), Learned()
    assert wanted_folders(submission, ITERATOR, learned.of) == [WANTED]
    learned.ask(WANTED).values.append("out")
    assert wanted_folders(submission, ITERATOR, learned.of) == []


class Counted(dict[str, dict[str, Any]]):
    """A graph that counts how often somebody goes through all of its nodes."""

    times = 0

    def items(self) -> ItemsView[str, dict[str, Any]]:
        self.times += 1
        return super().items()


def test_a_submission_s_graph_is_gone_through_once(allowed: AllowedFolders) -> None:
    graph = Counted(batch_graph("in", "out"))
    submission = Submission(graph, targets=[SAVE])
    for _ in range(2):
        check_saver_folders(submission, ITERATOR, allowed)
        assert wanted_folders(submission, ITERATOR, nothing_known) == []
        check_known_folders(submission, ITERATOR, nothing_known, allowed)
        assert unrun(submission, ITERATOR, [SAVE], lambda class_type: class_type == SAVE) == Unrun()
    assert graph.times == 1


def test_a_folder_that_waits_for_an_image_or_is_not_requested_is_not_wanted() -> None:
    of_image = Submission(graph_of([ITERATOR, 4]))
    unasked = Submission(graph_of(), targets=["folder"])
    for submission in (of_image, unasked):
        assert wanted_folders(submission, ITERATOR, nothing_known) == []


def test_a_refused_folder_is_reported_with_its_reason_and_elsewhere_without_a_path(
    allowed: AllowedFolders, tmp_path: Path
) -> None:
    learned, outside = Learned(), str(tmp_path / "outside")
    learned.ask(WANTED).values += ["out", outside]
    with pytest.raises(PathRefused, match=f"BatchLoopSaveImage #{SAVE} does not accept") as refused:
        check_known_folders(Submission(graph_of()), ITERATOR, learned.of, allowed)
    assert outside in str(refused.value)
    assert str(allowed.output) not in refused.value.elsewhere
    unasked = Submission(graph_of(), targets=["folder"])
    check_known_folders(unasked, ITERATOR, learned.of, allowed)
