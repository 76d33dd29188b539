"""Results that are there, and are no whole pictures: empty, or cut off."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence

from ..common.errors import ResultsMissing, UnreadableImage, quoted
from ..media.formats.decode import DecodedImage
from ..model.loop_key import LoopKey
from ..model.titles import title_of
from .filling import counted, some
from .item_results import ItemResults
from .result_places import can_be_done_again


class SpoiltResults(ResultsMissing):
    """Raised when results are there, and are no whole pictures."""

    def __init__(self, paths: Collection[str], reason: str) -> None:
        """`paths` are real ones; `reason` is that of the first one."""
        super().__init__(reason)
        self.paths = paths
        self.reason = reason


def is_out_of_reach(error: UnreadableImage) -> bool:
    """Whether the way to a file is to blame, as that of a drive that fails."""
    return getattr(error.__cause__, "errno", None) is not None


def is_spoilt(error: UnreadableImage) -> bool:
    """Whether a file's content is to blame."""
    return not (isinstance(error.__cause__, MemoryError) or is_out_of_reach(error))


def spoilt_of(
    paths: Iterable[str], read: Callable[[str], DecodedImage], going_on: Callable[[], object]
) -> dict[str, None]:
    """Those that are no whole pictures, in order; so all of a power cut are found at once."""
    spoilt: dict[str, None] = {}
    for path in paths:
        going_on()
        try:
            read(path)
        except UnreadableImage as error:
            if is_spoilt(error):
                spoilt[path] = None
    return spoilt


def items_with(
    paths: Collection[str],
    key: LoopKey,
    results: Iterable[ItemResults],
    is_shared: Callable[[str], bool],
) -> list[str]:
    """The items that have a result at one of the paths, as far as they can be done again."""
    return [
        item
        for each in results
        for item, there in each
        if any(path in paths and is_shared(path) for path in filter(None, there))
        and can_be_done_again(key, item)
    ]


def spoilt_results(items: Sequence[str], error: SpoiltResults) -> ResultsMissing:
    """What to say of them; `items`, by their paths, are those that are to be done again."""
    found = f"No video was made: {counted(len(error.paths), 'result')} cannot be read"
    if not items:
        files = some([quoted(os.path.basename(path)) for path in error.paths])
        return ResultsMissing(
            f"{found}, {files}: {error.reason}. Delete what cannot be read, and press Start over."
        )
    return ResultsMissing(
        f"{found}, of {some([title_of(item) for item in items])}: {error.reason}. Press Retry "
        "failed, then Continue: only what failed, or has a result that cannot be read, is done "
        "again. If Save Image (Batch) keeps files that exist (if_exists is skip), delete what "
        "cannot be read first."
    )
