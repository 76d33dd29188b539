"""How a prompt ended, and whether its item is done."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.core.comfy.outcomes import outcome_of
from batch_loop.core.common.names import ASSEMBLE_VIDEO, CONTACT_SHEET
from batch_loop.core.model.prompt import Ending

SAVER, FILM, SHEET = "1", "2", "3"


def failed(node: str, *, done: list[str]) -> dict[str, Any]:
    """The entry of a prompt in which a node failed once others were done."""
    graph = {
        SAVER: {"class_type": "SaveImage", "inputs": {}},
        FILM: {"class_type": ASSEMBLE_VIDEO, "inputs": {}},
        SHEET: {"class_type": CONTACT_SHEET, "inputs": {}},
    }
    said = {"node_id": node, "node_type": graph[node]["class_type"], "executed": done}
    messages = [("execution_error", {**said, "exception_message": "no"})]
    return {
        "prompt": [0, "id", graph, {}, list(graph)],
        "outputs": {},
        "status": {"status_str": "error", "completed": False, "messages": messages},
    }


@pytest.mark.parametrize("node", [FILM, SHEET])
def test_what_is_made_of_a_whole_batch_does_not_fail_its_last_item(node: str) -> None:
    assert outcome_of(failed(node, done=[SAVER])).ending is Ending.SUCCESS
    assert outcome_of(failed(node, done=[])).ending is Ending.ERROR


def test_a_saver_that_fails_fails_its_item() -> None:
    assert outcome_of(failed(SAVER, done=[FILM, SHEET])).ending is Ending.ERROR
