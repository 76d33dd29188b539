"""Numbers for results whose names are taken, found without trying every number."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ..model.prompt import Prompt
from ..model.records import Iteration

Earlier = Callable[[Iteration], Iterable[str]]
"""The registry's `earlier_outputs`."""


@dataclass
class _OfBatch:
    """What is known of one batch of a loop."""

    batch: int
    first: dict[str, int] = field(default_factory=dict)
    """For each name, the first number that has not been tried yet."""
    given: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of each result that has one, by image and result: its prompt may have failed
    before it was written, so that nothing else tells."""


@dataclass
class _OfPrompt:
    """What is known of one prompt."""

    prompt: Prompt
    given: dict[str, int] = field(default_factory=dict)
    """The number of each of its results."""
    own: dict[str, Iterator[int]] | None = None
    """For each name, the numbers its image had in earlier runs; None: not looked up yet."""


class Numbering:
    """The numbers of results, for all loops of a process.

    A name is the full path of a file. Number 0 leaves it unchanged.
    """

    def __init__(self, earlier: Earlier) -> None:
        self._earlier = earlier
        self._batches: dict[str, _OfBatch] = {}
        self._prompts: dict[str, _OfPrompt] = {}

    def candidates(self, iteration: Iteration, result: str, name: str) -> Iterator[int]:
        """The numbers to try for one result of an iteration, in order; it never ends.

        First the one that the result has; then 0; those that the image had in earlier runs and the
        result in this batch, so that it is named as before; and then new ones. Each number that the
        image had is tried once per prompt, and each new one once per batch: so the time for sources
        with one name is proportional to their number.
        """
        prompt = self._prompt(iteration)
        if result in prompt.given:
            yield prompt.given[result]
        yield 0
        if prompt.own is None:
            prompt.own = _numbers(self._earlier(iteration))
        yield from prompt.own.get(name, ())
        batch = self._batch(iteration)
        if iteration.item is not None and (iteration.item.path, result) in batch.given:
            yield batch.given[iteration.item.path, result]
        first = batch.first
        while True:
            number = first.get(name, 1)
            first[name] = number + 1
            yield number

    def take(self, iteration: Iteration, result: str, number: int) -> None:
        """Note that a result was given a number."""
        self._prompt(iteration).given[result] = number
        if number and iteration.item is not None:
            self._batch(iteration).given[iteration.item.path, result] = number

    def forget(self, loop: str) -> None:
        """Forget the loop with an id: its batches are counted from 1 again."""
        self._batches.pop(loop, None)
        self._prompts.pop(loop, None)

    def _batch(self, iteration: Iteration) -> _OfBatch:
        known = self._batches.get(iteration.key.id)
        if known is None or known.batch != iteration.batch:
            known = self._batches[iteration.key.id] = _OfBatch(iteration.batch)
        return known

    def _prompt(self, iteration: Iteration) -> _OfPrompt:
        known = self._prompts.get(iteration.key.id)
        if known is None or known.prompt != iteration.prompt:
            known = self._prompts[iteration.key.id] = _OfPrompt(iteration.prompt)
        return known


def numbered(name: str, number: int) -> str:
    """A file's name or path with a number, before its extension."""
    if not number:
        return name
    stem, extension = os.path.splitext(name)
    return f"{stem}_{number}{extension}"


def is_numbered(file: str, name: str) -> bool:
    """Whether a path is `name` itself, or `name` with numbers before its extension."""
    if file == name:
        return True
    stem, extension = os.path.splitext(name)
    if len(file) < len(name) or not (file.startswith(stem) and file.endswith(extension)):
        return False
    return re.fullmatch(r"(_\d+)*", file[len(stem) : len(file) - len(extension)]) is not None


def named_before(name: str) -> Iterator[str]:
    """The names of which `name` may be a numbered form, see `is_numbered`; without itself."""
    stem, extension = os.path.splitext(name)
    while True:
        stem, mark, number = stem.rpartition("_")
        if not (mark and number.isdecimal()):
            return
        yield stem + extension


def _numbers(files: Iterable[str]) -> dict[str, Iterator[int]]:
    """The numbers of files, by their names without numbers."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for file in files:
        stem, extension = os.path.splitext(file)
        name, _, number = stem.rpartition("_")
        # Only in the form that `numbered` writes: a_01 has none.
        if number.isdecimal() and numbered(name + extension, int(number)) == file:
            found[name + extension].add(int(number))
    return {name: iter(sorted(numbers)) for name, numbers in found.items()}
