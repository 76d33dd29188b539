"""The pack's environment variables, and the message for a value that cannot be used.

Only `core/comfy/environment.py` reads them.
"""

from __future__ import annotations

from .names import ENV_PREFIX

ALLOWED_DIRS_VARIABLE = ENV_PREFIX + "ALLOWED_DIRS"
"""Additional allowed folders, separated as in `PATH`."""

DATABASE_VARIABLE = ENV_PREFIX + "DATABASE"
"""Address of a database shared by several machines."""

LEASE_VARIABLE = ENV_PREFIX + "LEASE_SECONDS"
"""How long a server's lease lasts, in seconds."""

MEMORY_VARIABLE = ENV_PREFIX + "MEMORY_MB"
"""Limit in MB for images read ahead and waiting to be written; 0 turns both off."""

ROOTS_VARIABLE = ENV_PREFIX + "ROOTS"
"""`name=folder` entries, separated as in `PATH`."""

SERVER_VARIABLE = ENV_PREFIX + "SERVER"
"""This machine's name among those that share a database."""

STATE_VARIABLE = ENV_PREFIX + "STATE"
"""With the value `memory`, loops are forgotten when ComfyUI stops."""


def cannot_use(variable: str, fault: str, remedy: str, now: str) -> str:
    """The message about an environment variable with an unusable value.

    Args:
        variable: its name.
        fault: the value received and what is wrong with it.
        remedy: what to set it to, in the imperative.
        now: what applies until then.

    """
    return (
        f"Batch Loop cannot use {variable}: {fault}. {remedy}, and start ComfyUI again. "
        f"Until then {now}."
    )
