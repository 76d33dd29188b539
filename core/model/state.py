"""The states of an item, and the frozen records that the registry hands out.

Nothing in this module changes after it was made: whoever holds a record may read it from any
thread, for as long as it likes.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from .prompt import Failure, Prompt


class ItemState(str, Enum):
    """Where an item stands."""

    PENDING = "pending"
    """Waits for its turn."""
    RUNNING = "running"
    """A prompt works on it."""
    ENDED = "ended"
    """Its prompt has reached Loop End, and has not ended yet."""
    DONE = "done"
    """Its prompt ended in success."""
    FAILED = "failed"
    """Given up, with a reason."""


class IterationMode(str, Enum):
    """What a run does with the results of runs before it."""

    CONTINUE = "Continue"
    RESET = "Reset"
    RETRY_FAILED = "Retry failed"
    """Once, take the FAILED items again; then like Continue."""


class ErrorHandling(str, Enum):
    """What happens to an item that fails."""

    STOP = "Stop on error"
    SKIP = "Skip on error"


class WhenComplete(str, Enum):
    """What a run on a complete batch does."""

    STOP = "Stop"
    START_OVER = "Start over"
    WATCH = "Watch"
    """Nothing, like Stop; but the batch waits for new files, and takes only whole ones."""


@dataclass(frozen=True)
class Policy:
    """How a loop treats failures and its end."""

    error_handling: ErrorHandling = ErrorHandling.STOP
    max_attempts: int = 1
    """With Skip on error: how many prompts may fail on an item before it is FAILED; 1 or more."""
    when_complete: WhenComplete = WhenComplete.STOP


DEFAULT_POLICY = Policy()
"""What Directory Iterator's widgets say at first."""


@dataclass(frozen=True)
class LoopKey:
    """What makes a loop the same loop."""

    name: str
    directory: str
    """Real path of the directory."""
    place: str = ""
    """The directory as all servers know it; empty where that is its path."""

    @property
    def shared(self) -> str:
        """The directory as all servers know it."""
        return self.place or self.directory

    @functools.cached_property
    def id(self) -> str:
        """A short name for routes and events, which gives away neither name nor path."""
        # A path may hold undecodable bytes, which reach Python as lone surrogates.
        text = f"{self.name}\0{self.shared}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:16]

    def seed(self, batch: int) -> int:
        """What decides on the order of a shuffle: another batch, another one."""
        return int(self.id, 16) + batch

    def full(self, path: str) -> str:
        """Full path of the item at a relative path."""
        return os.path.join(self.directory, *path.split("/"))

    def inside(self, target: str) -> str | None:
        """Relative path of the file at a full path; None for one that is not in the directory."""
        folder = os.path.join(self.directory, "")
        if not os.path.normcase(target).startswith(os.path.normcase(folder)):
            return None
        return target[len(folder) :].replace(os.sep, "/")


@dataclass(frozen=True)
class Several:
    """The elements of one of ComfyUI's lists, each of which what follows works on by itself.

    A single value is carried over as it is, also one that is a list of Python's.
    """

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Carried:
    """A value that Loop End carried over."""

    value: Any = field(default=None, repr=False)
    """None for nothing."""
    lost: str | None = None
    """What could not be kept when ComfyUI was started again, in words; None for nothing."""


NOTHING_CARRIED = Carried()


@dataclass(frozen=True)
class Claim:
    """A prompt's hold on an item."""

    prompt: Prompt
    policy: Policy
    """As it was when the item was handed out: what decides, should the prompt fail."""
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
    """Present while it is RUNNING or ENDED."""
    failure: Failure | None = None
    """Why it is FAILED, or why the last prompt failed on it."""
    seconds: float = 0.0
    """Time spent in its prompts, from handing out to outcome."""


@dataclass(frozen=True)
class Counts:
    """How many items of a loop are in each state."""

    pending: int = 0
    running: int = 0
    ended: int = 0
    done: int = 0
    failed: int = 0
    unpaired: int = 0
    """How many of those that are pending stay so, as no image is left to go with them."""

    @property
    def total(self) -> int:
        """All items of the listing."""
        return self.pending + self.running + self.settled

    @property
    def succeeded(self) -> int:
        """All that are done: also those whose prompt has yet to end.

        It is mostly such a prompt itself that asks.
        """
        return self.ended + self.done

    @property
    def settled(self) -> int:
        """How many have come to their end."""
        return self.succeeded + self.failed

    @property
    def left(self) -> int:
        """How many are still to come to their end."""
        return self.pending - self.unpaired + self.running

    @property
    def complete(self) -> bool:
        """Whether nothing is left to hand out or under way."""
        return self.pending == self.unpaired and self.running == 0


@dataclass(frozen=True)
class Partner:
    """An item of another loop that goes through the workflow with one."""

    key: LoopKey
    path: str


