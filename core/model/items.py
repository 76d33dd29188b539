"""Items: each is one image of a loop, with its state and the claim on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .policy import Policy
from .prompt import Failure, Prompt
from .titles import title_of


class ItemState(str, Enum):
    """The state of an item."""

    PENDING = "pending"
    """It waits for its turn."""
    RUNNING = "running"
    """A prompt is working on it."""
    FINISHING = "finishing"
    """Its prompt has reached Loop End, but has not ended yet."""
    DONE = "done"
    """Its prompt succeeded."""
    FAILED = "failed"
    """It was given up, with a reason."""


STATE_NAMES = {state: state.value for state in ItemState}
"""The states as `Counts` names them; made once, as an enum takes its time to tell a value."""


@dataclass(frozen=True)
class Claim:
    """A prompt's hold on an item."""

    prompt: Prompt
    policy: Policy
    """The one that the item was handed out with: it decides what follows a failure."""
    since: float
    """Seconds since the epoch."""
    server: str = ""
    """The server that the prompt runs on, see `core.model.prompt.Host.server`."""


@dataclass(frozen=True)
class Item:
    """One file of a loop."""

    path: str
    """Relative to the directory, with `/`."""
    index: int
    """Position in the listing, from 0."""
    state: ItemState = ItemState.PENDING
    attempts: int = 0
    """How many prompts have failed on it."""
    missed_loop_ends: int = 0
    """How many prompts in a row succeeded on it without reaching Loop End."""
    claim: Claim | None = None
    """Present while it is RUNNING or FINISHING."""
    failure: Failure | None = None
    """Why it is FAILED, or why the last prompt failed on it."""
    seconds: float = 0.0
    """Time spent in its prompts, from handing out to outcome."""
    turns: int = 0
    """How many prompts have had it in this batch, and in those before since it was last done."""
    lost_transparency: bool = False
    """Whether it is done and transparent, and a result of it is not."""
    stopped: bool = False
    """Whether a run has stopped on it: it failed, and the run was not to go on after that."""
    lost_turn: int = 0
    """Of its `turns`, the one up to which its results are those that it was once done with.

    Above 0 only if one of them was deleted since, and it is neither done again nor given up.
    """

    @property
    def title(self) -> str:
        """What people read in place of its path."""
        return title_of(self.path)

    @property
    def undone(self) -> bool:
        """Whether a prompt has had it, and it is not done."""
        return self.turns > 0 and self.state is not ItemState.DONE

    @property
    def is_lost(self) -> bool:
        """Whether it was done, and a result was deleted: no batch loses it without a word."""
        return self.lost_turn > 0

    @property
    def is_untouched(self) -> bool:
        """Whether a prompt has it whose turn is the first since it has lost a result."""
        return self.claim is not None and self.is_lost and self.lost_turn == self.turns - 1

    @property
    def may_be_back(self) -> bool:
        """Whether it is done again once its results are back, as nothing has touched the others."""
        is_free = self.state in {ItemState.PENDING, ItemState.FAILED}
        return is_free and self.is_lost and self.lost_turn == self.turns


@dataclass(frozen=True)
class Counts:
    """How many items of a loop are in each state."""

    pending: int = 0
    running: int = 0
    finishing: int = 0
    done: int = 0
    failed: int = 0
    unpaired: int = 0
    """How many pending items stay pending, as no partner is left for them."""
    to_list: int = 0
    """How many more the batch has, as far as known, that are yet to be added to its listing."""

    @property
    def total(self) -> int:
        """All items of the batch."""
        return self.waiting + self.running + self.handled

    @property
    def waiting(self) -> int:
        """How many are pending, whether they are listed yet or not."""
        return self.pending + self.to_list

    @property
    def listed(self) -> int:
        """How many items the listing has."""
        return self.total - self.to_list

    @property
    def succeeded(self) -> int:
        """How many are done, including those whose prompt has yet to end.

        Usually it is such a prompt itself that asks.
        """
        return self.finishing + self.done

    @property
    def handled(self) -> int:
        """How many are done or failed."""
        return self.succeeded + self.failed

    @property
    def to_hand_out(self) -> int:
        """How many are yet to be handed out."""
        return self.waiting - self.unpaired

    @property
    def left(self) -> int:
        """How many are yet to be done or to fail."""
        return self.to_hand_out + self.running

    @property
    def complete(self) -> bool:
        """Whether nothing is left to hand out or in progress."""
        return self.to_hand_out == 0 and self.running == 0
