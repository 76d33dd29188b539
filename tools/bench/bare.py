"""A batch in a process without ComfyUI: the same work, and nothing else.

It reads, waits or computes, and writes with the pack's own code, on memory that nobody has used,
and as much of that at a time as in a real batch: while the model has an image, the next one is
read, and the results of one are on their way. So this is about the least that a batch can take on a
machine; what a real one takes more is the overhead of ComfyUI and of Batch Loop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from ...core.background.budget import MemoryBudget, limit_of
from ...core.background.kinds import kind_of
from ...core.background.read_ahead import read_image
from ...core.comfy.rehearsal import rehearse_image
from ...core.common.workers import worker_count, worker_pool
from ...core.files.atomic import write_atomic
from ...core.media.buffers import Buffers
from ...core.media.formats.decode import DecodedImage
from ...core.media.formats.encode import encode
from ...core.model.formats import Format
from ...core.model.if_exists import IfExists
from ..errors import ToolError
from ..layout import ROOT
from .memory import LOOK_SECONDS
from .nodes.batch_loop_bench import NODE_CLASS_MAPPINGS
from .setting import meanwhile

_START = "from tools.pack import pack; pack('tools.bench.bare').answer()"
"""Run in the root: the pack's modules import each other as parts of it."""


@dataclass(frozen=True)
class Task:
    """What such a process is to do."""

    folder: str
    names: list[str]
    """Of the images, in their order."""
    results: str
    """The folder for the results."""
    format: str
    quality: int
    model: str
    """The class of a node of the benchmark."""
    inputs: Mapping[str, Any]
    """Those of the model but the image."""


@dataclass(frozen=True)
class Done:
    """What it has done."""

    began: float
    ends: list[float]
    """When the model had done each image and the results of the one before were on the disk; of the
    last one, when its own were. By the system's clock."""
    cpu_seconds: float
    peak_mb: float
    """The most memory that it held (RSS)."""
    idle_mb: float
    """What it held before."""


def run(task: Task) -> Done:
    """Do it in a new process."""
    command = [sys.executable, "-c", _START]
    given = json.dumps(asdict(task))
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=ROOT, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolError(f"a batch without ComfyUI failed: {done.stderr}")
    return Done(**json.loads(done.stdout))


def answer() -> None:
    """Do what standard input says."""
    task = Task(**json.loads(sys.stdin.read()))
    rehearse_image()
    here = psutil.Process()
    with meanwhile(lambda: here.memory_info().rss / 1e6, LOOK_SECONDS) as held:
        cpu_before, began = time.process_time(), time.time()
        ends = _work(task)
        cpu = time.process_time() - cpu_before
    json.dump(asdict(Done(began, ends, cpu, max(held), held[0])), sys.stdout)


def _work(task: Task) -> list[float]:
    arrays = Buffers(MemoryBudget(limit_of(None, psutil.virtual_memory().total)))
    readers = worker_pool("readers", 1)
    writers = worker_pool("writers", worker_count())
    folder, results, format_ = Path(task.folder), Path(task.results), Format(task.format)
    suffix = f".{task.format.lower()}"
    in_advance = not kind_of(format_, task.quality).parallel
    encoded = partial(_encoded, format_, task.quality)
    coming = readers.submit(read_image, str(folder / task.names[0]), arrays)
    before: Future[object] | None = None
    ends = []
    for name, following in zip(task.names, [*task.names[1:], None], strict=True):
        image = coming.result()
        if following is not None:
            coming = readers.submit(read_image, str(folder / following), arrays)
        NODE_CLASS_MAPPINGS[task.model]().work(**task.inputs)
        # PNG's encoder uses all cores for one image: see `Result.begin`.
        job = writers.submit(encoded, image).result if in_advance else partial(encoded, image)
        if before is not None:
            before.result()
        before = writers.submit(_write, str(results / Path(name).with_suffix(suffix)), job)
        del image, job
        if following is None:
            before.result()
        ends.append(time.time())
    return ends


def _encoded(format_: Format, quality: int, read: DecodedImage) -> bytes:
    return encode(
        read.image[0], format=format_, quality=quality, metadata=None, source=read.metadata
    )


def _write(target: str, encoded: Callable[[], bytes]) -> None:
    write_atomic(target, encoded(), IfExists.OVERWRITE)
