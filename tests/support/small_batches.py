"""Small batches of every kind on a real server: what each reads, does, and leaves behind."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import av
from PIL import Image

from batch_loop.tests.support.clips import make_clip, make_sound, sweep
from batch_loop.tests.support.films import FPS, clicks_in, make_film, numbers_in, shown_in
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    SAVE,
    STOP,
    WORK,
    Graph,
    node,
)
from batch_loop.tests.support.images import colour_of, write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.node_snapshot import SNAPSHOT
from batch_loop.tools.server import ComfyServer

ITEMS = 10
RECORD, MADE = "record", "made"
OTHER = "other"
CLICK_AT = 0.2
"""Seconds."""

Work = Callable[[list[Any]], dict[str, Any]]
"""Makes the node that works on an item, from what it takes."""

IMAGES = [f"img{number}.png" for number in range(1, ITEMS + 1)]


class SmallBatch(ABC):
    """A batch of one kind; its folders on a server are named after it."""

    iterator: ClassVar[str]
    """The iterator's class."""
    place: ClassVar[str] = "directory"
    """The iterator's input that says where its items are."""
    file: ClassVar[str] = ""
    """The file in the input folder that all items are in; empty if each is one."""
    worked_on: ClassVar[tuple[str, int]] = (ITERATOR, 1)
    """The output that the node WORK passes on."""
    items: ClassVar[int] = ITEMS
    """How many items there are."""

    def __init__(self, name: str, server: ComfyServer) -> None:
        self.name = name
        self.input = server.input / name
        self.output = server.output / name
        self.input.mkdir()
        self.write()

    @property
    def source(self) -> str:
        """What the iterator's `place` is in a workflow."""
        return f"{self.name}/{self.file}" if self.file else self.name

    @property
    def settings(self) -> dict[str, Any]:
        """Other inputs of the iterator."""
        return {}

    @abstractmethod
    def write(self) -> None:
        """Write what the batch reads."""

    def titles(self) -> list[str]:
        """The titles of the items, in order."""
        return list(IMAGES)

    def before(self) -> Graph:
        """The nodes between the iterator and the work."""
        return {}

    @abstractmethod
    def saving(self) -> Graph:
        """The savers of what the work passes on, of which SAVE is one."""

    @abstractmethod
    def check(self) -> None:
        """Every result is there, whole and of its own item; and there is nothing else."""

    def graph(self, client: ComfyClient, work: Work, record: Path) -> Graph:
        """The workflow, which records each item, once it is saved, in a file for `titles_in`."""
        outputs = json.loads(SNAPSHOT.read_text("utf-8"))[self.iterator]["outputs"]
        status = [name for name, _ in outputs].index("status")
        # It is the same for all items, and so makes nothing run that would not run without it.
        same = {"image": ["same", 0], "after": [SAVE, 0], "path": str(record)}
        graph = {
            ITERATOR: node(self.iterator, **{self.place: self.source}, **self.settings),
            **self.before(),
            WORK: work(list(self.worked_on)),
            **self.saving(),
            "same": node("EmptyImage", width=8, height=8),
            RECORD: node("TestRecord", text=[ITERATOR, status], **same),
        }
        return filled_in(client, graph)

    def wait_until_done(self, client: ComfyClient) -> None:
        """Wait until a server has noted how all prompts ended; then every item is done."""

        def settled() -> list[dict[str, Any]]:
            told = client.get_json("/batch_loop/loops")["loops"]
            loops = [loop for loop in told if f"/{self.name}/" in f"{loop['directory']}/"]
            return [] if any(loop["running"] or loop["finishing"] for loop in loops) else loops

        for loop in wait_for(settled, "the last item"):
            assert (loop["done"], loop["failed"], loop["complete"]) == (self.items, 0, True)

    def at_the_end(self, maker: str, **settings: Any) -> Graph:
        """The nodes that find the end of the batch, and one that makes a whole of its results."""
        inputs = {"complete": [COMPLETE, 0], "loop": [END, 0], "folder": f"{self.name}/{MADE}"}
        return {
            END: node("BatchLoopLoopEnd", loop=[ITERATOR, 0], after=[SAVE, 0]),
            COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
            STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
            MADE: node(maker, **inputs, **settings),
        }

    def image_saver(self) -> dict[str, Any]:
        """A saver of images."""
        return node("BatchLoopSaveImage", image=[WORK, 0], loop=[ITERATOR, 0], folder=self.name)

    def text_saver(self, text: list[Any]) -> dict[str, Any]:
        """A saver of texts."""
        where = {"save_to": "folder", "folder": self.name}
        return node("BatchLoopSaveText", text=text, loop=[ITERATOR, 0], **where)

    def files(self, extension: str = "") -> list[Path]:
        """All results with an extension, hidden files included, in the order of their names."""
        return sorted(
            path
            for path in self.output.iterdir()
            if path.is_file() and path.name.endswith(extension)
        )

    def check_names(self, names: Sequence[str]) -> None:
        """The files in the folder of results are these."""
        assert [path.name for path in self.files()] == sorted(names)


