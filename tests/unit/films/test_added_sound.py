"""A silent film gets the sound of the film that it was made from, at the same moments."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from batch_loop.core.films.added_sound import add_sound
from batch_loop.core.films.sound import read_sound
from batch_loop.tests.support.clips import FPS, lag, make_clip, sweep

FRAME = 1 / FPS


def codec_in(path: Path) -> str:
    with av.open(str(path)) as container:
        return container.streams.audio[0].codec_context.codec.canonical_name


def pictures_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize(
    ("source", "sound", "result", "expected"),
    [
        ("a.mp4", "aac", "b.mp4", "aac"),
        ("a.mkv", "libopus", "b.mp4", "opus"),
        ("a.avi", "libmp3lame", "b.mp4", "mp3"),
        ("a.ts", "aac", "b.mp4", "aac"),
        ("a.avi", "pcm_s16le", "b.mp4", "aac"),
        ("a.mkv", "flac", "b.mp4", "aac"),
        ("a.mkv", "flac", "b.mkv", "flac"),
        ("a.mp4", "aac", "b.mkv", "aac"),
    ],
)
def test_sound_is_copied_if_the_container_has_it_and_else_encoded(
    tmp_path: Path, source: str, sound: str, result: str, expected: str
) -> None:
    made = tmp_path / result
    origin = make_clip(tmp_path / source, sound=sound, frames=48)
    silent = make_clip(tmp_path / f"silent{made.suffix}", frames=48)
    assert add_sound(str(silent), str(origin), str(made))
    assert codec_in(made) == expected
    assert pictures_of(made) == pictures_of(silent)
    before, after = read_sound(str(origin)), read_sound(str(made))
    assert after.waveform.shape[1] == before.waveform.shape[1]
    assert after.sample_rate == before.sample_rate
    assert abs(after.duration - before.duration) < FRAME
    late = lag(after.waveform[0].numpy(), before.waveform[0].numpy(), before.sample_rate)
    # A transport stream does not say that what a decoder gives first is to be left out.
    assert abs(late) < (FRAME if source.endswith(".ts") else FRAME / 4)


@pytest.mark.parametrize("sound", ["aac", "pcm_s16le"])
def test_sound_ends_with_the_film(tmp_path: Path, sound: str) -> None:
    origin = make_clip(tmp_path / "a.mov", sound=sound, frames=48)
    silent, made = make_clip(tmp_path / "silent.mp4", frames=12), tmp_path / "b.mp4"
    assert add_sound(str(silent), str(origin), str(made))
    with av.open(str(made)) as container:
        assert float(container.duration or 0) / av.time_base < 13 * FRAME
    assert read_sound(str(made)).duration == pytest.approx(12 * FRAME, abs=FRAME)


def test_a_film_that_goes_on_after_the_sound_is_whole(tmp_path: Path) -> None:
    origin = make_clip(tmp_path / "a.mp4", sound="aac", seconds=0.5, frames=48)
    silent, made = make_clip(tmp_path / "silent.mp4", frames=48), tmp_path / "b.mp4"
    assert add_sound(str(silent), str(origin), str(made))
    assert pictures_of(made) == pictures_of(silent)
    assert read_sound(str(made)).duration == pytest.approx(0.5, abs=FRAME)


@pytest.mark.parametrize("sound", ["aac", "pcm_s16le"])
def test_sound_that_begins_later_than_the_picture_still_does(tmp_path: Path, sound: str) -> None:
    origin = make_clip(tmp_path / "a.mkv", sound=sound, frames=48, delay=0.5)
    silent, made = make_clip(tmp_path / "silent.mp4", frames=48), tmp_path / "b.mp4"
    assert add_sound(str(silent), str(origin), str(made))
    with av.open(str(made)) as container:
        first = next(container.decode(audio=0))
        assert first.time == pytest.approx(0.5, abs=FRAME)


def test_nothing_is_written_where_there_is_no_sound_to_add(tmp_path: Path) -> None:
    silent = make_clip(tmp_path / "silent.mp4", frames=4)
    loud = make_clip(tmp_path / "loud.mp4", frames=4, sound="aac")
    made = tmp_path / "b.mp4"
    assert not add_sound(str(silent), str(silent), str(made))
    assert not add_sound(str(loud), str(loud), str(made))
    assert not made.exists()


def test_six_channels_stay_six(tmp_path: Path) -> None:
    origin = make_clip(tmp_path / "a.mov", sound="pcm_s16le", channels=6, frames=24)
    silent, made = make_clip(tmp_path / "silent.mp4", frames=24), tmp_path / "b.mp4"
    assert add_sound(str(silent), str(origin), str(made))
    sound = read_sound(str(made))
    assert sound.waveform.shape[1] == 6
    assert abs(lag(sound.waveform[0].numpy(), sweep(1, channels=6))) < FRAME / 4
