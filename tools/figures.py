"""What was measured, kept beside the documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .layout import ROOT

FIGURES = ROOT / "docs" / "figures"


def write_figures(name: str, figures: Mapping[str, Any]) -> None:
    """Write `docs/figures/<name>.json`."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=2) + "\n"
    (FIGURES / f"{name}.json").write_text(text, encoding="utf-8")
