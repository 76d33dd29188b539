"""A server's texts on a terminal."""

from __future__ import annotations

import pytest

from batch_loop.batch_loop_cli.display import plain, summary_in_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u5199\u771f\u3000\u00a0.png", "caf\u00e9 \u5199\u771f\u3000\u00a0.png"),
        ("a\nb\r\nc\u2028d\x85e", "a b c d e"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x9b1m\x7f", r"\x9b1m\x7f"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("caf\udce9", r"caf\udce9"),
    ],
)
def test_no_text_controls_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_failure_is_one_line() -> None:
    loop = {
        "done": 0,
        "unpaired": 0,
        "total": 1,
        "failed": 1,
        "complete": True,
        "seconds": 1.0,
        "failures": [{"path": "a\x1b[1A.png", "reason": "it broke\n1 of 1 done, complete"}],
    }
    said = summary_in_words(loop).splitlines()
    assert said[1:] == [r"  a\x1b[1A.png: it broke 1 of 1 done, complete"]
