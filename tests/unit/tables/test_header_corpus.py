"""Headers of tables as programs write them, and lists whose first row is none.

No first row may be lost, whichever it is; a header may be taken for a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from batch_loop.tests.support.table_writers import WRITERS, Record, pandas_with_index
from batch_loop.tests.support.tables import cells_of, opened, typed

WITH: dict[str, Sequence[Record]] = {
    "settings of a workflow": [
        ("prompt", "negative_prompt", "seed", "steps", "cfg"),
        ("a red fox in the snow", "blurry", 1, 20, 7.5),
        ("a lighthouse, stormy sea", "", 2, 30, 6.0),
    ],
    "prompts": [("prompt",), ("a red fox in the snow",), ("a lighthouse, stormy sea",)],
    "prompts of a word": [("Prompt",), ("fox",), ("owl",), ("whale",)],
    "a single prompt": [("prompt",), ("fox",)],
    "texts": [("text",), ("A cat sits on the mat.",), ("It rains.",)],
    "names": [("name",), ("Ada",), ("Alan",), ("Grace",)],
    "a data set of captions": [
        ("file_name", "text"),
        ("001.png", "a cat on a roof"),
        ("002.png", "a dog in the rain"),
    ],
    "paths and captions": [
        ("image_path", "caption"),
        ("train/a.jpg", "a cat"),
        ("train/b.jpg", "a dog"),
    ],
    "styles": [
        ("name", "prompt", "negative_prompt"),
        ("Oil", "oil painting of {prompt}", "photo"),
        ("Ink", "ink drawing of {prompt}", "colour"),
    ],
    "what is to be combined": [
        ("subject", "style", "mood"),
        ("cat", "oil", "calm"),
        ("dog", "ink", "wild"),
    ],
    "colours": [("animal", "color"), ("fox", "red"), ("owl", "blue"), ("whale", "grey")],
    "a survey": [("Question", "Answer"), ("How are you?", "Well."), ("And yourself?", "Well!")],
    "people": [
        ("First Name", "Last Name", "E-Mail"),
        ("Ada", "Lovelace", "ada@a.org"),
        ("Alan", "Turing", "alan@b.org"),
    ],
    "an export": [
        ("id", "prompt", "image_url", "created_at"),
        ("a1b2", "a cat", "https://a.org/1.png", "2026-11-28 10:00:00"),
        ("c3d4", "a dog", "https://a.org/2.png", "2026-11-28 11:00:00"),
    ],
    "products": [
        ("Artikelnummer", "Bezeichnung", "Preis (EUR)"),
        ("A-1", "Hose", 1.5),
        ("A-2", "Hemd", 2.25),
    ],
    "switches": [("variant", "upscale"), ("small", "true"), ("large", "false")],
    "files": [("Vorlage", "Maske"), ("a.png", "a_mask.png"), ("b.png", "b_mask.png")],
    "German": [("Motiv", "Stil"), ("Katze", "Öl"), ("Hund", "Tusche")],
    "French": [("sujet", "couleur"), ("chat", "rouge"), ("chien", "bleu")],
    "Spanish": [("nombre", "estilo"), ("gato", "óleo"), ("perro", "tinta")],
    "Portuguese": [("título", "cor"), ("gato", "azul"), ("cachorro", "verde")],
    "Russian": [("промпт", "стиль"), ("кот", "масло"), ("собака", "тушь")],
    "Chinese": [("提示词", "风格"), ("一只猫", "油画"), ("一只狗", "水墨")],
    "Japanese": [("プロンプト", "スタイル"), ("猫", "油絵"), ("犬", "墨絵")],
    "Korean": [("프롬프트", "색"), ("고양이", "빨강"), ("개", "파랑")],
}

WITHOUT: dict[str, Sequence[Record]] = {
    "professions": [("prompt engineer",), ("plumber",), ("baker",)],
    "places": [("checkpoint",), ("market",), ("harbour",)],
    "names of women": [("Lora",), ("Anna",), ("Maria",)],
    "stories": [("leyenda",), ("mito",), ("légende",)],
    "settings, one a row": [("prompt", "a fox"), ("steps", 20), ("seed", 5)],
    "prompts": [
        ("a red fox in the snow",),
        ("fox",),
        ("a lighthouse, stormy sea",),
        ("portrait",),
        ("A cat sits on the mat.",),
        ("a garden path",),
        ("command prompt",),
    ],
    "words": [("cat",), ("dog",), ("horse",), ("owl",)],
    "words in capitals": [("Fox",), ("Owl",), ("Whale",)],
    "prompts and what is not to be seen": [
        ("a red fox", "blurry"),
        ("fox", "dark"),
        ("a lighthouse, stormy sea, night", "bad, ugly, people"),
        ("Portrait", "Text"),
    ],
    "prompts and styles": [
        ("a red cat", "oil painting"),
        ("sunset", "ink"),
        ("a small dog that is wet", "watercolour, on paper"),
    ],
    "tags": [
        ("long_hair", "blue_eyes", "smile"),
        ("short_hair", "red_eyes", "hat"),
        ("solo", "sunset", "forest"),
        ("1girl", "solo", "looking_at_viewer"),
        ("dirt_path", "student_id", "flat_color"),
        ("artist_name", "english_text", "signature"),
    ],
    "tags with weights": [
        ("(masterpiece:1.2)", "best quality"),
        ("<lora:x:0.8>", "cat"),
        ("portrait", "woman"),
        ("landscape", "man"),
    ],
    "what is not to be in an image": [
        ("text", "watermark", "logo"),
        ("blurry", "lowres", "jpeg artifacts"),
        ("signature", "username", "title"),
    ],
    "tags and how often they come": [
        ("1girl", 0, 4114588, "1girls,sole_female"),
        ("solo", 0, 3426446, "female_solo,solo_female"),
        ("highres", 5, 3008413, "high_res,high_resolution"),
    ],
    "colours and sizes": [("red", "big"), ("blue", "small"), ("green", "huge")],
    "prompts and seeds": [("a cat", 1), ("dog", 2), ("owl", 3)],
    "numbers": [(1, 512), (2, 768), (3, 1024)],
    "files and captions": [("001.png", "a cat"), ("002.png", "dog"), ("003.png", "an owl")],
    "sentences": [
        ("A cat sits on the mat.", "It is red."),
        ("A dog runs.", "It is wet."),
        ("Sunset.", "Dark."),
    ],
    "Chinese": [("一只猫", "油画"), ("一只狗", "水墨"), ("日落", "夜")],
}


def written(tables: dict[str, Sequence[Record]]) -> Iterator[tuple[str, str]]:
    """The names of tables, and of all that may have written them.

    Where nothing but a semicolon, or a tab, makes quotes, a single column of texts with commas
    cannot be told from several columns: it is refused with what to do.
    """
    for table, rows in tables.items():
        has_commas = len(rows[0]) == 1 and any("," in str(cell) for (cell,) in rows)
        for writer in WRITERS:
            if not has_commas or b'"' in WRITERS[writer](rows):
                yield table, writer


@pytest.mark.parametrize(("table", "writer"), [*written(WITH)])
def test_a_header_is_seen_whatever_has_written_it(table: str, writer: str) -> None:
    header, *rows = WITH[table]
    found = opened(WRITERS[writer](WITH[table]))
    assert found.columns == tuple(header)
    assert len(cells_of(found)) == len(rows)


@pytest.mark.parametrize("table", WITH)
def test_a_header_is_seen_beside_the_index_of_pandas(table: str) -> None:
    header, *rows = WITH[table]
    found = opened(pandas_with_index(WITH[table]))
    assert found.columns == ("column 1", *header)
    assert [cells[0] for cells in cells_of(found)] == [str(number) for number in range(len(rows))]


@pytest.mark.parametrize(("table", "writer"), [*written(WITHOUT)])
def test_no_first_row_is_lost_whichever_it_is(table: str, writer: str) -> None:
    rows = [*WITHOUT[table]]
    for first in range(len(rows)):
        turned = rows[first:] + rows[:first]
        for count in range(1, len(turned) + 1):
            found = opened(WRITERS[writer](turned[:count]))
            assert not found.format.header, turned[:count]
            assert len(cells_of(found)) == count


@pytest.mark.parametrize("between", [",", ", ", "; ", " | "])
@pytest.mark.parametrize("table", WITHOUT)
def test_no_first_line_that_is_typed_is_lost(table: str, between: str) -> None:
    lines = [between.join(map(str, row)) for row in WITHOUT[table]]
    for first in range(len(lines)):
        turned = lines[first:] + lines[:first]
        assert len(cells_of(typed("\n".join(turned)))) == len(lines)
