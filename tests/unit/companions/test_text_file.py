"""Reading the texts beside images."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.common.errors import UnreadableCompanion
from batch_loop.core.companions.text_file import MOST_BYTES, read_text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a cat", "a cat"),
        (b"a cat\n", "a cat"),
        (b"a cat\r\n\r\n", "a cat"),
        (b"two\r\nlines\rand\nmore \n", "two\nlines\nand\nmore "),
        ("schöne Grüße 猫".encode(), "schöne Grüße 猫"),
        ("schön".encode("utf-8-sig"), "schön"),
        ("猫".encode("utf-16"), "猫"),
        ("\ufeff猫\r\n".encode("utf-16-be"), "猫"),
        (b"sch\xf6n \x80", "schön \u20ac"),
    ],
)
def test_a_text_is_read_in_its_encoding(tmp_path: Path, data: bytes, text: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    assert read_text(str(file)) == text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "zeros"),
        (b"a\0b", "zeros"),
        (b"\xff\xfea", "not text"),
        (b"\xef\xbb\xbfsch\xf6n", "not text"),
        (b"sch\x81n", "not text"),
        (b"x" * (MOST_BYTES + 1), "1,000,001 bytes"),
    ],
)
def test_what_is_no_text_is_refused_with_its_reason(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    with pytest.raises(UnreadableCompanion) as raised:
        read_text(str(file))
    assert says in str(raised.value)
    assert says in raised.value.reason
    assert '"a.txt"' in raised.value.reason
    # The reason is shown to anybody who looks at the loop.
    assert str(tmp_path) not in raised.value.reason


def test_the_largest_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"x" * MOST_BYTES)
    assert len(read_text(str(file))) == MOST_BYTES


def test_a_folder_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCompanion, match="directory"):
        read_text(str(tmp_path))
