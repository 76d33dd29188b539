"""Runs the registry's checkers on the files that would be published; they must find nothing new.

`nodesafe scan` looks for signs of malware, and `comfy node validate` is the first step of `comfy
node publish`. They have an environment of their own, as their dependencies must not mix with
ComfyUI's. Neither asks or sends anything, or writes to the user's home.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import environments
from .errors import ToolError, run_command, say
from .layout import ROOT
from .programs import complaint, run
from .provision import alone, once

CHECKERS = ROOT / ".build" / "checkers"
STAMP = CHECKERS / ".batch-loop-stamp"
IGNORED = ".comfyignore"

BAIT = 'eval("1")\n'
"""What nodesafe must find: if it misses this, it would find nothing anywhere."""

ALL_IS_WELL = "All validation checks passed"
"""The last words of `comfy node validate`, which also exits with 0 after a warning."""
COMPLAINT = r"(?i)warning|error|issue|invalid"

_EXPRESSIONS = "code_execution: pattern `compile(` matched"
_NUMBERS = "obfuscation_chains: pattern `ord(` matched"

ACCEPTED = {
    **{
        f"{file}: Possible typosquat: `isal` \u2248 `adal`": (
            "isal is meant: the compression of photographs; see docs/dependencies.md"
        )
        for file in ("pyproject.toml", "requirements.txt")
    },
    **{
        f"{file}: {_EXPRESSIONS}": "re.compile: regular expressions, which run nothing"
        for file in (
            "core/engine/trial_choice.py",
            "core/films/cut_off.py",
            "core/model/titles.py",
            "core/results/source_names.py",
            "core/routes/sending/asked_part.py",
            "core/tables/column_words.py",
            "core/tables/formats/contents.py",
            "core/tables/formats/json_table.py",
            "core/tables/formats/xlsx_sheets.py",
            "core/tables/headers.py",
            "core/tables/ranges.py",
            "core/tables/row_keys.py",
            "core/tables/text/delimiters.py",
        )
    },
    **{
        f"{file}: {_NUMBERS}": "the number of a byte, or of a column's letter"
        for file in ("core/tables/formats/xlsx_sheets.py", "core/tables/text/row_count.py")
    },
    **{
        f"core/tables/text/lines.py: {finding}": "text before a broken byte, to count its lines"
        for finding in (
            "Call to `codecs.decode()`",
            "encoded_payload: pattern `codecs.decode` matched",
        )
    },
    **{
        f"{file}: high-entropy literal ({length} chars, {bits} bits/char)": (
            "a message, a tooltip, an expression, words, or the names of an encoder's options"
        )
        for file, length, bits in (
            ("core/companions/text_file.py", 315, "4.53"),
            ("core/files/allowed_paths.py", 176, "4.52"),
            ("core/films/encoders.py", 56, "4.73"),
            ("core/films/encoders.py", 84, "4.75"),
            ("core/model/result_names.py", 109, "4.50"),
            ("core/model/settings/file_iterator.py", 173, "4.54"),
            ("core/tables/column_words.py", 298, "4.73"),
            ("core/tables/column_words.py", 314, "5.17"),
            ("core/tables/column_words.py", 1062, "4.80"),
            ("core/tables/formats/xlsx_table.py", 622, "4.51"),
            ("core/tables/row_keys.py", 90, "4.58"),
            ("core/tables/text/encodings.py", 111, "4.52"),
        )
    },
    **{
        f"core/tables/column_words.py: high-entropy literal ({length} chars, {bits} bits/char)": (
            "what columns are called, in ten languages"
        )
        for length, bits in ((314, "5.17"), (298, "4.73"), (1062, "4.80"))
    },
    **{
        f"{file}: suspicious identifier '{name}'": "the name of a format, or of a setting of one"
        for file, name in (
            ("core/common/file_kinds.py", "_PNG"),
            ("core/films/encoders.py", "_crf"),
            ("core/tables/formats/csv_table.py", "_Csv"),
            ("core/tables/formats/xlsx_sheets.py", "_xml"),
        )
    },
    "core/assembling/freed_memory.py: Suspicious import: `ctypes`": (
        "one function of the C library, which Python does not offer: it gives back freed memory"
    ),
    "core/model/settings/row_iterator.py: Dynamic `getattr` with non-literal attribute name": (
        "three fields of the node's own settings, which a tuple names"
    ),
}
"""Findings that have been looked at, each with the reason why it is none; without a line's number,
which changes with other lines. nodesafe's own settings turn off only a whole kind of findings."""

SECONDS = 300
"""How long a checker may take; one second is usual."""


