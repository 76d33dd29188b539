"""Values of linked inputs that have to be known before their node runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Known = Callable[[str], Mapping[str, Sequence[Any]]]
"""The known linked inputs of the node with an id, each a list, usually of one element."""


def nothing_known(_node: str) -> Mapping[str, Sequence[Any]]:
    """No input of any node is known."""
    return {}


@dataclass(frozen=True)
class Wanted:
    """An input of a node that comes from another one."""

    node: str
    name: str
    link: list[Any]
    """[node id, number of the output]"""


class Answer:
    """Collects the values of an input; a new object each time, so that no cache has it."""

    def __init__(self) -> None:
        self.values: list[Any] = []


class Learned:
    """The linked values that ComfyUI has evaluated in one prompt."""

    def __init__(self) -> None:
        self._answers: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)

    def of(self, node: str) -> Mapping[str, Sequence[Any]]:
        """The known inputs of a node."""
        return {
            name: answer.values
            for (asked, name), answers in self._answers.items()
            for answer in answers
            if asked == node and answer.values
        }

    def ask(self, wanted: Wanted) -> Answer:
        """A new collector of the values of an input; several may ask for the same one."""
        answer = Answer()
        self._answers[wanted.node, wanted.name].append(answer)
        return answer
