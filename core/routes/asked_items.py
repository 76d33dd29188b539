"""Which items a request asks about: those of an iterator with some settings."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..common.errors import BatchLoopError, Refused, UnknownLoop
from ..common.names import DIRECTORY_ITERATOR, ITERATORS_OF_FILES, ROW_ITERATOR
from ..companions.patterns import pattern_of
from ..engine.registry import LoopRegistry
from ..files.allowed_paths import AllowedFolders
from ..model.loop_key import VARIANTS, LoopKey
from ..model.selection import Companion, CompanionKind, Selection, WhenMissing
from ..model.settings.row_iterator import LONGEST_TEXT
from ..sources.rows import but_for_text
from ..sources.variant_values import FilesOf, VariantValues
from ..sources.variants import OPTION, VariantLists
from ..turn.iterator_kinds import KINDS, Kind, Settings
from .requests import workflow_of

LARGEST_BODY = 2**20
"""In bytes: of variants, all values are sent."""

LARGEST_TABLE = 6 * LONGEST_TEXT + LARGEST_BODY
"""The same where rows may be typed: JSON may write a character in six."""

_WITHOUT_ROWS = KINDS.keys() - {ROW_ITERATOR}
"""Rows have a route of their own, see `core.routes.tables`."""

_MOST_COMPANIONS = 50
_A_COMPANION = (
    'Each is {"pattern": text, "when_missing": an option of Companion Image, "kind": "image" or '
    '"text"}.'
)

_MOST_VARIANTS = 20
"""Variants nodes that cross."""
_A_VARIANTS = (
    'variants is a list of the inputs of Variants nodes, {"name": text, "kind": text, "values": '
    'text, "run_order": text}, or true where they are not known.'
)


@dataclass(frozen=True)
class AskedItems:
    """The items that a request's body is about, under an iterator's settings."""

    kind: Kind
    settings: Settings
    workflow: str
    companions: tuple[Companion, ...] = ()
    """Those that can be looked for: a pattern that is still being typed is left out."""
    has_variants: bool = False
    variants: VariantLists | None = None
    """The values that each is taken with; None if they are not known, or there are none."""

    @classmethod
    def of(
        cls,
        body: Mapping[str, Any],
        files_of: FilesOf,
        names: Collection[str] | None = None,
        classes: Collection[str] = _WITHOUT_ROWS,
    ) -> AskedItems:
        """The items in a request's body; raises InvalidSetting, and Refused for another form.

        `iterator` in it is the class of the iterator, one of `classes`, Directory Iterator if it is
        missing. The settings are those of `names`, by default all that decide on the listing.
        """
        made = body.get("iterator", DIRECTORY_ITERATOR)
        if not isinstance(made, str) or made not in classes:
            expected = ", ".join(sorted(classes))
            raise Refused(f"iterator must be the class of the iterator: {expected}.")
        kind = KINDS[made]
        if made == ROW_ITERATOR:
            body = {"file": "", **body}  # the rows may be typed
        settings = kind.of_json(body, kind.listing if names is None else names)
        companions = _companions_in(body) if made in ITERATORS_OF_FILES else ()
        has_variants, variants = _variants_in(body, files_of)
        return cls(kind, settings, workflow_of(body), companions, has_variants, variants)

    @property
    def selection(self) -> Selection:
        """What a listing of it depends on."""
        own = replace(self.settings.selection(), companions=self.companions)
        return with_variants(own, self.variants)

    def key(self, registry: LoopRegistry, allowed: AllowedFolders) -> LoopKey:
        """The loop of it, which may never have run; reads the disk, and raises PathRefused."""
        place = self.kind.place(self.settings, allowed)
        source = self.kind.source + (VARIANTS if self.has_variants else "")
        return registry.key(self.settings.loop_name, place, self.workflow, source)

    def is_as_batch(self, registry: LoopRegistry, key: LoopKey) -> bool:
        """Whether its settings are those of a loop's batch, which may be unknown.

        Without what leaves results out, which only a run can tell, and rows that are typed.
        """
        try:
            own = registry.selection_of(key.id)
        except UnknownLoop:
            return False
        return but_for_text(replace(own, finished=())) == but_for_text(self.selection)


def with_variants(selection: Selection, variants: VariantLists | None) -> Selection:
    """A selection of the same entries, each taken with the variants, if there are any."""
    if variants is None:
        return selection
    return replace(selection, options=(*selection.options, (OPTION, variants.text())))


def _variants_in(body: Mapping[str, Any], files_of: FilesOf) -> tuple[bool, VariantLists | None]:
    """Whether a request's body names variants, and which, if it tells.

    Raises Refused if they are in another form, and InvalidSetting as the node would.
    """
    given = body.get("variants", [])
    if isinstance(given, bool):
        return given, None
    if not isinstance(given, list) or len(given) > _MOST_VARIANTS:
        raise Refused(_A_VARIANTS)
    found: VariantLists | None = None
    for each in given:
        given_of = each.get if isinstance(each, dict) else {}.get
        values = [given_of(name) for name in VariantValues._fields]
        written = [value for value in values if isinstance(value, str)]
        if len(written) < len(values):
            raise Refused(_A_VARIANTS)
        own = VariantValues(*written)
        made = own.variants(files_of)
        found = made if found is None else found.crossed_with(made)
    return found is not None, found


def variant_count(variants: VariantLists | None, *, has_variants: bool) -> int | None:
    """How many values each entry is taken with; None if that is not known, 0 if there are none."""
    if not has_variants:
        return 0
    return None if variants is None else len(variants.labelled)


def _companions_in(body: Mapping[str, Any]) -> tuple[Companion, ...]:
    """The companions in a request's body; Refused if they are in another form."""
    given = body.get("companions", [])
    if not isinstance(given, list) or len(given) > _MOST_COMPANIONS:
        raise Refused(f"companions must be a list of at most {_MOST_COMPANIONS}. {_A_COMPANION}")
    found = set()
    for each in given:
        if not isinstance(each, dict) or not isinstance(each.get("pattern"), str):
            raise Refused(f"A companion was {each!r}. {_A_COMPANION}")
        try:
            missing = WhenMissing(each.get("when_missing"))
            companion = Companion(each["pattern"].strip(), missing, CompanionKind(each.get("kind")))
        except ValueError:
            raise Refused(f"A companion was {each!r}. {_A_COMPANION}") from None
        with contextlib.suppress(BatchLoopError):
            pattern_of(companion)
            found.add(companion)
    return tuple(sorted(found))
