from __future__ import annotations

from batch_loop.batch_loop_cli.same_batch import known_settings
from batch_loop.core.model.directory_iterator_settings import LISTING, IteratorSettings
from batch_loop.tests.support.graphs import batch_graph, iterator, node


def test_servers_are_asked_with_directory_iterator_s_settings() -> None:
    (asked,) = known_settings(batch_graph("holiday", "out", limit=3))
    assert asked["directory"] == "holiday"
    assert IteratorSettings.of_json(asked, LISTING).selection().limit == 3


def test_a_folder_that_only_the_run_can_tell_is_not_asked_about() -> None:
    prompt = {
        "1": iterator("holiday", limit=["9", 0]),
        "2": {**iterator(""), "inputs": {"directory": ["9", 0]}},
        "9": node("PrimitiveInt", value=3),
    }
    (asked,) = known_settings(prompt)
    assert asked["directory"] == "holiday"
    assert "limit" not in asked
