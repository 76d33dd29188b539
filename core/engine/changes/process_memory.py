"""What the process remembers besides the store: one object, which only commits change.

It includes what each client was last seen to want of a loop, and when things happened.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...model.background_writes import Turn
from ...model.loop_key import LoopKey
from ...model.policy import IterationMode
from ...model.prompt import Host, Outcome, Prompt

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ...files.growing_files import Arrivals
    from ...model.selection import Selection

REMEMBERED = 64
"""How many clients are kept, newest first: scripts tend to take a new client id at every call."""


@dataclass(frozen=True)
class _Seen:
    mode: IterationMode
    knows_the_end: bool = False


@dataclass(frozen=True)
class Clients:
    """What each client was last seen to want of one loop, the newest last.

    Two browser tabs may run one loop. Without this, a tab whose Reset stays switched on would start
    the batch over each time the other tab had a turn, and a tab that was not told of the batch's
    end would start the next batch by itself.
    """

    _seen: Mapping[str | None, _Seen] = field(default_factory=dict)

    def mode(self, client_id: str | None, otherwise: IterationMode) -> IterationMode:
        """The mode of the client's newest run; `otherwise` for one that was never seen."""
        seen = self._seen.get(client_id)
        return otherwise if seen is None else seen.mode

    def knows_the_end(self, client_id: str | None) -> bool:
        """Whether a new run of this client is meant as one: it did not miss the batch's end."""
        seen = self._seen.get(client_id)
        return seen is None or seen.knows_the_end

    def seen(self, client_id: str | None, mode: IterationMode, *, knows_the_end: bool) -> Clients:
        """The same with a run of the client."""
        seen = dict(self._seen)
        seen.pop(client_id, None)
        seen[client_id] = _Seen(mode, knows_the_end)
        if len(seen) > REMEMBERED:
            del seen[next(iter(seen))]
        return Clients(seen)

    def told_the_end(self, client_id: str | None) -> Clients:
        """The same once the client's own prompt has completed the batch."""
        if client_id not in self._seen:
            return self
        known = replace(self._seen[client_id], knows_the_end=True)
        return Clients({**self._seen, client_id: known})


END, LOOK = "end", "look"
"""When a batch became complete, and when its folder was looked through."""

_REMEMBERED = 8
"""How many of a kind are kept: what was noted is not always what the store then keeps."""
_SAME_SECONDS = 0.5
"""By how much a time may come back from the store as another one, as clocks are compared anew."""


class Moments:
    """When things happened to loops: before or after the submission of a prompt.

    The store keeps the time of day for all servers, and anybody may set that at any moment. So this
    server remembers what it has noted itself by a steady clock. For the rest it knows how long ago
    it was, which is compared with how long a prompt has waited.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        # The time of day of each of the last ones, and the steady clock then.
        self._own: defaultdict[tuple[LoopKey, str], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )

    def note(self, key: LoopKey, what: str) -> float:
        """Note that it happens now; the time of day, for the store."""
        at = self._host.now()
        self._own[key, what].append((at, self._host.steady()))
        return at

    def forget(self, key: LoopKey) -> None:
        """Forget a loop."""
        for what in (END, LOOK):
            self._own.pop((key, what), None)

    def is_before(self, key: LoopKey, what: str, at: float, prompt: Prompt) -> bool:
        """Whether what the store says was at the time of day `at` was before the submission."""
        # Copied in one step: who lists a folder notes that in no transaction.
        noted = tuple(self._own[key, what])
        nearest = min(noted, key=lambda own: abs(own[0] - at), default=None)
        is_own = nearest is not None and abs(nearest[0] - at) < _SAME_SECONDS
        if nearest is not None and is_own and prompt.steady is not None:
            return nearest[1] < prompt.steady
        waited = None if prompt.steady is None else self._host.steady() - prompt.steady
        now = self._host.now()
        if waited is None:
            waited = now - prompt.submitted_at
        ago = now - at
        # In time to come: the clock was set back since, and nobody can tell by how much.
        return ago < -_SAME_SECONDS or ago > waited


_OUTCOMES_KEPT = 64
"""Prompts whose results are still being written are few."""


class OpenTurn(NamedTuple):
    """One prompt's work on one item, until it is known what becomes of it."""

    began: float | None = None
    """When the item was handed out, by the steady clock; None where nobody noted it."""
    others_wait: bool = False
    """Whether other machines wait to hear how it ends."""
    together: tuple[LoopKey, ...] = ()
    """The loops whose items the prompt was handed out together, this one among them."""
    iterators: frozenset[str] = frozenset()
    """Ids of the Directory Iterators that have handed the item out; mostly one."""
    is_part: bool = False
    """Whether only a part of the workflow runs: whatever it reaches is no end."""
    has_ended: bool = False
    """Whether the prompt has reached Loop End."""
    given: tuple[Any, ...] = ()
    """The value that Loop End was given first, once it was reached: it is carried over if the
    prompt ends well, and dies with it else."""

    @property
    def is_awaited(self) -> bool:
        """Whether its outcome is looked for, and not only found by whoever asks for the loop."""
        return self.others_wait or self.has_ended

    @property
    def value(self) -> Any:
        """The value that is to be carried over; None for nothing."""
        return self.given[0] if self.given else None


