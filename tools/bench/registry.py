"""What the registry costs apart from ComfyUI, and so without what else a server does meanwhile."""

from __future__ import annotations

from dataclasses import asdict

from ..pack import pack
from .rows import Measured, Row
from .setting import Setting


def measure(setting: Setting) -> Measured:
    """Run prompts of a host that is a fake, with the state in a file and in memory."""
    alone = pack("tools.bench.registry_alone")
    found = {}
    for files in alone.SIZES:
        for kind in alone.STORES:
            setting.say(f"registry: {kind}, {files:,} images")
            found[files, kind] = alone.iterations(files, kind, setting.of(alone.PROMPTS, 50))
    rows = [
        Row(
            f"the registry's part of one iteration, in a folder of {files:,} images",
            "ms",
            found[files, "sqlite"].median_ms,
            found[files, "memory"].median_ms,
            "with BATCH_LOOP_STATE=memory",
        )
        for files in alone.SIZES
    ]
    return Measured(rows, {"registry": [asdict(each) for each in found.values()]})
