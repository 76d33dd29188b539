"""The frozen records that the registry hands out: safe to read from any thread, for any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .items import Counts, Item
from .loop_key import LoopKey
from .prompt import Prompt


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
        return self.counts.handled

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
    """When an image was last handed out, or its outcome became known, in seconds since the epoch;
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
