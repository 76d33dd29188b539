"""Stamps: a file beside what was made, holding a digest of what was asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def digest(asked_for: object) -> str:
    """A short digest of anything that JSON can hold."""
    text = json.dumps(asked_for, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_made(stamp: Path, asked_for: object) -> bool:
    """Whether what was asked for was made to the end."""
    try:
        return stamp.read_text(encoding="utf-8") == digest(asked_for)
    except FileNotFoundError:
        return False


def set_made(stamp: Path, asked_for: object) -> None:
    """Say that what was asked for is made; to be called last."""
    stamp.write_text(digest(asked_for), encoding="utf-8")