def slow(seconds: float, value: list[Any]) -> dict[str, Any]:
    """A node that works for some time on any value."""
    return node("TestSlow", value=value, seconds=seconds)


def titles_in(records: Sequence[str]) -> list[str]:
    """The titles of the recorded items."""
    return [line.partition(": ")[2] for line in records]


def _colours(paths: Sequence[Path]) -> dict[str, Any]:
    """The first pixel, and the size, of each image by its stem."""
    found = {}
    for path in paths:
        with Image.open(path) as image:
            found[path.stem] = (image.getpixel((0, 0)), image.size)
    return found


class OfImages(SmallBatch):
    """Directory Iterator, some work and a saver."""

    iterator = "BatchLoopDirectoryIterator"

    def write(self) -> None:
        write_images(self.input, IMAGES, (16, 16))

    def saving(self) -> Graph:
        return {SAVE: self.image_saver()}

    def check(self) -> None:
        self.check_names(IMAGES)
        assert _colours(self.files()) == {
            Path(name).stem: (colour_of(name), (16, 16)) for name in IMAGES
        }


class OfCompanions(OfImages):
    """Each image with its mask and its caption: both are saved."""

    worked_on = ("shown", 0)

    def write(self) -> None:
        super().write()
        (self.input / "masks").mkdir()
        for number, name in enumerate(IMAGES, 1):
            Image.new("L", (16, 16), 20 * number).save(self.input / "masks" / name)
            (self.input / name).with_suffix(".txt").write_text(f"caption of {name}", "utf-8")

    def before(self) -> Graph:
        loop = [ITERATOR, 0]
        return {
            "mask": node("BatchLoopCompanionImage", loop=loop, pattern="masks/{stem}.png"),
            "shown": node("MaskToImage", mask=["mask", 1]),
            "caption": node("BatchLoopCompanionText", loop=loop, pattern="{stem}.txt"),
        }

    def saving(self) -> Graph:
        return {SAVE: self.image_saver(), "texts": self.text_saver(["caption", 0])}

    def check(self) -> None:
        stems = [Path(name).stem for name in IMAGES]
        self.check_names([*IMAGES, *(f"{stem}.txt" for stem in stems)])
        greys = {stem: 20 * number for number, stem in enumerate(stems, 1)}
        assert _colours(self.files(".png")) == {
            stem: ((grey,) * 3, (16, 16)) for stem, grey in greys.items()
        }
        assert [path.read_text("utf-8") for path in self.files(".txt")] == [
            f"caption of {path.stem}.png" for path in self.files(".txt")
        ]