@dataclass(frozen=True)
class Iteration:
    """What travels on a `loop` socket: one prompt's turn in a loop."""

    key: LoopKey
    prompt: Prompt
    batch: int
    """Number of the batch: 1 for the first, one more each time the loop starts over."""
    counts: Counts
    """As they were when the item was handed out."""
    item: Item | None = None
    """None when the batch was complete and nothing was handed out."""
    carried: Carried = field(default=NOTHING_CARRIED, compare=False, repr=False)
    """What Loop End carried over from the iteration before."""
    finished: int = 0
    """How many images were left out, as their results were there already."""
    watch: bool = False
    """Whether the batch is to wait for new files when it is complete."""
    elsewhere: int = 0
    """How many images other servers are at work on."""
    without: tuple[str, ...] = ()
    """Names of the output nodes that do not run in this prompt, as only a part of the workflow was
    asked for: the item is not done by it."""
    following: str | None = field(default=None, compare=False)
    """Path of the item that the next prompt will be given, as things stand; None for none."""
    partners: tuple[Partner, ...] = ()
    """The items that other iterators of the prompt were handed out together with this one."""
    forgets: str = field(default="", compare=False)
    """Why the batch is forgotten when ComfyUI ends, where nobody has asked for that."""

    @property
    def complete(self) -> bool:
        """Whether nothing was handed out, so that the workflow has nothing to do."""
        return self.item is None

    @property
    def number(self) -> int:
        """How many items of the batch were finished before this one, from 0."""
        return self.counts.settled

    @property
    def is_first(self) -> bool:
        """Whether no item of the batch was finished before this one."""
        return self.item is not None and self.number == 0

    @property
    def is_last(self) -> bool:
        """Whether no other item of the batch waits or runs."""
        last = self.counts.pending == self.counts.unpaired and self.counts.running == 1
        return self.item is not None and last


@dataclass(frozen=True)
class Overview:
    """A loop at one moment, as a list of all loops has it."""

    id: str
    name: str
    directory: str
    batch: int
    counts: Counts
    seconds: float
    """Time spent in prompts of this batch, from handing out to outcome."""
    finished: int = 0
    """How many images were left out, as their results were there already."""
    ran_at: float | None = None
    """When a prompt last changed it: an image was handed out, or settled. Seconds since the epoch;
    None for never."""
    elsewhere: int = 0
    """How many images other servers are at work on."""
    stopped: bool = False
    """Whether a run stopped on the image that is next. False also where it was not asked for."""
    watch: bool = False
    """Whether new files are waited for when it is complete, as far as this server knows."""
    told_at: float = field(default=0.0, compare=False)
    """When this was told: seconds since the epoch, by the clock of `ran_at`."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to hand out or under way, on any server.

        An image of this server that has reached Loop End counts as finished: it is mostly the
        prompt itself that asks.
        """
        return self.counts.complete and not self.elsewhere


@dataclass(frozen=True)
class Snapshot(Overview):
    """A loop at one moment."""

    failures: tuple[Item, ...] = ()
    """The failed items in the order of the listing, the first `FAILURES_SHOWN` of them."""
    current: tuple[Item, ...] = ()
    """The listed images that are under way, the newest first, `CURRENT_SHOWN` at the most."""
    stopped_on: Item | None = None
    """The image that is next, if its last prompt failed: a run stopped on it. None also where it
    was not asked for."""
    forgets: str = ""
    """Why it is forgotten when ComfyUI ends, where nobody has asked for that."""


ReportedItem = tuple[Item, tuple[str, ...]]
"""An item, and the real paths of the files that it wrote."""


@dataclass(frozen=True)
class Written:
    """Which image wrote a file, by the newest that is known of any loop."""

    loop: str
    """The loop's id."""
    path: str
    """The item's."""
    batch: int
    """The batch of its loop in which it did so."""
    under_way: bool
    """Whether a prompt works on that image now."""
    whole: bool = field(default=False, compare=False)
    """Whether that prompt is not known to have ended in vain."""


class KnownResult(NamedTuple):
    """A file that some image wrote, as `skip_finished` asks for it."""

    file: str
    """Its path, as the file is told from others."""
    loop: str
    """Id of the loop that wrote it last."""
    directory: str
    """That loop's directory."""
    path: str
    """The item's."""
    batch: int
    whole: bool
    """Whether the image was done then, so that nothing of what it made is missing."""


@dataclass(frozen=True)
class Page:
    """Some items of a loop, in the order of the listing."""

    total: int
    """How many there are of their kind, on all pages."""
    start: int
    """How many of these come before the page."""
    items: tuple[ReportedItem, ...]


@dataclass(frozen=True)
class Arrived:
    """What has come to a loop that is watched."""

    loop: str
    """Its id."""
    directory: str
    ready: int = 0
    """How many images the next runs would work on; 0 while a run is under way."""
    growing: int = 0
    """How many new images may still be growing."""


FAILURES_SHOWN = 100
"""How many failures a snapshot holds, so that it stays small whatever went wrong."""

CURRENT_SHOWN = 4
"""How many images under way a snapshot holds."""
