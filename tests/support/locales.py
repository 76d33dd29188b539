"""The project's texts in all languages, for the tests that compare them."""

from __future__ import annotations

import json
import re
from typing import Any

from batch_loop.tools.layout import ROOT

FILES = ("main", "nodeDefs", "settings", "commands")
"""The JSON files that ComfyUI reads in `locales/<language>/`."""

ENGLISH = "en"

ENGLISH_NODES = "nodes"
"""English has `nodes.json` instead of `nodeDefs.json`: frontends would let that override the nodes'
names, and the pack could not show languages that the frontend does not have."""

OWN = "batchLoop"
"""Key in `main.json` of the texts that the pack itself shows; the rest is for ComfyUI."""

FORMS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    # These also have `many`, for whole millions; written in digits, those read like `other`.
    "es": {"one", "other"},
    "fr": {"one", "other"},
    "pt-BR": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "ja": {"other"},
    "ko": {"other"},
    "zh": {"other"},
    "zh-TW": {"other"},
}
"""The plural forms that a text with a number needs, as categories of `Intl.PluralRules`."""

CATEGORIES = {"zero", "one", "two", "few", "many", "other"}

Forms = dict[str, str]
"""The plural forms of a text; one that does not depend on a number has only `other`."""


def languages() -> list[str]:
    """The languages offered in the settings."""
    code = (ROOT / "web" / "lib" / "settings.js").read_text(encoding="utf-8")
    table = re.search(r"LANGUAGES = \{(.*?)\}", code, re.DOTALL)
    assert table is not None, "web/lib/settings.js has no table LANGUAGES"
    return re.findall(r"^\s*\"?([\w-]+)\"?:", table.group(1), re.MULTILINE)


def translations() -> list[str]:
    """All languages except English."""
    return [language for language in languages() if language != ENGLISH]


def tree(language: str, file: str) -> dict[str, Any]:
    """The content of a file; empty if there is no such file."""
    name = ENGLISH_NODES if (language, file) == (ENGLISH, "nodeDefs") else file
    path = ROOT / "locales" / language / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def texts(language: str, file: str) -> dict[str, Forms]:
    """All texts of a file by their dotted paths."""
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
    """The names of a text's placeholders."""
    return {name for form in forms.values() for name in re.findall(r"\{(\w+)\}", form)}
