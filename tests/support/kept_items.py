"""Items of each kind, as tests write and change them: folders, tables and films."""

from __future__ import annotations

import functools
import json
import re
import shutil
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from PIL import Image

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.frames_ahead import FramesAhead
from batch_loop.core.background.read_ahead import ReadAhead, read_image
from batch_loop.core.common.file_kinds import FileKind
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.loop_key import (
    AUDIO,
    FRAMES,
    IMAGES,
    ROWS,
    TYPED_TEXT,
    VARIANTS,
    VIDEOS,
    LoopKey,
)
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.titles import label_in, title_of
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.sources.frames import Frames
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.sources.rows import TEXT, Rows
from batch_loop.core.sources.table_files import opened_table, there
from batch_loop.core.sources.variants import OPTION, Axis, VariantLists
from batch_loop.core.tables.table import Cell
from batch_loop.core.turn.openers.of_files import ImageOpener, film_opener, sound_opener
from batch_loop.core.turn.openers.of_parts import FrameOpener, RowOpener
from batch_loop.core.turn.openers.opener import Asked, Opener
from batch_loop.tests.support.clips import make_sound, sweep
from batch_loop.tests.support.films import BITS, make_film, number_in, numbered
from batch_loop.tests.support.images import colour_of
from batch_loop.tests.support.tables import text_cell, workbook

NAMES = ["img10", "img2", "img1", "b", "img3", "a", "img20"]
LENGTHS = 11
"""How many different lengths the films and sounds of folders have."""

Options = tuple[tuple[str, str], ...]


def number_of(name: str, most: int) -> int:
    """A number below `most`, the same for the same name."""
    return zlib.crc32(name.encode()) % most


