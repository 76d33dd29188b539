"""Where the savers put their results, and how they name them, by their inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.combo_choice import chosen
from ..model.formats import Format, SaveTo, TextExtension
from ..model.result_names import ResultName, saved_as, text_saved_as
from .allowed_paths import AllowedFolders, resolve_target


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
