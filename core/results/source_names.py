"""The names of what batches are made from, for files that are made of a whole batch."""

from __future__ import annotations

import os
import re

from ..model.loop_key import TYPED_TEXT, LoopKey
from ..model.result_names import nameable

_IN_TYPED_TEXT = "rows"
"""What a table without a loop_name is called that was typed into the node."""

_WITHOUT_NAME = "batch"
_MOST_BYTES = 200
"""Of the 255 that a name can have: a prefix, a suffix, a number and an extension are added."""

_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever the extension."""


def name_of_source(key: LoopKey) -> str:
    """The name of a loop's folder, table or film, without an extension.

    Of a typed table it is the loop_name. Every system can have a file of that name.
    """
    if key.directory == TYPED_TEXT:
        return _nameable(key.name) or _IN_TYPED_TEXT
    name = os.path.basename(key.directory.rstrip(os.sep))
    if key.folder != key.directory:
        name = os.path.splitext(name)[0]
    return _nameable(name) or _WITHOUT_NAME


def _nameable(name: str) -> str:
    # A name that begins with a dot is hidden, and Windows drops dots and blanks at the end.
    name = nameable(name).encode()[:_MOST_BYTES].decode(errors="ignore").strip(". ")
    return _DEVICE.sub(r"\g<0>_", name, count=1) if _DEVICE.match(name) else name