class OfRows(SmallBatch):
    """A picture for each row of a table, of the width in it."""

    iterator, place, file = "BatchLoopRowIterator", "file", "rows.csv"
    worked_on = ("picture", 0)

    @property
    def settings(self) -> dict[str, Any]:
        return {"header": "first row"}

    def write(self) -> None:
        rows = [f"a prompt {number},{8 * number}" for number in range(1, ITEMS + 1)]
        (self.input / self.file).write_text("\n".join(["prompt,width", *rows]), "utf-8")

    def titles(self) -> list[str]:
        return [f"a prompt {number}" for number in range(1, ITEMS + 1)]

    def before(self) -> Graph:
        return {
            "width": node("BatchLoopRowValue", row=[ITERATOR, 1], column="width"),
            "picture": node("EmptyImage", width=["width", 1], height=8),
        }

    def saving(self) -> Graph:
        return {SAVE: self.image_saver()}

    def check(self) -> None:
        # A row's file has a digest behind its title.
        found = [(path.stem.rpartition(" ")[0], size) for path, size in self._sizes()]
        assert sorted(found) == sorted(
            (title, (8 * number, 8)) for number, title in enumerate(self.titles(), 1)
        )

    def _sizes(self) -> list[tuple[Path, tuple[int, int]]]:
        found = []
        for path in self.files():
            with Image.open(path) as image:
                found.append((path, image.size))
        return found


class OfPairs(OfImages):
    """Each image with the row at its place, which says how wide its result is."""

    worked_on = ("scaled", 0)

    def write(self) -> None:
        super().write()
        widths = [str(8 * number) for number in range(1, ITEMS + 1)]
        (self.input / "rows.csv").write_text("\n".join(["width", *widths]), "utf-8")

    def before(self) -> Graph:
        how = {"upscale_method": "nearest-exact", "crop": "disabled"}
        return {
            OTHER: node("BatchLoopRowIterator", file=f"{self.name}/rows.csv", header="first row"),
            "width": node("BatchLoopRowValue", row=[OTHER, 1], column="width"),
            "scaled": node("ImageScale", image=[ITERATOR, 1], width=["width", 1], height=8, **how),
        }

    def check(self) -> None:
        self.check_names(IMAGES)
        assert _colours(self.files()) == {
            Path(name).stem: (colour_of(name), (8 * number, 8))
            for number, name in enumerate(IMAGES, 1)
        }


class OfVideos(SmallBatch):
    """Each video as it is."""

    iterator = "BatchLoopVideoIterator"
    names = tuple(f"clip{number}.mp4" for number in range(1, ITEMS + 1))

    def write(self) -> None:
        for number, name in enumerate(self.names):
            make_clip(self.input / name, seed=number, frames=4)

    def titles(self) -> list[str]:
        return list(self.names)

    def saving(self) -> Graph:
        inputs = {"video": [WORK, 0], "loop": [ITERATOR, 0], "folder": self.name}
        return {SAVE: node("BatchLoopSaveVideo", **inputs)}

    def check(self) -> None:
        self.check_names(self.names)
        for name in self.names:
            assert _packets(self.output / name) == _packets(self.input / name)


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(video=0)]


class OfSounds(SmallBatch):
    """A text for each sound, as for captions."""

    iterator = "BatchLoopAudioIterator"
    worked_on = (ITERATOR, 2)
    names = tuple(f"sound{number}.wav" for number in range(1, ITEMS + 1))

    def write(self) -> None:
        for number, name in enumerate(self.names, 1):
            make_sound(self.input / name, sweep(number / 100))

    def titles(self) -> list[str]:
        return list(self.names)

    def before(self) -> Graph:
        return {"heard": node("TestSlow", value=[ITERATOR, 1], seconds=0.0)}

    def saving(self) -> Graph:
        return {SAVE: self.text_saver([WORK, 0])}

    def check(self) -> None:
        self.check_names([str(Path(name).with_suffix(".txt")) for name in self.names])
        for path in self.files():
            assert path.read_text("utf-8") == f"{path.stem}.wav"


