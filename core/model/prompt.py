"""What the registry knows of ComfyUI: prompts, how they end, and a host that tells.

`core.comfy.host` answers from a real ComfyUI; unit tests answer from a fake of a few lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from ..common.names import node_id


@dataclass(frozen=True)
class Prompt:
    """One prompt of the queue.

    Two submissions may carry the same id (a client may choose it), so the time of submission
    is part of what makes a prompt itself.
    """

    id: str
    submitted_at: float
    """Seconds since the epoch, by this machine's clock."""
    client_id: str | None = None
    """The browser tab, or other client, that submitted it, see `client_named`; None when it did
    not say."""
    steady: float | None = field(default=None, compare=False)
    """When it was submitted by `Host.steady`; None where nobody noted it."""


def client_named(given: Any) -> str | None:
    """A client by the id that it has given itself, which may be anything that JSON holds.

    A text that is the same for the same id alone: 1, "1" and true are three clients. A store
    keeps it as it is, and gives it back so. None for null, which is no id.
    """
    return None if given is None else json.dumps(given, sort_keys=True)


LONGEST_REASON = 1000
"""Characters of a failure's reason. Pages ask for a hundred of them again and again, and an error
may hold a whole model's list of what does not fit; ComfyUI's log has all of it."""


@dataclass(frozen=True)
class Failure:
    """Why an item failed."""

    reason: str
    """In `LONGEST_REASON` characters at the most."""
    node_id: str | None = None
    """The node that raised; None when the file itself could not be read."""
    node_type: str | None = None

    @property
    def unreadable(self) -> bool:
        """Whether the file itself is at fault: no node has seen it, or only the one that reads."""
        return self.node_id is None or self.node_type == node_id("DirectoryIterator")

    def __post_init__(self) -> None:
        """Shorten the reason."""
        if len(self.reason) > LONGEST_REASON:
            object.__setattr__(self, "reason", self.reason[: LONGEST_REASON - 1] + "…")


class Ending(Enum):
    """How far a prompt has come."""

    RUNNING = "running"
    """It has not ended yet."""
    SUCCESS = "success"
    ERROR = "error"
    """A node raised; the outcome carries a failure."""
    STOPPED = "stopped"
    """Interrupted, deleted, or lost without a trace: nothing may be concluded from it."""


@dataclass(frozen=True)
class Outcome:
    """How a prompt ended."""

    ending: Ending
    failure: Failure | None = None
    ended_at: float | None = None
    """When, in seconds since the epoch; None where that is not known."""


class Host(Protocol):
    """The questions that the registry asks of ComfyUI."""

    @property
    def server(self) -> str:
        """A name for this server process that no other has, before or after it."""

    def outcome(self, prompt: Prompt) -> Outcome:
        """How a prompt of this server ended, or that it still runs."""

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:
        """Whether another server process still runs; None where that cannot be seen from here.

        With `is_here` it is known to run on this machine, if it runs at all.
        """

    def raise_if_cancelled(self) -> None:
        """Raise what ends the running prompt, if a person has asked for that."""

    def saved(self, prompt: Prompt) -> tuple[str, ...]:
        """Real paths of the files that a prompt which has ended says it saved.

        () for one that is not known here, as of another server.
        """

    def has_ended(self, prompt: Prompt) -> bool:
        """Whether a prompt of this server has ended: no more than that, as it is asked often."""

    def now(self) -> float:
        """Seconds since the epoch, on the clock that `Prompt.submitted_at` is read from."""

    def steady(self) -> float:
        """Seconds since some moment, on a clock of this process that nobody sets."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""
