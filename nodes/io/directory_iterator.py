"""Directory Iterator: hands out one image of a folder in each prompt."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.schema import built_once, schema, widget
from ...core.common.names import DIRECTORY_ITERATOR
from ...core.media.formats.decode import DecodedImage
from ...core.model.records import Iteration
from ...core.model.settings.directory_iterator import LISTING, SETTINGS
from ...core.turn.openers.opener import Opened
from .folder_iterator import FolderIterator, name_outputs, names_of
from .iterator import HIDDEN, loop_output, variants_input


class DirectoryIterator(FolderIterator):
    """The next image of a folder, each time the workflow runs."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=DIRECTORY_ITERATOR,
            display_name="Directory Iterator",
            description=(
                "Goes through a folder of images, one per run. Connect Save Image (Batch), choose "
                "Run (Instant) and press Run once: every image is processed, and Run (Instant) is "
                "switched off."
            ),
            search_aliases=[
                "load images from folder",
                "batch images",
                "load image batch",
                "image folder",
                "for each image",
                "directory",
            ],
            hidden=HIDDEN,
            enable_expand=True,
            inputs=[*(widget(setting, LISTING) for setting in SETTINGS.values()), variants_input()],
            outputs=cls.outputs(),
        )

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        return [
            loop_output(),
            comfy_io.Image.Output("image", display_name="image", tooltip="The image."),
            comfy_io.Mask.Output(
                "mask", display_name="mask", tooltip="Its transparency: 1 where it is transparent."
            ),
            *name_outputs("img1.png", "holiday"),
            comfy_io.Int.Output(
                "index", display_name="index", tooltip="The image's position in the order, from 0."
            ),
            comfy_io.Int.Output(
                "total", display_name="total", tooltip="How many images there are."
            ),
            comfy_io.String.Output(
                "status", display_name="status", tooltip="Such as 3 of 7: img3.png"
            ),
        ]

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        assert iteration.item is not None  # noqa: S101 for the type checker: it was opened
        assert isinstance(opened, DecodedImage)  # noqa: S101 for the type checker: of its folder
        path = iteration.item.path
        return opened.image, opened.mask, *names_of(path), iteration.item.index