def main() -> None:
    """Run both checkers and say what they found."""
    with alone():
        make_environment()
    files = published(ROOT)
    with tempfile.TemporaryDirectory(prefix="batch-loop-registry-") as name:
        folder, home = Path(name, "pack"), Path(name, "home")
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, folder / file)
        home.mkdir()
        found = [*judged(scan(folder, home)), *validate(folder, home)]
    say("".join(f"{line}\n" for line in found))
    if found:
        raise ToolError(
            "the registry's checkers find fault with the pack (above): change what they point at, "
            "see CONTRIBUTING.md"
        )
    say(f"check-registry: nothing found in {len(files)} files, {len(ACCEPTED)} findings accepted\n")


def make_environment() -> None:
    """Make the checkers' environment, unless it is up to date."""
    wanted = environments.of_extra("checkers")

    def make() -> None:
        CHECKERS.parent.mkdir(exist_ok=True)
        environments.make(CHECKERS)
        environments.install(wanted, environment=CHECKERS)

    if not environments.is_sound(CHECKERS):
        STAMP.unlink(missing_ok=True)
    # Its scripts name its Python, so it is good for only one place and version.
    asked_for = [wanted, sys.version_info[:2], str(CHECKERS)]
    once("the registry's checkers (.build/checkers)", STAMP, asked_for, make)


def published(root: Path) -> list[str]:
    """The files below `root` that would be published, as paths relative to it.

    They are those that git tracks, without what `.comfyignore` names. Raises `ToolError` where git
    tracks none.
    """
    tracked = _git(root, "ls-files", "-z")
    if not tracked:
        raise ToolError(f"git tracks no file in {root}: the check needs a clone of the repository")
    left_out: list[str] = []
    if (root / IGNORED).is_file():
        left_out = _git(root, "ls-files", "-z", "-c", "-i", f"--exclude-from={root / IGNORED}")
    # A deleted file is tracked until the next commit.
    return [name for name in tracked if name not in left_out and (root / name).is_file()]


def scan(folder: Path, home: Path) -> list[str]:
    """Everything that nodesafe finds in the folder, of any severity, one line each."""
    bait = home / "bait"
    bait.mkdir()
    (bait / "bait.py").write_text(BAIT, encoding="utf-8")
    if not _findings(bait, home):
        raise ToolError(f"nodesafe finds nothing where it should, in {BAIT.strip()}")
    return [
        f"{finding['file'] or 'the whole pack'}:{finding['line'] or 1}: {finding['title']}"
        for finding in _findings(folder, home)
    ]


def judged(found: Iterable[str]) -> list[str]:
    """What is wrong: findings that are not accepted, and accepted ones that are found no more."""
    lines = {line: re.sub(r":\d+: ", ": ", line, count=1) for line in found}
    new = [line for line, finding in lines.items() if finding not in ACCEPTED]
    gone = [finding for finding in ACCEPTED if finding not in lines.values()]
    return new + [
        f"{finding}: accepted, but found no more: take it out of ACCEPTED" for finding in gone
    ]


def validate(folder: Path, home: Path) -> list[str]:
    """The complaints of `comfy node validate` about the folder, line by line."""
    command = ["comfy", "--skip-prompt", "--no-enable-telemetry", "node", "validate"]
    done = _run(command, folder, home)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode or not any(ALL_IS_WELL in line for line in lines):
        return lines or [f"comfy node validate ended with {done.returncode}, and said nothing"]
    return [line for line in lines if re.search(COMPLAINT, line)]


def _findings(folder: Path, home: Path) -> list[dict[str, Any]]:
    done = _run(["nodesafe", "scan", "--format", "json", "--fail-on", "none", "."], folder, home)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    except (ValueError, KeyError) as error:
        said = complaint(done.stderr or done.stdout)
        raise ToolError(f"nodesafe scan failed ({said})") from error
    return found


def _run(command: list[str], folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a checker in the folder, free of any user's settings."""
    name, *arguments = command
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "DO_NOT_TRACK": "1",
        "PYTHONUTF8": "1",
    }
    try:
        checker = [str(CHECKERS / "bin" / name), *arguments]
        return run(checker, cwd=folder, env=environment, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{' '.join(command)} did not end within {SECONDS} s") from error


def _git(root: Path, *arguments: str) -> list[str]:
    """The names that git lists, separated by NUL."""
    try:
        done = run(["git", "-C", root, *arguments])
    except FileNotFoundError as error:
        raise ToolError("git is missing: install it (apt-get install git)") from error
    if done.returncode:
        said = complaint(done.stderr)
        raise ToolError(f"git ls-files failed ({said}): the check needs a clone of the repository")
    return [name for name in done.stdout.split("\0") if name]


if __name__ == "__main__":
    run_command(main)
