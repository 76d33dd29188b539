"""Trying the workflow on one image: the registry hands nothing out, so nothing is counted."""

from __future__ import annotations

from ..common.errors import NoImages, UnknownItem
from ..engine.batches import Request
from ..engine.folders.listings import no_images
from ..engine.registry import LoopRegistry
from ..model.items import Counts, Item
from ..model.prompt import Prompt
from ..model.records import Iteration


def trial(registry: LoopRegistry, request: Request, prompt: Prompt, path: str) -> Iteration:
    """A turn with an image of the folder that belongs to no batch; `path` is "" for the first.

    Raises NoImages and UnknownItem, and what the listing raises.
    """
    key, selection = request.key, request.selection
    _, paths = registry.preview(key, selection)
    if not paths:
        raise NoImages(no_images(key.directory, selection))
    if path and path not in paths:
        raise UnknownItem(f"{path!r} is no image of {key.directory!r} under these settings.")
    index = paths.index(path) if path else 0
    item = Item(paths[index], index)
    return Iteration(key, prompt, 0, Counts(pending=len(paths)), item, tried=True)
