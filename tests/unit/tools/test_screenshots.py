from __future__ import annotations

import json
import re
from pathlib import Path

from PIL import Image

from batch_loop.tests.support.markdown import HELP
from batch_loop.tests.support.sources import Findings, assert_nothing_in
from batch_loop.tools.layout import ROOT
from batch_loop.tools.screenshots import FILM, MADE_FROM, PICTURES, digest
from batch_loop.tools.screenshots import OTHERS as LOOKS

DOCS = ROOT / "docs"
OTHERS = (DOCS / "other_frontends.md").read_text(encoding="utf-8")
PAGES = ("first_minutes", "other_frontends", "videos", "films")


def test_the_pictures_are_not_older_than_what_they_show() -> None:
    made_from = json.loads(MADE_FROM.read_text(encoding="utf-8"))["sha256"]
    assert made_from == digest(), "what the page shows has changed: run `make screenshots`"


def test_the_pages_show_each_picture() -> None:
    pages = [(DOCS / f"{name}.md").read_text(encoding="utf-8") for name in PAGES]
    shown = set(re.findall(r"images/tour/([\w./]+)", "".join(pages)))
    kept = {path.relative_to(PICTURES).as_posix() for path in PICTURES.rglob("*.*")}
    assert shown == kept - {MADE_FROM.name}


def test_the_pictures_of_other_frontends_are_named_after_them() -> None:
    for look in LOOKS:
        assert look.frontend in OTHERS
        assert f"images/tour/{look.name}/" in OTHERS


def test_each_help_page_shows_its_node() -> None:
    # ComfyUI resolves pictures from the folder of all help pages, in every language.
    def look(page: Path) -> Findings:
        shown = re.findall(r"\]\((\S+\.webp)\)", page.read_text(encoding="utf-8"))
        node = page.stem if page.parent == HELP else page.parent.name
        if shown != [f"{node}/node.webp"]:
            yield 1, f"shows {shown}"

    assert_nothing_in(sorted(HELP.rglob("*.md")), look)


def test_each_picture_of_a_node_can_be_shown() -> None:
    pictures = sorted(HELP.glob("*/node.webp"))
    assert {picture.parent.name for picture in pictures} == {
        page.stem for page in HELP.glob("*.md")
    }
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()


def test_the_film_moves() -> None:
    with Image.open(FILM) as film:
        assert film.n_frames > 3