class Work(NamedTuple):
    """What one prompt has done so far with the files of one loop."""

    claimed: Mapping[str, str] = MappingProxyType({})
    """The result that each file was claimed for."""
    left_alone: Mapping[str, str] = MappingProxyType({})
    """The result in whose place each file from before was that was kept."""


class BeforeTheLast(NamedTuple):
    """What was new in the folder before a prompt was given the last image of a batch."""

    prompt: Prompt
    selection: Selection
    paths: Sequence[str]
    finished: int
    """How many files were left out, as their results are there already."""
    sights: Mapping[str, Hashable]
    """What each was like, to see later whether it has changed."""


class LoopMemory(NamedTuple):
    """What is remembered of one loop."""

    turns: Mapping[Turn, OpenTurn] = MappingProxyType({})
    """As many as there are prompts at work on it."""
    untold: str | None = None
    """What could not be written after its prompt had ended well, to be told to the next run."""
    clients: Clients = Clients()
    asked: tuple[Prompt, Selection] | None = None
    """The newest prompt that has asked for an item, and the settings that it asked with."""
    before_the_last: BeforeTheLast | None = None
    work: Mapping[Prompt, Work] = MappingProxyType({})
    """Of the prompts that have an item."""
    spelled: tuple[Hashable, Collection[str]] | None = None
    """The images as a folder has them that takes upper and lower case for one, with what tells
    their listing from others of the loop."""
    linked: tuple[Hashable, Collection[str]] | None = None
    """The files that images are links to, with the same."""
    is_watched: bool = False
    """Whether the folder is watched for new files."""
    arrivals: Arrivals | None = None
    """What was seen of new files in the folder."""
    interrupted: bool = False
    """Whether its last prompt was stopped before its end, so that no other follows by itself."""


NOTHING = LoopMemory()


