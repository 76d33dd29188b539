"""What one iteration costs that saves a small image where many results are already."""

from __future__ import annotations

from .. import graphs
from ..graphs import filled_in
from .folders import small_images
from .prompts import median_ms, round_seconds
from .rows import Measured, Row
from .setting import Setting

FOLDER = "small"
OURS, OWN = "ours", "own"
IN_A_ROUND = 9


def measure(setting: Setting) -> Measured:
    """Save by turns with Save Image (Batch), and with ComfyUI's Load Image and Save Image."""
    rounds, there = setting.of(20, 4), setting.of(20_000, 2_000)
    server = setting.server("saving")
    names = small_images(server.input / FOLDER, (rounds + 1) * IN_A_ROUND + 1)
    small_images(server.output / OURS, there, "before")
    # As Save Image numbers its files: it looks through all of them for the next number.
    for number, path in enumerate(small_images(server.output / OWN, there, "before"), start=1):
        (server.output / OWN / path).rename(server.output / OWN / f"result_{number:05}_.png")
    with server, server.client() as client:
        ours = filled_in(client, graphs.loop(FOLDER, saving={"folder": OURS}))
        own = filled_in(client, graphs.own(graphs.SAVE_IMAGE))
        owns = iter([graphs.with_image(own, f"{FOLDER}/{name}") for name in names])
        contenders = {
            OURS: lambda: round_seconds(client, server, [ours] * IN_A_ROUND),
            OWN: lambda: round_seconds(client, server, [next(owns) for _ in range(IN_A_ROUND)]),
        }
        seconds = setting.by_turns("saving", contenders, rounds)
    what = f"one iteration that saves a PNG of 64x64, with {there:,} results there before"
    found = median_ms(seconds[OURS]), median_ms(seconds[OWN])
    return Measured([Row(what, "ms", *found, "Load Image, Save Image")])
