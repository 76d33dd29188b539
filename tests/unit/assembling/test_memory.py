"""What is in memory while a film is made hardly grows with the film.

Measured in processes of their own, in which nothing else comes and goes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batch_loop.tools.layout import ROOT

FEW, MANY = 500, 4500
MOST_BYTES = 200
"""For a picture. A path alone would take nearly as many as a text; with its item, it was 500."""

PACKETS = 200_000
MOST_BYTES_OF_A_PACKET = 60
"""Of the film that the sound is taken from. FFmpeg lists them, and frees more than the list."""

ASSEMBLING = """
import os
import sys
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from av.packet import Packet
from tools.pack import pack
from tools.process_memory import memory_of

film, formats = pack("core.assembling.film"), pack("core.model.formats")
decode, items = pack("core.media.formats.decode"), pack("core.model.items")
finder, selection = pack("core.films.finder"), pack("core.model.selection")
loop_key, records = pack("core.model.loop_key"), pack("core.model.records")

root = Path(sys.argv[1])
folders = pack("core.files.allowed_paths").AllowedFolders(*[str(root)] * 3)
(root / "result.png").touch()


class Batch:
    def __init__(self, source, count):
        self.key = loop_key.LoopKey("", str(root / source), source=loop_key.FRAMES)
        self.count = count

    def selection_of(self, loop_id):
        return selection.Selection()

    def page(self, loop_id, start, most):
        numbers = range(self.count)[start : start + most]
        return records.Page(self.count, start, tuple(map(self.item, numbers)))

    def item(self, number):
        path = f"{Path(self.key.directory).stem}_{number:06}.frame"
        return items.Item(path, number, items.ItemState.DONE), (str(root / "result.png"),)


def read(path):
    return decode.DecodedImage(torch.zeros(1, 16, 16, 3), torch.zeros(1, 16, 16))


def assemble(source, count, progress, sound):
    settings = film.Settings(
        str(root),
        prefix="",
        suffix="_made",
        codec=formats.FilmCodec.H264,
        quality=0,
        depth=formats.FilmDepth.EIGHT,
        sound=sound,
        fps=24,
        missing=formats.MissingResults.REFUSE,
        if_exists=pack("core.model.if_exists").IfExists.SKIP,
    )
    times = finder.FrameTimes(np.arange(count), Fraction(1, 25), Fraction(0))
    batch = Batch(source, count)
    assembler = film.Assembler(
        batch, folders, read, lambda loop, path: times, lambda: None, progress
    )
    (made,) = assembler.make(batch.key, 1, "7", settings)
    os.unlink(made)
"""

OF_PICTURES = f"""{ASSEMBLING}
def most(count):
    peaks = []

    def progress(done, of):
        # Afterwards the file is read, a block at a time, however long the film is.
        if done == of:
            peaks.append(tracemalloc.get_traced_memory()[1])

    tracemalloc.start()
    assemble("clip.mp4", count, progress, sound=False)
    tracemalloc.stop()
    return peaks[0]


(root / "clip.mp4").touch()
most(1)
print(most({FEW}), most({MANY}))
"""
"""Prints bytes, of Python and NumPy."""

OF_SOUND = f"""{ASSEMBLING}
def make(name, packets):
    with av.open(str(root / name), "w") as target:
        stream = target.add_stream("aac", rate=16000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.rate, silence.pts = 16000, 0
        data = bytes([*stream.encode(silence), *stream.encode(None)][0])
        for number in range(packets):
            packet = Packet(data)
            packet.time_base, packet.duration = Fraction(1, 16000), 1024
            packet.pts = packet.dts = 1024 * number
            packet.stream = stream
            target.mux(packet)


def taken(name):
    before, seen = memory_of(os.getpid()).rss, []
    assemble(name, 50, lambda done, of: seen.append(memory_of(os.getpid()).rss), sound=True)
    return max(seen) - before


make("short.mp4", 100)
make("long.mp4", {PACKETS})
taken("short.mp4")
print(taken("short.mp4"), taken("long.mp4"))
"""
"""Prints MB, of the process."""


def printed(program: str, root: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", program, str(root.resolve())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    few, many = map(float, done.stdout.split())
    return few, many


def test_the_memory_for_a_film_hardly_grows_with_its_pictures(tmp_path: Path) -> None:
    few, many = printed(OF_PICTURES, tmp_path)
    assert (many - few) / (MANY - FEW) < MOST_BYTES


@pytest.mark.linux
def test_what_opening_a_long_film_frees_is_given_back_before_the_encoder_begins(
    tmp_path: Path,
) -> None:
    few, many = printed(OF_SOUND, tmp_path)
    assert (many - few) * 1e6 / PACKETS < MOST_BYTES_OF_A_PACKET
