"""The example film is the one that the script makes, and small."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from batch_loop.tools.layout import EXAMPLE_FILM
from batch_loop.tools.make_example_film import FPS, FRAMES, SIZE, make_film

MOST_BYTES = 200_000


def decoded(path: Path) -> tuple[npt.NDArray[np.float64], list[float], npt.NDArray[np.float32]]:
    """The frames [N,H,W,3] of 0 to 255, their times in seconds, and the samples of the sound."""
    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
    with av.open(str(path)) as film:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in frames])
    return pictures.astype(np.float64), [frame.time or 0.0 for frame in frames], sound


def test_has_the_frames_and_the_sound_that_the_script_makes(tmp_path: Path) -> None:
    make_film(tmp_path / "film.mp4")
    pictures, times, sound = decoded(EXAMPLE_FILM)
    new_pictures, new_times, new_sound = decoded(tmp_path / "film.mp4")
    assert pictures.shape == new_pictures.shape == (FRAMES, SIZE[1], SIZE[0], 3)
    # Not to the bit: encoders may change slightly.
    assert np.abs(pictures - new_pictures).mean() < 3
    assert times == new_times
    assert np.allclose(times, np.arange(FRAMES) / FPS)
    assert np.abs(sound - new_sound).mean() < 0.01
    assert np.abs(sound).max() > 0.1


def test_its_balloons_move() -> None:
    pictures, _, _ = decoded(EXAMPLE_FILM)
    assert np.abs(pictures[-1] - pictures[0]).mean() > 3


def test_is_h264_with_sound_and_small() -> None:
    with av.open(str(EXAMPLE_FILM)) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.streams.audio[0].codec_context.name == "aac"
    assert EXAMPLE_FILM.stat().st_size < MOST_BYTES
