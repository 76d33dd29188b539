"""Settings that are declared once, as fields of a dataclass, and what iterators share of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

from typing_extensions import Self

from .setting import Setting


@dataclass(frozen=True)
class DeclaredSettings:
    """The settings of a node, in the order of its inputs.

    Each field has a `Setting` in its metadata. In the tooltips, {item} and its like stand for
    `words`.
    """

    words: ClassVar[Mapping[str, str]]

    @classmethod
    @cache
    def declared(cls) -> Mapping[str, Setting]:
        """All settings by name, in the order of the node's inputs."""
        return {
            each.name: cls._setting(each.name, each.default, each.metadata) for each in fields(cls)
        }

    @classmethod
    def _setting(cls, name: str, default: Any, metadata: Mapping[str, Any]) -> Setting:
        tooltip = metadata["tooltip"].format(**cls.words)
        return Setting(name, default, **{**metadata, "tooltip": tooltip})

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        """Read the settings from a node's inputs, missing ones by default; InvalidSetting."""
        return cls(
            **{
                name: setting.of(inputs[name])
                for name, setting in cls.declared().items()
                if name in inputs
            }
        )

    @classmethod
    def of_json(cls, body: Mapping[str, Any], names: Collection[str]) -> Self:
        """Like `of`, for the given `names` in a route's JSON body."""
        return cls(
            **{
                name: setting.of_json(body[name])
                for name, setting in cls.declared().items()
                if name in names and name in body
            }
        )


ERROR_HANDLING: Mapping[str, Any] = {
    "tooltip": "When {an_item} cannot be read, or the workflow fails on it: stop there, so that "
    "the next run tries it again, or record it as failed and continue."
}
"""Of the field `error_handling`, as the others below are of the fields of their names."""

DESCENDING: Mapping[str, Any] = {"tooltip": "Whether to reverse the order.", "advanced": True}

ITERATION_MODE: Mapping[str, Any] = {
    "tooltip": "Continue resumes the batch. Reset starts it over once, at the next run, and again "
    "each time it is complete. Retry failed does the same with the failed {item}s only.",
    "advanced": True,
}

START_INDEX: Mapping[str, Any] = {
    "tooltip": "How many {item}s to leave out at the beginning.",
    "advanced": True,
}

LIMIT: Mapping[str, Any] = {
    "tooltip": "The maximum number of {item}s; 0 means all.",
    "advanced": True,
}

MAX_ATTEMPTS: Mapping[str, Any] = {
    "tooltip": "With Skip on error: how often the workflow may fail on {an_item} before it is "
    "given up.",
    "least": 1,
    "most": 100,
    "advanced": True,
}

WHEN_COMPLETE: Mapping[str, Any] = {
    "tooltip": "When every {item} is finished: Stop does nothing more, Start over begins again at "
    "the next run, Watch waits for new {item}s and continues automatically.",
    "advanced": True,
}

LOOP_NAME: Mapping[str, Any] = {
    "tooltip": "Each workflow has its own position in a {place}. With another loop name it has "
    "another one, and processes all {item}s.",
    # Pages keep asking for the names of all loops.
    "longest": 200,
    "advanced": True,
}

SKIP_FINISHED: Mapping[str, Any] = {
    "tooltip": "Leave out {item}s that already have a result.",
    "advanced": True,
}
