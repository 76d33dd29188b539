"""A film takes little memory more for each picture that it is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from batch_loop.tools.layout import ROOT

FEW, MANY = 500, 4500
MOST_BYTES = 200
"""For a picture. A path alone would take nearly as many as a text; with its item, it was 500."""

IN_A_NEW_PROCESS = f"""
import sys
import tracemalloc
from pathlib import Path

import torch
from tools.pack import pack

film, results = pack("core.assembling.film"), pack("core.assembling.results")
formats, items = pack("core.model.formats"), pack("core.model.items")
allowed_paths, decode = pack("core.files.allowed_paths"), pack("core.media.formats.decode")
loop_key, records = pack("core.model.loop_key"), pack("core.model.records")

root = Path(sys.argv[1])


class Batch:
    def __init__(self, count):
        self.count = count
        self.key = loop_key.LoopKey("", str(root / "in"))

    def page(self, loop_id, start, most):
        numbers = range(self.count)[start : start + most]
        return records.Page(self.count, start, tuple(map(self.item, numbers)))

    def item(self, number):
        item = items.Item(f"picture_{{number:06}}.png", number, items.ItemState.DONE)
        return item, (str(root / "out" / item.path),)


def read(path):
    return decode.DecodedImage(torch.zeros(1, 16, 16, 3), torch.zeros(1, 16, 16))


peaks = []


def progress(done, count):
    # Reading the whole file takes a block of it afterwards, however long the film is.
    if done == count:
        peaks.append(tracemalloc.get_traced_memory()[1])


def most(count):
    folders = allowed_paths.AllowedFolders(*map(str, [root / "in", root / "out", root / "temp"]))
    settings = film.Settings(
        str(root / "out"),
        prefix="",
        suffix=str(count),
        codec=formats.FilmCodec.H264,
        quality=0,
        depth=formats.FilmDepth.EIGHT,
        sound=False,
        fps=24,
        missing=formats.MissingResults.REFUSE,
        if_exists=pack("core.model.if_exists").IfExists.SKIP,
    )
    batch = Batch(count)
    assembler = film.Assembler(batch, folders, read, None, lambda: None, progress)
    tracemalloc.start()
    assembler.make(batch.key, 1, "7", settings)
    tracemalloc.stop()
    return peaks.pop()


for number in range({MANY}):
    (root / "out" / f"picture_{{number:06}}.png").touch()
most({FEW} - 1)
print(most({FEW}), most({MANY}))
"""
"""In a process in which nothing else takes memory; prints bytes, of Python and NumPy."""


def test_the_memory_for_a_film_hardly_grows_with_its_pictures(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    for name in ("in", "out", "temp"):
        (root / name).mkdir()
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    few, many = map(int, done.stdout.split())
    assert (many - few) / (MANY - FEW) < MOST_BYTES