class OfFrames(SmallBatch):
    """A film made of the frames of another, which has sound, and a pause after every fourth."""

    iterator, place, file = "BatchLoopFrameIterator", "film", "clip.mp4"
    frames = ITEMS

    def write(self) -> None:
        times = self.times()
        sound = {"sound": (times[-1] + 1) / FPS, "clicks": (CLICK_AT,)}
        options = {"bf": "3", "g": "6"}
        make_film(self.input / self.file, frames=self.frames, times=times, options=options, **sound)

    def times(self) -> list[int]:
        """When each frame is shown, in 25ths of a second."""
        return [number + number // 4 for number in range(self.frames)]

    def titles(self) -> list[str]:
        return [f"clip_{number:06}" for number in range(self.frames)]

    def saving(self) -> Graph:
        return {SAVE: self.image_saver(), **self.at_the_end("BatchLoopAssembleVideo")}

    def results(self) -> dict[str, int]:
        """The names of the results, and the frame that each is."""
        return {f"{title}.png": number for number, title in enumerate(self.titles())}

    def check(self) -> None:
        self.check_names(list(self.results()))
        assert numbers_in(self.output) == list(self.results().values())
        made = self.output / MADE / self.file
        assert list(made.parent.iterdir()) == [made]
        assert shown_in(made) == (list(range(self.frames)), self.times())
        (click,) = clicks_in(made)
        assert abs(click - CLICK_AT) < 1 / FPS


class OfWindows(OfFrames):
    """The same by windows of three frames, of which each shares one with the next."""

    frames = 2 * ITEMS + 1

    @property
    def settings(self) -> dict[str, Any]:
        return {"frames": 3, "overlap": 1}

    def titles(self) -> list[str]:
        return [f"clip_{first:06}" for first in self._firsts()]

    def results(self) -> dict[str, int]:
        return {
            f"clip_{first:06}_{place + 1}.png": first + place
            for first in self._firsts()
            for place in range(3)
        }

    def _firsts(self) -> range:
        return range(0, self.frames - 1, 2)


class OfVariants(SmallBatch):
    """Each of five images in two sizes, and a sheet of all of them."""

    iterator = "BatchLoopDirectoryIterator"
    worked_on = ("scaled", 0)
    names = tuple(IMAGES[: ITEMS // 2])
    values = ("0.5", "1")

    @property
    def settings(self) -> dict[str, Any]:
        return {"variants": ["variants", 0]}

    def write(self) -> None:
        write_images(self.input, self.names, (64, 64))

    def titles(self) -> list[str]:
        return [f"{Path(name).stem} · {value}.png" for name in self.names for value in self.values]

    def before(self) -> Graph:
        how = {"upscale_method": "nearest-exact", "scale_by": ["value", 2]}
        return {
            "variants": node("BatchLoopVariants", values="\n".join(self.values)),
            "value": node("BatchLoopVariantValue", loop=[ITERATOR, 0]),
            "scaled": node("ImageScaleBy", image=[ITERATOR, 1], **how),
        }

    def saving(self) -> Graph:
        sheet = self.at_the_end("BatchLoopContactSheet", size=64, labels=False)
        return {SAVE: self.image_saver(), **sheet}

    def check(self) -> None:
        self.check_names(self.titles())
        assert _colours(self.files()) == {
            f"{Path(name).stem} · {value}": (colour_of(name), (round(64 * float(value)),) * 2)
            for name in self.names
            for value in self.values
        }
        self._check_sheet()

    def _check_sheet(self) -> None:
        """Each result is in its place: pictures of 64 pixels at most, with 8 between them."""
        (path,) = (self.output / MADE).iterdir()
        assert path.name == f"{self.name}.png"
        with Image.open(path) as sheet:
            assert sheet.size == (8 + 72 * len(self.values), 8 + 72 * len(self.names))
            for row, name in enumerate(self.names):
                for column, value in enumerate(self.values):
                    centre = (8 + 72 * column + 32, 8 + 72 * row + 32)
                    half = round(32 * float(value))
                    edge = (centre[0] - half + 1, centre[1])
                    assert sheet.getpixel(centre) == sheet.getpixel(edge) == colour_of(name)
                    beside = sheet.getpixel((centre[0] - half - 2, centre[1]))
                    assert beside == (32, 32, 36)


class OfManyVariants(OfVariants):
    """Each of eight images in five sizes: forty results, and a sheet of all of them."""

    names = tuple(IMAGES[:8])
    values = ("0.25", "0.375", "0.5", "0.75", "1")
    items = 40


KINDS: dict[str, type[SmallBatch]] = {
    "images": OfImages,
    "images with companions": OfCompanions,
    "rows": OfRows,
    "images in pairs with rows": OfPairs,
    "videos": OfVideos,
    "sounds": OfSounds,
    "frames": OfFrames,
    "windows of frames": OfWindows,
    "images with variants": OfVariants,
}
"""All of them, by what they are called in the names of tests."""
