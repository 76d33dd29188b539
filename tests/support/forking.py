"""A program that imports ComfyUI's packages, then forks for each line of input; see `forks`."""

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
"""No modules of ComfyUI itself, which reads its arguments when it is imported."""


def asked_for(answers: int) -> dict[str, Any] | None:
    """Serve until the input ends; in a fork, return at once with what it should run."""
    for line in sys.stdin:
        question = json.loads(line)
        if "ended" in question:
            _, status = os.waitpid(question["ended"], 0)
            os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
        elif os.fork() == 0:
            return question
    return None


def become(question: dict[str, Any], answers: int) -> None:
    """Turn a fork into what a new Python process with this command would be."""
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
    # Last, because from now on its starter may end it, together with its process group.
    os.write(answers, b"%d\n" % os.getpid())
    for done_with in (log, nothing, answers):
        os.close(done_with)


def main() -> None:
    answers = int(sys.argv[1])
    del sys.path[0]  # the folder of this file, which has modules with common names
    for package in PACKAGES:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    # Keeps the garbage collector of each fork from scanning all of it.
    gc.freeze()
    question = asked_for(answers)
    if question is not None:
        become(question, answers)
        runpy.run_path(sys.argv[0], run_name="__main__")


main()
