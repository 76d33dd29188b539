"""A program: imports what ComfyUI imports, then forks for each line that comes in; see `forks`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import sys
from typing import Any

PACKAGES = (
    "torch",
    "torchvision",
    "torchsde",
    "scipy.stats",
    "kornia",
    "spandrel",
    "safetensors.torch",
    "transformers.models.clip",
    "huggingface_hub",
    "av",
    "PIL.Image",
    "aiohttp.web",
    "pydantic_settings",
    "sqlalchemy.orm",
    "alembic.command",
    "requests",
)
"""Nothing of ComfyUI, which reads its arguments as it is imported."""


def asked_for(answers: int) -> dict[str, Any] | None:
    """Serve until nothing more comes in; in a fork, return at once what it is to run."""
    for line in sys.stdin:
        question = json.loads(line)
        if "ended" in question:
            _, status = os.waitpid(question["ended"], 0)
            os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
        elif os.fork() == 0:
            return question
    return None


def become(question: dict[str, Any], answers: int) -> None:
    """Make of a fork what a new Python with this command would be."""
    os.setsid()
    os.chdir(question["folder"])
    os.environ.clear()
    os.environ.update(question["env"])
    log = os.open(question["log"], os.O_WRONLY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, opened in enumerate((nothing, log, log)):
        os.dup2(opened, place)
    sys.argv = question["command"]
    overlay = os.environ.get("PYTHONPATH")
    sys.path[:0] = [os.path.dirname(sys.argv[0]), *([overlay] if overlay else [])]
    # Last, as whoever started it may end it from now on, with its process group.
    os.write(answers, b"%d\n" % os.getpid())
    for done_with in (log, nothing, answers):
        os.close(done_with)


def main() -> None:
    answers = int(sys.argv[1])
    del sys.path[0]  # the folder of this file, which has modules with common names
    for package in PACKAGES:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    # So that no fork goes through all of it to look for garbage.
    gc.freeze()
    question = asked_for(answers)
    if question is not None:
        become(question, answers)
        runpy.run_path(sys.argv[0], run_name="__main__")


main()
