"""The command line matches its documentation."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest

from batch_loop.batch_loop_cli.errors import ExitCode
from batch_loop.batch_loop_cli.main import main
from batch_loop.tools.layout import ROOT

PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")


def helped(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def test_the_page_describes_each_option_of_run(capsys: pytest.CaptureFixture[str]) -> None:
    options = set(re.findall(r"--[a-z-]+", helped(capsys, "run"))) - {"--help"}
    described = set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))
    assert options == described != set()


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon", ""])
def test_a_senseless_wait_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "workflow.json", f"--wait={seconds}"]) == ExitCode.WRONG_CALL
    (line,) = capsys.readouterr().err.splitlines()
    assert f"argument --wait: {seconds!r} is not a number of seconds" in line


def test_a_character_that_the_terminal_lacks_is_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    with pytest.raises(SystemExit):
        main(["--help"])
    sys.stdout.write("caf\u00e9")
    sys.stdout.flush()
    assert out.getvalue().endswith(rb"caf\xe9")


@pytest.mark.parametrize("is_closed", ["stdout", "stderr"])
def test_output_that_nobody_reads_ends_the_command_quietly(is_closed: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, is_closed: writing}
    # The help goes to the standard output, what is wrong with a call to the other.
    arguments = ["--help"] if is_closed == "stdout" else ["no-such-command"]
    call = [sys.executable, "-m", "batch_loop_cli", *arguments]
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # so written at the end only
    ended = subprocess.run(call, cwd=ROOT, env=buffered, **pipes, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stdout or b"", ended.stderr or b"") == (141, b"", b"")


def test_output_that_was_closed_before_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by `>&-`: Python has no stream then."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["no-such-command"]) == ExitCode.WRONG_CALL


def test_the_page_describes_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    commands = set(re.findall(r"^    (\w+) ", helped(capsys), re.MULTILINE))
    assert commands == {"run", *re.findall(r"^\| `batch-loop (\w+)", PAGE, re.MULTILINE)}


def test_the_page_describes_each_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    described = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    shown = {int(code) for code in re.findall(r"^  (\d+) ", helped(capsys), re.MULTILINE)}
    assert described == shown == set(ExitCode)
