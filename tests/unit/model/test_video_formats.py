"""Which videos a ComfyUI can be asked to write."""

from __future__ import annotations

import pytest

from batch_loop.core.model.formats import VideoCodec, VideoContainer, video_not_written

OLDER = {"auto", "mp4", "h264"}
NEWER = {each.value for each in (*VideoContainer, *VideoCodec)}


@pytest.mark.parametrize(
    ("container", "codec", "known", "reason"),
    [
        ("mp4", "auto", OLDER, None),
        ("mp4", "h264", OLDER, None),
        ("mkv", "auto", OLDER, "container is mkv, which this ComfyUI cannot write"),
        ("mp4", "av1", OLDER, "codec is av1, which this ComfyUI cannot write"),
        ("mkv", "h264", NEWER, None),
        ("webm", "av1", NEWER, None),
        ("webm", "auto", NEWER, None),
        ("webm", "h264", NEWER, "container is webm and codec is h264"),
    ],
)
def test_what_cannot_be_written_is_said_with_what_can(
    container: str, codec: str, known: set[str], reason: str | None
) -> None:
    said = video_not_written(container, codec, known)
    assert said is None if reason is None else (said or "").startswith(reason)
