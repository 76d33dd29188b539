"""Nodes that fail, wait and record on a test's request; loaded only by the tests' servers.

Tests control them through files, whose paths are inputs. They are cached like any other node.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import comfy.model_management
import folder_paths
import nodes
import torch
from aiohttp import web
from comfy.comfy_types import IO
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder
from PIL import Image
from server import PromptServer

LOOK_SECONDS = 0.005
ASKED = "asked to fail"
FORBIDDEN = "outside"
"""The prefix of the names of folders that a test forbids to touch."""


def _tell_who_lists(event: str, arguments: tuple[Any, ...]) -> None:
    """Log the stack of whatever lists a folder that a test forbids."""
    if event in {"os.scandir", "os.listdir"} and arguments[0] is not None:
        given = arguments[0]
        where = f"/proc/self/fd/{given}" if isinstance(given, int) else os.fsdecode(given)
        folder = os.path.realpath(where)
        if os.path.basename(folder).startswith(FORBIDDEN):
            stack = "".join(traceback.format_stack())
            sys.stderr.write(f"{folder} is listed by\n{stack}\n")


sys.addaudithook(_tell_who_lists)

DIES_AT = os.environ.get("BATCH_LOOP_TESTS_DIE_AT")
"""The name of the file that a test has the process die at."""


def _die_at_a_name(event: str, arguments: tuple[Any, ...]) -> None:
    """End the process, without any notice, when a file is about to get that name."""
    if event in {"os.link", "os.rename"} and os.path.basename(arguments[1]) == DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)


if DIES_AT:
    sys.addaudithook(_die_at_a_name)


HOLDS_AT = os.environ.get("BATCH_LOOP_TESTS_HOLD_AT")
"""The end of the names at which a test has the process wait, until the other file exists."""
HOLDS_UNTIL = os.environ.get("BATCH_LOOP_TESTS_HOLD_UNTIL", "")


def _hold_at_a_name(event: str, arguments: tuple[Any, ...]) -> None:
    """Wait, when a file is about to be made under such a name, or to get it, in that thread."""
    if event == "open":
        makes = isinstance(arguments[0], str) and arguments[2] & os.O_CREAT
        name = arguments[0] if makes else ""
    else:
        name = arguments[1] if event in {"os.link", "os.rename"} else ""
    if str(name).endswith(str(HOLDS_AT)) and not Path(HOLDS_UNTIL).exists():
        Path(f"{HOLDS_UNTIL}.held").touch()
        pause = threading.Event()
        while not Path(HOLDS_UNTIL).exists():
            pause.wait(LOOK_SECONDS)


if HOLDS_AT:
    sys.addaudithook(_hold_at_a_name)


HOLDS_AFTER = int(os.environ.get("BATCH_LOOP_TESTS_HOLD_AFTER", "0"))
"""After which success of a prompt a test has the process wait for ever, as if it was killed then:
clients have heard of the success, and nothing else has."""


def _hold_after(send: Callable[..., None]) -> Callable[..., None]:
    successes = itertools.count(1)

    def sent(event: str, data: Any, sid: str | None = None) -> None:
        send(event, data, sid)
        if event == "execution_success" and next(successes) == HOLDS_AFTER:
            threading.Event().wait()

    return sent


if HOLDS_AFTER:
    PromptServer.instance.send_sync = _hold_after(PromptServer.instance.send_sync)


class TestRaise:
    """Passes the image on; fails if `filename` is a line of the file `fail_list`."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE",),
                "filename": ("STRING", {"default": ""}),
                "fail_list": ("STRING", {"default": ""}),
            },
            # `after` only determines the order.
            "optional": {"after": ("*",), "message": ("STRING", {"default": ASKED})},
        }

    def run(
        self,
        image: torch.Tensor,
        filename: str,
        fail_list: str,
        after: object = None,  # noqa: ARG002 - only for order
        message: str = ASKED,
    ) -> tuple[torch.Tensor]:
        listed = Path(fail_list)
        if listed.is_file() and filename in listed.read_text(encoding="utf-8").splitlines():
            raise RuntimeError(message)
        return (image,)


