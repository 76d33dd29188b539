"""Text of a server's on a terminal: what would steer it, or reorder a line, is written out."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    r"""A text in one line, with what cannot be shown written out, such as \x1b.

    The name of a file, or a reason, may hold anything: a line of its own that looks like one of the
    command's, or what makes a terminal do something.
    """
    return "".join(map(_shown, " ".join(text.splitlines())))


def _shown(character: str) -> str:
    # The wide space of Japanese and its like are no control characters.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return ascii(character)[1:-1]
