"""The command: measures, prints the table, and keeps the figures.

A whole run writes `docs/figures/bench.json`, `bench.png` and the tables in `docs/speed.md` and
README.md. A partial or quick run writes to `.build/bench/`, or with `--docs` to the documentation,
where it replaces only the measurements that were made again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import importlib.metadata
import os
import platform
import re
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from ..errors import say
from ..layout import DEFAULT, FIGURES, ROOT
from . import kept, page, photographs
from .kept import MEASUREMENTS, NAMES, OF_PHOTOGRAPHS
from .rows import Measured
from .setting import Setting
from .tables import photographs_table, table

TRIALS = ROOT / ".build" / "bench"
OF_THE_PACK = "BATCH_LOOP_"


def main() -> None:
    """Measure what the command line asks for."""
    chosen = _chosen()
    if OF_PHOTOGRAPHS.intersection(chosen.only or NAMES):
        photographs.sources()  # if there are none, this is said now, not after ten minutes
    # A developer's own settings must not reach the servers that are measured.
    for name in [name for name in os.environ if name.startswith(OF_THE_PACK)]:
        del os.environ[name]
    date, measured_on = dt.datetime.now(tz=dt.timezone.utc).date().isoformat(), _machine()
    figures: dict[str, kept.Entry] = {}
    with tempfile.TemporaryDirectory(prefix="batch-loop-bench-") as folder:
        setting = Setting(Path(folder).resolve(), is_quick=chosen.quick)
        for name in chosen.only or NAMES:
            setting.say(name)
            began = time.monotonic()
            # Imported only now, as each measurement needs packages of its own.
            module, function = MEASUREMENTS[name].split(".")
            measurement = importlib.import_module(f".{module}", __package__)
            found: Measured = getattr(measurement, function)(setting)
            figures[name] = {
                "date": date,
                "scale": "quick" if chosen.quick else "full",
                "seconds": round(time.monotonic() - began),
                "machine": measured_on,
                **asdict(found),
            }
            kept.write(TRIALS, figures)  # what there is, should a later one fail
    seconds = {name: entry["seconds"] for name, entry in figures.items()}
    took = ", ".join(f"{name} {taken} s" for name, taken in seconds.items())
    say(f"{table(kept.rows(figures))}\n\n{sum(seconds.values())} s: {took}\n")
    if batches := figures.get("photographs", {}).get("photographs"):
        say(f"\n{photographs_table(batches)}\n\n")
    is_whole = not chosen.only and not chosen.quick
    _keep(figures, for_docs=is_whole or chosen.docs)


def _machine() -> dict[str, Any]:
    """The machine and the releases.

    `load` is that of the last minute, which tells whether the machine was quiet if it is read
    before anything is measured.
    """
    file = Path("/proc/cpuinfo")
    info = file.read_text(encoding="utf-8") if file.is_file() else ""  # only Linux has it
    processor = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    return {
        "processor": processor.group(1) if processor else platform.machine(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "comfyui": DEFAULT.version,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch").partition("+")[0],
    }


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, help="these measurements alone")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, to try it out")
    parser.add_argument("--docs", action="store_true", help="write to docs/ in any case")
    return parser.parse_args()


def _keep(measured: kept.Figures, *, for_docs: bool) -> None:
    folder = FIGURES if for_docs else TRIALS
    figures = kept.merged(kept.read(folder), measured) if for_docs else measured
    file = kept.write(folder, figures)
    # Needs a package that only `make bench` installs.
    from .plot import plot  # noqa: PLC0415

    plot(kept.charts(figures), folder / "bench.png")
    if for_docs:
        page.write(figures)
    say(f"figures: {file.relative_to(ROOT)}, and bench.png\n")
