"""Says on which releases of ComfyUI and of its frontend `make test` ran: its last lines."""

from __future__ import annotations

import sys

from .errors import run_command
from .layout import COMFYUI_NEWEST, DEFAULT, NEWEST, NEWEST_FRONTEND, OLDEST, newest_named


def main() -> int:
    """Write it down; what was not tried is said as well."""
    lines = [
        f"ComfyUI {DEFAULT.own_version} with frontends {DEFAULT.frontend} and {NEWEST_FRONTEND}",
        f"ComfyUI {OLDEST.own_version} with frontend {OLDEST.frontend}",
    ]
    if newest_named():
        lines.append(f"ComfyUI {NEWEST.own_version} with its own frontend and {NEWEST_FRONTEND}")
    else:
        lines.append(f"and on no newer one: {COMFYUI_NEWEST} names neither an archive nor a tree")
    sys.stdout.write("".join(f"{line}\n" for line in ("every test passed, on:", *lines)))
    return 0


if __name__ == "__main__":
    run_command(main)
