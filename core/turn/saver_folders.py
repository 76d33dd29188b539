"""Checks of what savers cannot save, or not there, before any image is handed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..common.errors import BatchLoopError, InvalidSetting, PathRefused
from ..files.allowed_paths import AllowedFolders, resolve_target
from ..graph.iterators import is_iterator
from ..graph.links import is_link, linked, name_of
from ..graph.required_nodes import Submission
from ..graph.savers import BESIDE_THE_SOURCE, is_saver, savers_of, saves_text
from ..media.formats.encode import no_room_for_mask
from ..model.formats import NO_AVIF, WITHOUT_ALPHA, Format, can_write_avif
from .linked_inputs import Known, Wanted

_FOLDER = "folder"
MASK_INPUT = "mask"
"""The input of Save Image (Batch) for the transparency."""


def check_format(inputs: Mapping[str, Any]) -> None:
    """Raise InvalidSetting if a Save Image (Batch) cannot save in its format.

    This Pillow may not write AVIF, or it has a mask, and a format without transparency. With Same
    as source the latter depends on the image, and the saver itself finds out.
    """
    if inputs.get("format") == Format.AVIF.value and not can_write_avif():
        raise InvalidSetting(NO_AVIF)
    format_ = next((each for each in WITHOUT_ALPHA if each.value == inputs.get("format")), None)
    if format_ is not None and is_link(inputs.get(MASK_INPUT)):
        raise InvalidSetting(no_room_for_mask(format_))


def check_saver_folders(submission: Submission, iterator: str, allowed: AllowedFolders) -> None:
    """Raise an error if a saver that `iterator` feeds refuses its folder, format or mask.

    ComfyUI would only leave that node out, and run the rest. A saver that is not asked for may have
    any folder; for a folder that comes from another node see `wanted_folders`.
    """
    for saver in _savers(submission, iterator):
        try:
            check_format(submission.graph[saver].get("inputs", {}))
        except InvalidSetting as error:
            name = name_of(submission.graph, saver)
            raise InvalidSetting(f"No image is handed out, as of {name}: {error}") from error
    for saver, folder in _folders(submission, iterator):
        if not is_link(folder):
            try:
                resolve_target(str(folder), allowed)
            except BatchLoopError as error:
                raise PathRefused(_refused(name_of(submission.graph, saver))) from error


def wanted_folders(submission: Submission, iterator: str, known: Known) -> list[Wanted]:
    """Folders that are not known yet, as they come from other nodes, but depend on no image."""
    graph = submission.graph
    return [
        Wanted(saver, _FOLDER, folder)
        for saver, folder in _folders(submission, iterator)
        if is_link(folder)
        and _FOLDER not in known(saver)
        and all(not is_iterator(graph, each) for each in linked(graph, folder[0]))
    ]


def check_known_folders(
    submission: Submission, iterator: str, known: Known, allowed: AllowedFolders
) -> None:
    """Like `check_saver_folders`, for known folders that come from other nodes."""
    for saver_id, _ in _folders(submission, iterator):
        for folder in known(saver_id).get(_FOLDER, ()):
            try:
                resolve_target(str(folder), allowed)
            except BatchLoopError as error:
                saver = name_of(submission.graph, saver_id)
                raise PathRefused(
                    _refused_link(saver, str(error)),
                    elsewhere=_refused_link(saver, error.elsewhere),
                ) from error


def _folders(submission: Submission, iterator: str) -> Iterator[tuple[str, Any]]:
    """The savers fed by `iterator` that are to run, with the folders that they use."""
    for saver in _savers(submission, iterator):
        inputs = submission.graph[saver].get("inputs", {})
        folder = inputs.get(_FOLDER)
        if folder is not None and inputs.get("save_to") != BESIDE_THE_SOURCE:
            yield saver, folder


def check_beside(
    submission: Submission, iterator: str, folder: str, allowed: AllowedFolders
) -> None:
    """Raise PathRefused if a text would go beside the images of `iterator`, and may not.

    `folder` is the real path of its folder: some folders may be read and not written.
    """
    graph = submission.graph
    for saver, inputs in savers_of(graph, iterator):
        is_beside = saves_text(graph, saver) and inputs.get("save_to") == BESIDE_THE_SOURCE
        if is_beside and submission.asks_for(saver):
            try:
                resolve_target(folder, allowed)
            except PathRefused as error:
                name = name_of(graph, saver)
                raise PathRefused(
                    _refused_beside(name, str(error)),
                    elsewhere=_refused_beside(name, error.elsewhere),
                ) from error


def _savers(submission: Submission, iterator: str) -> Iterator[str]:
    """The savers fed by `iterator` that are to run."""
    for saver in sorted(submission.fed_by(iterator)):
        if is_saver(submission.graph, saver) and submission.asks_for(saver):
            yield saver


def _refused(saver: str) -> str:
    # The saver itself reports what is wrong with the folder.
    return (
        f"No image is handed out, as {saver} does not accept its folder, and every result would be "
        "lost. Its own message says what to do."
    )


def _refused_link(saver: str, reason: str) -> str:
    return (
        f"No image is handed out, as {saver} does not accept its folder, which comes from another "
        f"node, and every result would be lost: {reason}"
    )


def _refused_beside(saver: str, reason: str) -> str:
    return (
        f"No image is handed out, as {saver} is to save beside the images, and may not write "
        f"there. Set save_to to folder, or choose another folder of images. {reason}"
    )
