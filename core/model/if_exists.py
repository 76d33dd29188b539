"""What happens to a result whose name is taken, depending on the setting and the file's owner."""

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
    """The owner of a file that a result is to be written to."""

    NEW = "new"
    """Nobody: it does not exist, or need not be kept."""
    SAME = "same"
    """The image itself, from an earlier try, or from an earlier batch if that may be replaced."""
    OTHER = "other"
    """Another image, of any loop, or another result of this prompt."""
    BEFORE = "before"
    """It existed before and is to be kept: of unknown origin, or the image's own."""
    SOURCE = "source"
    """It is one of the images that the batch reads."""
    LEFT_OUT = "left out"
    """It is an image of the loop's folder that the batch leaves out: another one may read it."""


PASSED_OVER: Mapping[IfExists, frozenset[Owner]] = {
    IfExists.OVERWRITE_OWN: frozenset({Owner.OTHER, Owner.BEFORE}),
    IfExists.OVERWRITE: frozenset({Owner.OTHER}),
    IfExists.SKIP: frozenset({Owner.OTHER}),
    IfExists.RENAME: frozenset({Owner.OTHER, Owner.BEFORE, Owner.SOURCE}),
}
"""If a name belongs to one of these, the next number is tried."""
