"""What the registry knows about ComfyUI: prompts, their outcomes, and the host that reports them.

`core.comfy.host` asks a real ComfyUI; unit tests use a small fake.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from ..common.names import ITERATORS


class Sender(str, Enum):
    """What sends prompts."""

    PAGE = "page"
    """ComfyUI's page."""
    COMMAND = "command"
    """`batch-loop run`."""
    SCRIPT = "script"
    """Anything else, through ComfyUI's API."""


@dataclass(frozen=True)
class Prompt:
    """A prompt in the queue.

    Its identity includes the time of submission, as clients may choose the id and so submit two
    prompts with the same one.
    """

    id: str
    submitted_at: float
    """Seconds since the epoch, by this machine's clock; 0 if unknown."""
    client_id: str | None = None
    """The browser tab or other client that submitted it, see `client_named`; None if unknown."""
    steady: float | None = field(default=None, compare=False)
    """When it was submitted, by `Host.steady`; None if unknown."""
    sender: Sender = field(default=Sender.SCRIPT, compare=False)

    def __hash__(self) -> int:
        """That of the id, which Python remembers."""
        return hash(self.id)


@dataclass(frozen=True)
class Runner:
    """What has a batch's images worked on: where the newest prompt that was given one came from."""

    sender: Sender
    client_id: str | None
    """See `Prompt`."""
    server: str
    """See `Host`."""


def client_named(given: Any) -> str | None:
    """A client's id as a string, for an id that may be any JSON value.

    Different ids give different strings: 1, "1" and true are three clients. A store keeps the
    string unchanged. None for null, which is no id.
    """
    return None if given is None else json.dumps(given, sort_keys=True)


LONGEST_REASON = 1000
"""Most characters of a failure's reason. Pages keep asking for a hundred of them, and an error may
list every mismatched layer of a model; ComfyUI's log has the full text."""


@dataclass(frozen=True)
class Failure:
    """Why an item failed."""

    reason: str
    """At most `LONGEST_REASON` characters."""
    node_id: str | None = None
    """The node that raised the error; None if the file itself could not be read, or another one."""
    node_type: str | None = None
    """Its type; without an id, that of the nodes that ask for the other file."""
    blames_image: bool = field(default=True, compare=False)
    """Whether the image may be the cause: not for a full disk. Known only until it is noted."""

    @property
    def unreadable(self) -> bool:
        """Whether the file itself is at fault: it failed before or in the iterator."""
        return self.node_type is None or self.node_type in ITERATORS

    def __post_init__(self) -> None:
        """Shorten the reason."""
        if len(self.reason) > LONGEST_REASON:
            object.__setattr__(self, "reason", self.reason[: LONGEST_REASON - 1] + "…")


class Ending(Enum):
    """Whether and how a prompt has ended."""

    RUNNING = "running"
    """It has not ended yet."""
    SUCCESS = "success"
    ERROR = "error"
    """A node raised an error; the outcome has a failure."""
    STOPPED = "stopped"
    """Interrupted, deleted, or lost without a trace, which says nothing about the item."""


@dataclass(frozen=True)
class Outcome:
    """How a prompt ended."""

    ending: Ending
    failure: Failure | None = None
    ended_at: float | None = None
    """In seconds since the epoch; None if unknown."""


class Saved(NamedTuple):
    """A file that a prompt reports as saved."""

    file: str
    """Its full path, as its node named it."""
    iterators: tuple[str, ...]
    """Ids of the Directory Iterators whose images it may be made from, the main one first."""
    is_claimed: bool = False
    """Whether Save Image (Batch) has saved it, for the image that it claimed it for."""


class Host(Protocol):
    """The registry's questions to ComfyUI."""

    @property
    def server(self) -> str:
        """This server process's name, unique among all processes, past and future."""

    def outcome(self, prompt: Prompt) -> Outcome:
        """The outcome of a prompt of this server; `Ending.RUNNING` if it still runs."""

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:
        """Whether another server process is still running; None if that cannot be told from here.

        With `is_here` it is known to run on this machine, if it runs at all.
        """

    def raise_if_cancelled(self) -> None:
        """Raise the exception that ends the running prompt, if its cancellation was requested."""

    def saved(self, prompt: Prompt) -> tuple[Saved, ...]:
        """The files that a finished prompt reports as saved.

        () for a prompt that is unknown here, such as another server's.
        """

    def has_ended(self, prompt: Prompt) -> bool:
        """Whether a prompt of this server has ended; asked often, and cheaper than `outcome`."""

    def now(self) -> float:
        """Seconds since the epoch, by the clock of `Prompt.submitted_at`."""

    def steady(self) -> float:
        """Seconds since an arbitrary moment, by this process's monotonic clock."""

    def wait(self, seconds: float) -> None:
        """Sleep."""
