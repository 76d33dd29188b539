"""Whether the first row is a header, and the names of columns."""

from __future__ import annotations

import pytest

from batch_loop.core.model.settings.row_iterator import Header
from batch_loop.core.tables.headers import column_names, has_header
from batch_loop.core.tables.table import Cell
from batch_loop.tests.support.tables import cells_of, opened

WITH = {
    "prompts and seeds": "prompt,seed\na cat,1\na dog,2\n",
    "prompts": 'prompt,negative_prompt\n"a cat, red","bad, blurry"\na dog,ugly\n',
    "prompts in one column": "prompt\na red cat on a roof at night\na small dog that is wet\n",
    "files and captions": "file,caption\n001.png,a cat\n002.png,a dog\n",
    "products": "Artikelnummer;Bezeichnung;Preis (EUR)\nA-1;Hose;1,50\nA-2;Hemd;2,50\n",
    "people": "First Name,Last Name,E-Mail\nAda,Lovelace,ada@a.org\nAlan,Turing,alan@b.org\n",
    "long names above numbers": (
        "Question of the survey (in full),Answer\nHow are you?,5\nAnd yourself?,4\n"
    ),
    "Chinese": "提示词,种子\n一只猫,1\n一只狗,2\n",
    "Korean": "이름,색\n고양이,빨강\n개,파랑\n",
    "trailing delimiter": "a,b,\n1,2,\n3,4,\n",
    "one number column": "n\n1\n2\n",
    "hash": "#,name\n1,x\n2,y\n",
    "empty cells below": "id,note\n1,\n,x\n3,\n",
    "dotted names": "Nr.,Bez.\n1,x\n2,y\n",
    "capitals": "ID,TITLE,PROMPT\nx,cat,a cat sits\ny,dog,a dog runs\n",
    "one row": "name,color\nx,red\n",
    "names in one column": "Name\nAda\nAlan\n",
    "prompts that are words": "prompt\ncat\ndog\n",
    "captions": "Caption\na cat\na dog\n",
    "nothing else": "prompt,negative\n",
    "nothing else in one column": "prompt\n",
    "two columns of one name": "prompt,prompt,seed\na cat,blurry,1\na dog,dark,2\n",
    "two columns of one name above texts": "text,text\na cat,blurry\na dog,dark\n",
    "pandas' index": ",prompt,style\n0,a cat,oil\n1,a dog,ink\n",
    "pandas' index beside any name": ",Motto\n0,a cat\n1,a dog\n2,an owl\n",
    "pandas' index of some rows": ",prompt,style\n7,a cat,oil\n3,a dog,ink\n",
    "an empty name": "prompt,,style\na cat,x,oil\na dog,y,ink\n",
    "files below": "Vorlage\na.png\nb.png\n",
    "words of spreadsheets": "First Name,Last Name,City\nAda,Lovelace,Paris\nAlan,Turing,Rom\n",
    "spaces": "prompt, style\na cat, oil\na dog, ink\n",
    "remarks": "Prompt (EN),Stil\na cat,Öl\na dog,Tusche\n",
    "other spellings": "negativePrompt,Image-Path\nbad,x\nugly,y\n",
}
WITHOUT = {
    "numbers": "1,2\n3,4\n",
    "a number in the first row": "cat,1\ndog,2\n",
    "prompts": '"a cat, red","bad, blurry"\n"a dog","ugly"\n',
    "words in one column": "cat\ndog\nhorse\n",
    "files": "001.png,a cat\n002.png,a dog\n",
    "paths": "in/a.png,x\nin/b.png,y\n",
    "addresses": "https://a.org/x,a\nhttps://b.org/y,b\n",
    "dates": "2026-11-28,x\n2026-11-29,y\n",
    "a word that comes again": "red,round\nblue,flat\nred,flat\n",
    "equal cells": "a,a\nb,c\n",
    "an empty cell": "a,,c\nd,e,f\n",
    "sentences": "A cat sits on the mat.,It is red.\nA dog runs.,It is wet.\n",
    "true": "true,x\nfalse,y\n",
    "prices": "$5,x\n1.50 €,y\n",
    "percent": "5 %,x\n6 %,y\n",
    "words": "red,big\nblue,small\ngreen,huge\n",
    "short prompts": "a red cat,oil painting\na dog,ink\n",
    "a short prompt before long ones": (
        'sunset\n"a red cat on a roof at night, rain"\n"a small dog that is wet, fog"\n'
    ),
    "what is not to be in an image": "text, background, logo\nblurry, lowres, jpeg\n",
    "settings in rows": "prompt,a red cat\nnegative,blurry\nseed,random\n",
    "a single prompt": "a red cat,prompt\n",
    "a single word": "sunset\n",
    "an unknown seed": "a cat,?\na dog,5\n",
    "a prompt that ends with such a word": "forest path\na cat\n",
    "a random seed": "a cat,random\na dog,5\n",
    "an empty cell before a number": ",cat\n1,dog\n2,horse\n",
    "capital letters": "Red cat,Big\nblue dog,small\nowl,huge\n",
    "a header that comes again": "prompt,style\na cat,oil\nprompt,style\na dog,ink\n",
    "no names for files": "cat\na.png\n",
}


@pytest.mark.parametrize("table", WITH)
def test_a_header_is_seen(table: str) -> None:
    assert opened(WITH[table]).format.header


@pytest.mark.parametrize("table", WITHOUT)
def test_a_first_row_of_data_is_seen(table: str) -> None:
    opened_table = opened(WITHOUT[table])
    assert not opened_table.format.header
    assert opened_table.columns[0] == "column 1"
    assert len(cells_of(opened_table)) == WITHOUT[table].count("\n")


@pytest.mark.parametrize("table", [*WITH.values(), *WITHOUT.values()])
def test_the_user_has_the_last_word(table: str) -> None:
    count = table.count("\n")
    assert len(cells_of(opened(table, header=Header.YES))) == count - 1
    assert len(cells_of(opened(table, header=Header.NO))) == count


def test_a_sheet_s_numbers_and_booleans_are_no_names() -> None:
    assert has_header(["name", "n"], [["x", 5]], Header.AUTO)
    assert not has_header(["name", 5], [["x", 5]], Header.AUTO)
    assert not has_header(["name", True], [["x", False]], Header.AUTO)


@pytest.mark.parametrize(
    ("first", "width", "names"),
    [
        ((), 3, ("column 1", "column 2", "column 3")),
        (("a", "", None), 3, ("a", "column 2", "column 3")),
        (("name", "name", "name"), 3, ("name", "name 2", "name 3")),
        (("name", "name 2", "name"), 3, ("name", "name 2", "name 3")),
        (("name", "name", "name 2"), 3, ("name", "name 3", "name 2")),
        (("column 2", ""), 2, ("column 2", "column 2 2")),
        (("two\nlines", " b  c "), 2, ("two lines", "b c")),
        ((1, 2.5, True), 3, ("1", "2.5", "True")),
    ],
)
def test_names_of_columns_are_distinct(
    first: tuple[Cell, ...], width: int, names: tuple[str, ...]
) -> None:
    assert column_names(first, width) == names
