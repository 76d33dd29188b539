"""Text from outside, made safe to show in a message."""

from __future__ import annotations

import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of the text after them, which can disguise a name."""


def is_control(character: str) -> bool:
    """Whether a character is invisible but affects the text around it, such as a line break."""
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def quoted(path: str) -> str:
    r"""Quote a path for a message, with characters that cannot be shown (such as "\n") escaped."""
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in path
    )
    return f'"{shown}"'
