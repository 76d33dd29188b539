"""A folder of images, the workflow that processes it, and the results on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from batch_loop.tests.support.batches import written
from batch_loop.tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from batch_loop.tools.client import ComfyClient

SIDE = 64

SEVEN = ["img1.png", "img2.png", "img3.png", "img4.png", "img10.png", "img20.png", "img100.png"]
"""In natural order, which is not alphabetical."""

GATE = "go-"
"""Prefix of gate files: the workflow waits on an image until the gate with its name exists."""

ITERATOR = "1"
SAVE = "6"
DIRECTORY = "20"


@dataclass(frozen=True)
class Batch:
    """A test's images and results; `name` is the name of both folders in the workflow."""

    name: str
    input: Path
    output: Path
    scratch: Path
    """Outside ComfyUI: the files that control the helper nodes, and their record."""
    client: ComfyClient

    def add(self, name: str) -> None:
        """Add an image with its own colour and an open gate."""
        self._image(name).save(self.input / name)
        self.open_gate(name)

    def open_gate(self, name: str) -> None:
        """Let the workflow continue with an image."""
        (self.scratch / f"{GATE}{name}").touch()

    def close_gate(self, name: str) -> None:
        """Make the workflow wait in the middle of an image."""
        (self.scratch / f"{GATE}{name}").unlink()

    def fail_on(self, *names: str) -> None:
        """Make the workflow fail on these images and no others."""
        (self.scratch / "fail").write_text("\n".join(names), encoding="utf-8")

    def graph(self, *, linked: bool = False, **settings: object) -> dict[str, dict[str, Any]]:
        """The workflow: fails or waits on request, records the name, saves, ends the loop.

        `settings` go to Directory Iterator; with `linked` its directory comes from a node.
        """
        nodes: dict[str, dict[str, Any]] = {
            ITERATOR: _node(
                "BatchLoopDirectoryIterator",
                directory=[DIRECTORY, 0] if linked else self.name,
                filter="All images",
                custom_pattern="",
                recursive=False,
                sort_by="natural name",
                descending=False,
                iteration_mode="Continue",
                error_handling="Stop on error",
                start_index=0,
                limit=0,
                max_attempts=1,
                when_complete="Stop",
                loop_name="",
                skip_finished=False,
                finished_as="",
            ),
            "2": _node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
            "3": _node(
                "TestRaise",
                image=[ITERATOR, 1],
                filename=[ITERATOR, 3],
                fail_list=str(self.scratch / "fail"),
            ),
            "4": _node(
                "StringConcatenate",
                string_a=str(self.scratch / GATE),
                string_b=[ITERATOR, 3],
                delimiter="",
            ),
            "5": _node("TestWait", image=["3", 0], until=["4", 0]),
            SAVE: _node("SaveImage", images=["5", 0], filename_prefix=f"{self.name}/result"),
            "7": _node(
                "TestRecord", image=["5", 0], text=[ITERATOR, 3], path=str(self.scratch / "ran")
            ),
            "8": _node("BatchLoopLoopEnd", loop=["2", 0], after=["5", 0]),
            "9": _node("BatchLoopBatchComplete", loop=["8", 0]),
            "10": _node("BatchLoopEndQueue", stop=["9", 0]),
        }
        if linked:
            nodes[DIRECTORY] = _node("PrimitiveString", value=self.name)
        nodes[ITERATOR]["inputs"].update(settings)
        return nodes

    @property
    def ran(self) -> list[str]:
        """The images that the workflow ran on, in order."""
        record = self.scratch / "ran"
        return record.read_text(encoding="utf-8").split() if record.exists() else []

    @property
    def saved(self) -> list[str]:
        """The images whose results were saved, in order, identified by their colours."""
        known = [gate.name.removeprefix(GATE) for gate in self.scratch.glob(f"{GATE}*")]
        names = {_colour(self._image(name)): name for name in known}
        results = sorted(self.output.glob("result_*.png"))
        return [names[_colour(Image.open(path))] for path in results]

    def state(self, name: str = "") -> dict[str, Any] | None:
        """The state of the folder's loop with this name; None before its first run."""
        for loop in self.client.get_json("/batch_loop/loops")["loops"]:
            if (loop["name"], loop["directory"]) == (name, str(self.input.resolve())):
                return dict(loop)
        return None

    def counts(self, name: str = "") -> tuple[int, int]:
        """How many images the server counts as done and as failed, once every prompt has ended."""

        def settled() -> dict[str, Any] | None:
            state = self.state(name)
            return None if state is None or state["finishing"] or state["running"] else state

        state = wait_for(settled, "the last prompt to be settled")
        assert state is not None
        return state["done"], state["failed"]

    def wait_until_ready(self) -> None:
        """Wait until the server reports a new image as ready for the next run."""
        state = self.state()
        assert state is not None
        look = {"loop": state["id"]}

        def is_ready() -> bool:
            return bool(self.client.post_json("/batch_loop/loops/watch", look)["ready"])

        wait_for(is_ready, "a new image to be ready")

    def wait_until_in_image(self, number: int) -> None:
        """Wait until the workflow is in the middle of an image, counted from 1."""

        def is_there() -> bool:
            state = self.state()
            return state is not None and (written(state), state["running"]) == (number - 1, 1)

        wait_for(is_there, f"image {number} to be under way", timeout=60)

    def wait_until_taken_back(self) -> None:
        """Wait until none of the batch's prompts waits in ComfyUI's queue, as after Pause."""

        def is_none_left() -> bool:
            waiting = self.client.get_json("/queue")["queue_pending"]
            return all(self.name not in json.dumps(graph) for _, _, graph, *_ in waiting)

        wait_for(is_none_left, "the batch's prompts to be taken back")

    @staticmethod
    def _image(name: str) -> Image.Image:
        colour = hashlib.sha256(name.encode()).digest()[:3]
        return Image.new("RGB", (SIDE, SIDE), tuple(colour))


def _colour(image: Image.Image) -> object:
    return image.convert("RGB").getpixel((0, 0))


def _node(class_type: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}
