"""Files that are no films, are cut off, or are damaged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from batch_loop.core.common.errors import UnreadableFilm, UnreadableFrame, UnreadableSound
from batch_loop.core.films.facts import facts
from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.core.films.first_picture import first_picture
from batch_loop.core.films.sound import read_sound
from batch_loop.tests.support.films import cut_out, make_film, number_in, shortened

READERS: list[Callable[[str], object]] = [
    facts,
    FilmFrames,
    lambda path: first_picture(path, 64),
]

GOP = {"g": "12"}


def refused(path: Path) -> str:
    """The reason, which is the same whatever is asked for."""
    reasons = set()
    for read in READERS:
        with pytest.raises(UnreadableFilm) as raised:
            read(str(path))
        assert str(raised.value).startswith(
            f'Cannot read the video "{path}": {raised.value.reason}'
        )
        assert "take it out of the folder" in str(raised.value)
        reasons.add(raised.value.reason)
    (reason,) = reasons
    return reason


def numbers(film: FilmFrames) -> list[int]:
    return [number_in(film.frame(number).image[0]) for number in range(film.count)]


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "film.mp4") == "the file is gone"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) in {"it is a folder", "the user that runs ComfyUI may not read it"}


@pytest.mark.parametrize("content", [b"", b"no film " * 1000])
def test_what_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert refused(path) == "it is not a video, or of a format that Batch Loop does not read"


def test_a_picture_with_the_name_of_a_film_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    path = (tmp_path / "picture.png").rename(tmp_path / "film.mp4")
    assert refused(path) == "it is not a video, or of a format that Batch Loop does not read"


@pytest.mark.parametrize(
    "list_of_files",
    ["#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"],
)
def test_a_list_that_names_other_files_is_refused(tmp_path: Path, list_of_files: str) -> None:
    other = make_film(tmp_path / "other.ts", frames=5)
    path = tmp_path / "film.mp4"
    path.write_text(list_of_files.format(other.name), encoding="utf-8")
    assert refused(path) == "it is not a video, or of a format that Batch Loop does not read"


def test_a_name_that_looks_like_an_address_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "concat:a").mkdir()
    path = make_film(tmp_path / "film.mp4", frames=5)
    path = path.rename(tmp_path / "concat:a" / "film %03d ä.mp4")
    assert facts(str(path)).frames == 5


def sound(path: Path, *, cover: bool) -> Path:
    with av.open(str(path), "w") as container:
        tone = container.add_stream("flac", rate=8000, layout="mono")
        picture = container.add_stream("png", rate=1) if cover else None
        if picture:
            picture.width = picture.height = 32
            picture.pix_fmt = "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            frame.pts = 0
            packets = [*picture.encode(frame), *picture.encode(None)]
            container.mux(packets)
        audio = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), "s16", "mono")
        audio.rate, audio.pts = 8000, 0
        container.mux(tone.encode(audio))
        container.mux(tone.encode(None))
    return path


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    assert refused(sound(tmp_path / "sound.mkv", cover=False)) == "it has no picture"


def test_sound_with_a_cover_is_refused(tmp_path: Path) -> None:
    path = sound(tmp_path / "sound.mp4", cover=True)
    assert refused(path) == "it has a picture, but no video"


def test_an_mp4_without_its_list_of_frames_is_refused(tmp_path: Path) -> None:
    path = shortened(make_film(tmp_path / "film.mp4"), 0.6)
    assert refused(path).startswith("its end is missing, where this format lists the frames")


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_a_film_that_is_cut_off_has_the_frames_that_are_there(tmp_path: Path, name: str) -> None:
    whole = make_film(
        tmp_path / name, frames=60, options={"bf": "0", **GOP}, muxer={"movflags": "+faststart"}
    )
    path = shortened(whole, 0.6)
    said = facts(str(path))
    assert said.is_cut_off
    assert said.frames is not None
    assert 5 < said.frames < 55
    assert said.duration == pytest.approx(said.frames / 25, abs=0.01)
    with FilmFrames(str(path)) as film:
        assert film.is_cut_off
        assert film.count == said.frames
        assert numbers(film) == list(range(film.count))


def test_a_whole_film_is_not_cut_off(tmp_path: Path) -> None:
    for name in ("film.mkv", "film.mp4", "film.ts", "film.avi"):
        # An AVI file does not tell the times of its B-frames.
        path = make_film(tmp_path / name, frames=60, sound=2.4, options={**GOP, "bf": "0"})
        said = facts(str(path))
        assert (said.frames, said.is_cut_off) == (60, False), name


def test_a_film_that_was_cut_at_a_late_keyframe_is_not_cut_off(tmp_path: Path) -> None:
    """Its header still lists what a list of edits leaves out, and what nobody can read."""
    whole = make_film(tmp_path / "whole.mp4", frames=60, options={"bf": "3", **GOP})
    path = str(cut_out(tmp_path / "cut.mp4", whole, 30))
    with FilmFrames(path) as film:
        assert (film.is_cut_off, film.count) == (False, 30)


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_a_film_whose_sound_is_longer_is_not_cut_off(tmp_path: Path, name: str) -> None:
    path = make_film(tmp_path / name, frames=60, sound=9, options=GOP)
    with FilmFrames(str(path)) as film:
        assert not film.is_cut_off


def damaged(path: Path, frame: int) -> Path:
    """Overwrite the inside of a frame's packet."""
    with av.open(str(path)) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]
        content = bytes(packets[frame])
    data = path.read_bytes()
    at = data.index(content) + len(content) // 3
    noise = np.random.default_rng(0).bytes(len(content) // 3)
    path.write_bytes(data[:at] + noise + data[at + len(noise) :])
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("film.mkv", "libx264", "yuv420p"), ("film.mov", "png", "rgb24")],
)
def test_a_damaged_frame_is_an_error_and_the_others_are_not(
    tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    path = damaged(
        make_film(tmp_path / name, codec, pixels=pixels, frames=30, options={"g": "1"}), 12
    )
    sound = [number for number in range(30) if number != 12]
    with FilmFrames(str(path)) as film:
        assert film.count == 30
        for asked in (sound[:12], [12], sound[12:], [12], sound[::-1]):
            if asked == [12]:
                with pytest.raises(UnreadableFrame, match=r"frame 12 is damaged\. Skip it"):
                    film.frame(12)
            else:
                assert [number_in(film.frame(number).image[0]) for number in asked] == asked


def test_the_last_frame_of_a_stream_that_is_cut_off_is_not_complete(tmp_path: Path) -> None:
    whole = make_film(tmp_path / "film.ts", frames=40, options={"bf": "0", "crf": "10"})
    path = shortened(whole, 0.601)
    with FilmFrames(str(path)) as film:
        last = film.count - 1
        assert [number_in(film.frame(number).image[0]) for number in range(last)] == list(
            range(last)
        )


@pytest.mark.posix
def test_a_pipe_is_refused_instead_of_waiting_for_what_comes_out_of_it(tmp_path: Path) -> None:
    pipe = tmp_path / "film.mp4"
    os.mkfifo(pipe)
    for read in READERS[:2]:
        with pytest.raises(UnreadableFilm, match="it is not a plain file"):
            read(str(pipe))
    with pytest.raises(UnreadableSound, match="it is not a plain file"):
        read_sound(str(pipe))
