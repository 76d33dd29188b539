"""Where results go and how they are named, by the inputs of the nodes that save them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..common.combo_choice import chosen
from ..common.errors import InvalidSetting, PathRefused
from ..files.allowed_paths import AllowedFolders, resolve_target
from ..graph.links import Graph, is_link
from ..graph.savers import NAMING_INPUTS, rank_of, savers_of, saves_text, saves_video
from ..model.formats import Format, SaveTo, TextExtension, VideoContainer
from ..model.if_exists import IfExists
from ..model.result_names import (
    PATTERN_EXAMPLE,
    ResultName,
    check_length,
    parts_of_pattern,
    saved_as,
    text_saved_as,
    video_saved_as,
)
from .caption import has_caption


def image_name(
    inputs: Mapping[str, Any], allowed: AllowedFolders, rank: int, *, caption: bool = False
) -> ResultName:
    """The names of the images of a Save Image (Batch) with these inputs, or of their captions.

    `rank` is as in `saved_as`. Raises `InvalidSetting` and `PathRefused`.
    """
    return saved_as(
        resolve_target(str(inputs["folder"]), allowed),
        prefix=str(inputs["prefix"]),
        suffix=str(inputs["suffix"]),
        format=chosen(Format, inputs["format"], "format"),
        keep_subfolders=bool(inputs["keep_subfolders"]),
        rank=rank,
        caption=caption,
    )


def text_name(
    inputs: Mapping[str, Any], directory: str, allowed: AllowedFolders, rank: int
) -> ResultName:
    """The names of the texts of a Save Text (Batch) with these inputs, see `image_name`.

    `directory` is the real path of the loop's folder: images may be read from folders that may not
    be written.
    """
    is_beside = chosen(SaveTo, inputs["save_to"], "save_to") is SaveTo.SOURCE
    return text_saved_as(
        resolve_target(directory if is_beside else str(inputs["folder"]), allowed),
        prefix=str(inputs["prefix"]),
        suffix=str(inputs["suffix"]),
        extension=chosen(TextExtension, inputs["extension"], "extension").value,
        keep_subfolders=is_beside or bool(inputs["keep_subfolders"]),
        rank=rank,
    )


def video_name(inputs: Mapping[str, Any], allowed: AllowedFolders, rank: int) -> ResultName:
    """The names of the films of a Save Video (Batch) with these inputs, see `image_name`."""
    return video_saved_as(
        resolve_target(str(inputs["folder"]), allowed),
        prefix=str(inputs["prefix"]),
        suffix=str(inputs["suffix"]),
        container=chosen(VideoContainer, inputs["container"], "container"),
        keep_subfolders=bool(inputs["keep_subfolders"]),
        rank=rank,
    )


def expected_results(
    graph: Graph, iterator: str, finished_as: str, directory: str, allowed: AllowedFolders
) -> tuple[ResultName, ...]:
    """The names of a Directory Iterator's results: an image is finished when all of them exist.

    They come from the pattern `finished_as` or, if that is empty, from every saver in `graph` whose
    `loop` leads back to the node `iterator`: its image, and its caption if any, or its text.
    `directory` is the real path of the images' folder.

    Raises `InvalidSetting` if neither tells, `PathRefused` for a folder that may not be used.
    """
    if finished_as.strip():
        return (_by_pattern(finished_as.strip(), allowed),)
    names = {
        name
        for saver, inputs in savers_of(graph, iterator)
        for name in _by_saver(graph, saver, inputs, directory, allowed)
    }
    if not names:
        message = (
            "skip_finished is on, and nothing tells how results are named: no Save Image (Batch), "
            "Save Text (Batch) or Save Video (Batch) has a loop that comes from this iterator, and "
            "finished_as is empty. Add "
            f"that node, or write in finished_as how results are named, such as {PATTERN_EXAMPLE}"
        )
        raise InvalidSetting(message)
    return tuple(sorted(names))


def _by_pattern(text: str, allowed: AllowedFolders) -> ResultName:
    check_length("finished_as", text)
    parts = parts_of_pattern(text.replace(os.sep, "/"))
    folder, slash, rest = parts[0].rpartition("/")
    if any(":" in part for part in (rest, *parts[1:])):
        message = (
            f"finished_as was {text!r}: a colon may only stand in the folder that it begins with, "
            "as Windows takes what follows one for another place. Write the name without it."
        )
        raise PathRefused(message)
    if any(step == ".." for part in parts[1:] for step in part.split("/")):
        message = (
            f"finished_as was {text!r}: .. may only stand before the first name in braces. "
            "Write the folder itself."
        )
        raise PathRefused(message)
    return ResultName(resolve_target(folder or slash, allowed), (rest, *parts[1:]))


def _by_saver(
    graph: Graph, saver: str, inputs: Mapping[str, Any], directory: str, allowed: AllowedFolders
) -> Iterator[ResultName]:
    is_text, is_video = saves_text(graph, saver), saves_video(graph, saver)
    what = "Text" if is_text else "Video" if is_video else "Image"
    title = f"Save {what} (Batch) #{saver}"
    for name in NAMING_INPUTS[graph[saver]["class_type"]]:
        if name not in inputs or is_link(inputs[name]):
            message = (
                f"skip_finished is on, and {name} of {title} is "
                f"{'linked to another node' if name in inputs else 'missing'}, so that the names "
                f"of results are not known before it runs. Enter {name} there, or write in "
                "finished_as how results are named, such as upscaled/{stem}.png"
            )
            raise InvalidSetting(message)
    rank = rank_of(graph, saver)
    if is_text:
        yield text_name(inputs, directory, allowed, rank)
        return
    if is_video:
        yield video_name(inputs, allowed, rank)
        return
    image = image_name(inputs, allowed, rank)
    if not has_caption(inputs):
        yield image
        return
    # Where the saver only keeps the sources themselves, what it writes beside them tells.
    if inputs.get("if_exists") != IfExists.SKIP.value or image != _sources_in(directory):
        yield image
    yield image_name(inputs, allowed, rank, caption=True)


def _sources_in(directory: str) -> ResultName:
    """The names of the images of a folder, where each has the format that it is saved in."""
    return saved_as(directory, prefix="", suffix="", format=Format.SOURCE, keep_subfolders=True)
