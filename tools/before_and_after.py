"""The pictures of templates: images before and after, drawn from an example's own results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .layout import EXAMPLE_FILM, EXAMPLES

SIDE = 720
_GAP = 12
_TILE = (SIDE - 3 * _GAP) // 2
_LINE = 6
_PAPER, _WHITE, _RED, _GREEN = (32, 33, 36), (255, 255, 255), (226, 88, 88), (75, 170, 110)
_GREY = (120, 124, 130)
_SOURCES = ("img1.png", "img2.png", "img3.webp", "portrait_exif.jpg")
_ROWS = (
    "a red balloon at sunrise",
    "a yellow balloon over the sea",
    "a green balloon above a forest",
    "a blue balloon in the snow",
)
"""Those of the table that an example works on."""
_FRAMES = tuple(f"{EXAMPLE_FILM.stem}_{number:06}" for number in (0, 15, 31, 47))
"""Those of the film that an example works on."""
_LETTERS = 19

Tile = Callable[[str, Path], Image.Image]


def before_and_after(name: str, results: Path) -> Image.Image:
    """A square of four images; usually each is cut from corner to corner, before and after.

    `results` is the folder into which the example called `name` has saved.
    """
    tiles = _TILES.get(name, (_cut,) * 4)
    of_others: dict[Tile, tuple[str, ...]] = {_of_row: _ROWS, _of_frame: _FRAMES}
    sources = of_others.get(tiles[0], _SOURCES)
    picture = Image.new("RGB", (SIDE, SIDE), _PAPER)
    for place, (source, tile) in enumerate(zip(sources, tiles, strict=True)):
        row, column = divmod(place, 2)
        at = (_GAP + column * (_TILE + _GAP), _GAP + row * (_TILE + _GAP))
        picture.paste(tile(source, results), at)
    return picture


def _cut(source: str, results: Path) -> Image.Image:
    """The source above the diagonal, and its result below it."""
    return _halves(_square(_source(source)), _square(_result(source, results)))


def _enlarged(source: str, results: Path) -> Image.Image:
    """The same for the middle of an image, in which the source's pixels can be seen."""
    before, after = _source(source), _result(source, results)
    side = min(before.size) / 2
    left, top = (before.width - side) / 2, (before.height - side) / 2
    halves = []
    for image, how in ((before, Image.Resampling.NEAREST), (after, Image.Resampling.BICUBIC)):
        times = image.width / before.width
        box = (times * left, times * top, times * (left + side), times * (top + side))
        halves.append(image.resize((_TILE, _TILE), how, box))
    return _halves(*halves)


def _with_text(source: str, results: Path) -> Image.Image:
    """The result, with the text that was saved beside it."""
    text = (results / f"{Path(source).stem}.txt").read_text(encoding="utf-8")
    return _above(text, _square(_result(source, results)))


