"""Text that comes from elsewhere, as a message may show it."""

from __future__ import annotations

import unicodedata

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of the text behind it, so that a name looks like another one."""


def is_control(character: str) -> bool:
    """Whether a character is not shown, but does something to what is: a line break, for one."""
    return character in _TURNING or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def quoted(path: str) -> str:
    r"""Put a path into quotes for a message, with what cannot be shown (as "\n") escaped."""
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in path
    )
    return f'"{shown}"'
