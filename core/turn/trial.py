"""Trying the workflow on one image: the registry hands nothing out, so nothing is counted."""

from __future__ import annotations

from collections.abc import Sequence

from ..common.errors import NoImages, UnknownItem, quoted
from ..engine.batches import Request
from ..engine.registry import LoopRegistry
from ..model.items import Counts, Item
from ..model.loop_key import TYPED_TEXT, LoopKey
from ..model.prompt import Prompt
from ..model.records import Iteration
from ..model.titles import title_of
from .iterator_kinds import WORDS


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
        raise _without_partner(request.key, other.key, wanted, index, len(paths))
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
    raise _unknown(path, of.key)


def _unknown(path: str, key: LoopKey) -> UnknownItem:
    item = WORDS[key.kind]["item"]
    what = f"There is no {item} {quoted(title_of(path))}"
    remedy = f"under these settings: it is gone, or they leave it out. Choose another {item}."
    return UnknownItem(f"{what} in {_place_of(key)} {remedy}", elsewhere=f"{what} {remedy}")


def _without_partner(
    key: LoopKey, other: LoopKey, path: str, index: int, count: int
) -> UnknownItem:
    """The error for an item at place `index` in `other`, of which `key` has `count` items only."""
    words = WORDS[other.kind]
    what = f"goes with {quoted(title_of(path))}"
    why = f"that is {words['item']} {index + 1} of its {words['place']}, and there are {count} here"
    return UnknownItem(
        f"Nothing in {_place_of(key)} {what}: {why}. Choose an earlier one.",
        elsewhere=f"Nothing {what}: {why}. Choose an earlier one.",
    )


def _place_of(key: LoopKey) -> str:
    return "the text" if key.directory == TYPED_TEXT else quoted(key.directory)
