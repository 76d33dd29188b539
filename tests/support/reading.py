"""A `Reading` of images alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from batch_loop.core.background.read_ahead import ReadAhead
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import IMAGES
from batch_loop.core.turn.companions import Companions
from batch_loop.core.turn.openers.changing_files import ChangingFiles
from batch_loop.core.turn.openers.of_files import ImageOpener
from batch_loop.core.turn.reading import Reading
from batch_loop.tests.support.given_clock import GivenClock


def reading_of(
    registry: LoopRegistry,
    ahead: ReadAhead,
    clock: Callable[[], float] = time.monotonic,
    meanwhile: Callable[[], object] = lambda: None,
    wall: Callable[[], float] = time.time,
) -> Reading:
    """`meanwhile` is called again and again while a file that may be changing is waited for.

    That takes none of the test's time. `wall` tells the time that files are touched at.
    """
    still = GivenClock()

    def pause(seconds: float) -> None:
        still.now += seconds
        meanwhile()

    changing = ChangingFiles(pause, still, wall)
    companions = Companions(registry.source, ahead, changing)
    return Reading(registry, {IMAGES: ImageOpener(registry, ahead, clock, changing)}, companions)