class Memory:
    """What is remembered of all loops.

    A transaction works on a draft of the loops that it changes, which takes its place when the
    store has kept the rest, and is forgotten if it has not. What is seen of the world (how prompts
    have ended, and when something happened) is noted at once, as nothing undoes it.
    """

    def __init__(self, host: Host) -> None:
        self.moments = Moments(host)
        self._outcomes: dict[Prompt, Outcome] = {}
        # By the ids of the loops, whose hashes Python keeps.
        self._kept: dict[str, LoopMemory] = {}
        self._draft: dict[str, tuple[LoopKey, LoopMemory]] | None = None
        self._forgotten: set[LoopKey] = set()
        # Of what is kept: the loops that have a turn whose outcome is looked for.
        self._awaited: dict[str, tuple[LoopKey, tuple[Turn, ...]]] = {}

    def kept(self, key: LoopKey) -> LoopMemory:
        """A loop without what a transaction is about to change: from any thread."""
        return self._kept.get(key.id, NOTHING)

    def __getitem__(self, key: LoopKey) -> LoopMemory:
        """A loop as the transaction of this thread has it."""
        if self._draft is not None and key.id in self._draft:
            return self._draft[key.id][1]
        return self._kept.get(key.id, NOTHING)

    def change(self, key: LoopKey, **changes: Any) -> None:
        """Change what is remembered of a loop, in a transaction."""
        self._changing[key.id] = (key, self[key]._replace(**changes))

    def forget(self, key: LoopKey) -> None:
        """Forget a loop, in a transaction."""
        self._changing[key.id] = (key, LoopMemory(turns=self._still_awaited(key)))
        self._forgotten.add(key)

    def turn(self, key: LoopKey, turn: Turn) -> OpenTurn:
        """What is known of a turn, in a transaction."""
        return self[key].turns.get(turn, OpenTurn())

    def change_turn(self, key: LoopKey, turn: Turn, **changes: Any) -> None:
        """Change what is known of a turn, in a transaction."""
        changed = self.turn(key, turn)._replace(**changes)
        self.change(key, turns={**self[key].turns, turn: changed})

    def end_turns(self, key: LoopKey, is_over: Callable[[Turn], bool]) -> None:
        """Forget turns of which it is known what has become of their items, in a transaction."""
        turns = self[key].turns
        left = {turn: known for turn, known in turns.items() if not is_over(turn)}
        if len(left) < len(turns):
            self.change(key, turns=left)

    def begin_batch(self, key: LoopKey) -> None:
        """Forget what belongs to the batch before, in a transaction."""
        turns = self._still_awaited(key)
        self.change(key, turns=turns, untold=None, work={}, spelled=None, linked=None)

    def _still_awaited(self, key: LoopKey) -> dict[Turn, OpenTurn]:
        """The turns that are looked for until their prompts end, whatever becomes of their items.

        Others may wait to hear that this server is at work.
        """
        return {
            turn: known._replace(given=())
            for turn, known in self[key].turns.items()
            if known.is_awaited
        }

    @property
    def is_at_work(self) -> bool:
        """Whether a prompt may have an item that is waited for; asks for no lock."""
        return bool(self._awaited)

    def awaited(self) -> dict[LoopKey, tuple[Turn, ...]]:
        """The turns whose outcomes are looked for, under the lock of the transactions."""
        return dict(self._awaited.values())

    def has_reached_end(self) -> bool:
        """Whether an item is as good as done, under the lock of the transactions."""
        return any(
            self.kept(key).turns[turn].has_ended
            for key, turns in self._awaited.values()
            for turn in turns
        )

    def outcome(self, prompt: Prompt) -> Outcome | None:
        """How a prompt has ended, which the history may not hold any more."""
        return self._outcomes.get(prompt)

    def note_outcome(self, prompt: Prompt, outcome: Outcome) -> None:
        """Note how a prompt has ended: now, whatever becomes of the transaction."""
        if len(self._outcomes) >= _OUTCOMES_KEPT:
            self._outcomes.clear()
        self._outcomes[prompt] = outcome

    @contextmanager
    def draft(self) -> Iterator[Callable[[], None]]:
        """Have changes made inside, which are forgotten; what this gives keeps them after all."""
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
            awaited = tuple(turn for turn, known in loop.turns.items() if known.is_awaited)
            if awaited:
                self._awaited[loop_id] = key, awaited
            else:
                self._awaited.pop(loop_id, None)
        for key in forgotten:
            self.moments.forget(key)

    @property
    def _changing(self) -> dict[str, tuple[LoopKey, LoopMemory]]:
        if self._draft is None:
            raise RuntimeError("what is remembered is changed inside of a transaction")
        return self._draft
