"""What one iteration costs that saves a small image where many results are already."""

from __future__ import annotations

from .. import graphs
from ..client import Prompt
from ..graphs import filled_in, node
from .folders import small_images
from .prompts import median_ms, run_held_up, seconds_after_first
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
        saver = node("SaveImage", images=[graphs.WORK, 0], filename_prefix=f"{OWN}/result")
        own = filled_in(client, graphs.own("", saver))
        owns = iter([graphs.with_image(own, f"{FOLDER}/{name}") for name in names])

        def run(prompts: list[Prompt]) -> float:
            return seconds_after_first(run_held_up(client, server.base, prompts))

        contenders = {
            OURS: lambda: run([ours] * IN_A_ROUND),
            OWN: lambda: run([next(owns) for _ in range(IN_A_ROUND)]),
        }
        seconds = setting.by_turns("saving", contenders, rounds)
    row = Row(
        f"one iteration that saves a PNG of 64x64, with {there:,} results there before",
        "ms",
        median_ms(seconds[OURS]),
        median_ms(seconds[OWN]),
        "Load Image, Save Image",
    )
    return Measured([row])
