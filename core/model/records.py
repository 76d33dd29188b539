"""The frozen records that the registry hands out: safe to read from any thread, for any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..common.sight import Sight, Sights
from ..common.source_metadata import NO_METADATA, SourceMetadata
from ..common.times import Took
from .items import Counts, Item
from .loop_key import IMAGES, LoopKey
from .prompt import Prompt, Sender


@dataclass(frozen=True)
class Several:
    """The elements of a ComfyUI list, which the nodes that follow process one by one.

    A single value is carried over as it is, even if it is a Python list.
    """

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Carried:
    """A value that Loop End carried over."""

    value: Any = field(default=None, repr=False)
    """None if there is none."""
    lost: str | None = None
    """What was lost when ComfyUI was started again, in words; None if nothing was."""


NOTHING_CARRIED = Carried()


class MadeOfAll(NamedTuple):
    """A file that a node has made of all results of a batch, such as a film or a contact sheet."""

    node: str
    """The node's id."""
    path: str
    """Real path."""
    more: int = 0
    """How many more it has made than the first `MADE_SHOWN`, of which this is the last."""


@dataclass(frozen=True)
class Partner:
    """An item of another loop that goes through the workflow together with an item."""

    key: LoopKey
    path: str
    batch: int = field(default=0, compare=False)
    """Number of its loop's batch."""
    ends_with_saver: bool = field(default=False, compare=False)
    """See `Iteration.ends_with_saver`."""


class FinishedBy(NamedTuple):
    """What a complete batch was finished by."""

    sender: Sender
    at: float
    """In seconds since the epoch."""
    own: bool
    """Whether that is who asks."""
    here: bool
    """Whether it ran on this server, since its start."""


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
    """How many images were left out, as their results already existed."""
    lacking: int = 0
    """How many images were left out, as companions of theirs are missing."""
    watch: bool = False
    """Whether the batch is to wait for new files when it is complete."""
    elsewhere: int = 0
    """How many images other servers are working on."""
    without: tuple[str, ...] = ()
    """Names of the output nodes that do not run in this prompt, as only a part of the workflow was
    asked for; the item is not done then."""
    following: str | None = field(default=None, compare=False)
    """Path of the item that the next prompt is expected to get; None if there is none."""
    finished_by: FinishedBy | None = field(default=None, compare=False)
    """What the batch was finished by, if nothing was handed out and that is known."""
    partners: tuple[Partner, ...] = ()
    """The items that the prompt's other iterators were given together with this one."""
    ends_with_saver: bool = False
    """Whether no Loop End follows in the graph, so that a Save Image (Batch) ends the iteration."""
    forgets: str = field(default="", compare=False)
    """Why the batch is forgotten when ComfyUI ends; empty if it is not, or if asked for."""
    metadata: SourceMetadata = field(default=NO_METADATA, compare=False, repr=False)
    """That of the item's file, as it was when its image was read."""
    variant: tuple[tuple[str, Any], ...] = field(default=(), compare=False, repr=False)
    """The names of the values that its item is taken with, and the values; see
    `core.sources.variants`."""
    size: tuple[int, int] = field(default=(0, 0), compare=False)
    """Height and width of that image."""
    tried: bool = False
    """Whether the workflow is only tried on the image: no batch has handed it out, so nothing is
    counted, and results are shown, not saved."""

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
        """Whether no other item of the batch is waiting or running."""
        last = self.counts.to_hand_out == 0 and self.counts.running == 1
        return self.item is not None and last


@dataclass(frozen=True)
class Overview:
    """A loop at one moment, as shown in a list of all loops."""

    id: str
    name: str
    directory: str
    batch: int
    counts: Counts
    finished: int = 0
    """How many images were left out, as their results already existed."""
    ran_at: float | None = None
    """When an image was last handed out, or its outcome became known, in seconds since the epoch;
    None for never."""
    elsewhere: int = 0
    """How many images other servers are working on."""
    stopped: bool = False
    """Whether a run has stopped on the next image; also False if that was not looked up."""
    watch: bool = False
    """Whether it waits for new files when it is complete, as far as this server knows."""
    interrupted: bool = False
    """Whether its last prompt was interrupted, as far as this server knows."""
    workflow: str = ""
    """The id of its workflow; empty for prompts without one."""
    title: str = ""
    """The workflow's name; empty if not known."""
    source: str = IMAGES
    """What kind of items it has, see `LoopKey.source`."""
    undo_until: float | None = None
    """Until when Start over can be undone, in seconds since the epoch; None if it cannot be."""
    told_at: float = field(default=0.0, compare=False)
    """When this was reported: seconds since the epoch, by the clock of `ran_at`."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to hand out or in progress, on any server.

        An image of this server that has reached Loop End counts as finished: usually it is its own
        prompt that asks.
        """
        return self.counts.complete and not self.elsewhere