class TestBlock:
    """Passes the image on; blocks the nodes after it if `filename` is `blocked`."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE",),
                "filename": ("STRING", {"default": ""}),
                "blocked": ("STRING", {"default": ""}),
            }
        }

    def run(
        self, image: torch.Tensor, filename: str, blocked: str
    ) -> tuple[torch.Tensor | ExecutionBlocker]:
        return (ExecutionBlocker(None) if filename == blocked else image,)


class TestWait:
    """Passes the image on once the file `until` exists; can be interrupted while waiting.

    A `late` one's prompt starts only once an interrupt has come for it, see `LateStart`.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        required = {"image": ("IMAGE",), "until": ("STRING", {"default": ""})}
        return {"required": required, "optional": {"late": ("BOOLEAN", {"default": False})}}

    def run(
        self,
        image: torch.Tensor,
        until: str,
        late: bool = False,  # noqa: ARG002, FBT001, FBT002 - for `LateStart`
    ) -> tuple[torch.Tensor]:
        pause = threading.Event()
        while not Path(until).exists():
            comfy.model_management.throw_exception_if_processing_interrupted()
            pause.wait(LOOK_SECONDS)
        return (image,)


class LateStart(dict[str, Any]):
    """The `extra_data` of a prompt that is held between leaving the queue and its start.

    ComfyUI's worker copies it then, which here ends only when somebody has interrupted the prompt.
    Its start makes ComfyUI forget that interrupt.
    """

    is_held: ClassVar = threading.Event()
    """Whether the newest of these prompts has left the queue."""

    def copy(self) -> dict[str, Any]:
        self.is_held.set()
        pause = threading.Event()
        while not comfy.model_management.processing_interrupted():
            pause.wait(LOOK_SECONDS)
        return dict(self)


def _hold_late_ones(submitted: dict[str, Any]) -> dict[str, Any]:
    nodes = submitted.get("prompt", {}).values()
    if any(node.get("inputs", {}).get("late") is True for node in nodes):
        LateStart.is_held.clear()
        submitted["extra_data"] = LateStart(submitted.get("extra_data", {}))
    return submitted


