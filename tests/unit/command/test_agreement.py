from __future__ import annotations

import re

from batch_loop.batch_loop_cli.agreement import FOLDER_SETTINGS, questions
from batch_loop.nodes.routes.folders import _selection
from batch_loop.tests.support.graphs import batch_graph, iterator, node
from batch_loop.tools.layout import ROOT


def test_a_server_is_asked_with_the_settings_that_say_which_images_there_are() -> None:
    (asked,) = questions(batch_graph("holiday", "out", limit=3))
    assert set(asked) == set(FOLDER_SETTINGS)
    assert (asked["directory"], asked["limit"]) == ("holiday", 3)
    assert _selection(asked).limit == 3


def test_the_page_asks_with_the_same_ones() -> None:
    script = (ROOT / "web" / "lib" / "card" / "folder_settings.js").read_text(encoding="utf-8")
    (names,) = re.findall(r"const DECIDING = \[([^\]]*)\]", script)
    assert tuple(re.findall(r'"(\w+)"', names)) == FOLDER_SETTINGS


def test_what_only_the_run_will_tell_is_not_asked() -> None:
    prompt = {
        "1": iterator("holiday", limit=["9", 0]),
        "2": {**iterator(""), "inputs": {"directory": ["9", 0]}},
        "9": node("PrimitiveInt", value=3),
    }
    (asked,) = questions(prompt)
    assert asked["directory"] == "holiday"
    assert "limit" not in asked
