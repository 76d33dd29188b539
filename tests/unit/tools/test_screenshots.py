from __future__ import annotations

import json
import re

from PIL import Image

from batch_loop.tools.layout import ROOT
from batch_loop.tools.screenshots import FILM, MADE_FROM, PICTURES, digest

PAGE = (ROOT / "docs" / "first_minutes.md").read_text(encoding="utf-8")


def test_the_pictures_are_not_older_than_what_they_show() -> None:
    made_from = json.loads(MADE_FROM.read_text(encoding="utf-8"))["sha256"]
    assert made_from == digest(), "what the page shows has changed: run `make screenshots`"


def test_the_page_shows_each_picture() -> None:
    shown = set(re.findall(r"images/tour/([\w.]+)", PAGE))
    kept = {path.name for path in PICTURES.iterdir()} - {MADE_FROM.name}
    assert shown == kept


def test_the_film_moves() -> None:
    with Image.open(FILM) as film:
        assert film.n_frames > 3
