"""What the figures were measured on: without it they say nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

import psutil

from ..layout import DEFAULT

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """The machine and the releases, in plain words and numbers.

    `load` is how many programs wanted a processor in the minute before: to be asked for before
    anything is measured, as it tells whether the machine was quiet.
    """
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "comfyui": DEFAULT.version,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch").partition("+")[0],
        "pillow": importlib.metadata.version("pillow"),
    }


def _processor() -> str:
    info = CPU_INFO.read_text(encoding="utf-8") if CPU_INFO.is_file() else ""
    match = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    return match.group(1) if match else platform.processor() or platform.machine()
