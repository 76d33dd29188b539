"""Trying the workflow on one image: the registry hands nothing out, so nothing is counted."""

from __future__ import annotations

from collections.abc import Sequence

from ..common.errors import NoImages, UnknownItem
from ..engine.batches import Request
from ..engine.registry import LoopRegistry
from ..model.items import Counts, Item
from ..model.prompt import Prompt
from ..model.records import Iteration


def trial(
    registry: LoopRegistry,
    request: Request,
    prompt: Prompt,
    path: str,
    partners: Sequence[tuple[Request, str]] = (),
) -> Iteration:
    """A turn with an image of the folder that belongs to no batch.

    `path` is "" for the image that the batch takes next, or the first if it takes none; or for the
    one that goes with what is tried of `partners`, each with its own path. Raises NoImages and
    UnknownItem, and what the listing raises.
    """
    paths = _images(registry, request)
    asked = [(request, path), *partners]
    # Where none is chosen, all of them go by the same one.
    unchosen = min(asked, key=lambda each: each[0].key.id)
    other, chosen = next((each for each in asked if each[1]), unchosen)
    of_other = paths if other is request else _images(registry, other)
    wanted = chosen or registry.next_pending(other.key) or ""
    # The batch may have been listed under other settings.
    index = _place(wanted, of_other, other) if chosen or wanted in of_other else 0
    if index >= len(paths):
        raise UnknownItem(
            f"Nothing in {request.key.directory!r} goes with {wanted!r}: that is image "
            f"{index + 1} of its folder, and there are {len(paths)} here. Choose an earlier one."
        )
    item = Item(paths[index], index)
    return Iteration(request.key, prompt, 0, Counts(pending=len(paths)), item, tried=True)


def _images(registry: LoopRegistry, request: Request) -> Sequence[str]:
    key, selection = request.key, request.selection
    _, paths = registry.preview(key, selection)
    if not paths:
        raise NoImages(registry.source.nothing(key, selection, 0))
    return paths


def _place(path: str, paths: Sequence[str], of: Request) -> int:
    """The place of an item in the order of its folder; of an entry, with its first variant."""
    if path in paths:
        return paths.index(path)
    if of.key.has_variants:
        place = next((at for at, each in enumerate(paths) if of.key.entry(each) == path), None)
        if place is not None:
            return place
    message = f"{path!r} is no image of {of.key.directory!r} under these settings."
    raise UnknownItem(message)
