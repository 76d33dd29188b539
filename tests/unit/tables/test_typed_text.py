"""Text as people type it, or paste it, into Row Iterator: no word of a prompt is lost.

Of a table, `text` is the first column alone: so what may be prompts is no table.
"""

from __future__ import annotations

import random

import pytest

from batch_loop.core.sources.variant_values import BY_ENTRY, VALUES, VariantValues
from batch_loop.core.tables.table import TableFormat, TableKind
from batch_loop.tests.support.tables import cells_of, typed

PROMPTS = {
    "colours above numbers": "black,white\n50,60",
    "words above numbers, with blanks": "cats, dogs\n2, 3",
    "a word and a number": "cat,5\ndog,7",
    "numbers": "50,60\n70,80",
    "sentences": "A fox in the snow, at dawn.\nA lighthouse, in a storm.",
    "sentences of one clause more": "A fox, red, at dawn.\nA lighthouse, in a storm.",
    "tags": "1girl, solo, long hair, smile\n1boy, solo, short hair, hat",
    "tags without blanks": "1girl,solo,long_hair\n1boy,solo,short_hair",
    "tags that are columns": "style,color,mood\nvintage,warm,calm",
    "what is not to be seen": "text, caption, watermark\nblurry, lowres, jpeg",
    "what is not to be seen, without blanks": "caption,text\nblurry,noisy",
    "addresses that are not to be seen": "url, watermark, logo\nblurry, lowres, noisy",
    "kinds of photographs": "id, photo, woman\nportrait, photo, man",
    "names of women": "Lora,Emma,Sophia\nAnna,Mia,Lena",
    "signatures": "подпись, текст\nпятна, размытие",  # noqa: RUF001 - Russian
    "weights": "(masterpiece:1.2), (cat:0.8)\n(best quality:1.3), (dog:0.9)",
    "weights with emphasis": "((cat)), [dog]\n((fox)), [owl]",
    "LoRA tags": "<lora:add_detail:0.8>, cat\n<lora:film:0.5>, dog",
    "LoRA tags alone": "<lora:a:0.1>\n<lora:a:0.2>\n<lora:a:0.3>",
    "wildcards": "__animal__, __color__\n__place__, __time__",
    "alternatives": "{red|blue|green} fox, snow\n{2$$a|b|c} owl, night",
    "alternatives alone": "red|blue\ngreen|yellow",
    "prompt editing": "[cat:dog:0.5], forest\n[day|night], sky",
    "breaks": "a cat BREAK a dog\na fox BREAK an owl",
    "prompts and what is not to be seen": "a fox | blurry\na cat | dark",
    "semicolons": "a red cat; a blue dog\na green cat; a white dog",
    "quotes within": 'a sign that says "open, now", neon\na sign that says "no, thanks", wood',
    "quotes around": '"a fox, red"\n"a cat, blue"',
    "quotes around a part": '"open", neon sign\n"closed", wooden sign',
    "a list with numbers": "1. a fox, red\n2. a cat, blue",
    "a list of a word processor": "1.\ta fox, red\n2.\ta cat, blue\n10.\ta dog",
    "a list with letters": "a)\ta fox\nb)\ta cat",
    "bullets of a word processor": "•\ta fox\n•\ta cat",
    "dashes": "- a fox, red\n- a cat, blue",
    "indented by tabs": "\ta fox, red\n\ta cat, blue",
    "tabs at the end": "a fox, red\t\na cat, blue\t",
    "a single row of a spreadsheet": "a fox\tblurry",
    "artists": "by Greg, Alphonse, Ilya\nby Claude, Vincent, Paul",
    "aspects": "16:9, wide\n4:3, narrow",
    "sizes": "512x768, portrait\n768x512, landscape",
    "cameras": "50mm,f1.8,bokeh\n85mm,f1.4,bokeh",
    "file names": "cat.png, dog.png\nfox.png, owl.png",
    "Chinese": "一只猫，油画\n一只狗，水墨",  # noqa: RUF001 - the comma of China
    "Chinese with commas of ASCII": "一只猫,油画\n一只狗,水墨",
    "Japanese": "猫、夜\n犬、朝",
    "German numbers": "Strand, 3,5 Meter\nWald, 2,5 Meter",
    "a question": "Who, me?\nYes, you!",
    "a header of a single column": "prompt\na fox, red\na cat, blue",
    "with empty lines": "a fox, red\n\na cat, blue\n",
    "Windows": "a fox, red\r\na cat, blue\r\n",
}


