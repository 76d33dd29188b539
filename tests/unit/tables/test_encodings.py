"""The encoding of a text file is found out."""

from __future__ import annotations

import io
import locale

import pytest

from batch_loop.core.common.errors import InvalidSetting, UnreadableTable
from batch_loop.core.tables.text.encodings import encoding_of
from batch_loop.tests.support.tables import cells_of, opened, rows_of

TEXT = "Name;Größe\nMüller;1,5\n"


@pytest.mark.parametrize(
    ("codec", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_is_found_and_shown_by_a_name_that_the_option_takes(
    codec: str, shown: str
) -> None:
    table = opened(TEXT.encode(codec))
    assert table.format.encoding == shown
    assert table.columns == ("Name", "Größe")
    assert cells_of(table) == [("Müller", "1,5")]
    again = opened(TEXT.encode(codec), encoding=shown)
    assert again.columns == ("Name", "Größe")
    assert again.format.encoding == shown


def test_utf_16_without_a_mark_is_found_in_chinese_too() -> None:
    table = opened("猫\n狗\n".encode("utf-16-le"), "a.txt")
    assert cells_of(table) == [("猫",), ("狗",)]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_mark_is_no_text_where_the_user_says_the_byte_order(codec: str) -> None:
    table = opened(("\ufeff" + TEXT).encode(codec), encoding=codec)
    assert table.columns == ("Name", "Größe")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark_where_the_user_says_so(codec: str) -> None:
    table = opened(TEXT.encode(codec), encoding="utf-16")
    assert (table.columns, cells_of(table)) == (("Name", "Größe"), [("Müller", "1,5")])


def test_the_system_s_encoding_comes_before_the_last_resort(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = "提示词\n一只猫\n".encode("gbk")
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "gbk")
    assert encoding_of(io.BytesIO(data)) == "gbk"
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "ascii")
    assert encoding_of(io.BytesIO(data)) == "Windows-1252"


@pytest.mark.parametrize("place", [(1 << 20) - 1, (3 << 20) + 1])
def test_a_character_far_behind_the_beginning_counts_too(place: int) -> None:
    before = b"x" * 99 + b"\n"
    start = before * (place // 100) + b"y" * (place % 100)
    assert encoding_of(io.BytesIO(start + "ö\n".encode())) == "UTF-8"
    assert encoding_of(io.BytesIO(start + "ö\n".encode("latin-1"))) == "Windows-1252"


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(UnreadableTable, match="line 3: the bytes FF are no text in UTF-8") as no:
        rows_of(opened(b"a;b\n1;2\n3;\xff\n", encoding="UTF-8"))
    assert no.value.line == 3


def test_the_line_is_found_far_behind_the_beginning() -> None:
    lines = 200_000
    with pytest.raises(UnreadableTable, match=f"line {lines + 1}: the bytes C3"):
        rows_of(opened(b"x;y" * 3 + b"\n" * lines + b"\xc3(", "a.txt", encoding="UTF-8"))


def test_a_text_that_ends_within_a_character_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="line 2: "):
        rows_of(opened(b"abc\nx\xc3", "a.txt", encoding="UTF-8"))


def test_a_file_of_zeros_is_no_text() -> None:
    with pytest.raises(UnreadableTable, match="NUL bytes"):
        opened(b"\x00\x01\x02\x00\x00\x00\x07", "a.txt")


ROWS = b"".join(b"a cat,%d\n" % number for number in range(2_000))


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"prompt,n\na c\0at,1\n" + ROWS, 2),
        (b"prompt,n\n" + ROWS + b"a d\0og,5\nx,3\n", 2_002),
        (b"prompt,n\n" + ROWS + b"x,3\n\0\0\0\0", 2_003),
        ("prompt,n\né,1\n".encode("cp1252") + ROWS + b"\0,3\n", 2_003),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_a_file_with_a_zero_byte_is_refused_with_its_line(
    name: str, data: bytes, line: int
) -> None:
    """It is neither taken for UTF-16 nor read with the byte in a cell."""
    with pytest.raises(UnreadableTable, match=f"line {line}: this file holds NUL") as refused:
        rows_of(opened(data, name))
    assert refused.value.line == line
    assert "Save it anew as UTF-8" in str(refused.value)


@pytest.mark.parametrize("encoding", ["UTF-8", "cp1252"])
def test_utf_16_that_is_read_as_another_encoding_is_refused(encoding: str) -> None:
    data = "prompt,n\na cat,1\n".encode("utf-16-le")
    with pytest.raises(UnreadableTable, match=r"line 1: this file holds NUL .* UTF-16"):
        rows_of(opened(data, encoding=encoding))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("row", ["a cat", "кот", "猫", "一只猫坐在屋顶上", "é"])
def test_utf_16_is_seen_without_a_mark(codec: str, row: str) -> None:
    data = f"prompt,n\n{row},1\n{row},2\n".encode(codec)
    assert cells_of(opened(data)) == [(row, "1"), (row, "2")]


@pytest.mark.parametrize("name", ["nonsense", "base64", "rot13", "a\0b"])
def test_an_encoding_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting, match="encoding was"):
        opened("a", encoding=name)
