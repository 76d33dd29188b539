"""Processes in a world of process ids of their own, as in a container."""

from __future__ import annotations

import os
import subprocess


def own_ids() -> list[str]:
    """What to put before a command that is to see no process but itself and what it starts.

    It ends when the process does that starts it. An AssertionError says what is needed where that
    is not permitted.
    """
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid() != 0:
        command[1:1] = ["--user", "--map-root-user"]
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"`{' '.join(command)}` is not permitted here ({done.stderr.strip()}). This test starts "
        "servers in namespaces of their own, as containers do: run it as root, or where users may "
        "make namespaces, and in a container with the capability SYS_ADMIN."
    )
    return command
