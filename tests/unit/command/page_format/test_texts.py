"""Texts that the page changes: choices in prompts, and placeholders in file names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from batch_loop.batch_loop_cli.page_format.texts import PageTexts, one_of_each


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a {b} {{c}} d", "a b c d"),
        ("{}{|}", ""),
        ("a|b } c", "a|b } c"),
        ("{a", "a"),
        (r"\{a\|b\} (c \(d\))", r"{a|b} (c \(d\))"),
        (r"{a\|b}", "a|b"),
        ("a // b\nc", "a \nc"),
        ("a /* b\nc */ d", "a  d"),
        ("a /* b", "a /* b"),
    ],
)
def test_comments_and_choices_in_a_prompt_s_text_are_resolved(text: str, sent: str) -> None:
    assert one_of_each(text) == sent


def test_each_choice_is_sometimes_taken() -> None:
    taken = {one_of_each("{a|b{c|d}}") for _ in range(400)}
    assert taken == {"a", "bc", "bd"}


TYPES = {
    "SaveImage": {"input": {"required": {"filename_prefix": ["STRING", {}]}}},
    "Work": {
        "display_name": "Some work",
        "input": {"required": {"size": ["FLOAT", {}], "on": ["BOOLEAN", {}], "text": ["STRING"]}},
    },
}
NODES: list[dict[str, Any]] = [
    {"type": "Work", "title": "Mine", "widgets_values": [2.0, True, 'a/b "c"']},
    {"type": "Work", "widgets_values": [1.5, False, ""], "properties": {"Node name for S&R": "It"}},
]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("%Mine.size%_%It.size%", "2_1.5"),
        ("%Mine.on%/%Some work.on%", "true/false"),
        ("%Mine.text%", "a_b _c_"),
        ("%Mine.nothing% %Nothing.size% %width% 5%", "%Mine.nothing% %Nothing.size% %width% 5%"),
    ],
)
def test_placeholders_in_a_file_name_are_filled_in(name: str, sent: str) -> None:
    texts = PageTexts(NODES, TYPES)
    assert texts.as_sent("SaveImage", {"filename_prefix": name}) == {"filename_prefix": sent}
    assert texts.as_sent("Else", {"filename_prefix": name}) == {"filename_prefix": name}


def test_dates_in_a_file_name_are_filled_in() -> None:
    name = {"filename_prefix": "%date:yyyy-MM-dd hh.mm.ss|yy M d h m s%"}
    sent = PageTexts([], TYPES).as_sent("SaveImage", name)["filename_prefix"]
    two, some = r"\d\d", r"\d{1,2}"
    long = rf"\d{{4}}-{two}-{two} {two}\.{two}\.{two}"
    assert re.fullmatch(rf"{long}\|{two}( {some}){{5}}", sent)
