from __future__ import annotations

import re

from batch_loop.core.model.directory_iterator_settings import LISTING
from batch_loop.tools.layout import ROOT


def test_the_page_asks_with_the_settings_that_select_images() -> None:
    script = (ROOT / "web" / "lib" / "card" / "folder_settings.js").read_text(encoding="utf-8")
    (names,) = re.findall(r"const DECIDING = \[([^\]]*)\]", script)
    assert set(re.findall(r'"(\w+)"', names)) == LISTING
