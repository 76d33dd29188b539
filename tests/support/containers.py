"""Processes in a PID namespace of their own, as in a container."""

from __future__ import annotations

import os
import subprocess


def own_ids() -> list[str]:
    """A prefix for a command, which then sees only itself and the processes it starts.

    It ends with the process that starts it. AssertionError if namespaces are not permitted.
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