class Kept(ABC):
    """Items of one kind, which the test changes and then writes down.

    An entry is an item, or what items are with a value each. `names` says which entries there are;
    what of each name is found again in its entries depends on the kind.
    """

    kind: ClassVar[str]
    """See `LoopKey.kind`."""
    place_name: ClassVar[str]
    """The name of the file or folder that all entries are in."""

    def __init__(self, base: Path, values: Sequence[Cell] = (), *, by_value: bool = False) -> None:
        """Write `NAMES` below `base`; `values` are what each entry is taken with."""
        base = base.resolve()
        self.place = base / self.place_name
        self.allowed = AllowedFolders(str(base), str(base / "output"), str(base / "temp"))
        self.values = list(values)
        self.by_value = by_value
        self._frames = FramesAhead(MemoryBudget(10**7))
        self._rows = Rows(partial(opened_table, allowed=self.allowed))
        folder = ImageFolder(list_images, sight)
        frames = Frames(lambda film: self._frames.count(there(film, self.allowed)))
        self.source = ByKind(
            {IMAGES: folder, VIDEOS: folder, AUDIO: folder, ROWS: self._rows, FRAMES: frames}
        )
        self.key = LoopKey("", self.directory, source=self.kind + VARIANTS * bool(values))
        self.names = list(NAMES)
        self.write()

    @property
    def directory(self) -> str:
        """See `LoopKey.directory`."""
        return str(self.place)

    @property
    def place_told(self) -> str:
        """What messages call the place."""
        return self.place.name

    @property
    def is_one_file_each(self) -> bool:
        """Whether each item is a file of its own."""
        return isinstance(self, Folder) and not self.values

    @abstractmethod
    def write(self) -> None:
        """Have the source contain exactly `names`, in their order if it has one."""

    @abstractmethod
    def titles(self) -> list[str]:
        """The titles of all entries, in the order in which they are listed."""

    @abstractmethod
    def contents(self) -> list[Any]:
        """What the entries open to, in the same order, as far as `content` tells."""

    @abstractmethod
    def content(self, opened: Any) -> Any:
        """What tells an entry from others, in what it opens to."""

    @abstractmethod
    def edit(self) -> None:
        """Give the entry called b another content; the kind decides whether it is the same."""

    def lose(self) -> None:
        """Have the source vanish."""
        self.place.unlink()

    def options(self) -> Options:
        """How the source is read, but for the values."""
        return ()

    def selection(self, **settings: Any) -> Selection:
        options = self.options()
        if self.values:
            lists = VariantLists((Axis.of("value", self.values),), by_value=self.by_value)
            options = (*options, (OPTION, lists.text()))
        return Selection(options=options, kind=self._file_kind, **settings)

    @property
    def _file_kind(self) -> FileKind:
        return FileKind(self.kind) if isinstance(self, Folder) else FileKind.IMAGES

    def listed(self, seed: int = 1, **settings: Any) -> list[str]:
        return list(self.source.listed(self.key, self.selection(**settings), seed=seed))

    def entries(self, paths: Sequence[str]) -> list[str]:
        """The paths of the entries that items are, or are with a value, each once."""
        return list(dict.fromkeys(map(self.key.entry, paths)))

    def told(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """The titles of the entries of items, and the values that these are taken with."""
        return [(title_of(self.key.entry(path)), label_in(path)) for path in paths]

    def taken(self, titles: Sequence[str]) -> list[tuple[str, str]]:
        """The same of all items of these entries, in order."""
        labels = [str(value) for value in self.values] or [""]
        if self.by_value:
            return [(title, label) for label in labels for title in titles]
        return [(title, label) for title in titles for label in labels]

    def opened(self, registry: LoopRegistry, path: str) -> Any:
        """What tells an item from others once it is opened."""
        openers: dict[str, Callable[[], Opener]] = {
            IMAGES: lambda: ImageOpener(registry, ReadAhead(MemoryBudget(10**7), read_image)),
            VIDEOS: lambda: film_opener(registry),
            AUDIO: lambda: sound_opener(registry),
            ROWS: lambda: RowOpener(registry, self._rows),
            FRAMES: lambda: FrameOpener(self._frames),
        }
        asked = Asked(self.key, path, self.selection(), self.allowed)
        return self.content(openers[self.kind]().open(asked))


class Folder(Kept):
    """A file for each name."""

    place_name = "files"
    extension: ClassVar[str]

    def write(self) -> None:
        self.place.mkdir(exist_ok=True)
        there = {path.name for path in self.place.iterdir()}
        wanted = {name + self.extension: name for name in self.names}
        for file in there - wanted.keys():
            (self.place / file).unlink()
        for file in wanted.keys() - there:
            (self.place / file).write_bytes(self.data(wanted[file]))

    @abstractmethod
    def data(self, name: str) -> bytes:
        """The content of a name's file."""

    def titles(self) -> list[str]:
        return [name + self.extension for name in self._in_order()]

    def contents(self) -> list[Any]:
        return [self.expected(name) for name in self._in_order()]

    @abstractmethod
    def expected(self, name: str) -> Any:
        """What tells a name's file from others."""

    def _in_order(self) -> list[str]:
        def natural(name: str) -> tuple[str, int]:
            found = re.fullmatch(r"(\D*)(\d*)", name)
            assert found
            return found[1], int(found[2] or 0)

        return sorted(self.names, key=natural)

    def edit(self) -> None:
        (self.place / f"b{self.extension}").write_bytes(self.data("another") + b" ")

    def lose(self) -> None:
        shutil.rmtree(self.place)


class Images(Folder):
    """Each of another colour."""

    kind, extension = IMAGES, ".png"

    def data(self, name: str) -> bytes:
        return _image(colour_of(name))

    def expected(self, name: str) -> Any:
        return colour_of(name)

    def content(self, opened: Any) -> Any:
        return tuple(round(float(value) * 255) for value in opened.image[0, 0, 0])


class Videos(Folder):
    """Of different lengths."""

    kind, extension = VIDEOS, ".mp4"

    def data(self, name: str) -> bytes:
        return _film(self.expected(name))

    def expected(self, name: str) -> Any:
        return 1 + number_of(name, LENGTHS)

    def content(self, opened: Any) -> Any:
        return opened.facts.frames


class Sounds(Folder):
    """Of different lengths."""

    kind, extension = AUDIO, ".wav"

    def data(self, name: str) -> bytes:
        return _sound(self.expected(name))

    def expected(self, name: str) -> Any:
        return 1 + number_of(name, LENGTHS)

    def content(self, opened: Any) -> Any:
        return round(opened.duration * 100)


class Table(Kept):
    """A row for each name."""

    kind = ROWS

    def titles(self) -> list[str]:
        return list(self.names)

    def contents(self) -> list[Any]:
        return list(self.names)

    def content(self, opened: Any) -> Any:
        return opened.text

    def edit(self) -> None:
        self.names[self.names.index("b")] = "bb"
        self.write()


class TableFile(Table):
    """A table whose first row names its columns."""

    def write(self) -> None:
        _replace(self.place, self.data())

    @abstractmethod
    def data(self) -> bytes:
        """The content of the file."""

    def options(self) -> Options:
        return (("header", "first row"),)


class Csv(TableFile):
    place_name = "table.csv"

    def data(self) -> bytes:
        return "".join(f"{name},7\n" for name in ["name", *self.names]).encode()


class JsonLines(TableFile):
    place_name = "table.jsonl"

    def data(self) -> bytes:
        lines = (json.dumps({"name": name, "size": 7}) for name in self.names)
        return "".join(f"{line}\n" for line in lines).encode()


class Workbook(TableFile):
    place_name = "table.xlsx"

    def data(self) -> bytes:
        names = enumerate(["name", *self.names], 1)
        return workbook(("Sheet", [text_cell(f"A{row}", name) for row, name in names]))


class Typed(Table):
    """A text that was typed into the node."""

    place_name = "none"

    @property
    def directory(self) -> str:
        return TYPED_TEXT

    @property
    def place_told(self) -> str:
        return "the text"

    def write(self) -> None:
        """Nothing: it is in the options."""

    def options(self) -> Options:
        return ((TEXT, "\n".join(self.names)),)


class Ranges(Typed):
    """Ranges of three numbers each, in place of the names."""

    def options(self) -> Options:
        return ((TEXT, "\n".join(f"{first} to {first + 2}" for first in self._firsts())),)

    def titles(self) -> list[str]:
        return [str(first + number) for first in self._firsts() for number in range(3)]

    def contents(self) -> list[Any]:
        return self.titles()

    def _firsts(self) -> list[int]:
        return [10 * number_of(name, 10**9) for name in self.names]


class Film(Kept):
    """A frame for each name, which shows a number of its own: any change makes it another film."""

    kind, place_name = FRAMES, "film.mp4"
    frames, overlap = 1, 0

    def write(self) -> None:
        new = self.place.with_name("new.mp4")
        pictures = [numbered(number) for number in self._numbers()]
        make_film(new, "mjpeg", pixels="yuvj420p", pictures=pictures)
        new.replace(self.place)

    def options(self) -> Options:
        return (("frames", str(self.frames)), ("overlap", str(self.overlap)))

    def titles(self) -> list[str]:
        return [f"film_{first:06}" for first in self._firsts()]

    def contents(self) -> list[Any]:
        numbers = self._numbers()
        return [numbers[first : first + self.frames] for first in self._firsts()]

    def content(self, opened: Any) -> Any:
        return [number_in(image) for image in opened.images]

    def edit(self) -> None:
        self.names[self.names.index("b")] = "bb"
        self.write()

    def _firsts(self) -> range:
        return range(0, len(self.names) - self.overlap, self.frames - self.overlap)

    def _numbers(self) -> list[int]:
        return [number_of(name, 1 << BITS) for name in self.names]


class Windows(Film):
    """Windows of frames, which share some."""

    frames, overlap = 3, 1


def _replace(place: Path, data: bytes) -> None:
    """Write under another name first, as editors do: so each version is another file."""
    new = place.with_suffix(".new")
    new.write_bytes(data)
    new.replace(place)


@functools.cache
def _image(colour: tuple[int, int, int]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"
        Image.new("RGB", (4, 4), colour).save(path)
        return path.read_bytes()


@functools.cache
def _film(frames: int) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        return make_film(path, "mjpeg", pixels="yuvj420p", frames=frames).read_bytes()


@functools.cache
def _sound(hundredths: int) -> bytes:
    with TemporaryDirectory() as folder:
        return make_sound(Path(folder) / "sound.wav", sweep(hundredths / 100)).read_bytes()


@dataclass(frozen=True)
class Maker:
    """How items are made."""

    made: type[Kept]
    values: tuple[Cell, ...] = ()
    by_value: bool = False

    def __call__(self, base: Path) -> Kept:
        return self.made(base, self.values, by_value=self.by_value)


VALUES: tuple[Cell, ...] = (0.5, 1, "ink")
MAKERS = {
    "images": Maker(Images),
    "videos": Maker(Videos),
    "sounds": Maker(Sounds),
    "CSV": Maker(Csv),
    "JSON lines": Maker(JsonLines),
    "XLSX": Maker(Workbook),
    "typed text": Maker(Typed),
    "ranges": Maker(Ranges),
    "frames": Maker(Film),
    "windows of frames": Maker(Windows),
    "images with variants": Maker(Images, VALUES),
    "videos value by value": Maker(Videos, VALUES, by_value=True),
    "rows with variants": Maker(Csv, VALUES),
    "frames with variants": Maker(Film, VALUES),
}
"""All kinds, by what they are called in the names of tests."""


def names_of(*made: type, but: tuple[type, ...] = ()) -> list[str]:
    """The kinds of these classes."""
    return [
        name
        for name, maker in MAKERS.items()
        if issubclass(maker.made, made) and not issubclass(maker.made, but)
    ]
