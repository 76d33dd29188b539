"""What becomes of a result whose name is taken: by the choice, and by whose the file is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class IfExists(str, Enum):
    """What to do when a file with the name exists; the values are what users see."""

    OVERWRITE_OWN = "overwrite own"
    """Replace what the same image wrote in an earlier run; otherwise like RENAME."""
    OVERWRITE = "overwrite"
    """Replace whatever is there."""
    SKIP = "skip"
    """Keep the existing file, and write nothing."""
    RENAME = "rename"
    """Keep the existing file, and write name_1.png, name_2.png and so on."""


class Owner(Enum):
    """Whose a file is that a result is to be written to."""

    NEW = "new"
    """Nobody's: it is not there, or need not be kept."""
    SAME = "same"
    """The image's own, from an earlier try, or, where that may be replaced, an earlier batch."""
    OTHER = "other"
    """Another image's, of whatever loop, or another result of this prompt."""
    BEFORE = "before"
    """It is there from before, and is to be kept: of unknown origin, or the image's own."""
    SOURCE = "source"
    """It is one of the images that the batch reads."""


PASSED_OVER: Mapping[IfExists, frozenset[Owner]] = {
    IfExists.OVERWRITE_OWN: frozenset({Owner.OTHER, Owner.BEFORE}),
    IfExists.OVERWRITE: frozenset({Owner.OTHER}),
    IfExists.SKIP: frozenset({Owner.OTHER}),
    IfExists.RENAME: frozenset({Owner.OTHER, Owner.BEFORE, Owner.SOURCE}),
}
"""If a name belongs to one of these, the next number is tried."""
