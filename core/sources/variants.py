"""Variants: the values that each entry of a source is taken with, one after another."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import math
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..common.errors import InvalidSetting, quoted
from ..model.result_names import nameable
from ..model.titles import label_in, taken_with
from ..tables.table import Cell
from .rows import VARIANTS_OPTION, text_of

if TYPE_CHECKING:
    from ..model.selection import Selection

OPTION = VARIANTS_OPTION
"""Name of the option of a selection that holds them."""

MOST = 10_000
"""Variants of one entry: more are a mistake."""

_LONGEST_TEXT = 1_000_000
"""The loop's row in the database keeps them."""
_LONGEST_LABEL = 40
_MOST_BYTES = 80
"""Of all labels of an item, so that they leave room for the entry's name in that of a file."""
_FEWEST_BYTES = 10
_DIGEST = 8

_CROSSING = ", "

Variant = tuple[tuple[str, Cell], ...]
"""The names of the values that an item is taken with, and the values."""


@dataclass(frozen=True)
class Axis:
    """A list of values."""

    name: str
    """By which Variant Value finds them."""
    values: tuple[Cell, ...]
    """Distinct."""
    are_files: bool = False
    """Whether they are names of files, so that their labels need no folder and no extension."""

    @classmethod
    def of(cls, name: str, values: Iterable[Cell], *, are_files: bool = False) -> Axis:
        """The list of the values, each once."""
        return cls(name, tuple({text_of(each): each for each in values}.values()), are_files)

    @functools.cached_property
    def headings(self) -> tuple[str, ...]:
        """What people read of each value; distinct unless files in several folders are alike."""
        return tuple(map(self._heading, self.values))

    def labels(self, axes: int = 1) -> tuple[str, ...]:
        """What results are named by: distinct, and safe in names, where `axes` lists cross.

        A label that does not tell all of its value ends with a digest of it: so it stands for the
        same value in any list, and an item whose value was edited is another item. Of values that
        differ only by case, the first has none, so that one added below it renames nothing.
        """
        plain = [_label(heading, axes) for heading in self.headings]
        told = [_told_apart(*each) for each in zip(plain, self.values, strict=True)]
        pairs = zip(plain, self.headings, strict=True)
        whole = [label if label == heading else "" for label, heading in pairs]
        # Upper and lower case, and other spellings of an accent, are the same on some systems.
        taken = {_folded(each) for each, label in zip(told, whole, strict=True) if not label}
        if self.are_files:
            # The name of a file does not tell its folder, so of two that are alike, none is whole.
            taken |= {each for each, times in Counter(map(_folded, whole)).items() if times > 1}
        labels = []
        for label, with_digest in zip(whole, told, strict=True):
            is_free = label and _folded(label) not in taken
            labels.append(label if is_free else with_digest)
            taken.add(_folded(label))
        return tuple(labels)

    def _heading(self, value: Cell) -> str:
        text = text_of(value)
        if not self.are_files:
            return text
        return posixpath.splitext(posixpath.basename(text.replace("\\", "/")))[0]


