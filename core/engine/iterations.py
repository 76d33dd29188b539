"""What a prompt is told of the item that it is given, and of its loop."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.background_writes import Turn
from ..model.items import Item
from ..model.loop_key import LoopKey
from ..model.prompt import Host, Prompt
from ..model.records import FinishedBy, Iteration, Partner
from ..store.interface import Store
from ..store.records import LoopEntry
from .batches import Request
from .changes.loops import Loops
from .changes.process_memory import Memory


class Iterations:
    """Makes the records of iterations; everything must be called inside a transaction."""

    def __init__(self, store: Store, host: Host, memory: Memory, loops: Loops) -> None:
        self._store = store
        self._host = host
        self._memory = memory
        self._loops = loops

    def of(
        self, requests: Sequence[Request], prompt: Prompt, items: Sequence[Item | None]
    ) -> Iteration:
        """The iteration of the first request's loop; each request has an item, or none has.

        It is noted that its Directory Iterator was given the item.
        """
        request, item = requests[0], items[0]
        key = request.key
        entry = self._loops.entry(key)
        if item is not None:
            # This need not outlive the process: prompts do not, and their items are PENDING then.
            turn = Turn.of(key, prompt, item)
            known = self._memory.turn(key, turn)
            self._memory.change_turn(
                key,
                turn,
                iterators=known.iterators | {request.node},
                is_part=known.is_part or bool(request.without),
            )
        partners = zip(requests[1:], items[1:], strict=True)
        return Iteration(
            key=key,
            prompt=prompt,
            batch=entry.batch,
            counts=self._store.counts(key),
            item=item,
            carried=self._store.carried(key),
            finished=entry.finished,
            lacking=entry.lacking,
            watch=self._memory[key].is_watched,
            elsewhere=self._loops.elsewhere(key) if item is None else 0,
            without=request.without,
            following=None if item is None else self._following(key),
            finished_by=None if item is not None else self._finished_by(entry, prompt),
            forgets=self._store.forgets,
            partners=tuple(self._partner(each, one) for each, one in partners if one),
            ends_with_saver=request.ends_with_saver,
        )

    def _finished_by(self, entry: LoopEntry, prompt: Prompt) -> FinishedBy | None:
        """What a complete batch was finished by; None if unknown."""
        runner, at = entry.runner, entry.completed_at
        if runner is None or at is None:
            return None
        is_own = (runner.sender, runner.client_id) == (prompt.sender, prompt.client_id)
        return FinishedBy(runner.sender, at, own=is_own, here=runner.server == self._host.server)

    def _partner(self, request: Request, item: Item) -> Partner:
        batch = self._loops.entry(request.key).batch
        return Partner(request.key, item.path, batch, request.ends_with_saver)

    def _following(self, key: LoopKey) -> str | None:
        """The item that this server is likely to get next, as other servers take theirs before."""
        return self._store.first_pending(key, skipping=self._loops.elsewhere(key))
