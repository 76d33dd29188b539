"""Undoing a transaction's changes in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Undo:
    """The steps that undo a transaction's changes; outside of one, none are recorded."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] | None = None

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A transaction: an exception undoes the changes made inside, newest first."""
        if self._steps is not None:
            raise RuntimeError("transactions of a store cannot be nested")
        steps = self._steps = []
        try:
            yield
        except BaseException:
            self._steps = None
            for step in reversed(steps):
                step()
            raise
        finally:
            self._steps = None

    def by(self, step: Callable[..., object], *given: Any) -> None:
        """Record a step that undoes a change."""
        if self._steps is not None:
            self._steps.append(partial(step, *given))

    def put(self, mapping: dict[K, V], key: K, value: V) -> None:
        """Set an entry of a mapping."""
        if key in mapping:
            self.by(mapping.__setitem__, key, mapping[key])
        else:
            self.by(mapping.pop, key, None)
        mapping[key] = value

    def take(self, mapping: dict[K, V], key: K) -> V | None:
        """Take an entry out of a mapping and return its value; None if there is none."""
        if key not in mapping:
            return None
        self.by(mapping.__setitem__, key, mapping[key])
        return mapping.pop(key)

    def add(self, values: set[V], value: V) -> None:
        """Add to a set."""
        if value not in values:
            self.by(values.discard, value)
            values.add(value)

    def discard(self, values: set[V], value: V) -> None:
        """Discard from a set."""
        if value in values:
            self.by(values.add, value)
            values.discard(value)
