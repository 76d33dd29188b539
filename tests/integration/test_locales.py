"""The nodes' texts, as a real server gives them to its page."""

from __future__ import annotations

from typing import Any

import pytest

from batch_loop.core.common.names import node_id
from batch_loop.tests.support.locales import ENGLISH, FILES, languages, tree
from batch_loop.tests.support.sources import classes_of_the_pack
from batch_loop.tools.client import ComfyClient


def in_locales(schema: dict[str, Any]) -> dict[str, Any]:
    """A node's texts, in the form of `nodeDefs.json`."""
    inputs = {**schema["input"].get("required", {}), **schema["input"].get("optional", {})}
    texts: dict[str, Any] = {
        "display_name": schema["display_name"],
        "description": schema["description"],
        "inputs": {
            name: {"name": name, "tooltip": options["tooltip"]}
            for name, (_, options) in inputs.items()
        },
    }
    if schema["output_name"]:
        outputs = zip(schema["output_name"], schema["output_tooltips"], strict=True)
        texts["outputs"] = {
            str(place): {"name": name, "tooltip": tooltip}
            for place, (name, tooltip) in enumerate(outputs)
        }
    return texts


def test_the_english_texts_of_the_nodes_are_those_of_their_schemas(client: ComfyClient) -> None:
    ids = {node_id(name) for name in classes_of_the_pack()}
    texts = tree(ENGLISH, "nodeDefs")
    assert texts.keys() == ids
    for node in sorted(ids):
        assert texts[node] == in_locales(client.get_json(f"/object_info/{node}")[node])


@pytest.mark.parametrize("language", languages())
def test_the_page_gets_every_text(client: ComfyClient, language: str) -> None:
    given = client.get_json("/i18n")[language]
    main, *others = FILES
    assert {**given, **tree(language, main)} == given
    if language == ENGLISH:
        others.remove("nodeDefs")
        assert "nodeDefs" not in given
    for file in others:
        # Other packs have their texts in the same table.
        assert {**given[file], **tree(language, file)} == given[file]
