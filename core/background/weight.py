"""How much work an image is likely to be, from its file's header and size."""

from __future__ import annotations

import math
import os

from ..common.errors import UnreadableImage
from ..common.forecast import Weight
from ..files.unreadable import opened_image
from ..media.formats.decode import open_image

_PROGRESSIVE = 3.0
"""A progressive JPEG file is decoded in several passes: two to four times as long as another."""


def weight(path: str) -> Weight | None:
    """The weight of the image at a full path; None if unknown.

    Reading and saving it takes longer the more pixels it has, and the more detail these show: that
    is, the larger the file. A link is not followed, as it may lead out of the allowed folders.
    """
    if os.path.islink(path):
        return None
    try:
        with opened_image(path) as file, open_image(file) as image:
            pixels = image.width * image.height
            detail = math.sqrt(pixels * os.fstat(file.fileno()).st_size)
            return Weight(pixels, detail, _PROGRESSIVE if image.info.get("progressive") else 1.0)
    except UnreadableImage:
        return None