@web.middleware
async def _answered_once_held(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer for a late prompt only when it has left the queue: nobody can delete it any more."""
    answer: web.StreamResponse = await handler(request)
    is_queued = request.path.endswith("/prompt") and answer.status == HTTPStatus.OK
    if is_queued and not LateStart.is_held.is_set():
        await asyncio.to_thread(LateStart.is_held.wait)
    return answer


LateStart.is_held.set()
PromptServer.instance.add_on_prompt_handler(_hold_late_ones)
PromptServer.instance.app.middlewares.append(_answered_once_held)


class TestHold:
    """Passes any value on; waits with the one called `held` until the file `until` exists.

    While it waits, the file `until` + `.held` contains the process's id. Cancel ends the wait,
    unless it is `deaf`.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        texts = {name: ("STRING", {"default": ""}) for name in ("filename", "held", "until")}
        optional = {"deaf": ("BOOLEAN", {"default": False})}
        return {"required": {"image": (IO.ANY,), **texts}, "optional": optional}

    def run(
        self, image: Any, filename: str, held: str, until: str, *, deaf: bool = False
    ) -> tuple[Any]:
        pause = threading.Event()
        while filename == held and not Path(until).exists():
            own = Path(f"{until}.{os.getpid()}")
            own.write_text(str(os.getpid()), encoding="utf-8")
            own.replace(f"{until}.held")
            if not deaf:
                comfy.model_management.throw_exception_if_processing_interrupted()
            pause.wait(LOOK_SECONDS)
        return (image,)


class TestSlow:
    """Passes any value on after `seconds`, like a slow model; can be interrupted."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("*",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"value": (IO.ANY,), "seconds": ("FLOAT", {"default": 0.06})},
            "optional": {"after": ("*",)},
        }

    def run(
        self,
        value: Any,
        seconds: float,
        after: object = None,  # noqa: ARG002 - only for order
    ) -> tuple[Any]:
        pause = threading.Event()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            comfy.model_management.throw_exception_if_processing_interrupted()
            pause.wait(LOOK_SECONDS)
        return (value,)


class TestValue:
    """Outputs a value of the given `kind`."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"kind": ("STRING", {"default": ""})}, "optional": {"after": ("*",)}}

    def run(self, kind: str, after: object = None) -> tuple[Any]:  # noqa: ARG002 - only for order
        tensor = torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4
        values: dict[str, Any] = {
            "tensor": tensor,
            "number": 2.5,
            "text": "text",
            "list": [1, "two", [3.5, None], tensor],
            "dict": {"samples": tensor, "names": ["a", "b"], "flag": True},
            "object": threading.Lock(),
            "complex": torch.ones(1, dtype=torch.complex64),
            "itself": _holding_itself(),
            "initial": "initial",
        }
        return (values[kind],)


class TestList:
    """Outputs the words of `text` as a ComfyUI list, in which the word `no` is blocked."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("STRING",)
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"text": ("STRING", {"default": ""})}}

    def run(self, text: str) -> tuple[list[str | ExecutionBlocker]]:
        return ([ExecutionBlocker(None) if word == "no" else word for word in text.split()],)


class TestIterator:
    """Expands into a Directory Iterator with these inputs; outputs its loop and its image."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("BATCH_LOOP", "IMAGE")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"settings": ("STRING", {"default": ""})}}

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> float:
        return float("nan")

    def run(self, settings: str) -> dict[str, Any]:
        graph = GraphBuilder()
        iterator = graph.node("BatchLoopDirectoryIterator", **json.loads(settings))
        result = (iterator.out(0), iterator.out(1))
        return {"result": result, "expand": graph.finalize()}


class TestSchema:
    """Reports what ComfyUI is told of the inputs of the node `type`, and in how many calls.

    Before it asks, it takes everything out of an earlier answer.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"type": ("STRING", {"default": ""})}}

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> float:
        return float("nan")

    def run(self, type: str) -> dict[str, Any]:  # noqa: A002 - the input's name
        found = nodes.NODE_CLASS_MAPPINGS[type]
        before = found.INPUT_TYPES()
        for inputs in before.values():
            for _, *options in inputs.values():
                for each in options:
                    each.clear()
            inputs.clear()
        before.clear()
        calls = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            told = found.INPUT_TYPES()
        finally:
            sys.setprofile(None)
        return {"ui": {"told": [json.loads(json.dumps(told))], "calls": [calls]}}


class TestShow:
    """Appends a description of `value`, as a line of JSON, to the file `path`."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"value": ("*",), "path": ("STRING", {"default": ""})}}

    def run(self, value: Any, path: str) -> tuple[()]:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(_as_json(value) + "\n")
        return ()


def _holding_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, default=_described)
    except ValueError:  # it contains itself
        return json.dumps("itself")


def _described(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return {"tensor": value.tolist(), "dtype": str(value.dtype)}
    return type(value).__name__


class TestDigest:
    """Appends a digest of an image and its mask, as a line of JSON, to the file `path`."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        texts = {"text": ("STRING", {"default": ""}), "path": ("STRING", {"default": ""})}
        return {"required": {"image": ("IMAGE",), "mask": ("MASK",), **texts}}

    def run(self, image: torch.Tensor, mask: torch.Tensor, text: str, path: str) -> tuple[()]:
        # Load Image outputs every frame of an animated image.
        entry = {
            "name": text,
            "image": digest(image[:1]),
            "shape": list(image.shape[1:]),
            "mask": digest(mask[:1]),
            "mask_shape": list(mask.shape[1:]),
            "is_clear": bool(mask[:1].any()),
            "least": float(image[:1].min()),
            "most": float(image[:1].max()),
        }
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return ()


def digest(tensor: torch.Tensor) -> str:
    """A hash of a sequence of values."""
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()


class TestRecord:
    """Appends `text` as a line to the file `path`, as proof that the node really ran."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": ("IMAGE",),
                "text": ("STRING", {"default": ""}),
                "path": ("STRING", {"default": ""}),
            },
            # Only determines the order, like the image.
            "optional": {"after": ("*",)},
        }

    def run(
        self,
        image: torch.Tensor,  # noqa: ARG002 - only for order
        text: str,
        path: str,
        after: object = None,  # noqa: ARG002 - only for order
    ) -> tuple[()]:
        with Path(path).open("a", encoding="utf-8") as record:
            record.write(f"{text}\n")
        return ()


class TestFileSize:
    """Reports the size of the file `path`; fails if there is no such file."""

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"path": ("STRING", {"default": ""})}}

    def run(self, path: str) -> dict[str, Any]:
        return {"ui": {"size": [Path(path).stat().st_size]}}


