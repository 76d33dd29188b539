"""Thumbnails of files, as the route makes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from batch_loop.core.files.unreadable import opened_image
from batch_loop.core.pictures.thumbnail import Thumbnail, thumbnail


def never(_tag: str) -> bool:
    """Return False for every tag."""
    return False


def thumbnail_of(path: Path, size: int, is_known: Callable[[str], bool] = never) -> Thumbnail:
    """The thumbnail of an image file."""
    with opened_image(os.path.realpath(path)) as file:
        return thumbnail(file, size, is_known)
