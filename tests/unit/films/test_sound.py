"""Sounds are decoded as they are: no sample, channel or rate is changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from batch_loop.core.common.errors import UnreadableSound
from batch_loop.core.films.sound import read_sound
from batch_loop.tests.support.clips import RATE, lag, make_clip, make_sound, sweep

EXACT = {"pcm_u8": 2**-7, "pcm_s16le": 2**-15, "pcm_s24le": 2**-22, "pcm_s32le": 2**-24}
FLOATS = {"pcm_f32le": 0.0, "pcm_f64le": 0.0}


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("codec", "error"), [*EXACT.items(), *FLOATS.items()])
def test_samples_are_those_of_the_file(
    tmp_path: Path, codec: str, error: float, channels: int
) -> None:
    samples = sweep(0.1, channels=channels)
    sound = read_sound(str(make_sound(tmp_path / "a.wav", samples, codec=codec)))
    assert (sound.waveform.dtype, sound.sample_rate) == (torch.float32, RATE)
    assert tuple(sound.waveform.shape) == (1, *samples.shape)
    assert np.abs(sound.waveform[0].numpy() - samples).max() <= error
    assert sound.duration == pytest.approx(0.1)


def test_the_loudest_samples_are_kept(tmp_path: Path) -> None:
    samples = np.array([[-1, 1, 0, -0.5] * 64], np.float32)
    for codec in (*EXACT, *FLOATS):
        sound = read_sound(str(make_sound(tmp_path / f"{codec}.wav", samples, codec=codec)))
        low, high = float(sound.waveform.min()), float(sound.waveform.max())
        assert low == -1
        assert 1 - 2**-6 <= high <= 1


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_no_rate_is_changed(tmp_path: Path, rate: int) -> None:
    path = make_sound(tmp_path / "a.flac", sweep(0.2, rate), codec="flac", rate=rate)
    sound = read_sound(str(path))
    assert (sound.sample_rate, sound.duration) == (rate, 0.2)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.opus", "libopus"), ("a.mka", "flac")],
)
def test_compressed_sounds_begin_where_they_began(tmp_path: Path, name: str, codec: str) -> None:
    samples = sweep(1, 48000, channels=2)
    sound = read_sound(str(make_sound(tmp_path / name, samples, codec=codec, rate=48000)))
    assert tuple(sound.waveform.shape[:2]) == (1, 2)
    assert abs(lag(sound.waveform[0].numpy(), samples, 48000)) < 0.002
    assert sound.duration == pytest.approx(1, abs=0.03)


def test_the_sound_of_a_film_can_be_read(tmp_path: Path) -> None:
    sound = read_sound(str(make_clip(tmp_path / "a.mp4", sound="aac", frames=24)))
    assert sound.duration == pytest.approx(1, abs=0.03)


def test_a_damaged_part_is_left_out(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "a.mp3", sweep(2), codec="libmp3lame")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(bytes(data))
    assert read_sound(str(path)).duration == pytest.approx(2, abs=0.5)


PLAIN = {
    "a.wav": "pcm_s16le",
    "b.wav": "pcm_s24le",
    "c.wav": "adpcm_ima_wav",
    "a.aiff": "pcm_s16be",
    "a.au": "pcm_s16be",
}


@pytest.mark.parametrize(
    ("name", "codec", "lacking"),
    [*((*each, 10) for each in PLAIN.items()), ("a.flac", "flac", 0.3)],
)
def test_a_sound_that_was_cut_off_is_refused(
    tmp_path: Path, name: str, codec: str, lacking: float
) -> None:
    path = make_sound(tmp_path / name, sweep(2), codec=codec)
    assert read_sound(str(path)).duration == pytest.approx(2, abs=0.05)
    data = path.read_bytes()
    path.write_bytes(data[: -int(lacking if lacking >= 1 else lacking * len(data))])
    with pytest.raises(UnreadableSound, match="its end is missing"):
        read_sound(str(path))


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_length_that_its_program_did_not_know_is_none(tmp_path: Path, size: int) -> None:
    path = make_sound(tmp_path / "a.wav", sweep(1))
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    assert read_sound(str(path)).duration == 1


def test_what_is_no_sound_is_refused_with_the_reason(tmp_path: Path) -> None:
    silent = make_clip(tmp_path / "silent.mp4", frames=2)
    text = tmp_path / "text.mp3"
    text.write_bytes(b"no sound at all")
    empty = tmp_path / "empty.wav"
    empty.touch()
    reasons = {
        str(silent): "it has no sound",
        str(text): "it is not a sound",
        str(empty): "it is not a sound",
        str(tmp_path / "gone.wav"): "the file is gone",
        str(tmp_path): "it is a folder",
    }
    for path, reason in reasons.items():
        with pytest.raises(UnreadableSound, match=reason) as raised:
            read_sound(path)
        assert raised.value.reason.startswith(reason)
        assert "set error_handling to Skip on error" in str(raised.value)


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    make_sound(tmp_path / "secret.wav", sweep(0.1))
    listed = tmp_path / "a.wav"
    listed.write_text(f"ffconcat version 1.0\nfile '{tmp_path / 'secret.wav'}'\n")
    with pytest.raises(UnreadableSound):
        read_sound(str(listed))
    listed.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/secret.wav\n")
    with pytest.raises(UnreadableSound):
        read_sound(str(listed))
