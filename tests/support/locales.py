"""The project's texts in its languages, for the tests that compare them."""

from __future__ import annotations

import json
import re
from typing import Any

from batch_loop.tools.layout import ROOT

FILES = ("main", "nodeDefs", "settings")
"""What ComfyUI reads of `locales/<language>/`, each a JSON file."""

ENGLISH = "en"

ENGLISH_NODES = "nodes"
"""English has `nodes.json` for `nodeDefs.json`: frontends would take that for their last word on
what a node is called, and a language that they do not have could not be shown."""

OWN = "batchLoop"
"""Where `main.json` has the texts that the pack itself shows; the rest is for ComfyUI."""

FORMS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    # These have `many` as well, for whole millions; written in figures, they read as `other`.
    "es": {"one", "other"},
    "fr": {"one", "other"},
    "pt-BR": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "ja": {"other"},
    "ko": {"other"},
    "zh": {"other"},
    "zh-TW": {"other"},
}
"""Which forms a text with a number needs, by the categories of `Intl.PluralRules`."""

CATEGORIES = {"zero", "one", "two", "few", "many", "other"}

Forms = dict[str, str]
"""The forms of one text; a text that does not depend on a number has `other` alone."""


def languages() -> list[str]:
    """The languages that the settings offer."""
    code = (ROOT / "web" / "lib" / "settings.js").read_text(encoding="utf-8")
    table = re.search(r"LANGUAGES = \{(.*?)\}", code, re.DOTALL)
    assert table is not None, "web/lib/settings.js has no table LANGUAGES"
    return re.findall(r"^\s*\"?([\w-]+)\"?:", table.group(1), re.MULTILINE)


def translations() -> list[str]:
    """The languages but English."""
    return [language for language in languages() if language != ENGLISH]


def tree(language: str, file: str) -> dict[str, Any]:
    """What a file has; empty where there is no such file."""
    name = ENGLISH_NODES if (language, file) == (ENGLISH, "nodeDefs") else file
    path = ROOT / "locales" / language / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def texts(language: str, file: str) -> dict[str, Forms]:
    """Every text of a file by its dotted path."""
    return dict(_leaves(tree(language, file), ""))


def _leaves(branch: dict[str, Any], path: str) -> list[tuple[str, Forms]]:
    leaves: list[tuple[str, Forms]] = []
    for name, value in branch.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, str):
            leaves.append((here, {"other": value}))
        elif "other" in value and value.keys() <= CATEGORIES:
            leaves.append((here, value))
        else:
            leaves += _leaves(value, here)
    return leaves


def holes(forms: Forms) -> set[str]:
    """The names of the values that are put into a text."""
    return {name for form in forms.values() for name in re.findall(r"\{(\w+)\}", form)}
