"""The memory that a thumbnail takes: each is made in its own process, which reports it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_loop.core.pictures.thumbnail import MOST_BYTES
from batch_loop.tests.support.thumbnails import thumbnail_of
from batch_loop.tools.layout import ROOT

pytestmark = pytest.mark.linux
"""The kernel reports the memory that was taken."""

MOST_MB = 200
SIDE = 6000
"""Of an image of 36 megapixels."""

CHILD = """
import json, sys, types
from pathlib import Path
package = types.ModuleType("batch_loop")
package.__path__ = [sys.argv[1]]
sys.modules["batch_loop"] = package
from batch_loop.tests.support.thumbnails import thumbnail_of

def taken(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1000

thumbnail_of(sys.argv[2], 256)  # whatever is imported, is
found = {}
for path in sys.argv[3:]:
    Path("/proc/self/clear_refs").write_text("5")
    before = taken("VmRSS")
    try:
        thumbnail_of(path, 256)
        said = ""
    except Exception as error:
        said = str(error)
    found[Path(path).name] = (taken("VmHWM") - before, said)
print(json.dumps(found))
"""


def deep(side: int = SIDE) -> Image.Image:
    return Image.fromarray(np.full((side, side), 700, np.uint16))


def colours(side: int = SIDE) -> Image.Image:
    return Image.new("RGB", (side, side), (9, 200, 30))


def test_no_file_takes_more_than_200_mb(tmp_path: Path) -> None:
    small = colours(64)
    small.save(tmp_path / "first.png")
    deep().save(tmp_path / "deep.png", compress_level=1)
    deep().save(tmp_path / "deep.tiff")
    colours(3000).save(tmp_path / "lossy.webp", method=0)
    colours(3500).save(tmp_path / "large.webp", method=0)
    colours().save(tmp_path / "progressive.jpg", progressive=True, subsampling=0)
    frames = [colours(1000), Image.new("RGB", (1000, 1000))]
    for name in ("moving.gif", "moving.png", "moving.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    files = [str(file) for file in tmp_path.iterdir() if file.name != "first.png"]
    command = [sys.executable, "-c", CHILD, str(ROOT), str(tmp_path / "first.png"), *files]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(said)
    assert {name for name, (megabytes, _) in found.items() if megabytes > MOST_MB} == set()
    refused = {name: words for name, (_, words) in found.items() if words}
    # These cannot be decoded in so little memory.
    assert refused.keys() == {"large.webp", "progressive.jpg"}
    assert all(f"at most {MOST_BYTES // 10**6} MB" in words for words in refused.values())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
@pytest.mark.parametrize("size", [(3000, 40), (40, 3000), (1700, 900)])
def test_an_image_reduced_in_bands_looks_the_same(
    tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    ramp = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size[::-1])
    if mode == "F":
        image = Image.fromarray(ramp)
    elif mode.startswith("I"):
        image = Image.fromarray((ramp * 65535).astype(np.uint16 if ";" in mode else np.int32))
    else:
        image = Image.fromarray((ramp * 255).astype(np.uint8)).convert("RGB").convert(mode)
    image.save(tmp_path / "a.tiff")
    data = thumbnail_of(tmp_path / "a.tiff", 64).data
    assert data is not None
    small = Image.open(io.BytesIO(data)).convert("L")
    assert small.size == tuple(max(1, round(side * 64 / max(size))) for side in size)
    expected = Image.fromarray((ramp * 255).astype(np.uint8)).resize(small.size)
    if mode == "1":
        return  # dots, which only together look grey
    difference = np.abs(np.asarray(small, np.int16) - np.asarray(expected, np.int16))
    assert difference.mean() < 12
