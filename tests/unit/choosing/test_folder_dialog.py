"""Which program shows the dialog, its arguments, and what becomes of its answer.

On Linux a program of the test's is really started.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from batch_loop.core.choosing import folder_dialog
from batch_loop.core.choosing.folder_dialog import FolderDialog, dialog_command
from batch_loop.core.common.errors import NoDialog, NotNow

pytestmark = pytest.mark.linux
"""Elsewhere the programs are the system's own."""

ODD = "/a $(touch x) `y` \"z\" 'q'; -e \n--help"


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Replaces zenity with a shell script; each of its arguments is a line of `told`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":test")

    def make(script: str, name: str = "zenity") -> Path:
        told = tmp_path / "told"
        program = folder / name
        program.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{told}'\n{script}\n")
        program.chmod(0o755)
        return told

    return make


def choose(start: str | None = None) -> str | None:
    return asyncio.run(FolderDialog().choose(start))


def arguments(told: Path) -> list[str]:
    return told.read_text(encoding="utf-8").split("\0")[:-1]


def test_the_program_s_output_is_the_choice(stand_in: Callable[[str], Path]) -> None:
    told = stand_in("printf '/some where/caf\\303\\251\\377 \\n'")
    assert choose() == os.fsdecode(b"/some where/caf\xc3\xa9\xff ")
    assert arguments(told) == [
        "--file-selection",
        "--directory",
        "--title=Choose a folder of images",
    ]


@pytest.mark.parametrize("start", ["/home/me", "/home/me/", ODD])
def test_the_initial_folder_is_a_separate_argument(
    stand_in: Callable[[str], Path], start: str
) -> None:
    told = stand_in("echo /x")
    assert choose(start) == "/x"
    assert arguments(told)[3:] == [f"--filename={start.rstrip('/')}/"]


@pytest.mark.parametrize("script", ["exit 1", "echo Gtk-Message >&2; exit 1", "exit 0", "echo"])
def test_cancelling_chooses_nothing(stand_in: Callable[[str], Path], script: str) -> None:
    stand_in(script)
    assert choose() is None


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Gtk-WARNING: cannot open display: :9' >&2; exit 1", "cannot open display: :9"),
        ("echo first >&2; echo last. >&2; exit 5", "shown: last. Write"),
        ("exit 255", "it ended with 255"),
        ("kill -9 $$", "it ended with -9"),
    ],
)
def test_a_program_that_fails_says_why(
    stand_in: Callable[[str], Path], script: str, words: str
) -> None:
    stand_in(script)
    with pytest.raises(NoDialog, match=words):
        choose()


def test_a_program_that_cannot_be_started_is_an_error(
    stand_in: Callable[[str], Path], tmp_path: Path
) -> None:
    stand_in("")
    (tmp_path / "bin" / "zenity").write_text("#!/no/such/program\n")
    with pytest.raises(NoDialog, match="could not be shown"):
        choose()


def test_only_one_dialog_is_open_at_a_time(stand_in: Callable[[str], Path], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    stand_in(f"cat '{pipe}'")
    dialog = FolderDialog()

    async def two() -> tuple[str | None, str | None]:
        first = asyncio.create_task(dialog.choose(None))
        # The second is refused only once the first has begun.
        await asyncio.wait([first], timeout=0)
        with pytest.raises(NotNow, match="open already"):
            await dialog.choose(None)
        await asyncio.to_thread(pipe.write_text, "/first\n")
        found = await first
        second = asyncio.create_task(dialog.choose(None))
        await asyncio.to_thread(pipe.write_text, "/second\n")
        return found, await second

    assert asyncio.run(two()) == ("/first", "/second")


def test_a_dialog_that_nobody_answers_is_closed(
    stand_in: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    stand_in(f"exec cat '{pipe}'")
    monkeypatch.setattr("batch_loop.core.choosing.folder_dialog._LONGEST_SECONDS", 0.01)
    assert choose() is None


def test_kdialog_is_used_if_there_is_no_zenity(
    stand_in: Callable[..., Path], tmp_path: Path
) -> None:
    told = stand_in("echo /x", "kdialog")
    command = dialog_command("/home/me", environ={"PATH": str(tmp_path / "bin"), "DISPLAY": ":1"})
    assert command[0] == str(tmp_path / "bin" / "kdialog")
    assert command[-2:] == ["--getexistingdirectory", "/home/me"]
    assert not told.exists()


def test_a_machine_without_a_screen_or_a_program_says_so(tmp_path: Path) -> None:
    empty = {"PATH": str(tmp_path)}
    with pytest.raises(NoDialog, match="without a screen"):
        dialog_command(environ=empty)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        with pytest.raises(NoDialog, match="Neither zenity nor kdialog is installed"):
            dialog_command(environ={**empty, name: ":0"})


@pytest.mark.parametrize("platform", ["win32", "darwin"])
@pytest.mark.parametrize("start", [None, "C:\\me", ODD])
def test_on_other_systems_the_initial_folder_is_a_separate_argument_too(
    platform: str, start: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_dialog, "_WINDOWS_NEEDS", "os")
    command = dialog_command(start, platform=platform, environ={})
    assert os.path.isabs(command[0])
    assert command[-1] == (start or "Choose a folder of images")
    assert [part for part in command if start and start in part] == ([start] if start else [])


def test_windows_has_a_dialog_if_its_python_has_tkinter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_dialog, "_WINDOWS_NEEDS", "no_such_module")
    with pytest.raises(NoDialog, match="no tkinter"):
        dialog_command(platform="win32")


class Tkinter(ModuleType):
    """Replaces tkinter, which needs a screen: it records what it is asked to show."""

    def __init__(self, answer: object) -> None:
        super().__init__("tkinter")
        self.answer = answer
        self.shown: list[object] = []
        self.filedialog = self

    def Tk(self) -> Tkinter:  # noqa: N802
        return self

    def withdraw(self) -> None:
        self.shown.append("withdrawn")

    def attributes(self, *option: object) -> None:
        self.shown.append(option)

    def askdirectory(self, **options: object) -> object:
        self.shown.append(options)
        return self.answer


@pytest.mark.parametrize("start", [None, ODD])
@pytest.mark.parametrize(
    ("answer", "written"), [("C:/caf\u00e9 ", "C:/caf\u00e9 "), ("", ""), ((), "")]
)
def test_the_program_for_windows_writes_the_choice(
    answer: object,
    written: str,
    start: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    tkinter = Tkinter(answer)
    for name in ("tkinter", "tkinter.filedialog"):
        monkeypatch.setitem(sys.modules, name, tkinter)
    monkeypatch.setattr(folder_dialog, "_WINDOWS_NEEDS", "os")
    command = dialog_command(start, platform="win32")
    monkeypatch.setattr(sys, "argv", command[2:])
    runpy.run_path(command[2], run_name="__main__")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.decode() == written
    options = {"title": "Choose a folder of images", "initialdir": start, "mustexist": True}
    assert tkinter.shown == ["withdrawn", ("-topmost", True), {"parent": tkinter, **options}]
