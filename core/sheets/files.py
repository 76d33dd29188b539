"""The files of contact sheets: an earlier sheet of the same node is replaced, nothing else."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
from collections.abc import Callable, Iterable, Iterator

from PIL import Image, PngImagePlugin

from ..common.errors import BatchLoopError, UnwritableImage, quoted
from ..files.atomic import write_atomic
from ..files.unreadable import opened_image
from ..media.formats.decode import open_image
from ..model.formats import Format
from ..model.if_exists import IfExists

_MARK = "batch_loop_contact_sheet"
_QUALITY = 90


def sheet_files(stem: str, extension: str, pages: int) -> Iterator[list[str]]:
    """The names that a sheet's pages may have, the first choice first."""
    for number in itertools.count():
        own = f"{stem}_{number}" if number else stem
        yield [
            f"{own} page {page}{extension}" if page > 1 else own + extension
            for page in range(1, pages + 1)
        ]


def choose_files(
    candidates: Iterable[list[str]], checked: Callable[[str], str], owner: str
) -> list[str]:
    """The first of the candidates whose files are missing, or earlier pages of `owner`.

    `checked` gives the real path of a name; what it raises is raised here.
    """
    for names in candidates:
        paths = [checked(name) for name in names]
        if all(not os.path.lexists(path) or _owner_of(path) == owner for path in paths):
            return paths
    message = "unreachable: there is always another candidate"
    raise AssertionError(message)


def write_page(page: Image.Image, path: str, page_format: Format, owner: str) -> None:
    """Write a page, whole or not at all; raises UnwritableImage."""
    data, mark = io.BytesIO(), f"{_MARK} {owner}"
    if page_format is Format.JPEG:
        page.save(data, "JPEG", quality=_QUALITY, comment=mark.encode())
    else:
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", mark)
        page.save(data, "PNG", pnginfo=info, compress_level=6)
    is_own = _owner_of(path) == owner
    written = write_atomic(path, data.getvalue(), IfExists.OVERWRITE if is_own else IfExists.SKIP)
    # Another server may have seen the end of the batch too, and drawn the same.
    if written is None and _owner_of(path) != owner:
        raise UnwritableImage(
            f"Cannot write the contact sheet {quoted(path)}: a file of this name appeared while it "
            "was drawn. Run again, and it gets another name."
        )


def _owner_of(path: str) -> str | None:
    """Whose contact sheet a file is; None if it is anything else."""
    found: object = None
    with (
        contextlib.suppress(BatchLoopError),
        opened_image(path) as file,
        open_image(file) as image,
    ):
        found = image.info.get("comment") or image.info.get("Comment")
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
    mark, _, owner = text.partition(" ")
    return owner if mark == _MARK else None
