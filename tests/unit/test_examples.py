"""The example workflows: whole, laid out cleanly, and the same in both formats."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import Any

import pytest
from PIL import Image

from batch_loop.core.common.names import (
    DIRECTORY_ITERATOR,
    FRAME_ITERATOR,
    ITERATORS,
    NODE_PREFIX,
    ROW_ITERATOR,
    node_id,
)
from batch_loop.core.files.allowed_paths import EXAMPLE_FILM, EXAMPLE_FOLDER
from batch_loop.tests.support.graphs import load_prompt
from batch_loop.tests.support.sources import classes_of_the_pack
from batch_loop.tools.layout import EXAMPLES, ROOT

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))
EACH = pytest.mark.parametrize("name", NAMES)

NOTE = "MarkdownNote"
TITLE_HEIGHT = 30
SIDE, MOST_BYTES = 720, 200_000
TWO, SIX = 2, 6
"""How many kinds of the pack's nodes are in an example."""
LEAST_ZOOM, SCREEN = 0.7, (1280, 720)
OF_COMFYUI = {
    "EmptyImage",
    "EndLoop",
    "ImageBlend",
    "ImageBlur",
    "ImageCompositeMasked",
    "ImageInvert",
    "ImageScale",
    "ImageScaleBy",
    "ImageSharpen",
    "PreviewAny",
    "SaveImage",
    "StartLoop",
    "StringReplace",
}

Box = tuple[float, float, float, float]


def workflow(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return content


def inputs_of(ui_node: dict[str, Any], links: dict[int, list[Any]]) -> dict[str, Any]:
    """A node's inputs as the page would submit them."""
    inputs: dict[str, Any] = {}
    slots = [slot["name"] for slot in ui_node["inputs"] if "widget" in slot]
    # A widget follows the one that it belongs to, and its name begins with that one and a dot.
    parents = [name for name in slots if "." not in name]
    widgets = [name for each in parents for name in slots if name.partition(".")[0] == each]
    widgets.sort(key=lambda name: (parents.index(name.partition(".")[0]), "." in name))
    inputs.update(zip(widgets, ui_node.get("widgets_values") or [], strict=True))
    for slot in ui_node["inputs"]:
        if slot["link"] is not None:
            _, source, output, *_ = links[slot["link"]]
            inputs[slot["name"]] = [str(source), output]
    return inputs


def box_of(ui_node: dict[str, Any]) -> Box:
    """Left, top, right and bottom of a node with its title."""
    (left, top), (width, height) = ui_node["pos"], ui_node["size"]
    return left, top - TITLE_HEIGHT, left + width, top + height


def overlap(one: Box, other: Box) -> bool:
    apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    return not apart


@pytest.mark.parametrize(("folder", "ending"), [("", ".jpg"), ("api", ".json")])
def test_each_example_has_its_picture_and_its_api_copy(folder: str, ending: str) -> None:
    assert NAMES != []
    # ComfyUI treats every .json beside the pictures as a workflow.
    assert sorted(path.stem for path in (EXAMPLES / folder).glob(f"*{ending}")) == NAMES


@EACH
def test_the_picture_is_square_and_small_enough_to_load(name: str) -> None:
    path = EXAMPLES / f"{name}.jpg"
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (SIDE, SIDE))
    assert path.stat().st_size < MOST_BYTES


@EACH
def test_it_contains_only_nodes_of_this_pack_and_comfyui(name: str) -> None:
    ours = {node_id(class_name) for class_name in classes_of_the_pack()}
    types = {node["type"] for node in workflow(name)["nodes"]}
    assert types <= ours | OF_COMFYUI | {NOTE}
    assert len(types & ITERATORS) == 1
    assert node_id("SaveImage") in types


def test_most_often_they_are_loops_of_two_nodes_and_one_shows_all_six() -> None:
    ours = [
        {node["type"] for node in workflow(name)["nodes"] if node["type"].startswith(NODE_PREFIX)}
        for name in NAMES
    ]
    counts = Counter(map(len, ours))
    assert counts.most_common(1)[0][0] == TWO
    assert SIX in counts


@EACH
def test_it_is_legible_as_it_opens_its_note_first(name: str) -> None:
    content = workflow(name)
    view = content["extra"]["ds"]
    assert view["scale"] >= LEAST_ZOOM
    boxes = {node["type"]: box_of(node) for node in content["nodes"]}
    assert min(boxes, key=lambda each: boxes[each]) == NOTE
    for left, top, right, bottom in boxes.values():
        for place, (first, last) in enumerate(((left, right), (top, bottom))):
            offset = view["offset"][place]
            assert (first + offset) * view["scale"] >= 0
            assert (last + offset) * view["scale"] <= SCREEN[place]


