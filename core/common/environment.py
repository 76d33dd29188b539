"""The environment variables that the pack knows, and what is said where one cannot be used.

They are read in one place, `core/comfy/settings.py`.
"""

from __future__ import annotations

from .names import ENV_PREFIX

ALLOWED_DIRS_VARIABLE = ENV_PREFIX + "ALLOWED_DIRS"
"""More allowed folders, separated like those of `PATH`."""

DATABASE_VARIABLE = ENV_PREFIX + "DATABASE"
"""The address of a database that several machines share."""

LEASE_VARIABLE = ENV_PREFIX + "LEASE_SECONDS"
"""The seconds that a server's lease lasts."""

MEMORY_VARIABLE = ENV_PREFIX + "MEMORY_MB"
"""The most megabytes of images ahead and behind; 0 to read and write only while a node runs."""

ROOTS_VARIABLE = ENV_PREFIX + "ROOTS"
"""Entries `name=folder`, separated like those of `PATH`."""

SERVER_VARIABLE = ENV_PREFIX + "SERVER"
"""A name for this machine, among those that share a database."""

STATE_VARIABLE = ENV_PREFIX + "STATE"
"""`memory` has loops forgotten when ComfyUI ends."""


def cannot_use(variable: str, fault: str, remedy: str, now: str) -> str:
    """What is said of a variable's value.

    Args:
        variable: its name.
        fault: what was received, and what is wrong with it.
        remedy: what to set it to, as an order.
        now: what holds until then.

    """
    return (
        f"Batch Loop cannot use {variable}: {fault}. {remedy}, and start ComfyUI again. "
        f"Until then {now}."
    )
