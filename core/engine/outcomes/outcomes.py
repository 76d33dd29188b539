"""How the prompts that have items end, and which errors the next run has to report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...model.background_writes import Turn, Writes
from ...model.items import Claim, Item, ItemState
from ...model.loop_key import LoopKey
from ...model.policy import ErrorHandling, Policy
from ...model.prompt import Ending, Failure, Host, Outcome, Prompt
from ...store.interface import Store
from ..changes.process_memory import Memory
from .lease import Servers


class Outcomes:
    """Outcomes of prompts, by the host, background writes and whether other servers have ended."""

    def __init__(
        self, store: Store, host: Host, memory: Memory, writes: Writes, servers: Servers
    ) -> None:
        self._store = store
        self._host = host
        self._memory = memory
        self._writes = writes
        self._servers = servers
        # When the items of all servers were last looked at, for each loop.
        self._looked: dict[str, float] = {}

    def to_look_at(self, key: LoopKey) -> list[Item]:
        """The open items of this server, and at least from time to time those of all others."""
        now, most = self._host.steady(), self._servers.look_seconds
        if now - self._looked.get(key.id, -most) < most:
            return self._store.at_hand(key)
        self._looked[key.id] = now
        return self._store.open_items(key)

    def of(self, key: LoopKey, item: Item) -> Outcome | None:
        """How the prompt of an open item ended; None while it, or a write for it, goes on."""
        if item.claim is None:
            return None
        outcome = self._outcome(item.claim)
        goes_on = outcome.ending is Ending.RUNNING
        goes_on = goes_on or self._writes.under_way(Turn.of(key, item.claim.prompt, item))
        return None if goes_on else outcome

    def goes_on_in_kept(self, key: LoopKey) -> bool:
        """Whether a prompt still runs, on any server, that has an image of the batch kept.

        In a transaction.
        """
        return any(self.of(key, item) is None for item in self._store.kept_open_items(key))

    def with_writes(self, turn: Turn, outcome: Outcome) -> tuple[Outcome, Failure | None]:
        """The outcome of a turn's prompt once its files are written; with why one could not be.

        An image is not done if a result of it could not be written, however well its prompt ended.
        """
        failure = self._writes.failure(turn)
        if failure is None or outcome.ending is Ending.STOPPED:
            return outcome, None
        return replace(outcome, ending=Ending.ERROR, failure=failure), failure

    def is_over(self, turn: Turn) -> bool:
        """Whether the prompt of a turn here has ended, and its files are written."""
        return not self._writes.under_way(turn) and self._host.has_ended(turn.prompt)

    def end_waits_since(self, key: LoopKey, item: Item) -> float | None:
        """When the prompt of an open item has reached Loop End, if that is yet to be written down.

        By the monotonic clock; None if it has not reached it, or that is written down. Under the
        lock.
        """
        if item.state is not ItemState.RUNNING or item.claim is None:
            return None
        return self._memory.turn(key, Turn.of(key, item.claim.prompt, item)).reached_end_at

    def note_lost(self, key: LoopKey) -> None:
        """Note that this server was taken for one that has ended, if that shows; in a transaction.

        It shows by an end that was yet to be written down, and an item that others have by now, in
        the same batch: another server may have begun the next one.
        """
        entry = self._store.load(key)
        is_open = {item.claim.prompt for item in self._store.at_hand(key) if item.claim}
        for turn, known in self._memory[key].turns.items():
            is_of_batch = entry is not None and known.batch == entry.batch
            has_waited = known.end_may_wait and known.has_reached_end
            if is_of_batch and has_waited and turn.prompt not in is_open:
                self._memory.change_turn(key, turn, end_may_wait=False)
                self._servers.mark_stale()

    def turns_that_go_well(self, key: LoopKey) -> list[Turn]:
        """The turns whose items will be done, as far as can be told before their files are written.

        Turns that carry a value over are left out: the next iteration gets it once they are done.
        """
        turns = []
        for item in self._store.at_hand(key):
            if item.claim is not None:
                turn = Turn.of(key, item.claim.prompt, item)
                ending = self._outcome(item.claim).ending
                ended = ending is Ending.SUCCESS and item.state is ItemState.FINISHING
                carries = self._memory.turn(key, turn).value is not None
                if (ended and not carries) or ending is Ending.RUNNING:
                    turns.append(turn)
        return turns

    def _outcome(self, claim: Claim) -> Outcome:
        """How the prompt of a claim ended; for another server's, only whether it may go well."""
        if claim.server == self._host.server:
            return self._own(claim.prompt)
        is_gone = self._servers.is_gone(claim.server)
        return Outcome(Ending.STOPPED if is_gone else Ending.RUNNING)

    def _own(self, prompt: Prompt) -> Outcome:
        """How a prompt of this server ended, even if the history has been cleared since.

        An outcome may be seen before the results are written, and the item reconciled when they
        are.
        """
        outcome = self._memory.outcome(prompt)
        if outcome is None:
            outcome = self._host.outcome(prompt)
            if outcome.ending in {Ending.SUCCESS, Ending.ERROR}:
                self._memory.note_outcome(prompt, outcome)
        return outcome


class Untold:
    """Errors that no prompt has reported."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def note(self, key: LoopKey, policy: Policy, outcome: Outcome, failure: Failure) -> None:
        """Note why a result could not be written, if the prompt has not reported it.

        With Skip on error the batch goes on, and its failures are listed, unless no image is to
        blame.
        """
        stops = policy.error_handling is ErrorHandling.STOP or not failure.blames_image
        if outcome.ending is Ending.SUCCESS and stops:
            self._memory.change(key, untold=failure.reason)

    def take(self, keys: Iterable[LoopKey]) -> str | None:
        """The first unreported error of some loops, which then counts as reported."""
        for key in keys:
            reason = self._memory[key].untold
            if reason is not None:
                self.forget(key)
                return reason
        return None

    def forget(self, key: LoopKey) -> None:
        """Drop a loop's error."""
        if self._memory[key].untold is not None:
            self._memory.change(key, untold=None)
