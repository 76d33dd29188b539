"""Reading the items of one turn: those of a pair are all read before any is passed on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from enum import Enum
from functools import partial

from ..common.errors import (
    BatchLoopError,
    FolderNotFound,
    LeftOut,
    PathRefused,
    Unreadable,
    UnreadableCompanion,
    WindowGone,
)
from ..engine.batches import Request
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders, is_allowed_file
from ..model.loop_key import LoopKey
from ..model.prompt import Prompt
from ..model.records import Iteration, Partner
from ..model.selection import Companion, Selection
from .companions import CompanionFile, Companions
from .openers.opener import Asked, Opened, Opener, Selections

_REPORTED = (Unreadable, FolderNotFound, PathRefused)
"""What an item that cannot be read raises."""


_LEAVE = (LeftOut, WindowGone)
"""The same for an item that leaves its batch where it can, as nobody is to blame."""


class GivenBack(Enum):
    """Why an item, or a partner of it, was given back instead of being read."""

    UNREADABLE = "unreadable"
    LEFT_OUT = "left out"
    """Its film has become shorter, or the batch is to have it only with a companion, which is gone.
    """
    DONE = "done"
    """It was done before, and the results are back that it had lost."""


class Reading:
    """Reads what the registry hands out."""

    def __init__(
        self, registry: LoopRegistry, openers: Mapping[str, Opener], companions: Companions
    ) -> None:
        """`openers` are by `LoopKey.kind`."""
        self._registry = registry
        self._openers = openers
        self.companions = companions
        # The newest turn, and its items for iterators that have yet to run.
        self._turn: Hashable = None
        self._waiting: dict[Partner, Opened] = {}

    def opened(
        self, iteration: Iteration, selections: Selections, allowed: AllowedFolders
    ) -> Opened | GivenBack:
        """What the item of an iteration opens to, or why it was given back.

        Its partners, whose iterators have yet to run in this prompt, are read with it, and so are
        companions, so that nothing is done with an item if something that goes with it cannot be
        read. What the next prompt will ask for is read then: at the same time, it would only delay
        what is waited for.
        """
        assert iteration.item is not None  # noqa: S101 for the type checker: the caller has looked
        own = Partner(iteration.key, iteration.item.path)
        turn = (iteration.prompt, frozenset({own, *iteration.partners}))
        was_read = self._turn == turn
        opened: dict[Partner, Opened] = {}
        beside: dict[tuple[Partner, Companion], CompanionFile | None] = {}
        for one in [own] if was_read else [own, *iteration.partners]:
            asked = _asked(one.key, one.path, selections, allowed, iteration.prompt)
            try:
                kept = self._waiting.pop(one, None) if was_read else None
                opened[one] = kept or self._openers[one.key.kind].open(asked)
                if not was_read:
                    companions = asked.selection.companions
                    beside |= self.companions.of_image(one, companions, allowed)
            except _REPORTED as error:
                is_there = partial(is_allowed_file, allowed=allowed)
                if not was_read and self._registry.is_done_before(iteration, is_there):
                    return GivenBack.DONE
                if isinstance(error, _LEAVE) and self._registry.leave_out(iteration):
                    return GivenBack.LEFT_OUT
                raised, reason = self._told_of(error, asked)
                asked_by = error.asked_by if isinstance(error, UnreadableCompanion) else None
                self._registry.reject(iteration, raised, reason, one, asked_by=asked_by)
                if was_read:  # its partners were already passed on
                    raise raised from error
                return GivenBack.UNREADABLE
        if not was_read:
            self._turn = turn
            self._waiting = {one: each for one, each in opened.items() if one != own}
            self.companions.keep(iteration.prompt, beside)
        self._begin_next(iteration, selections, allowed)
        return opened[own]

    def alone(
        self, key: LoopKey, path: str, selections: Selections, allowed: AllowedFolders
    ) -> Opened:
        """What an item opens to that was not handed out; raises why it cannot be read."""
        return self._openers[key.kind].open(_asked(key, path, selections, allowed))

    def begin_first(self, request: Request, allowed: AllowedFolders) -> None:
        """Start reading what a prompt that was just submitted is likely to ask for."""

        def find() -> Asked | None:
            path = self._registry.expected(request)
            return None if path is None else Asked(request.key, path, request.selection, allowed)

        self._openers[request.key.kind].begin_first(request.key, find)

    def _begin_next(
        self, iteration: Iteration, selections: Selections, allowed: AllowedFolders
    ) -> None:
        """Start reading what the next prompt will ask for, if all goes well."""
        key, following = iteration.key, iteration.following
        if following is None:
            return
        asked = _asked(key, following, selections, allowed)
        with suppress(*_REPORTED):  # its own prompt will report it
            self._openers[key.kind].begin(asked)
            companions = asked.selection.companions
            self.companions.begin(Partner(key, following), companions, allowed)

    def _told_of(self, error: BatchLoopError, asked: Asked) -> tuple[BatchLoopError, str]:
        """The error to raise for an item that cannot be read, and the reason to note."""
        if isinstance(error, Unreadable):
            return self._openers[asked.key.kind].place_gone(asked, error) or error, error.reason
        if isinstance(error, FolderNotFound):
            return error, error.elsewhere
        # The reason is shown to anybody who looks at the loop.
        return PathRefused(error.elsewhere), error.elsewhere


def _asked(
    key: LoopKey,
    path: str,
    selections: Selections,
    allowed: AllowedFolders,
    prompt: Prompt | None = None,
) -> Asked:
    return Asked(key, path, selections.get(key, Selection()), allowed, prompt)
