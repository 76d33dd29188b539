"""Which frames an item of a film opens to."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.frames_ahead import FramesAhead
from batch_loop.core.common.errors import WindowGone
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.model.loop_key import FRAMES, LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.turn.openers.of_parts import FrameOpener
from batch_loop.core.turn.openers.opener import Asked
from batch_loop.tests.support.films import make_film, number_in

WINDOWS = Selection(options=(("frames", "4"), ("overlap", "1")))


def test_a_window_has_the_frames_that_it_is_called_by_or_is_gone(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    film = str(make_film(root / "clip.mp4", frames=9))
    allowed = AllowedFolders(str(root), str(root), str(root / "temp"))
    frames = FramesAhead(MemoryBudget(10**7))
    opener, key = FrameOpener(frames), LoopKey("", film, source=FRAMES)

    def asked(path: str) -> Asked:
        return Asked(key, path, WINDOWS, allowed)

    def opened(path: str) -> list[int]:
        return [number_in(image) for image in opener.open(asked(path)).images]

    last = "clip_000006.frames3"
    assert opened("clip_000003.frames4") == [3, 4, 5, 6]
    opener.begin(asked(last))
    assert opened(last) == [6, 7, 8]
    for other in ("clip_000009.frames4", "clip_000006.frames4"):
        with pytest.raises(WindowGone, match="the video has 9 frames now"):
            opened(other)
    assert opened("clip_000006.frames2") == [6, 7]
