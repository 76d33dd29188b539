from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from batch_loop.core.common.errors import InvalidSetting
from batch_loop.core.films.encoders import codecs_at_hand, encoder_of
from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.core.films.film_writer import Looks, Pixels, SoundOf, Times, write_film
from batch_loop.core.model.formats import FilmCodec, FilmDepth
from batch_loop.tests.support.clips import make_clip
from batch_loop.tests.support.films import make_film, number_in, numbered

FRAMES = 30
UNIT = Fraction(1, 12800)
UNEVEN = [512 * (number + number // 7) for number in range(FRAMES)]
MILLISECOND = 0.001


def times_of(shown: list[int], last: int = 512) -> Times:
    return Times(np.array(shown, np.int64), shown[-1] + last, UNIT)


def looks(codec: FilmCodec = FilmCodec.H264, depth: FilmDepth = FilmDepth.EIGHT) -> Looks:
    return Looks(encoder_of(codec, depth), depth, 80)


def pictures(count: int = FRAMES) -> list[Pixels]:
    return [numbered(number) for number in range(count)]


@pytest.mark.parametrize("depth", list(FilmDepth))
@pytest.mark.parametrize("codec", codecs_at_hand())
def test_each_codec_keeps_the_pictures_and_their_times(
    tmp_path: Path, codec: FilmCodec, depth: FilmDepth
) -> None:
    if codec is FilmCodec.VP9 and depth is FilmDepth.TEN:
        with pytest.raises(InvalidSetting, match="Set video_codec to "):
            encoder_of(codec, depth)
        return
    how = looks(codec, depth)
    path = str(tmp_path / f"film{how.encoder.extension}")
    assert not write_film(path, pictures(), times_of(UNEVEN), how, metadata={"note": "a text"})
    with FilmFrames(path) as film, av.open(path) as container:
        assert [number_in(film.frame(n).image[0]) for n in range(film.count)] == list(range(FRAMES))
        times = [film.frame(n).time for n in range(film.count)]
        assert times == pytest.approx([float(at * UNIT) for at in UNEVEN], abs=MILLISECOND)
        assert container.duration / av.time_base == pytest.approx(
            float((UNEVEN[-1] + 512) * UNIT), abs=MILLISECOND
        )
        assert {name.lower(): text for name, text in container.metadata.items()}["note"] == "a text"
        format_of = container.streams.video[0].codec_context.format
        assert format_of.components[0].bits == (
            10 if codec is FilmCodec.PRORES else int(depth.value[:2])
        )


def test_colours_are_those_of_the_pictures(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:64, 0:96]
    smooth = np.stack([columns / 96, rows / 64, (rows + columns) / 170], -1)
    path = str(tmp_path / "film.mp4")
    write_film(path, [(smooth * 255).astype(np.uint8)] * 3, times_of([0, 512, 1024]), looks())
    with FilmFrames(path) as film, av.open(path) as container:
        assert np.abs(film.frame(1).image[0].numpy() - smooth).mean() < 3 / 255
        assert container.streams.video[0].codec_context.colorspace == 1


def test_an_odd_size_gets_another_row_and_column(tmp_path: Path) -> None:
    path = str(tmp_path / "film.mp4")
    odd = [picture[:63, :95] for picture in pictures(5)]
    write_film(path, odd, times_of([512 * n for n in range(5)]), looks())
    with FilmFrames(path) as film:
        assert film.frame(0).image.shape == (1, 64, 96, 3)
        assert [number_in(film.frame(n).image[0]) for n in range(5)] == list(range(5))


@pytest.mark.parametrize("codec", [FilmCodec.H264, FilmCodec.VP9, FilmCodec.PRORES])
def test_the_sound_begins_and_ends_with_the_pictures(tmp_path: Path, codec: FilmCodec) -> None:
    source = str(make_clip(tmp_path / "source.mp4", frames=72, sound="aac"))
    path = str(tmp_path / f"film{looks(codec).encoder.extension}")
    times = times_of([512 * n for n in range(FRAMES)])
    with SoundOf(source, Fraction(1, 2)).opened() as sound:
        assert write_film(path, pictures(), times, looks(codec), sound=sound)
    with av.open(path) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == (
            "opus" if codec is FilmCodec.VP9 else "aac"
        )
        heard = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert heard == pytest.approx(times.seconds, abs=0.08)


def test_a_source_without_sound_gives_none(tmp_path: Path) -> None:
    source = str(make_film(tmp_path / "source.mp4", frames=3))
    path = str(tmp_path / "film.mp4")
    with SoundOf(source, Fraction(0)).opened() as silent:
        assert not write_film(path, pictures(), times_of(UNEVEN), looks(), sound=silent)
    with av.open(path) as container:
        assert not container.streams.audio