@dataclass(frozen=True)
class Snapshot(Overview):
    """A loop at one moment."""

    failures: tuple[Item, ...] = ()
    """The failed items in the order of the listing, the first `FAILURES_SHOWN` of them."""
    current: tuple[Item, ...] = ()
    """The listed images that are in progress, the newest first, at most `CURRENT_SHOWN`."""
    stopped_on: Item | None = None
    """The next image, if a run has stopped on it; also None if that was not looked up."""
    lacking: int = 0
    """How many images were left out, as companions of theirs are missing."""
    lost_transparency: int = 0
    """How many images are transparent, and a result of theirs is not."""
    renamed_texts: int = 0
    """How many images' texts went to other names, as files of others had theirs."""
    made_of_all: tuple[MadeOfAll, ...] = ()
    """The files that nodes have made of all results of this batch, `MADE_SHOWN` of each node."""
    partners: tuple[str, ...] = ()
    """The ids of the loops that advance together with it, or did when it last ran."""
    paired: tuple[str, ...] = ()
    """The folders of those of them that still do; also empty if that was not looked up."""
    took: Took = field(default_factory=Took, compare=False)
    """How long it has taken and will take."""
    variants: tuple[str, ...] = ()
    """The labels of the values that each entry is taken with, in order."""
    by_value: bool = False
    """Whether all entries are taken with one of them before the next."""
    windows: bool = False
    """Whether each entry is a window of several frames."""
    forgets: str = ""
    """Why it is forgotten when ComfyUI ends; empty if it is not, or if asked for."""


ReportedItem = tuple[Item, tuple[str, ...]]
"""An item, and the real paths of the files that it wrote."""


@dataclass(frozen=True)
class Written:
    """The image, of any loop, that last wrote a file."""

    loop: str
    """The loop's id."""
    path: str
    """The item's path."""
    batch: int
    """The batch of the loop in which it wrote the file."""
    under_way: bool
    """Whether a prompt is working on that image now."""
    whole: bool = field(default=False, compare=False)
    """False if the prompt that wrote it is known to have ended without success."""
    sights: Sights = field(default=(), compare=False)
    """How the file may look if it is still what the image wrote; none if that is not known."""

    def is_replaced(self, found: Sight | None) -> bool:
        """Whether somebody has replaced or edited the file, which now looks like `found`."""
        return (
            bool(self.sights)
            and found is not None
            and not any(sight.is_of(found) for sight in self.sights)
        )

    def as_left(self, found: Sight) -> Sights:
        """How the file, which looks like `found`, was left; none if somebody has replaced it."""
        if not self.sights:
            return (found,)
        return tuple(
            found._replace(digest=sight.digest) for sight in self.sights if sight.is_of(found)
        )[:1]

    def is_in_doubt(self, found: Sight | None) -> bool:
        """Whether the file, which looks like `found`, has to be read to tell `is_replaced`."""
        return (
            found is not None
            and self.is_replaced(found)
            and any(sight.asks_for(found) for sight in self.sights)
        )


class KnownResult(NamedTuple):
    """A file that an image wrote, as `skip_finished` needs it."""

    file: str
    """The path that identifies it."""
    loop: str
    """Id of the loop that wrote it last."""
    directory: str
    """That loop's directory."""
    path: str
    """The item's path."""
    batch: int
    whole: bool
    """Whether the image was done in that batch, so that none of its files is missing."""


@dataclass(frozen=True)
class Page:
    """Some items of a loop, in the order of the listing."""

    total: int
    """How many items of this kind there are on all pages."""
    start: int
    """How many of them come before this page."""
    items: tuple[ReportedItem, ...]


@dataclass(frozen=True)
class Arrived:
    """What has arrived for a watched loop."""

    loop: str
    """Its id."""
    directory: str
    ready: int = 0
    """How many images the next runs would process; 0 while a run is in progress."""
    growing: int = 0
    """How many new images may still be incomplete."""


MADE_SHOWN = 100
"""Most files of a node in a snapshot: it may make a film of each film, with each variant."""

FAILURES_SHOWN = 100
"""Most failures in a snapshot, so that it stays small whatever went wrong."""


CURRENT_SHOWN = 4
"""Most images in progress in a snapshot."""
