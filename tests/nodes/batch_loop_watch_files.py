"""Records the pack's file accesses; loaded only by the server of one test.

Nothing is patched: an audit hook sees files and folders being opened, and a profiler sees calls to
built-in functions that examine a file. Any access, in any thread, with a function of the pack on
the stack is written as a line of JSON to the file that the environment names.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from types import FrameType
from typing import Any, ClassVar

VARIABLE = "BATCH_LOOP_TEST_WATCH"
"""Environment variable with the path of the file to write to."""

OPENED = {"open": "open", "os.scandir": "scandir", "os.listdir": "scandir"}
"""Audit events and the kinds that they are recorded as."""

LOOKED_AT = {"stat", "lstat", "fstat", "access", "readlink", "is_file", "is_dir"}
"""Built-in functions that ask the system about a file; the last two only sometimes."""

OF_THE_PACK = tuple(f"{os.sep}batch-loop{os.sep}{folder}{os.sep}" for folder in ("core", "nodes"))
STEP = getattr(os, "O_PATH", 0)
"""Flag for opening a folder only as a step on the path to something inside it."""

_lines = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _caller(frame: FrameType | None) -> str | None:
    """The name of the innermost function of the pack on the stack."""
    while frame is not None:
        if any(folder in frame.f_code.co_filename for folder in OF_THE_PACK):
            return frame.f_code.co_name
        frame = frame.f_back
    return None


def _note(kind: str, name: str, frame: FrameType | None) -> None:
    caller = _caller(frame)
    if caller is not None:
        line = {"kind": kind, "name": name, "in": caller, "by": threading.current_thread().name}
        # os.write does not raise an audit event.
        os.write(_lines, json.dumps(line).encode() + b"\n")


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    kind = OPENED.get(event)
    # A file given by its descriptor is open already, and was recorded then.
    if kind is not None and not (event == "open" and isinstance(arguments[0], int)):
        flags = arguments[2] if event == "open" else 0
        if STEP and isinstance(flags, int) and flags & STEP == STEP:
            kind = "step"
        _note(kind, str(arguments[0]), sys._getframe(1))


def _on_call(frame: FrameType, event: str, called: Any) -> None:
    if event == "c_call" and called.__name__ in LOOKED_AT:
        _note("stat", called.__name__, frame)


sys.addaudithook(_on_event)
# ComfyUI loads its nodes in this thread, before it starts the threads that run prompts.
threading.setprofile(_on_call)
sys.setprofile(_on_call)

NODE_CLASS_MAPPINGS: ClassVar = {}