def _of_row(row: str, results: Path) -> Image.Image:
    """The result of a row, as wide as it is for its height, with the text beside it."""
    (path,) = results.glob(f"{row} *.png")
    picture = ImageOps.contain(_opened(path), (_TILE, _TILE))
    tile = Image.new("RGB", (_TILE, _TILE), _PAPER)
    tile.paste(picture, ((_TILE - picture.width) // 2, (_TILE - picture.height) // 2))
    return _above(path.with_suffix(".txt").read_text(encoding="utf-8"), tile)


def _of_frame(frame: str, results: Path) -> Image.Image:
    """A frame of the film above the diagonal, and its result below it."""
    number = int(frame.rpartition("_")[2])
    with av.open(str(EXAMPLE_FILM)) as film:
        before = list(film.decode(video=0))[number].to_image()
    return _halves(_square(before), _square(_opened(results / "frames" / f"{frame}.png")))


def _above(text: str, tile: Image.Image) -> Image.Image:
    """The tile, with a text below it."""
    draw = ImageDraw.Draw(tile)
    draw.rectangle([0, _TILE - 3 * _LETTERS, _TILE, _TILE], fill=_PAPER)
    font = ImageFont.load_default(_LETTERS)
    middle = (_TILE // 2, _TILE - 3 * _LETTERS // 2)
    draw.text(middle, text, fill=_WHITE, font=font, anchor="mm")
    return tile


def _with_values(source: str, results: Path) -> Image.Image:
    """The results of all values, a strip of each."""
    found = sorted(results.glob(f"{Path(source).stem} · *"))
    tile, width = Image.new("RGB", (_TILE, _TILE), _WHITE), _TILE // len(found)
    for place, path in enumerate(found):
        box = (place * width, 0, (place + 1) * width - _LINE, _TILE)
        tile.paste(_square(_opened(path)).crop(box), box)
    return tile


def _done(source: str, results: Path) -> Image.Image:
    """The result, with a tick."""
    tile = _square(_result(source, results))
    draw = ImageDraw.Draw(tile)
    draw.ellipse([_TILE - 76, _TILE - 76, _TILE - 16, _TILE - 16], fill=_GREEN)
    tick = [(_TILE - 62, _TILE - 46), (_TILE - 50, _TILE - 34), (_TILE - 30, _TILE - 60)]
    draw.line(tick, fill=_WHITE, width=_LINE, joint="curve")
    return tile


def _failed(source: str, results: Path) -> Image.Image:  # noqa: ARG001 - it has no result
    """A grey source, crossed out."""
    tile = ImageOps.grayscale(_square(_source(source))).convert("RGB")
    draw = ImageDraw.Draw(tile)
    for ends in ([110, 110, _TILE - 110, _TILE - 110], [_TILE - 110, 110, 110, _TILE - 110]):
        draw.line(ends, fill=_RED, width=4 * _LINE)
    return tile


def _to_come(source: str, results: Path) -> Image.Image:  # noqa: ARG001 - it is not there yet
    """An empty frame with a plus sign."""
    tile = Image.new("RGB", (_TILE, _TILE), _PAPER)
    draw = ImageDraw.Draw(tile)
    draw.rounded_rectangle([8, 8, _TILE - 8, _TILE - 8], 24, outline=_GREY, width=_LINE)
    middle = _TILE // 2
    draw.line([middle, middle - 60, middle, middle + 60], fill=_GREY, width=2 * _LINE)
    draw.line([middle - 60, middle, middle + 60, middle], fill=_GREY, width=2 * _LINE)
    return tile


_TILES: dict[str, tuple[Tile, Tile, Tile, Tile]] = {
    "Prompts from a table": (_of_row, _of_row, _of_row, _of_row),
    "Save a caption for each image": (_with_text, _with_text, _with_text, _with_text),
    "Upscale folder": (_enlarged, _enlarged, _enlarged, _enlarged),
    "Make only what is missing": (_done, _done, _done, _cut),
    "Retry images that failed": (_cut, _cut, _failed, _cut),
    "A film, frame by frame": (_of_frame,) * 4,
    "Every image with every value": (_with_values,) * 4,
    "Watch a folder for new images": (_cut, _cut, _cut, _to_come),
}


def _source(source: str) -> Image.Image:
    return _opened(EXAMPLES / "images" / source)


def _result(source: str, results: Path) -> Image.Image:
    """The first result of a source."""
    stem = Path(source).stem
    found = sorted(path for path in results.glob(f"{stem}*") if path.suffix != ".txt")
    return _opened(next(path for path in found if path.stem[len(stem) :][:1] in {"", "_"}))


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _square(image: Image.Image) -> Image.Image:
    return ImageOps.fit(image, (_TILE, _TILE), Image.Resampling.LANCZOS)


def _halves(before: Image.Image, after: Image.Image) -> Image.Image:
    below = Image.new("L", before.size, 0)
    ImageDraw.Draw(below).polygon([(_TILE, 0), (_TILE, _TILE), (0, _TILE)], fill=255)
    whole = Image.composite(after, before, below)
    ImageDraw.Draw(whole).line([(_TILE, 0), (0, _TILE)], fill=_WHITE, width=_LINE)
    return whole