class TestSave:
    """Saves an image into a subfolder of the output folder, wherever that leads, and reports it.

    It does so under `key`, as other packs have keys of their own.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        required = {"image": ("IMAGE",), "subfolder": ("STRING",), "name": ("STRING",)}
        return {"required": required, "optional": {"key": ("STRING", {"default": "images"})}}

    def run(
        self, image: torch.Tensor, subfolder: str, name: str, key: str = "images"
    ) -> dict[str, Any]:
        pixels = (image[0] * 255).round().to(torch.uint8).numpy()
        folder = Path(folder_paths.get_output_directory(), subfolder)
        Image.fromarray(pixels).save(folder / name)
        saved = {"filename": name, "subfolder": subfolder, "type": "output"}
        return {"ui": {key: [saved]}}


class TestSlowFolder:
    """Makes listing `folder` hang, like a lost network drive, while the file `gate` exists.

    Nothing is patched: Python calls audit hooks before it lists a folder. While a listing hangs,
    the file `gate` + `.held` exists.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    _gates: ClassVar[dict[str, str]] = {}
    _hooks: ClassVar[list[Callable[..., None]]] = []

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {name: ("STRING", {"default": ""}) for name in ("folder", "gate")}}

    def run(self, folder: str, gate: str) -> tuple[()]:
        self._gates[os.path.realpath(folder)] = gate
        if not self._hooks:
            self._hooks.append(self._wait_at_the_gate)
            sys.addaudithook(self._wait_at_the_gate)
        return ()

    @classmethod
    def _wait_at_the_gate(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "os.scandir" or not isinstance(arguments[0], int):
            return
        gate = cls._gates.get(os.readlink(f"/proc/self/fd/{arguments[0]}"))
        pause = threading.Event()
        while gate is not None and Path(gate).exists():
            Path(f"{gate}.held").touch()
            pause.wait(LOOK_SECONDS)


class TestIterations:
    """Runs the nodes of `body` `count` times within one prompt, like ComfyUI's own loops.

    `body` is a graph as JSON. In it, a link to `outside` stands for what the input of that number
    is linked to, a link to `before` for the last node of the previous iteration, and `$index` for
    the iteration's number, from 0. Outputs the first output of the last node in the last iteration.
    """

    CATEGORY = "batch loop tests"
    FUNCTION = "run"
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "body": ("STRING", {"default": "{}"}),
                "count": ("INT", {"default": 1}),
                "outside0": ("*", {"rawLink": True}),
            },
            "optional": {"outside1": ("*", {"rawLink": True})},
        }

    def run(self, body: str, count: int, **outside: list[Any]) -> dict[str, Any]:
        nodes: dict[str, dict[str, Any]] = json.loads(body)
        graph = GraphBuilder()
        last = outside["outside0"]
        for index in range(count):
            copies = {
                node_id: graph.node(node["class_type"], f"{index}_{node_id}")
                for node_id, node in nodes.items()
            }

            def inside(
                value: object,
                copies: dict[str, Any] = copies,
                index: int = index,
                before: list[Any] = last,
            ) -> object:
                if value == "$index":
                    return index
                if not (isinstance(value, list) and value):
                    return value
                if value[0] == "outside":
                    return outside[f"outside{value[1]}"]
                return before if value[0] == "before" else copies[value[0]].out(value[1])

            for node_id, copy in copies.items():
                for name, value in nodes[node_id]["inputs"].items():
                    copy.set_input(name, inside(value))
            last = list(copies.values())[-1].out(0)
        return {"result": (last,), "expand": graph.finalize()}


NODE_CLASS_MAPPINGS: ClassVar = {
    "TestBlock": TestBlock,
    "TestDigest": TestDigest,
    "TestFileSize": TestFileSize,
    "TestHold": TestHold,
    "TestIterator": TestIterator,
    "TestIterations": TestIterations,
    "TestList": TestList,
    "TestRaise": TestRaise,
    "TestWait": TestWait,
    "TestRecord": TestRecord,
    "TestSchema": TestSchema,
    "TestShow": TestShow,
    "TestSave": TestSave,
    "TestSlow": TestSlow,
    "TestSlowFolder": TestSlowFolder,
    "TestValue": TestValue,
}