@EACH
def test_the_api_copy_is_what_the_page_would_submit(name: str) -> None:
    content = workflow(name)
    links = {link[0]: link for link in content["links"]}
    submitted = {
        str(node["id"]): {"class_type": node["type"], "inputs": inputs_of(node, links)}
        for node in content["nodes"]
        if node["type"] != NOTE
    }
    prompt = load_prompt(name)
    assert {
        key: value | {"_meta": prompt[key]["_meta"]} for key, value in submitted.items()
    } == prompt


def iterator_of(name: str) -> tuple[str, dict[str, Any]]:
    """The class of an example's iterator, and its inputs."""
    (found,) = (
        (node["class_type"], node["inputs"])
        for node in load_prompt(name).values()
        if node["class_type"] in ITERATORS
    )
    return found


@EACH
def test_it_works_on_what_comes_with_the_pack_in_its_own_loop(name: str) -> None:
    kind, inputs = iterator_of(name)
    if kind == DIRECTORY_ITERATOR:
        assert inputs["directory"] == EXAMPLE_FOLDER
    elif kind == FRAME_ITERATOR:
        assert inputs["film"] == EXAMPLE_FILM
    else:
        assert (inputs["file"], bool(inputs["text"])) == ("", True)
    # Without its own name, it would find images that another example has done already.
    assert inputs["loop_name"] == name


@EACH
def test_it_says_how_to_run_it(name: str) -> None:
    (text,) = (
        node["widgets_values"][0] for node in workflow(name)["nodes"] if node["type"] == NOTE
    )
    first, run = {
        DIRECTORY_ITERATOR: (
            "press Choose folder… on Directory Iterator",
            "Press Run on Directory Iterator",
        ),
        FRAME_ITERATOR: (
            "press Choose a video… on Frame Iterator",
            "Press Run on Frame Iterator",
        ),
        ROW_ITERATOR: ("write them into *text* on Row Iterator", "Press Run on Row Iterator"),
    }[iterator_of(name)[0]]
    assert first in text
    assert run in text


@EACH
def test_its_texts_are_those_that_are_translated(name: str) -> None:
    content = workflow(name)
    assert content["extra"]["batch_loop"] == "template"
    titled = [*content["nodes"], *content["groups"]]
    notes = [node["widgets_values"][0] for node in content["nodes"] if node["type"] == NOTE]
    texts = [each["title"] for each in titled if "title" in each]
    texts += [block for note in notes for block in note.split("\n\n")]
    english = json.loads((ROOT / "locales" / "en" / "main.json").read_text(encoding="utf-8"))
    assert set(texts) <= set(english["batchLoop"]["templates"].values())


@EACH
def test_no_node_covers_another(name: str) -> None:
    nodes = workflow(name)["nodes"]
    covering = [
        (one["type"], other["type"])
        for one, other in itertools.combinations(nodes, 2)
        if overlap(box_of(one), box_of(other))
    ]
    assert covering == []


@EACH
def test_a_group_has_room_for_what_an_iterator_says_of_its_batch(name: str) -> None:
    content = workflow(name)
    (iterator,) = (node for node in content["nodes"] if node["type"] in ITERATORS)
    (left, top), (width, height) = iterator["pos"], iterator["size"]
    groups = [group["bounding"] for group in content["groups"]]
    assert any(
        x <= left and left + width <= x + across and y <= top and top + height + 100 <= y + down
        for x, y, across, down in groups
    )


def test_the_card_of_a_frame_iterator_has_room_beside_its_outputs() -> None:
    """Nodes 2.0 puts the outputs beside the card, and makes no node wider by itself."""
    nodes = [node for name in NAMES for node in workflow(name)["nodes"]]
    widths = [node["size"][0] for node in nodes if node["type"] == node_id("FrameIterator")]
    assert min(widths) >= 360


@EACH
def test_every_link_leads_to_the_right_or_down(name: str) -> None:
    content = workflow(name)
    boxes = {node["id"]: box_of(node) for node in content["nodes"]}
    back = []
    for link in content["links"]:
        (left, _, right, bottom), (next_left, next_top, _, _) = boxes[link[1]], boxes[link[3]]
        if next_left <= right and not (next_left == left and next_top >= bottom):
            back.append(link)
    assert back == []


@EACH
def test_it_contains_nothing_of_the_machine_that_it_was_made_on(name: str) -> None:
    for path in (EXAMPLES / f"{name}.json", EXAMPLES / "api" / f"{name}.json"):
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert NODE_PREFIX in text
