"""Every text on the screen, in every language."""

from __future__ import annotations

import re

import pytest

from batch_loop.tests.support.locales import (
    ENGLISH,
    FILES,
    FORMS,
    OWN,
    holes,
    languages,
    texts,
    translations,
)
from batch_loop.tools.layout import ROOT

EACH_FILE = pytest.mark.parametrize("file", FILES)
EACH_LANGUAGE = pytest.mark.parametrize("language", languages())
EACH_TRANSLATION = pytest.mark.parametrize("language", translations())

FEW_WORDS = 3
"""A text of so many words may well be the same in two languages."""


def own_keys() -> set[str]:
    """The paths of the pack's own texts, as the code has them."""
    prefix = f"{OWN}."
    return {path.removeprefix(prefix) for path in texts(ENGLISH, "main") if path.startswith(prefix)}


def code_of_the_page() -> str:
    files = [ROOT / "web" / "batch_loop.js", *sorted((ROOT / "web" / "lib").rglob("*.js"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_there_is_a_folder_for_each_language_and_no_other() -> None:
    folders = {path.name for path in (ROOT / "locales").iterdir()}
    assert folders == set(languages()) == set(FORMS)


@EACH_FILE
@EACH_TRANSLATION
def test_every_text_is_translated(language: str, file: str) -> None:
    english, own = texts(ENGLISH, file), texts(language, file)
    assert english != {}
    assert {path for path in english if not any(own.get(path, {}).values())} == set(), "missing"
    assert own.keys() - english.keys() == set(), "in no English file"


@EACH_FILE
@EACH_TRANSLATION
def test_no_text_is_left_in_english(language: str, file: str) -> None:
    english, own = texts(ENGLISH, file), texts(language, file)
    same = {path for path, forms in own.items() if forms == english.get(path)}
    without_holes = {path: re.sub(r"\{\w+\}", "", own[path]["other"]) for path in same}
    words = {path: re.findall(r"[A-Za-z]+", text) for path, text in without_holes.items()}
    assert {path for path in same if len(words[path]) > FEW_WORDS} == set()


@EACH_FILE
@EACH_TRANSLATION
def test_the_same_values_are_put_in(language: str, file: str) -> None:
    english, own = texts(ENGLISH, file), texts(language, file)
    both = english.keys() & own.keys()
    assert {path for path in both if holes(own[path]) != holes(english[path])} == set()


@EACH_LANGUAGE
def test_a_text_with_a_number_has_each_form_of_the_language(language: str) -> None:
    english, own = texts(ENGLISH, "main"), texts(language, "main")
    counted = {path for path, forms in {**english, **own}.items() if len(forms) > 1}
    assert {path for path in counted & own.keys() if own[path].keys() != FORMS[language]} == set()


@EACH_FILE
@EACH_LANGUAGE
def test_what_comfyui_shows_has_none_of_its_marks(language: str, file: str) -> None:
    # Some of its frontends read them as marks, and some show them as they are.
    shown = {path: "".join(forms.values()) for path, forms in texts(language, file).items()}
    theirs = {path: text for path, text in shown.items() if not path.startswith(f"{OWN}.")}
    assert theirs != {}
    assert {path for path, text in theirs.items() if re.search(r"[{}|@]", text)} == set()


def test_every_key_in_the_code_has_its_text() -> None:
    code, keys = code_of_the_page(), own_keys()
    named = set(re.findall(r"\bt\(\s*[\"'`]([\w.]+)[\"'`]", code))
    beginnings = set(re.findall(r"\bt\(\s*`([\w.]+)\$\{", code))
    assert named != set()
    assert named - keys == set()
    lost = {start for start in beginnings if not any(key.startswith(start) for key in keys)}
    assert lost == set()


def test_every_text_is_used_in_the_code() -> None:
    code = code_of_the_page()
    named = set(re.findall(r"[\"'`]([\w.]+)[\"'`]", code))
    beginnings = tuple(re.findall(r"\bt\(\s*`([\w.]+)\$\{", code))
    endings = re.findall(r"\bt\(\s*`\$\{[^}]+\}(\.\w+)`", code)
    named |= {name + ending for name in named for ending in endings}
    assert {key for key in own_keys() - named if not key.startswith(beginnings)} == set()
