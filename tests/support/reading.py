"""A `Reading` of images alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from batch_loop.core.background.read_ahead import ReadAhead
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.loop_key import IMAGES
from batch_loop.core.turn.companions import Companions
from batch_loop.core.turn.openers.of_files import ImageOpener
from batch_loop.core.turn.reading import Reading


def reading_of(
    registry: LoopRegistry, ahead: ReadAhead, clock: Callable[[], float] = time.monotonic
) -> Reading:
    companions = Companions(registry.source, ahead)
    return Reading(registry, {IMAGES: ImageOpener(registry, ahead, clock)}, companions)
