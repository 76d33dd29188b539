"""One run of a batch of photographs on a server that has just started, and what it cost."""

from __future__ import annotations

import itertools
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from .. import graphs
from ..client import ComfyClient, Prompt
from ..errors import ToolError
from ..graphs import filled_in
from ..server import ComfyServer
from . import bare
from .memory import LOOK_SECONDS, megabytes
from .models import Work
from .prompts import run_all
from .setting import Setting, meanwhile

FOLDER = "photographs"
RESULTS = "results"
PAGE_SECONDS = 1.0
"""From the server's first answer to the first prompt: a page takes longer to open."""
COLD = 6
"""Images at the beginning, before everything has been loaded and measured."""


@dataclass(frozen=True)
class Run:
    """What a batch cost."""

    images: list[float]
    """Seconds of each image: from the end of the one before, the first from its own start."""
    cpu_seconds: float
    """Processor time of the server, of all images together."""
    sizes: list[int]
    """Bytes of each result, in the order of the photographs."""
    first_seconds: float
    """From POST /prompt to the moment that the first result is complete under its name."""
    peak_mb: float
    """The most memory that the server held (RSS)."""
    idle_mb: float
    """What it held before."""

    @property
    def median(self) -> float:
        """Seconds of the median image."""
        return statistics.median(self.images)

    @property
    def whole(self) -> float:
        """Seconds per image of the whole run: the first is read, and the last is written, alone."""
        return statistics.fmean(self.images)

    @property
    def middle(self) -> float:
        """Seconds of the median image once all is warm, without the last, which waits for disks."""
        warm = self.images[COLD:-1] or self.images
        return statistics.median(warm)

    @property
    def cpu(self) -> float:
        """Processor seconds per image."""
        return self.cpu_seconds / len(self.images)

    @property
    def megabytes(self) -> float:
        """Megabytes per result."""
        return statistics.fmean(self.sizes) / 1e6


@dataclass(frozen=True)
class Batch:
    """Photographs of a folder, and the model they go through; each run has a server of its own."""

    setting: Setting
    folder: Path
    names: Sequence[str]
    work: Work

    def ours(self, **saving: object) -> Run:
        """Run a loop of two nodes; `saving` are inputs of Save Image (Batch)."""
        saved = {"folder": RESULTS, **saving}
        graph = graphs.two_nodes(FOLDER, self.work(image=graphs.IMAGE), saved)
        return self._run(lambda client: [filled_in(client, graph)] * len(self.names), RESULTS)

    def comfyui(self) -> Run:
        """Run one prompt for each photograph, of ComfyUI's own nodes, as a script would."""
        graph = graphs.own(graphs.SAVE_IMAGE, self.work(image=[graphs.LOAD, 0]))

        def prompts(client: ComfyClient) -> list[graphs.Graph]:
            return graphs.with_images(filled_in(client, graph), FOLDER, self.names)

        return self._run(prompts, graphs.OWN_FOLDER)

    def bare(self, format: str, quality: int) -> Run:  # noqa: A002 - as the node's input
        """Do the same work in a process without ComfyUI."""
        base = self.setting.base / RESULTS
        model = self.work()
        done = bare.run(
            bare.Task(
                str(self.folder),
                [*self.names],
                str(base),
                format,
                quality,
                model["class_type"],
                model["inputs"],
            )
        )
        files = [file.stat() for file in sorted(base.iterdir())]
        shutil.rmtree(base)
        return Run(
            images=_between(done.began, done.ends),
            cpu_seconds=done.cpu_seconds,
            sizes=[file.st_size for file in files],
            first_seconds=files[0].st_ctime - done.began,
            peak_mb=done.peak_mb,
            idle_mb=done.idle_mb,
        )

    def _run(self, prompts: Callable[[ComfyClient], Sequence[Prompt]], results: str) -> Run:
        server = self.setting.new_server()
        (server.input / FOLDER).mkdir(parents=True)
        for name in self.names:
            (server.input / FOLDER / name).hardlink_to(self.folder / name)
        with server, server.client() as client:
            submitted = prompts(client)
            threading.Event().wait(PAGE_SECONDS)
            cpu_before, began = cpu_seconds(server), time.time()
            with meanwhile(partial(megabytes, server), LOOK_SECONDS) as held:
                timings = run_all(client, submitted)
            cpu = cpu_seconds(server) - cpu_before
            # When the last prompt has ended, every result must be on the disk.
            files = [file.stat() for file in sorted((server.output / results).iterdir())]
        shutil.rmtree(server.base)
        if len(files) != len(self.names):
            raise ToolError(
                f"{len(files)} of {len(self.names)} results were there at the batch's end"
            )
        return Run(
            images=_between(timings[0].began, [timing.ended for timing in timings]),
            cpu_seconds=cpu,
            sizes=[file.st_size for file in files],
            # A file's state changes last when it gets its last bytes, or then its name.
            first_seconds=files[0].st_ctime - began,
            peak_mb=max(held),
            idle_mb=held[0],
        )


def _between(began: float, ends: Sequence[float]) -> list[float]:
    """From each end to the next one; the first, from the beginning."""
    return [after - before for before, after in itertools.pairwise([began, *ends])]


def cpu_seconds(server: ComfyServer) -> float:
    """Processor time of the server so far."""
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)
