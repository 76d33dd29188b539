"""Every text on the screen, in every language."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from batch_loop.tests.support.locales import (
    ENGLISH,
    FILES,
    FORMS,
    OWN,
    Forms,
    holes,
    languages,
    texts,
    translations,
)
from batch_loop.tools.layout import ROOT

Texts = dict[str, Forms]

FEW_WORDS = 3
"""A text of this many words may well be the same in two languages."""

OF_OTHER_ITEMS = r"^(rows|files|frames|runs|windows)\."
"""Groups of texts that say of other items what others say of images, see `web/lib/texts.js`."""


def translated() -> Iterator[tuple[str, str, Texts, Texts]]:
    """Each language and file, with its texts in English and in that language."""
    for language, file in itertools.product(translations(), FILES):
        yield language, file, texts(ENGLISH, file), texts(language, file)


def own_keys() -> set[str]:
    """The paths of the pack's own texts, as the code writes them."""
    prefix = f"{OWN}."
    return {path.removeprefix(prefix) for path in texts(ENGLISH, "main") if path.startswith(prefix)}


def code_of_the_page() -> str:
    files = [ROOT / "web" / "batch_loop.js", *sorted((ROOT / "web" / "lib").rglob("*.js"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_there_is_a_folder_for_each_language_only() -> None:
    folders = {path.name for path in (ROOT / "locales").iterdir()}
    assert folders == set(languages()) == set(FORMS)


def assert_none(found: Iterable[str]) -> None:
    """Fail with everything that was found, one per line."""
    lines = list(found)
    assert not lines, "\n".join(["found:", *lines])


def test_every_text_is_translated() -> None:
    def found() -> Iterator[str]:
        for language, file, english, own in translated():
            missing = {path for path in english if not any(own.get(path, {}).values())}
            yield from (f"{language}/{file}: {path} is missing" for path in missing)
            unknown = own.keys() - english.keys()
            yield from (f"{language}/{file}: {path} is in no English file" for path in unknown)

    assert all(texts(ENGLISH, file) for file in FILES)
    assert_none(found())


def test_no_text_is_left_in_english() -> None:
    def found() -> Iterator[str]:
        for language, file, english, own in translated():
            for path, forms in own.items():
                without_holes = re.sub(r"\{\w+\}", "", forms["other"])
                words = re.findall(r"[A-Za-z]+", without_holes)
                if forms == english.get(path) and len(words) > FEW_WORDS:
                    yield f"{language}/{file}: {path}"

    assert_none(found())


def test_each_text_has_the_same_placeholders() -> None:
    def found() -> Iterator[str]:
        for language, file, english, own in translated():
            for path in english.keys() & own.keys():
                if holes(own[path]) != holes(english[path]):
                    yield f"{language}/{file}: {path}"

    assert_none(found())


def test_a_text_with_a_number_has_each_plural_form_of_its_language() -> None:
    def found() -> Iterator[str]:
        english = texts(ENGLISH, "main")
        for language in languages():
            own = texts(language, "main")
            counted = {path for path, forms in {**english, **own}.items() if len(forms) > 1}
            for path in counted & own.keys():
                if own[path].keys() != FORMS[language]:
                    yield f"{language}/main: {path}"

    assert_none(found())


def test_texts_that_comfyui_shows_have_none_of_its_marks() -> None:
    # Some of its frontends interpret them, and some show them as they are.
    def found() -> Iterator[str]:
        for language, file in itertools.product(languages(), FILES):
            theirs = {
                path: "".join(forms.values())
                for path, forms in texts(language, file).items()
                if not path.startswith(f"{OWN}.")
            }
            if not theirs:
                yield f"{language}/{file}: ComfyUI shows nothing of it"
            for path, text in theirs.items():
                if re.search(r"[{}|@]", text):
                    yield f"{language}/{file}: {path}"

    assert_none(found())


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
    beginnings = tuple(re.findall(r"\b(?:t|say)\(\s*`([\w.]+)\$\{", code))
    endings = re.findall(r"\bt\(\s*`\$\{[^}]+\}(\.\w+)`", code)
    named |= {name + ending for name in named for ending in endings}
    keys = {re.sub(OF_OTHER_ITEMS, "", key) for key in own_keys()}
    assert {key for key in keys - named if not key.startswith(beginnings)} == set()


def test_texts_for_other_items_take_the_place_of_one_for_images() -> None:
    keys = own_keys()
    others = {key for key in keys if re.match(OF_OTHER_ITEMS, key)}
    assert {re.sub(OF_OTHER_ITEMS, "", key) for key in others} - keys == set()


def test_card_panel_and_message_have_one_word_for_what_is_left() -> None:
    def found() -> Iterator[str]:
        for language in languages():
            own = texts(language, "main")
            word = own[f"{OWN}.card.left"]["other"]
            if own[f"{OWN}.panel.count.left"]["other"] != word:
                yield f"{language}: panel.count.left"
            if word.replace("{count}", "{pending}") not in own[f"{OWN}.notice.stopped"]["other"]:
                yield f"{language}: notice.stopped"

    assert_none(found())
