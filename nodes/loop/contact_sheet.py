"""Contact Sheet: the results of a batch on one image, once it is complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import BinaryIO

import numpy as np
import torch
from comfy_api.v0_0_2 import io as comfy_io
from comfy_api.v0_0_2 import ui as comfy_ui
from comfy_execution.graph_utils import ExecutionBlocker
from PIL import Image

from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, built_once, combo, schema
from ...core.comfy.threads import Threads, in_thread
from ...core.common.combo_choice import chosen
from ...core.common.errors import BatchLoopError, InvalidSetting, quoted
from ...core.common.names import CONTACT_SHEET
from ...core.files.allowed_paths import (
    AllowedFolders,
    check_source_file,
    check_target_file,
    resolve_target,
)
from ...core.files.unreadable import opened_image
from ...core.graph.links import is_asked_for
from ...core.model.formats import Format, extension_of
from ...core.model.loop_key import LoopKey
from ...core.model.records import Iteration
from ...core.model.result_names import saved_as
from ...core.model.selection import Selection
from ...core.results.source_names import name_of_source
from ...core.sheets.drawing import draw_page
from ...core.sheets.files import choose_files, sheet_files, write_page
from ...core.sheets.of_batch import sheet_of
from ...core.sheets.sheet import Look

_PREVIEW = 1_600
"""Pixels of the longer side of what is shown in the node."""


class SheetFormat(str, Enum):
    """The formats of contact sheets; users see the values."""

    PNG = "PNG"
    JPEG = "JPEG"


class ContactSheet(comfy_io.ComfyNode):
    """Draws the results of a batch side by side."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=CONTACT_SHEET,
            display_name="Contact Sheet",
            description=(
                "Once the batch is complete, draws its results side by side on one image, and "
                "saves it: with variants as a grid, sources down and variants across. What failed "
                "is marked."
            ),
            search_aliases=["contact sheet", "grid", "xy plot", "overview", "montage", "collage"],
            is_output_node=True,
            hidden=[comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt],
            inputs=[
                comfy_io.Boolean.Input(
                    "complete", force_input=True, tooltip="Connect Batch Complete's complete."
                ),
                LoopSocket.Input("loop", tooltip="Connect Loop End's loop."),
                comfy_io.String.Input(
                    "folder",
                    default="contact_sheets",
                    tooltip="A folder inside ComfyUI's output folder, or the full path of an "
                    "allowed folder.",
                ),
                comfy_io.String.Input(
                    "prefix", default="", tooltip="Added before the name of the folder or table."
                ),
                comfy_io.Int.Input(
                    "size",
                    default=256,
                    min=32,
                    max=1024,
                    tooltip="Pixels of the longer side of each picture.",
                ),
                comfy_io.Boolean.Input(
                    "labels", default=True, tooltip="Whether to write the names of the items."
                ),
                comfy_io.Int.Input(
                    "columns",
                    default=0,
                    min=0,
                    max=1000,
                    tooltip="The most pictures side by side; 0 for as many as suit.",
                ),
                combo("file_type", SheetFormat, SheetFormat.PNG, "The kind of the file."),
            ],
            outputs=[
                comfy_io.Image.Output(
                    "image", display_name="image", tooltip="The sheet; of several pages, the first."
                ),
                comfy_io.String.Output(
                    "path",
                    display_name="path",
                    tooltip="The file's full path; of pages, one a line.",
                ),
            ],
        )

    @classmethod
    async def validate_inputs(cls, folder: str | None = None) -> bool | str:
        """Check before anything runs that the folder may be written to; in a thread."""
        try:
            if folder is not None:
                await in_thread(Threads.CHECKS, _check_folder, folder)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def execute(  # noqa: PLR0913, PLR0917 - ComfyUI passes inputs by name
        cls,
        complete: bool,  # noqa: FBT001
        loop: Iteration,
        folder: str,
        prefix: str,
        size: int,
        labels: bool,  # noqa: FBT001
        columns: int,
        file_type: str,
    ) -> comfy_io.NodeOutput:
        """Draw the sheet page by page; nothing before the batch is complete."""
        registry = runtime.registry()
        items = registry.report(loop.key.id)[1] if complete and not loop.tried else []
        if not items:
            return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * 2)
        key, selection = registry.reading_of(loop.key.id, items[0][0].path)
        page_format = Format(chosen(SheetFormat, file_type, "file_type").value)
        look = Look(size, labels, columns)
        pages = sheet_of(key, selection, items).pages(look)
        with runtime.telling_the_asker():
            allowed = runtime.allowed_folders()
            target = resolve_target(folder, allowed)
            _check_no_image_of(key, selection, target)
            named = saved_as(
                target, prefix=prefix, suffix="", format=page_format, keep_subfolders=False
            ).of(name_of_source(key) + ".x")
            stem = named.removesuffix(extension_of(page_format))
            owner = f"{key.id}/{cls.hidden.unique_id}"
            paths = choose_files(
                sheet_files(stem, extension_of(page_format), len(pages)),
                lambda name: check_target_file(os.path.join(target, name), allowed),
                owner,
            )
            first: Image.Image | None = None
            for page, path in zip(pages, paths, strict=True):
                drawn = draw_page(
                    page, look, partial(_opened, allowed), runtime.host().raise_if_cancelled
                )
                write_page(drawn, path, page_format, owner)
                first = first or drawn
        registry.note_made_of_all(loop, str(cls.hidden.unique_id), paths)
        assert first is not None  # noqa: S101 for the type checker: a batch has a page
        return comfy_io.NodeOutput(cls._image(first), "\n".join(paths), ui=cls._shown(first))

    @classmethod
    def _image(cls, page: Image.Image) -> object:
        """A page as [1,H,W,3], if anything is connected: a large one takes 0.8 GB."""
        graph = cls.hidden.prompt or {}
        if not is_asked_for(graph, str(cls.hidden.unique_id), 0):
            return ExecutionBlocker(None)
        return _as_tensor(page)

    @classmethod
    def _shown(cls, page: Image.Image) -> comfy_ui.PreviewImage:
        """What the node shows: in the folder for previews, as a sheet is no result of an image."""
        small = page.copy()
        small.thumbnail((_PREVIEW, _PREVIEW))
        return comfy_ui.PreviewImage(_as_tensor(small), cls=cls)


@contextmanager
def _opened(allowed: AllowedFolders, path: str) -> Iterator[BinaryIO]:
    with opened_image(check_source_file(path, allowed)) as file:
        yield file


def _check_folder(folder: str) -> None:
    resolve_target(folder, runtime.allowed_folders())


def _check_no_image_of(key: LoopKey, selection: Selection, folder: str) -> None:
    """Raise InvalidSetting if a sheet in a folder would be an image of the next batch."""
    sheet = os.path.join(folder, "sheet.png")
    source = runtime.registry().source
    path = source.item(key, sheet)
    if path is not None and source.may_list(key, selection, path):
        raise InvalidSetting(
            f"folder is {quoted(folder)}, which this batch reads: the contact sheet would be an "
            "image of the next batch. Choose another folder."
        )


def _as_tensor(page: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(page, dtype=np.float32)[None] / 255)
