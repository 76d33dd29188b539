"""Every measurement, by the name that `--only` takes.

One that is made elsewhere, as of a codec or of the registry alone, gets a module here that calls
it, and a name below.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from .rows import Measured
from .setting import Setting

NAMES = (
    "iteration",
    "registry",
    "saving",
    "listing",
    "million",
    "large",
    "codecs",
    "servers",
    "idle",
    "memory",
    "budget",
    "browser",
    "panel",
    "loops",
)
"""In the order of the table; each is a module beside this one, with a function `measure`."""


def measurement(name: str) -> Callable[[Setting], Measured]:
    """The function that measures; its module is loaded now, with what it alone needs."""
    measure: Callable[[Setting], Measured] = importlib.import_module(
        f".{name}", __package__
    ).measure
    return measure
