"""A host for unit tests: the test ends prompts, and reading the clock advances it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from batch_loop.core.model.prompt import Ending, Failure, Outcome, Prompt, Saved


class ByHand:
    """Looks for outcomes only when a test does, by `LoopRegistry.reconcile_all`.

    A thread would look at any time.
    """

    def __init__(self, look: Callable[[], bool]) -> None:
        pass

    def wake(self) -> None:
        """Do nothing."""

    def hurry(self) -> None:
        """Do nothing."""

    def finish(self, seconds: float, look: Callable[[], bool]) -> None:
        """Do nothing: the test has looked."""


class FakeHost:
    """A fake of `core.model.prompt.Host`."""

    def __init__(self) -> None:
        self._outcomes: dict[Prompt, Outcome] = {}
        self._saved: dict[Prompt, tuple[Saved, ...]] = {}
        self._clock = itertools.count(1)
        self.set_by = 0.0
        """By how many seconds the clock was set forward or back."""
        self._numbers = itertools.count(1)
        self._server = 1

    def now(self) -> float:
        """One more than at the last call, so that no two times are equal."""
        return next(self._clock) + self.set_by

    def steady(self) -> float:
        """The same clock, as if it had never been set."""
        return self.now() - self.set_by

    def wait(self, seconds: float) -> None:
        """Do nothing: time passes anyway."""

    @property
    def server(self) -> str:
        """The name of the current server."""
        return f"server {self._server}"

    def crash(self) -> None:
        """End the server and start another, which knows no prompts or outcomes."""
        self._server += 1
        self._outcomes.clear()
        self._saved.clear()

    def outcome(self, prompt: Prompt) -> Outcome:
        """The outcome given to `finish`; RUNNING before that."""
        return self._outcomes.get(prompt, Outcome(Ending.RUNNING))

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        """False: no other server runs."""
        return False

    def raise_if_cancelled(self) -> None:
        """Do nothing: nobody presses Cancel."""

    def saved(self, prompt: Prompt) -> tuple[Saved, ...]:
        """What was given to `finish`."""
        return self._saved.get(prompt, ())

    def has_ended(self, prompt: Prompt) -> bool:
        """Whether `finish` was called."""
        return self.outcome(prompt).ending is not Ending.RUNNING

    def submit(self, client_id: str | None = None) -> Prompt:
        """Submit a prompt now."""
        prompt = Prompt(f"prompt-{next(self._numbers)}", self.now(), client_id)
        return replace(prompt, steady=self.steady())

    def finish(self, prompt: Prompt, ending: Ending = Ending.SUCCESS, *saved: str | Saved) -> None:
        """End a prompt; a path it has saved is of the only Directory Iterator, which has no id."""
        failure = Failure("it broke", "7", "TestRaise") if ending is Ending.ERROR else None
        self._outcomes[prompt] = Outcome(ending, failure)
        self._saved[prompt] = tuple(
            Saved(each, ("",)) if isinstance(each, str) else each for each in saved
        )

    def finish_at(self, prompt: Prompt, ended_at: float) -> None:
        """End a prompt with an error, at a known time."""
        self._outcomes[prompt] = Outcome(Ending.ERROR, Failure("it broke"), ended_at)
