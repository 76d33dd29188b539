"""Contact sheets: what is where, on which page, and what is written in place of a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import PathRefused, UnwritableImage
from batch_loop.core.files.atomic import write_atomic
from batch_loop.core.files.unreadable import opened_image
from batch_loop.core.model.formats import Format
from batch_loop.core.model.items import Failure, Item, ItemState
from batch_loop.core.model.loop_key import IMAGES, VARIANTS, LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.sheets import files as sheet_files_module
from batch_loop.core.sheets.drawing import draw_page
from batch_loop.core.sheets.files import choose_files, sheet_files, write_page
from batch_loop.core.sheets.of_batch import sheet_of
from batch_loop.core.sheets.sheet import MARGIN, PAGE, Look, Sheet, Tile
from batch_loop.core.sources.variants import OPTION, Axis, VariantLists
from batch_loop.tests.support.images import colour_of, write_broken, write_images

SIZE = 64
PLAIN = Look(SIZE, labels=False)
LABELLED = Look(SIZE)


def done(path: str, *files: Path, index: int = 0) -> tuple[Item, tuple[str, ...]]:
    return Item(path, index, ItemState.DONE), tuple(map(str, files))


def drawn(sheet: Sheet, look: Look = PLAIN) -> Image.Image:
    (page,) = sheet.pages(look)
    return draw_page(page, look, opened_image)


def colour_at(image: Image.Image, look: Look, column: int, row: int, of: Sheet) -> tuple[int, ...]:
    """The colour in the middle of a tile."""
    x = look.left(of) + column * look.step_across + look.size // 2
    y = look.top(of) + row * look.step_down(of) + look.size // 2
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def test_with_variants_sources_are_down_and_variants_across(tmp_path: Path) -> None:
    values = VariantLists((Axis.of("value", ["1", "2", "3"]),))
    selection = Selection(options=((OPTION, values.text()),))
    names = [f"{stem} · {label}.png" for stem in "ab" for label in "123"]
    files = dict(zip(names, write_images(tmp_path, names), strict=True))
    # In another order, and one was finished before, so that the batch does not have it.
    items = [done(name, files[name]) for name in (*names[3:], *names[1:3])]
    key = LoopKey("", str(tmp_path), source=IMAGES + VARIANTS)
    sheet = sheet_of(key, selection, items)
    assert (list(sheet.headings), list(sheet.names)) == (["1", "2", "3"], ["b.png", "a.png"])
    for look in (PLAIN, LABELLED):
        image = drawn(sheet, look)
        for row, stem in enumerate("ba"):
            for column, label in enumerate("123"):
                name = f"{stem} · {label}.png"
                wanted = (32, 32, 36) if name == names[0] else colour_of(name)
                assert colour_at(image, look, column, row, sheet) == wanted


def test_without_variants_items_are_in_order(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(7)]
    files = write_images(tmp_path, names)
    items = [done(name, file) for name, file in zip(names, files, strict=True)]
    sheet = sheet_of(LoopKey("", str(tmp_path)), Selection(), items)
    image = drawn(sheet, Look(SIZE, labels=False, columns=3))
    for place, name in enumerate(names):
        assert colour_at(image, PLAIN, place % 3, place // 3, sheet) == colour_of(name)
    assert image.size == (3 * (SIZE + MARGIN) + MARGIN, 3 * (SIZE + MARGIN) + MARGIN)


def test_what_failed_or_cannot_be_shown_is_marked(tmp_path: Path) -> None:
    @contextmanager
    def opened(path: str) -> Iterator[BinaryIO]:
        if path.endswith("refused.png"):
            raise PathRefused("it is elsewhere")
        with opened_image(path) as file:
            yield file

    (whole,) = write_images(tmp_path, ["whole.png"])
    text = tmp_path / "text.txt"
    text.write_text("what is on it", encoding="utf-8")
    failed = Item("f.png", 0, ItemState.FAILED, failure=Failure("out of memory"))
    items = [
        (failed, (str(whole),)),
        done("gone.png", tmp_path / "gone.png"),
        done("broken.png", write_broken(tmp_path / "broken.png")),
        done("refused.png", tmp_path / "refused.png"),
        done("whole.png", text, whole),
        done("text.png", text),
        done("nothing.png"),
        (Item("pending.png", 0), ()),
    ]
    sheet = sheet_of(LoopKey("", str(tmp_path)), Selection(), items)
    assert [tile and tile.said for tile in sheet.tiles] == [
        *("FAILED. out of memory", "", "", "", "", "", "no file is known", "pending"),
    ]
    look = Look(SIZE, labels=False, columns=8)
    (page,) = sheet.pages(look)
    image = draw_page(page, look, opened)
    corners = []
    for column in range(8):
        x, y = look.left(sheet) + column * look.step_across, look.top(sheet)
        corners.append(image.getpixel((x + 1, y + SIZE - 2)))
    marked, other = (96, 32, 36), (46, 46, 52)
    assert corners == [marked] * 4 + [colour_of("whole.png")] + [other] * 3


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16", "P", "CMYK"])
def test_all_kinds_of_pictures_are_shown_in_their_place(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    Image.new(mode, (300, 150)).save(path)
    sheet = Sheet("", [Tile("", str(path))])
    image = np.asarray(drawn(sheet))
    shown = (image != (32, 32, 36)).any(axis=2)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    assert (len(rows), len(columns)) == (SIZE // 2, SIZE)


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("columns", [0, 7, 1000])
@pytest.mark.parametrize(("wide", "down"), [(0, 40_000), (3, 1_000), (150, 4), (150, 150)])
def test_each_item_is_on_one_page_and_pages_are_not_too_large(
    wide: int, down: int, columns: int, *, labels: bool
) -> None:
    tiles = [Tile(str(number)) for number in range(max(1, wide) * down)]
    headings = [f"column {number}" for number in range(wide)]
    names = [f"row {number}" for number in range(down if wide else 0)]
    sheet, look = Sheet("title", tiles, headings, names), Look(SIZE, labels=labels, columns=columns)
    seen = []
    for page in sheet.pages(look):
        most = max(map(len, page.tiles))
        assert look.left(page) + most * look.step_across <= PAGE
        assert look.top(page) + len(page.tiles) * look.step_down(page) <= PAGE
        assert not columns or most <= columns
        for row, line in enumerate(page.tiles):
            for column, tile in enumerate(line):
                assert tile is not None
                seen.append(tile.title)
                if wide:
                    place = int(tile.title)
                    assert page.names[row] == f"row {place // wide}"
                    assert page.headings[column] == f"column {place % wide}"
    assert sorted(seen, key=int) == [str(number) for number in range(len(tiles))]


@pytest.mark.parametrize(
    "text",
    ["Größe", "猫の絵 " * 30, "قطة", "🐈" * 50, "a" * 500, "two words " * 50, "\udce9\x00\n", ""],
)
def test_any_text_is_written_within_its_place(text: str) -> None:
    sheet = Sheet(text, [None, None], [text, ""], [text])
    look = Look(128)
    (page,) = sheet.pages(look)
    image = np.asarray(draw_page(page, look, opened_image)).astype(int)
    written = (abs(image - (32, 32, 36)).sum(axis=2)) > 60
    left, top = look.left(page), look.top(page)
    # The second column has no heading, and the first one's does not reach into it.
    assert not written[look.line + 2 * MARGIN : top, left + look.step_across :].any()
    assert not written[top:, left:].any()
    if text.strip("\udce9\x00\n"):
        assert written[:top, left : left + look.size].any()
        assert written[top:, : left - MARGIN].any()


def test_a_sheet_replaces_only_an_earlier_one_of_its_own(tmp_path: Path) -> None:
    page = Image.new("RGB", (8, 8))

    def write(owner: str, pages: int = 1, page_format: Format = Format.PNG) -> list[str]:
        extension = ".png" if page_format is Format.PNG else ".jpg"
        found = choose_files(
            sheet_files("pics", extension, pages), lambda name: str(tmp_path / name), owner
        )
        for path in found:
            write_page(page, path, page_format, owner)
        return [os.path.basename(path) for path in found]

    (tmp_path / "pics.png").write_bytes(b"somebody's")
    assert write("loop/9") == ["pics_1.png"]
    assert write("loop/9") == ["pics_1.png"]
    assert write("loop/10") == ["pics_2.png"]
    assert write("loop/9", pages=2) == ["pics_1.png", "pics_1 page 2.png"]
    assert write("loop/9", page_format=Format.JPEG) == ["pics.jpg"]
    assert write("loop/9", page_format=Format.JPEG) == ["pics.jpg"]
    assert write("loop/10", page_format=Format.JPEG) == ["pics_1.jpg"]
    assert (tmp_path / "pics.png").read_bytes() == b"somebody's"
    with pytest.raises(UnwritableImage, match="appeared while it was drawn"):
        write_page(page, str(tmp_path / "pics.png"), Format.PNG, "loop/9")


def test_a_sheet_that_another_server_has_just_drawn_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, path = Image.new("RGB", (8, 8)), str(tmp_path / "pics.png")

    def written_by_another(*arguments: Any) -> Any:
        monkeypatch.undo()
        write_page(page, path, Format.PNG, "loop/9")
        return write_atomic(*arguments)

    monkeypatch.setattr(sheet_files_module, "write_atomic", written_by_another)
    write_page(page, path, Format.PNG, "loop/9")
    assert [each.name for each in tmp_path.iterdir()] == ["pics.png"]


def test_only_one_picture_is_open_at_a_time(tmp_path: Path) -> None:
    files = write_images(tmp_path, [f"{number}.png" for number in range(5)])
    log: list[str] = []

    @contextmanager
    def opened(path: str) -> Iterator[BinaryIO]:
        log.append("open")
        with opened_image(path) as file:
            yield file
        log.append("close")

    sheet = Sheet("", [Tile("", str(file)) for file in files])
    (page,) = sheet.pages(PLAIN)
    draw_page(page, PLAIN, opened, lambda: log.append("next"))
    assert log == ["next", "open", "close"] * 5
