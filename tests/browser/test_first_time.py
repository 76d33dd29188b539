"""A new user's first minutes, click by click: the tour in the documentation's pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from batch_loop.tools.layout import SIX_NODES
from batch_loop.tools.tour import BROKEN, FOLDER, IMAGES, Tour

if TYPE_CHECKING:
    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.client import ComfyClient
    from batch_loop.tools.server import ComfyServer


def test_from_the_template_to_the_last_result(
    comfy: ComfyPage, server: ComfyServer, client: ComfyClient
) -> None:
    steps: list[str] = []
    tour = Tour(comfy, server.input, steps.append)
    tour.walk()
    assert steps == ["template", "folder", "run", "failed", "retried", "report", "over"]
    seen = tour.bar_values
    # In the first run; the failed image is retried later.
    first_run = seen[: seen.index(IMAGES) + 1]
    assert first_run == sorted(first_run)
    assert len(set(first_run)) > 1
    results = sorted(path.name for path in (server.output / SIX_NODES).iterdir())
    assert len(results) == IMAGES
    stem = BROKEN.removesuffix(".png")
    with Image.open(server.output / SIX_NODES / f"{stem}_comic.png") as result:
        result.load()
    (loop,) = [
        each
        for each in client.get_json("/batch_loop/loops")["loops"]
        if each["directory"].endswith(FOLDER)
    ]
    assert (loop["batch"], loop["pending"], loop["done"]) == (2, IMAGES, 0)
