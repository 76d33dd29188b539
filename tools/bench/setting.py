"""What every measurement is given: a folder of its own, its scale, and servers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..layout import ROOT
from ..server import ComfyServer

NODES = (
    ROOT / "tests" / "nodes" / "batch_loop_helpers.py",
    Path(__file__).parent / "nodes" / "batch_loop_bench.py",
)


@dataclass(frozen=True)
class Setting:
    """Where and how thoroughly to measure."""

    base: Path
    is_quick: bool

    def of(self, full: int, quick: int) -> int:
        """A number that depends on the scale."""
        return quick if self.is_quick else full

    def server(self, name: str, env: Mapping[str, str] | None = None) -> ComfyServer:
        """A server on a folder of its own, not started yet."""
        base = self.base / name
        base.mkdir(parents=True, exist_ok=True)
        return ComfyServer(base, env=env, custom_nodes=NODES)

    def say(self, text: str) -> None:
        """A line of progress."""
        sys.stderr.write(f"  {text}\n")
        sys.stderr.flush()
