"""What the process remembers besides the store: one object, changed only by commits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from ...common.forecast import Forecast
from ...common.sight import Sight
from ...model.background_writes import Turn
from ...model.loop_key import LoopKey
from ...model.prompt import Host, Outcome, Prompt
from .loop_memory import NOTHING, LoopMemory, OpenTurn
from .moments import Moments

_OUTCOMES_KEPT = 64
"""Few prompts have results that are still being written."""
_WRITING_PROMPTS_KEPT = 64


class Memory:
    """What is remembered of all loops.

    A transaction works on a draft of the loops that it changes, which is put in place when the
    store has committed, and dropped if not. Observations (how prompts have ended, and when
    something happened) are noted at once, as no rollback makes them untrue.
    """

    def __init__(self, host: Host) -> None:
        self.moments = Moments(host)
        self._outcomes: dict[Prompt, Outcome] = {}
        self._read_ahead: dict[Turn, tuple[float, float]] = {}
        self._written: dict[Prompt, dict[str, Sight | None]] = {}
        self._writing = threading.Lock()
        # By the loops' ids, whose hashes Python caches.
        self._kept: dict[str, LoopMemory] = {}
        self._draft: dict[str, tuple[LoopKey, LoopMemory]] | None = None
        self._forgotten: set[LoopKey] = set()
        # The committed turns, by loop: the outcomes of all are polled for.
        self._awaited: dict[str, tuple[LoopKey, tuple[Turn, ...]]] = {}

    def kept(self, key: LoopKey) -> LoopMemory:
        """A loop's committed memory; may be called from any thread."""
        return self._kept.get(key.id, NOTHING)

    def __getitem__(self, key: LoopKey) -> LoopMemory:
        """A loop's memory as this thread's transaction sees it."""
        if self._draft is not None and key.id in self._draft:
            return self._draft[key.id][1]
        return self._kept.get(key.id, NOTHING)

    def change(self, key: LoopKey, **changes: Any) -> None:
        """Change what is remembered of a loop, in a transaction."""
        self._changing[key.id] = (key, self[key]._replace(**changes))

    def forget(self, key: LoopKey) -> None:
        """Forget a loop, in a transaction."""
        self._changing[key.id] = (key, LoopMemory(turns=self._of_no_batch(key)))
        self._forgotten.add(key)

    def turn(self, key: LoopKey, turn: Turn) -> OpenTurn:
        """What is known of a turn, in a transaction."""
        return self[key].turns.get(turn, OpenTurn())

    def change_turn(self, key: LoopKey, turn: Turn, **changes: Any) -> None:
        """Change what is known of a turn, in a transaction."""
        changed = self.turn(key, turn)._replace(**changes)
        self.change(key, turns={**self[key].turns, turn: changed})

    def end_turns(self, key: LoopKey, is_over: Callable[[Turn], bool]) -> None:
        """Forget turns whose items have been dealt with, in a transaction."""
        turns = self[key].turns
        left = {turn: known for turn, known in turns.items() if not is_over(turn)}
        if len(left) < len(turns):
            self.change(key, turns=left)

    def begin_batch(self, key: LoopKey, *, keep: bool) -> None:
        """Forget what belongs to the previous batch, in a transaction.

        With `keep`, its turns are remembered, should it be put back.
        """
        self.change(key, kept_turns=self._with_kept(key) if keep else {})
        self._change_batch(key, self._of_no_batch(key))

    def put_back(self, key: LoopKey, open_turns: Collection[Turn]) -> None:
        """Note that the previous batch goes on, with these turns, in a transaction."""
        known = self._with_kept(key)
        turns = {turn: known[turn] for turn in open_turns if turn in known}
        self.change(key, kept_turns={})
        self._change_batch(key, {**self._of_no_batch(key), **turns})

    def keeps_no_longer(self, key: LoopKey, open_turns: Collection[Turn]) -> None:
        """Note that another server has put the previous batch back or dropped it.

        `open_turns` are those of items that prompts have here now; in a transaction.
        """
        kept = self[key].kept_turns
        if kept:
            known = self._with_kept(key)
            again = {turn: known[turn] for turn in open_turns if turn in kept}
            self.change(key, kept_turns={}, turns={**self[key].turns, **again})

    def _with_kept(self, key: LoopKey) -> dict[Turn, OpenTurn]:
        """The turns of a loop's batch, and of the one before while that may be put back.

        A turn of the batch before that is still awaited is in both. Then what was noted since
        counts, but for its end: only the kept one has that.
        """
        kept = self[key].kept_turns
        latest = {**kept, **self[key].turns}
        return {turn: known.with_end_of(kept.get(turn, known)) for turn, known in latest.items()}

    def _change_batch(self, key: LoopKey, turns: Mapping[Turn, OpenTurn]) -> None:
        of_batch = {"untold": None, "spelled": None, "entries": None, "linked": None}
        self.change(key, turns=turns, work={}, forecast=Forecast(), **of_batch)

    def _of_no_batch(self, key: LoopKey) -> dict[Turn, OpenTurn]:
        """The turns, which are polled for until their prompts end, whatever becomes of their items.

        Other servers may depend on knowing that this one is at work. That they have reached Loop
        End, and with which value, is for their own batch only.
        """
        return {
            turn: known._replace(end_may_wait=False).with_end_of(OpenTurn())
            for turn, known in self[key].turns.items()
        }

    @property
    def is_at_work(self) -> bool:
        """Whether a prompt may have an item; takes no lock."""
        return bool(self._awaited)

    def awaited(self) -> dict[LoopKey, tuple[Turn, ...]]:
        """The turns whose outcomes are polled for, under the lock of the transactions."""
        return dict(self._awaited.values())

    def has_reached_end(self) -> bool:
        """Whether a prompt has reached Loop End, under the lock of the transactions."""
        return any(
            self.kept(key).turns[turn].has_reached_end
            for key, turns in self._awaited.values()
            for turn in turns
        )

    def outcome(self, prompt: Prompt) -> Outcome | None:
        """How a prompt has ended, which may no longer be in the history."""
        return self._outcomes.get(prompt)

    def note_outcome(self, prompt: Prompt, outcome: Outcome) -> None:
        """Note how a prompt has ended; a rollback does not undo this."""
        if len(self._outcomes) >= _OUTCOMES_KEPT:
            self._outcomes.clear()
        self._outcomes[prompt] = outcome

    def read_ahead(self, turn: Turn) -> tuple[float, float]:
        """How long its image was read ahead, and was waited for, in seconds; 0 if not at all."""
        return self._read_ahead.get(turn, (0.0, 0.0))

    def note_read_ahead(self, turn: Turn, seconds: float, late: float) -> None:
        """Note how long a turn's image was read ahead and waited for; from any thread."""
        if len(self._read_ahead) >= _OUTCOMES_KEPT:
            self._read_ahead.clear()
        self._read_ahead[turn] = (seconds, late)

    def written(self, prompt: Prompt) -> Mapping[str, Sight | None]:
        """The files that a prompt has written, as they were claimed, and how each looks."""
        with self._writing:
            return self._written.get(prompt, {}).copy()

    def note_written(self, prompt: Prompt, file: str, sight: Sight | None) -> None:
        """Note that a prompt has written a file; a rollback does not undo this; from any thread."""
        with self._writing:
            if prompt not in self._written and len(self._written) >= _WRITING_PROMPTS_KEPT:
                del self._written[next(iter(self._written))]
            self._written.setdefault(prompt, {})[file] = sight

    @contextmanager
    def draft(self) -> Iterator[Callable[[], None]]:
        """Collect the changes made inside; they are dropped unless what this yields is called."""
        self._draft, self._forgotten = {}, set()
        try:
            yield partial(self._keep, self._draft, self._forgotten)
        finally:
            self._draft, self._forgotten = None, set()

    def _keep(
        self, draft: Mapping[str, tuple[LoopKey, LoopMemory]], forgotten: Collection[LoopKey]
    ) -> None:
        for loop_id, (key, loop) in draft.items():
            if loop == NOTHING:
                self._kept.pop(loop_id, None)
            else:
                self._kept[loop_id] = loop
            if loop.turns:
                self._awaited[loop_id] = key, tuple(loop.turns)
            else:
                self._awaited.pop(loop_id, None)
        for key in forgotten:
            self.moments.forget(key)

    @property
    def _changing(self) -> dict[str, tuple[LoopKey, LoopMemory]]:
        if self._draft is None:
            raise RuntimeError("what is remembered is changed inside of a transaction")
        return self._draft
