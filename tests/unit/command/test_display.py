"""A server's texts on a terminal."""

from __future__ import annotations

import pytest

from batch_loop.batch_loop_cli.display import Bar, JsonLines, plain, speed, summary_in_words
from batch_loop.batch_loop_cli.progress import Progress


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
        "finished": 0,
        "total": 1,
        "failed": 1,
        "complete": True,
        "seconds": 1.0,
        "failures": [{"title": "a\x1b[1A.png", "reason": "it broke\n1 of 1 done, complete"}],
    }
    said = summary_in_words(loop).splitlines()
    assert said[1:] == [r"  a\x1b[1A.png: it broke 1 of 1 done, complete"]


def test_a_run_that_is_refused_draws_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    bar.show("started", Progress(), "http://here")
    bar.note("said to a person")
    bar.end({}, "Nothing ran.")
    assert capsys.readouterr() == ("Nothing ran.\n", "said to a person\n")


def test_a_batch_has_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    bar.show("started", Progress(total=7, done=2), "http://here")
    bar.close()
    assert "2/7" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("per_minute", "shown"), [(0.254, "0.25"), (7.26, "7.3"), (86.4, "86"), (2243.7, "2244")]
)
def test_a_speed_is_a_plain_number(per_minute: float, shown: str) -> None:
    assert speed(per_minute) == shown


def test_programs_are_told_nothing_that_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines().note("said to a person")
    assert capsys.readouterr() == ("", "said to a person\n")
