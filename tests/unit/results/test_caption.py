"""The text beside a result."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.common.errors import InvalidSetting
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.results.caption import caption_of, has_caption


@pytest.mark.parametrize(
    ("inputs", "has"),
    [
        ({}, False),
        ({"caption": ""}, False),
        ({"caption": "a cat"}, True),
        ({"caption": ["3", 0]}, True),
    ],
)
def test_a_text_is_written_if_one_is_entered_or_linked(
    inputs: dict[str, object],
    has: bool,  # noqa: FBT001
) -> None:
    assert has_caption(inputs) is has


@pytest.mark.parametrize("text", ["", "a cat", "two\nlines\n", "Größe, 猫\r\n"])
def test_the_file_is_the_text_and_nothing_else(tmp_path: Path, text: str) -> None:
    target = str(tmp_path.resolve() / "a.txt")
    caption = caption_of(text)
    assert caption.write(target, IfExists.OVERWRITE)
    assert Path(target).read_bytes() == text.encode()
    assert not caption.write(target, IfExists.SKIP)


@pytest.mark.parametrize("text", [None, 3, ["a"], "half \ud83d"])
def test_an_unusable_caption_is_refused(text: object) -> None:
    with pytest.raises(InvalidSetting, match="caption was"):
        caption_of(text)