@dataclass(frozen=True)
class VariantLists:
    """Lists of values that cross: an entry is taken with each value of one and each of the others.

    Their order is that of the lists, the last one changing fastest.
    """

    axes: tuple[Axis, ...]
    by_value: bool = False
    """Whether all entries are taken with one variant before the next, as for a file that takes long
    to load; else each entry with all of them before the next entry."""

    @functools.cached_property
    def labelled(self) -> Mapping[str, Variant]:
        """The variants by their labels, in order."""
        names = [axis.name for axis in self.axes]
        return {
            _CROSSING.join(labels): tuple(zip(names, values, strict=True))
            for labels, values in zip(
                itertools.product(*(axis.labels(len(self.axes)) for axis in self.axes)),
                itertools.product(*(axis.values for axis in self.axes)),
                strict=True,
            )
        }

    @functools.cached_property
    def headed(self) -> Mapping[str, str]:
        """What people read of the variants, by their labels, in order."""
        headings = itertools.product(*(axis.headings for axis in self.axes))
        return dict(zip(self.labelled, map(_CROSSING.join, headings), strict=True))

    def crossed_with(self, other: VariantLists) -> VariantLists:
        """Those of both, this one's changing more slowly; raises InvalidSetting."""
        crossed = VariantLists((*self.axes, *other.axes), self.by_value or other.by_value)
        crossed.check()
        return crossed

    def check(self) -> None:
        """Raise InvalidSetting if two lists have one name, one has no value, or are too many."""
        for axis in self.axes:
            if not axis.values:
                raise InvalidSetting(
                    f"The variants {quoted(axis.name)} have no value. Write at least one, one a "
                    "line; of files, a name or pattern that matches one."
                )
        count = math.prod(len(axis.values) for axis in self.axes)
        if count > MOST:
            raise too_many(count)
        length = len(self.text())
        if length > _LONGEST_TEXT:
            raise InvalidSetting(
                f"The values of all Variants have {length:,} characters, and at most "
                f"{_LONGEST_TEXT:,} are possible. Write fewer values, or put long ones into a "
                "table for Row Iterator."
            )
        names = Counter(axis.name for axis in self.axes)
        twice = next((name for name, times in names.items() if times > 1), None)
        if twice is not None:
            raise InvalidSetting(
                f"Two Variants that cross have the name {quoted(twice)}, so that Variant Value "
                "could not tell one from the other. Give each a name of its own."
            )

    def text(self) -> str:
        """They as text, for `of_text`: the same for equal ones."""
        axes = [[axis.name, list(axis.values), axis.are_files] for axis in self.axes]
        return json.dumps([axes, self.by_value], ensure_ascii=False)


@functools.lru_cache(maxsize=32)
def of_text(text: str) -> VariantLists:
    """The variants of a text that `VariantLists.text` has made."""
    axes, by_value = json.loads(text)
    made = tuple(Axis(name, tuple(values), are_files) for name, values, are_files in axes)
    return VariantLists(made, by_value)


def variants_of(selection: Selection) -> VariantLists | None:
    """The variants that a batch is listed with; None if there are none."""
    text = dict(selection.options).get(OPTION)
    return None if text is None else of_text(text)


def variant_of(selection: Selection, path: str) -> Variant:
    """The values that the item at a path is taken with; empty if the batch has no variants."""
    variants = variants_of(selection)
    return () if variants is None else variants.labelled.get(label_in(path), ())


def crossed(entries: Sequence[str], variants: VariantLists) -> list[str]:
    """The paths of the items, in order."""
    labels = variants.labelled
    pairs: Iterable[tuple[str, str]]
    if variants.by_value:
        pairs = ((entry, label) for label in labels for entry in entries)
    else:
        pairs = ((entry, label) for entry in entries for label in labels)
    return [taken_with(entry, label) for entry, label in pairs]


def value_named(variant: Variant, name: str) -> Any:
    """The value of that name; of the first list if it is empty. Raises InvalidSetting."""
    if not variant:
        raise InvalidSetting(
            "Variant Value has no variant: the iterator that its loop comes from has none. Connect "
            "a Variants to its input variants."
        )
    wanted = name.strip()
    for own, value in variant:
        if own == wanted or not wanted:
            return value
    names = ", ".join(quoted(own) for own, _ in variant)
    raise InvalidSetting(
        f"name is {quoted(wanted)}, and no Variants of that name is connected. There are: {names}. "
        "Write one of them, or nothing for the first."
    )


def too_many(count: int, more: str = "") -> InvalidSetting:
    """The error for `count` variants of one entry, or for that many and `more`."""
    return InvalidSetting(
        f"There are {count:,}{more} variants of each entry, and at most {MOST:,} are possible. "
        "Write fewer values."
    )


def _label(heading: str, axes: int) -> str:
    """What can be part of a name of a heading; maybe nothing."""
    # Where lists cross, a comma is between their labels.
    shown = nameable(heading, "·," if axes > 1 else "·")
    short = " ".join(shown.split())[:_LONGEST_LABEL]
    most = max(_FEWEST_BYTES, _MOST_BYTES // axes)
    short = short.encode("utf-8", "ignore")[:most].decode("utf-8", "ignore")
    # Some systems drop a dot or a blank at the end of a name.
    return short.strip(" .")


def _told_apart(label: str, value: Cell) -> str:
    data = text_of(value).encode("utf-8", "surrogatepass")
    return f"{label} {hashlib.sha256(data).hexdigest()[:_DIGEST]}".strip()


def _folded(label: str) -> str:
    return unicodedata.normalize("NFC", label).casefold()
