"""What the process remembers of one loop, besides the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...common.forecast import Forecast
from ...common.sight import Sights
from ...model.background_writes import Turn
from ...model.loop_key import LoopKey
from ...model.prompt import Prompt
from .clients import Clients

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ...files.growing_files import Arrivals
    from ...model.selection import Selection


class OpenTurn(NamedTuple):
    """One prompt's work on one item, until its outcome is known."""

    batch: int = 0
    """The number of the item's batch."""
    began: float | None = None
    """When the item was handed out, by the monotonic clock; None if that was not noted."""
    waited: float = 0.0
    """For how many seconds it has waited for results of earlier prompts to be written."""
    together: tuple[LoopKey, ...] = ()
    """The loops whose items the prompt was given together, including this one."""
    iterators: frozenset[str] = frozenset()
    """Ids of the Directory Iterators that have handed the item out; usually one."""
    is_part: bool = False
    """Whether only a part of the workflow runs, which never finishes the item."""
    end_may_wait: bool = False
    """Whether its end is written down with what comes next, instead of at once: images are left."""
    reached_end_at: float | None = None
    """When the prompt first reached Loop End, by the monotonic clock; None if it has not yet."""
    lost_transparency: bool = False
    """Whether its image is transparent, and a result of it is not."""
    renamed_text: bool = False
    """Whether a text of it went to another name, as a file of somebody else had its own."""
    given: tuple[Any, ...] = ()
    """The first value that Loop End was given, once reached: it is carried over if the prompt
    succeeds, and is dropped otherwise."""

    @property
    def has_reached_end(self) -> bool:
        """Whether the prompt has reached Loop End."""
        return self.reached_end_at is not None

    @property
    def value(self) -> Any:
        """The value to carry over; None for nothing."""
        return self.given[0] if self.given else None

    def with_end_of(self, other: OpenTurn) -> OpenTurn:
        """The same, having reached Loop End as another has, or not."""
        return self._replace(reached_end_at=other.reached_end_at, given=other.given)


class Work(NamedTuple):
    """What one prompt has done so far with the files of one loop."""

    claimed: Mapping[str, str] = MappingProxyType({})
    """The result that each file was claimed for."""
    new: Mapping[str, str] = MappingProxyType({})
    """The real path of each claimed file that no item of any loop had written before."""
    left_alone: Mapping[str, str] = MappingProxyType({})
    """For each existing file that was kept, the result that was to be written there."""
    shown: frozenset[str] = frozenset()
    """Files that the prompt's item is shown with, though it has not claimed them: what identifies
    them, and their real paths."""
    sights: Mapping[str, tuple[str, Sights]] = MappingProxyType({})
    """For each claimed file, by its real path: what identifies it, and how it may look."""


class BeforeTheLast(NamedTuple):
    """What was new in the folder before a prompt was given the last image of a batch."""

    prompt: Prompt
    selection: Selection
    paths: Sequence[str]
    finished: int
    """How many files were left out, as their results already exist."""
    lacking: int
    """How many were left out, as companions of theirs are missing."""
    sights: Mapping[str, Hashable]
    """A description of each file, to see later whether it has changed."""


class LoopMemory(NamedTuple):
    """What is remembered of one loop."""

    turns: Mapping[Turn, OpenTurn] = MappingProxyType({})
    """One for each prompt that is working on it, in this batch or still in the one before."""
    kept_turns: Mapping[Turn, OpenTurn] = MappingProxyType({})
    """Those of the batch before as they were when it ended, as long as it may be put back."""
    untold: str | None = None
    """Why a result could not be written after its prompt had succeeded; the next run reports it."""
    clients: Clients = Clients()
    asked: tuple[Prompt, Selection] | None = None
    """The latest prompt that has asked for an item, and its settings."""
    before_the_last: BeforeTheLast | None = None
    work: Mapping[Prompt, Work] = MappingProxyType({})
    """Of the prompts that have an item."""
    spelled: tuple[Hashable, Collection[str]] | None = None
    """The images in a folder that ignores case, in folded spelling, with what tells their listing
    from others of the loop."""
    entries: tuple[Hashable, Collection[str]] | None = None
    """The images that a batch takes with several values each, with the same key."""
    linked: tuple[Hashable, Collection[str]] | None = None
    """The files that images are links to, with the same key."""
    is_watched: bool = False
    """Whether the folder is watched for new files."""
    arrivals: Arrivals | None = None
    """New files seen in the folder."""
    forecast: Forecast = Forecast()
    """How heavy the batch's images are, and what they took."""
    interrupted: bool = False
    """Whether a prompt here was interrupted since an image was handed out: no other follows."""


NOTHING = LoopMemory()
