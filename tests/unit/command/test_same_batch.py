from __future__ import annotations

from batch_loop.batch_loop_cli.same_batch import known_settings
from batch_loop.core.model.directory_iterator_settings import LISTING, IteratorSettings
from batch_loop.tests.support.graphs import batch_graph, iterator, node


def test_a_server_is_asked_with_the_settings_of_directory_iterator() -> None:
    (asked,) = known_settings(batch_graph("holiday", "out", limit=3))
    assert asked["directory"] == "holiday"
    assert IteratorSettings.of_json(asked, LISTING).selection().limit == 3


def test_what_only_the_run_will_tell_is_not_asked() -> None:
    prompt = {
        "1": iterator("holiday", limit=["9", 0]),
        "2": {**iterator(""), "inputs": {"directory": ["9", 0]}},
        "9": node("PrimitiveInt", value=3),
    }
    (asked,) = known_settings(prompt)
    assert asked["directory"] == "holiday"
    assert "limit" not in asked
