"""A walk for every kind of item: from nothing to a running batch, with mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable

from batch_loop.tests.browser.hand import Hand
from batch_loop.tests.support.locales import ENGLISH, tree
from batch_loop.tests.support.small_batches import MADE, SmallBatch

DIRECTORY = "BatchLoopDirectoryIterator"
ROWS = "BatchLoopRowIterator"
VIDEOS = "BatchLoopVideoIterator"
SOUNDS = "BatchLoopAudioIterator"
FRAMES = "BatchLoopFrameIterator"
ROW_VALUE = "BatchLoopRowValue"
COMPANION_IMAGE = "BatchLoopCompanionImage"
COMPANION_TEXT = "BatchLoopCompanionText"
VARIANTS = "BatchLoopVariants"
VARIANT_VALUE = "BatchLoopVariantValue"
SAVE_IMAGE = "BatchLoopSaveImage"
SAVE_TEXT = "BatchLoopSaveText"
SAVE_VIDEO = "BatchLoopSaveVideo"
ASSEMBLE = "BatchLoopAssembleVideo"
SHEET = "BatchLoopContactSheet"

SEARCHED = {DIRECTORY: "iterator", ROWS: "rows", VIDEOS: "videos", SOUNDS: "audio"}
"""Where among the pack's texts it is said what the search shows of an iterator."""

Walk = Callable[[Hand, SmallBatch], None]
"""Ends once everything but Run is done."""


def iterator(hand: Hand, node_type: str, source: str) -> None:
    """Add an iterator to what is on the canvas, and choose what it reads."""
    hand.add(node_type, tree(ENGLISH, "main")["batchLoop"]["search"][SEARCHED[node_type]])
    hand.choose_place(node_type, source)


def saver(hand: Hand, batch: SmallBatch, node_type: str, after: str) -> None:
    """Have an iterator's card add the saver."""
    hand.press("Add", after)
    hand.type_into(node_type, "folder", batch.name)


def images(hand: Hand, batch: SmallBatch) -> None:
    """Two nodes."""
    hand.clear()
    iterator(hand, DIRECTORY, batch.source)
    saver(hand, batch, SAVE_IMAGE, DIRECTORY)


def companions(hand: Hand, batch: SmallBatch) -> None:
    """The template's masks are saved themselves, and captions beside them."""
    hand.open_template("Inpaint by masks", DIRECTORY)
    hand.choose_place(DIRECTORY, batch.source)
    hand.type_into(COMPANION_IMAGE, "pattern", "masks/{stem}.png")
    hand.wire(COMPANION_IMAGE, "image", SAVE_IMAGE, "image")
    hand.type_into(SAVE_IMAGE, "folder", batch.name)
    hand.add(COMPANION_TEXT)
    hand.wire(DIRECTORY, "loop", COMPANION_TEXT, "loop")
    hand.add(SAVE_TEXT)
    hand.wire(DIRECTORY, "loop", SAVE_TEXT, "loop")
    hand.wire(COMPANION_TEXT, "text", SAVE_TEXT, "text")
    hand.choose(SAVE_TEXT, "save_to", "folder")
    hand.type_into(SAVE_TEXT, "folder", batch.name)


def rows(hand: Hand, batch: SmallBatch) -> None:
    """A column of a table is the width of a picture."""
    hand.clear()
    iterator(hand, ROWS, batch.source)
    hand.add(ROW_VALUE)
    hand.wire(ROWS, "row", ROW_VALUE, "row")
    hand.choose(ROW_VALUE, "column", "width")
    hand.add("EmptyImage")
    hand.wire(ROW_VALUE, "int", "EmptyImage", "width")
    hand.type_into("EmptyImage", "height", 8)
    saver(hand, batch, SAVE_IMAGE, ROWS)


def pairs(hand: Hand, batch: SmallBatch) -> None:
    """Images and rows meet in a node that scales the image."""
    hand.clear()
    iterator(hand, DIRECTORY, batch.source)
    hand.add("ImageScale")
    hand.wire(DIRECTORY, "image", "ImageScale", "image")
    hand.type_into("ImageScale", "height", 8)
    iterator(hand, ROWS, f"{batch.name}/rows.csv")
    hand.add(ROW_VALUE)
    hand.wire(ROWS, "row", ROW_VALUE, "row")
    hand.choose(ROW_VALUE, "column", "width")
    hand.wire(ROW_VALUE, "int", "ImageScale", "width")
    saver(hand, batch, SAVE_IMAGE, DIRECTORY)


def videos(hand: Hand, batch: SmallBatch) -> None:
    """Two nodes."""
    hand.clear()
    iterator(hand, VIDEOS, batch.source)
    saver(hand, batch, SAVE_VIDEO, VIDEOS)


def sounds(hand: Hand, batch: SmallBatch) -> None:
    """What is saved as a text only the user knows."""
    hand.clear()
    iterator(hand, SOUNDS, batch.source)
    hand.press("Add", SOUNDS)
    hand.wire(SOUNDS, "filename", SAVE_TEXT, "text")
    hand.choose(SAVE_TEXT, "save_to", "folder")
    hand.type_into(SAVE_TEXT, "folder", batch.name)


def frames(hand: Hand, batch: SmallBatch) -> None:
    """The template, with the frames as they are."""
    hand.open_template("A film, frame by frame", FRAMES)
    hand.choose_place(FRAMES, batch.source)
    hand.wire(FRAMES, "image", SAVE_IMAGE, "image")
    hand.type_into(SAVE_IMAGE, "folder", batch.name)
    hand.type_into(ASSEMBLE, "folder", f"{batch.name}/{MADE}")


def windows(hand: Hand, batch: SmallBatch) -> None:
    """The same with several frames a run."""
    frames(hand, batch)
    for name, value in batch.settings.items():
        hand.type_into(FRAMES, name, value)


def variants(hand: Hand, batch: SmallBatch) -> None:
    """The template, with another node that the value goes to, and a sheet without labels."""
    hand.open_template("Every image with every value", DIRECTORY)
    hand.choose_place(DIRECTORY, batch.source)
    hand.type_into(VARIANTS, "values", "0.5\n1")
    hand.add("ImageScaleBy")
    hand.wire(DIRECTORY, "image", "ImageScaleBy", "image")
    hand.wire(VARIANT_VALUE, "float", "ImageScaleBy", "scale_by")
    hand.wire("ImageScaleBy", "IMAGE", SAVE_IMAGE, "image")
    hand.type_into(SAVE_IMAGE, "folder", batch.name)
    hand.type_into(SHEET, "folder", f"{batch.name}/{MADE}")
    hand.type_into(SHEET, "size", 64)
    hand.switch(SHEET, "labels", on=False)


WALKS: dict[str, Walk] = {
    "images": images,
    "images with companions": companions,
    "rows": rows,
    "images in pairs with rows": pairs,
    "videos": videos,
    "sounds": sounds,
    "frames": frames,
    "windows of frames": windows,
    "images with variants": variants,
}
"""Of each of `KINDS`, by its name there."""
