"""Videos of a folder and frames of a video, looked at in ComfyUI's page.

The documentation's pictures of them are taken on the way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame
from playwright.sync_api import Locator, expect

from .graphs import filled_in, node
from .layout import EXAMPLE_FILM, EXAMPLES
from .server import ComfyServer
from .tab import Tab

FOLDER = "clips"
VIDEOS = {"morning.mp4": (0, 1, 2), "noon.mp4": (1, 0, 2), "evening.mp4": (0, 2, 1)}
"""Each is the example film, with its colours in this order."""
PLAYED = "morning.mp4"
MIDDLE = 1.2
"""Seconds."""

TEMPLATE = "A film, frame by frame"
FRAME = "balloons_000004"
"""One that is in view where the panel begins."""

Shoot = Callable[[str], object]
"""Takes the picture of the step of that name."""


class FilmTour:
    """One walk through both; `shoot` is called at the end of each step."""

    def __init__(self, comfy: Tab, server: ComfyServer, shoot: Shoot) -> None:
        self._comfy = comfy
        self._page = comfy.page
        self._server = server
        self._shoot = shoot

    def walk(self) -> None:
        """Every step, in order."""
        self.play_a_video()
        self.compare_a_frame()

    def play_a_video(self) -> None:
        """Run a folder of videos, and play one beside its result."""
        folder = self._server.input / FOLDER
        folder.mkdir()
        for name, order in VIDEOS.items():
            _recoloured(folder / name, order)
        with self._server.client() as client:
            graph = filled_in(client, _inverted_videos())
        self._page.evaluate("graph => app.loadApiJson(graph, 'videos')", graph)
        viewer = self._looked_at(PLAYED)
        players = viewer.locator("video")
        expect(players).to_have_count(2)
        # Both at the same moment.
        for number in range(2):
            player = players.nth(number).element_handle()
            self._page.wait_for_function("video => video.readyState > 0", arg=player)
            player.evaluate("(video, at) => { video.currentTime = at; }", MIDDLE)
            self._page.wait_for_function(
                "video => !video.seeking && video.readyState > 3", arg=player
            )
        self._shoot("video")
        self._close(viewer)

    def compare_a_frame(self) -> None:
        """Run the template with the frames of a video, and compare one with its result."""
        workflow = json.loads((EXAMPLES / f"{TEMPLATE}.json").read_text(encoding="utf-8"))
        self._comfy.call("openExample", workflow)
        viewer = self._looked_at(FRAME)
        for name in ("source", "result"):
            viewer.locator(f".batch-loop-viewer-{name}[data-state=there]").wait_for()
        for _ in range(3):  # it is small
            viewer.get_by_role("button", name="Zoom in").click()
        self._shoot("frame")
        self._close(viewer)

    def _looked_at(self, item: str) -> Locator:
        """The window in which an item is looked at, after a run of the batch on the screen."""
        self._comfy.run_instant()
        self._comfy.wait_until_off()
        self._comfy.close_toasts()
        card = self._page.get_by_role("group", name="Batch", exact=True).first
        card.get_by_role("button", name="Open report").click()
        panel = self._page.locator(".batch-loop-panel")
        panel.get_by_role("row").filter(has_text=item).click()
        return self._page.locator(".batch-loop-viewer")

    def _close(self, viewer: Locator) -> None:
        """Close that window, and the panel, which may cover the card of the next batch."""
        self._page.keyboard.press("Escape")
        expect(viewer).to_have_count(0)
        self._page.get_by_role("button", name=re.compile("^Batches")).first.click()
        expect(self._page.locator(".batch-loop-panel")).to_have_count(0)


def _recoloured(path: Path, order: tuple[int, int, int]) -> None:
    """Write the example film with its colours in another order, and without its sound."""
    with av.open(str(EXAMPLE_FILM)) as film, av.open(str(path), "w") as made:
        source: Any = film.streams.video[0]
        stream: Any = made.add_stream("libx264", rate=source.average_rate)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
        for number, frame in enumerate(film.decode(source)):
            pixels = frame.to_ndarray(format="rgb24")[..., order]
            changed = VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            changed.pts, changed.time_base = number, Fraction(1 / source.average_rate)
            made.mux(stream.encode(changed))
        made.mux(stream.encode(None))


def _inverted_videos() -> dict[str, Any]:
    """A workflow that inverts each video of the folder."""
    iterator, parts, inverted, joined, save = map(str, range(1, 6))
    return {
        iterator: node("BatchLoopVideoIterator", directory=FOLDER),
        parts: node("GetVideoComponents", video=[iterator, 1]),
        inverted: node("ImageInvert", image=[parts, 0]),
        joined: node("CreateVideo", images=[inverted, 0], fps=[parts, 2]),
        save: node(
            "BatchLoopSaveVideo",
            video=[joined, 0],
            loop=[iterator, 0],
            save_to="folder",
            folder=FOLDER,
        ),
    }
