"""Waiting for a condition, the only way in which tests wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(condition: Callable[[], Value], what: str, timeout: float = 20.0) -> Value:
    """The first true value of `condition`; AssertionError naming `what` after `timeout` seconds."""
    pause = threading.Event()
    give_up = time.monotonic() + timeout
    while time.monotonic() < give_up:
        value = condition()
        if value:
            return value
        pause.wait(0.005)
    message = f"waited {timeout:g} s in vain for {what}"
    raise AssertionError(message)
