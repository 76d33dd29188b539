"""Files about a whole batch, such as a report, each written completely or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .client import Client
from .errors import WrongCall


def check_folder_of(file: Path) -> None:
    """Raise WrongCall if there is no folder to write a file into."""
    if not file.resolve().parent.is_dir():
        raise WrongCall(f"{file} cannot be written: there is no such folder. Choose another file.")


def check_report(file: Path) -> str:
    """Return the kind of report that a file's name asks for, `json` or `csv`; WrongCall."""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in {"json", "csv"}:
        raise WrongCall(f"{file}: a report ends in .json or .csv.")
    return kind


async def write_report(client: Client, loop_id: str, file: Path) -> None:
    """Write every item of a batch into `file`, as JSON or CSV by its name; WrongCall."""
    write_atomic(file, await client.report(loop_id, check_report(file)))


def write_atomic(file: Path, content: bytes) -> None:
    """Write a file completely, or leave an existing one unchanged; raises WrongCall."""
    target = file.resolve()
    part = target.with_name(f".batch-loop-{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}. Choose another file."
        raise WrongCall(message) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
