"""What one iteration costs that saves a small image where many results are already."""

from __future__ import annotations

from ..defaults import filled_in, node
from . import graphs
from .folders import small_images
from .prompts import median_ms, run_behind_gate, seconds_after_first
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
    small_images(server.output / OWN, 1, "result_")
    for number, path in enumerate(small_images(server.output / OWN, there, "before"), start=1):
        (server.output / OWN / path).rename(server.output / OWN / f"result_{number:05}_.png")
    with server, server.client() as client:
        ours = filled_in(client, graphs.loop(FOLDER, saving={"folder": OURS}))
        saver = node("SaveImage", images=[graphs.WORK, 0], filename_prefix=f"{OWN}/result")
        own = filled_in(client, graphs.own("", saver))
        owns = [graphs.with_image(own, f"{FOLDER}/{name}") for name in names]
        seconds: dict[str, list[float]] = {OURS: [], OWN: []}
        for number in range(rounds + 1):
            part = owns[number * IN_A_ROUND : (number + 1) * IN_A_ROUND]
            for name, prompts in ((OURS, [ours] * IN_A_ROUND), (OWN, part)):
                timings, _ = run_behind_gate(client, server.base, prompts)
                seconds[name].append(seconds_after_first(timings))
    row = Row(
        f"one iteration that saves a PNG of 64x64, with {there:,} results there before",
        "ms",
        median_ms(seconds[OURS][1:]),
        median_ms(seconds[OWN][1:]),
        "Load Image, Save Image",
    )
    return Measured([row])
