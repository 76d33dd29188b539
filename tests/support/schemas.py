"""The inputs of Directory Iterator in saved workflows, as reported by a version 0.1.0 server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DIRECTORY_ITERATOR: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("directory_iterator.json").read_text(encoding="utf-8")
)
"""Each input's type and options by name, in order."""
