"""What links have come to in a prompt: inputs of nodes that one has to know before they run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Known = Callable[[str], Mapping[str, Sequence[Any]]]
"""The linked inputs of a node, by its id, as far as they are known: each a list, mostly of one."""


def nothing_known(_node: str) -> Mapping[str, Sequence[Any]]:
    """Know no input of any node."""
    return {}


@dataclass(frozen=True)
class Wanted:
    """An input of a node that comes from another one."""

    node: str
    name: str
    link: list[Any]
    """[node id, number of the output]"""


class Answer:
    """What an input is given, one element after the other: no value that a cache knows again."""

    def __init__(self) -> None:
        self.values: list[Any] = []


class Learned:
    """The values of links in one prompt, as far as ComfyUI has evaluated them."""

    def __init__(self) -> None:
        self._answers: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)

    def of(self, node: str) -> Mapping[str, Sequence[Any]]:
        """The inputs of a node that are known."""
        return {
            name: answer.values
            for (asked, name), answers in self._answers.items()
            for answer in answers
            if asked == node and answer.values
        }

    def ask(self, wanted: Wanted) -> Answer:
        """Where to put what an input is given; several may ask at a time."""
        answer = Answer()
        self._answers[wanted.node, wanted.name].append(answer)
        return answer