@pytest.mark.parametrize("text", PROMPTS.values(), ids=PROMPTS)
def test_each_line_of_prompts_is_a_row_with_all_of_its_words(text: str) -> None:
    table = typed(text)
    assert table.format == TableFormat(TableKind.LINES)
    assert cells_of(table) == [(line.strip(),) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("text", PROMPTS.values(), ids=PROMPTS)
def test_each_line_is_one_value_of_a_variants(text: str) -> None:
    (axis,) = VariantValues("value", VALUES, text, BY_ENTRY).variants(lambda *_: ()).axes
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert axis.values == tuple(lines)


TABLES = {
    "a header": ("prompt,seed,width\na fox,1,512\n", ("prompt", "seed", "width")),
    "a header with blanks": ("prompt, seed\na fox, 1\na cat, 2", ("prompt", "seed")),
    "a header with semicolons": ("prompt;seed\na fox, red;1\na cat;2", ("prompt", "seed")),
    "what is not to be seen": ("prompt,negative\na fox,blurry", ("prompt", "negative")),
    "settings": ("steps,cfg\n20,7\n30,5.5", ("steps", "cfg")),
    "sizes": ("width,height\n512,768\n768,512", ("width", "height")),
    "files": ("image,style\na.png,oil\nb.png,ink", ("image", "style")),
    "LoRAs": ("lora,strength\nfilm,0.5\ngrain,0.8", ("lora", "strength")),
    "captions with numbers": ("id,caption\n1,a fox\n2,a cat", ("id", "caption")),
    "captions in quotes": ('caption,style\n"a fox, red",oil\n"a cat",ink', ("caption", "style")),
    "any words above quotes": ('motif,n\n"a fox, red",5', ("motif", "n")),
    "the hint of Excel": ("sep=;\na;b\nc;d", ("column 1", "column 2")),
    "a spreadsheet": ("prompt\tseed\na fox, red\t1\na cat\t2", ("prompt", "seed")),
    "a spreadsheet without a header": ("a fox, red\tblurry\na cat\tdark", ("column 1", "column 2")),
    "a spreadsheet with numbers": ("1\ta fox\n2\ta cat", ("column 1", "column 2")),
    "a spreadsheet with empty cells": ("a fox\tblurry\na cat\t", ("column 1", "column 2")),
    "a spreadsheet with line breaks": ('prompt\tn\n"a fox\nin snow"\t1\n', ("prompt", "n")),
    "JSON": ('[{"prompt": "a fox, red", "seed": 1}]', ("prompt", "seed")),
    "JSON lines": ('{"prompt": "a fox"}\n{"prompt": "a cat"}', ("prompt",)),
}


@pytest.mark.parametrize(("text", "columns"), TABLES.values(), ids=TABLES)
def test_what_is_clearly_a_table_has_its_columns(text: str, columns: tuple[str, ...]) -> None:
    assert typed(text).columns == columns


def test_no_two_lines_of_tags_are_a_table_whichever_words_they_are() -> None:
    """Of columns, tags, and what negative prompts list, in any order."""
    words = [
        *("text", "caption", "title", "url", "style", "color", "size", "artist", "name"),
        *("signature", "logo", "red", "fox", "id"),
    ]
    chosen = random.Random(5)  # noqa: S311 - test data
    for between in (",", ", ", ";", " | "):
        for _ in range(500):
            lines = [between.join(chosen.sample(words, 3)) for _ in range(2)]
            assert cells_of(typed("\n".join(lines))) == [(line,) for line in lines]
