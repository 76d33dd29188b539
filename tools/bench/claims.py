"""How fast images of one loop are handed out and finished, by claimants that do nothing else.

They are servers without ComfyUI, see `claims_alone`, so no image is read or written.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO, Any

from ..errors import ToolError
from ..layout import ROOT
from ..pack import pack
from ..postgresql import Postgresql
from .growth import Growth
from .rows import Measured, Row, Target
from .setting import Setting

AS_INSTALLED = ("fsync = on", "max_connections = 300")
"""Settings of PostgreSQL: as it is installed, it waits for the disk. And room for the claimants."""
CLAIMANTS = (1, 2, 4, 8)
ON_A_FILE = (1, 2, 8)
CROWDS, SMALL_CROWDS = (10, 50, 100), (4, 12)
SERVERS = 100
"""What is calculated for."""
PROCESSES = 4
"""That a crowd is spread over: one thread of Python for each claimant."""
IMAGE_SECONDS = 0.5
"""How long the images of a crowd take."""
BESIDE_SECONDS = 1.0
"""The same of one that works beside others. A server asks for the others' leases once a second at
the most: so it does that for each image, as in a crowd in which all wait for their turns."""
FEW, MANY, MOST = 100_000, 1_000_000, 10_000_000
MOST_TIMES_FEW = 1.2
ROUNDS, ROUND_SECONDS = 7, 1.0
TRIP_SECONDS = 0.0005
"""To a database on another machine of the same network, and back."""
END_SECONDS = 120
MS = 1000


@dataclass(frozen=True)
class Pace:
    """What some claimants have come to together."""

    claimants: int
    images_a_second: float
    statements: float
    """Of one image, as are the others that follow."""
    transactions: float
    locked_ms: float
    locked_trips: float


@dataclass(frozen=True)
class _Table:
    """How long an image takes in a table, and how large that is."""

    seconds: float
    listing_seconds: float
    listing_bytes: float
    done_bytes: float


def measure(setting: Setting) -> Measured:
    """Measure on PostgreSQL, then on an SQLite file, and calculate what more would come to."""
    few, many = setting.of(FEW, 20_000), setting.of(MANY, 100_000)
    sizes = SMALL_CROWDS if setting.is_quick else CROWDS
    others = sizes[-1] - 1
    with Postgresql(AS_INSTALLED) as database:
        setting.say(f"claims: tables of {few:,} and {many:,} images")
        small, large = _tables(setting, {size: database.new_database() for size in (few, many)})
        address = database.new_database()
        _alone().make_table(address, few)
        paces = [_pace(setting, address, number) for number in CLAIMANTS]
        setting.say("claims: with others that hold an image each")
        beside = [_beside(setting, address, number) for number in (0, others)]
        crowds = [_crowd(setting, address, number) for number in sizes]
    folder = str(setting.base / "claims")
    _alone().make_table(folder, few)
    files = [_pace(setting, folder, number) for number in ON_A_FILE]
    growth = _growth((few, small), (many, large), others, beside)
    rows = [
        *_rows(few, paces, files),
        _row_of_sizes(few, small, many, large),
        *_rows_of_many(others, beside, crowds),
        *_calculated(growth),
    ]
    return Measured(rows, {"claims": _series(paces, files, crowds, growth)})


def _alone() -> Any:
    return pack("tools.bench.claims_alone")


def _tables(setting: Setting, addresses: dict[int, str]) -> list[_Table]:
    """Measure one claimant on each table by turns, so that what else goes on falls on all."""
    alone = _alone()
    listing = {size: alone.make_table(address, size) for size, address in addresses.items()}
    for address in addresses.values():
        alone.settle(address)
    before = {size: alone.table_bytes(address) for size, address in addresses.items()}
    seconds: dict[int, list[float]] = {size: [] for size in addresses}
    images = dict.fromkeys(addresses, 1)
    with ExitStack() as stack:
        claimants = {
            size: stack.enter_context(closing(alone.Claimant(address)))
            for size, address in addresses.items()
        }
        for number in range(setting.of(ROUNDS, 2) + 1):
            for size, claimant in claimants.items():
                work = claimant.work(ROUND_SECONDS)
                images[size] += work.images
                if number:
                    seconds[size].append(work.seconds / work.images)
    return [
        _Table(
            statistics.median(seconds[size]),
            listing[size] / size,
            before[size] / size,
            (alone.table_bytes(address) - before[size]) / images[size],
        )
        for size, address in addresses.items()
    ]


def _pace(setting: Setting, address: str, claimants: int) -> Pace:
    """Claimants that do nothing but claim, each in a process."""
    setting.say(f"claims: {claimants} at once")
    return _run(address, [1] * claimants, setting.of(5, 1))


def _crowd(setting: Setting, address: str, claimants: int) -> Pace:
    """Many claimants that take so long over each image as a model does."""
    setting.say(f"claims: {claimants} with a model of {IMAGE_SECONDS} s")
    shares = [claimants // PROCESSES + (n < claimants % PROCESSES) for n in range(PROCESSES)]
    return _run(address, shares, setting.of(10, 2), IMAGE_SECONDS)


def _beside(setting: Setting, address: str, others: int) -> Pace:
    """One claimant with a model, beside so many that hold an image each and do nothing."""
    with ExitStack() as stack:
        for _ in range(others):
            stack.enter_context(closing(_alone().Claimant(address))).hold()
        return _run(address, [1], setting.of(10, 3), BESIDE_SECONDS)


def _run(address: str, shares: Sequence[int], seconds: float, model_seconds: float = 0.0) -> Pace:
    """Processes with a share of the claimants each, that begin when all are ready."""
    with ExitStack() as stack:
        processes = [_Process(address, share, seconds, model_seconds) for share in shares]
        for process in processes:
            stack.callback(process.end)
        for process in processes:
            process.wait_until_ready()
        for process in processes:
            process.begin()
        works = [work for process in processes for work in process.works()]
    images = sum(work.images for work in works)
    return Pace(
        len(works),
        sum(work.images / work.seconds for work in works),
        sum(work.statements for work in works) / images,
        sum(work.transactions for work in works) / images,
        sum(work.locked for work in works) / images * MS,
        sum(work.locked_trips for work in works) / images,
    )


class _Process:
    """Claimants in a process of their own."""

    def __init__(self, address: str, claimants: int, seconds: float, model_seconds: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the command is our own
            [
                *(sys.executable, "-m", "tools.bench.claimant", address),
                *("--claimants", str(claimants), "--seconds", str(seconds)),
                *("--model-seconds", str(model_seconds)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def wait_until_ready(self) -> None:
        """Wait until each of them has done an image."""
        self._line()

    def begin(self) -> None:
        """Have them begin."""
        to = _pipe(self._process.stdin)
        to.write("begin\n")
        to.flush()

    def works(self) -> list[Any]:
        """What each of them has done, when they have ended."""
        return [_alone().Work(*each) for each in json.loads(self._line())]

    def end(self) -> None:
        """Wait for the end of the process, which may be an early one."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()

    def _line(self) -> str:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise ToolError("a claimant has ended early; what it said stands above")
        return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ToolError("a claimant has no pipe")
    return pipe


def _growth(
    of_few: tuple[int, _Table], of_many: tuple[int, _Table], others: int, beside: Sequence[Pace]
) -> Growth:
    (few, small), (many, large) = of_few, of_many
    alone, with_others = beside
    return Growth(
        alone_seconds=alone.locked_ms / MS,
        alone_trips=alone.locked_trips,
        other_seconds=max(0.0, with_others.locked_ms - alone.locked_ms) / MS / others,
        other_trips=max(0.0, with_others.locked_trips - alone.locked_trips) / others,
        few=few,
        few_seconds=small.seconds,
        many=many,
        many_seconds=large.seconds,
        listing_seconds=large.listing_seconds,
        listing_bytes=large.listing_bytes,
        done_bytes=large.done_bytes,
    )


def _rows(few: int, paces: Sequence[Pace], files: Sequence[Pace]) -> list[Row]:
    rows = []
    for store, found in (("PostgreSQL", paces), ("an SQLite file", files)):
        one, *others = found
        what = f"images a second handed out and finished, {store}, {few:,} images in the loop"
        rows.append(Row(f"{what}, 1 claimant", "images", one.images_a_second))
        rows += [
            Row(
                f"the same, {store}, {pace.claimants} claimants",
                "images",
                pace.images_a_second,
                one.images_a_second,
                "1 claimant",
            )
            for pace in others
        ]
    one = paces[0]
    rows += [
        Row("questions to PostgreSQL for one image", "statements", one.statements),
        Row("transactions for one image", "transactions", one.transactions),
    ]
    return rows


def _row_of_sizes(few: int, small: _Table, many: int, large: _Table) -> Row:
    return Row(
        f"handing out and finishing one image of {many:,}, PostgreSQL, 1 claimant",
        "ms",
        large.seconds * MS,
        small.seconds * MS,
        f"of {few:,}",
        Target(MOST_TIMES_FEW, "ratio"),
    )


def _rows_of_many(others: int, beside: Sequence[Pace], crowds: Sequence[Pace]) -> list[Row]:
    alone, with_others = beside
    return [
        Row(
            f"time under the loop's lock for one image, {others} other servers at work",
            "ms",
            with_others.locked_ms,
            alone.locked_ms,
            "no other",
        ),
        *(
            Row(
                f"images a second, {crowd.claimants} claimants with a model that waits"
                f" {IMAGE_SECONDS * MS:g} ms, all on this machine",
                "images",
                crowd.images_a_second,
                crowd.claimants / IMAGE_SECONDS,
                "if none waited for another",
            )
            for crowd in crowds
        ),
    ]


def _calculated(growth: Growth) -> list[Row]:
    """What follows for many servers and many images; no target, as nothing of it was tried."""
    images_a_second = partial(growth.images_a_second, SERVERS)
    network = f"{TRIP_SECONDS * MS:g} ms of network to the database and back"
    return [
        Row(
            f"calculated: images a second, {SERVERS} servers, an image takes {seconds:g} s{where}",
            "images",
            images_a_second(seconds, trip),
            SERVERS / seconds,
            "if none waited for another",
        )
        for seconds in (IMAGE_SECONDS, 10 * IMAGE_SECONDS)
        for trip, where in ((0.0, ""), (TRIP_SECONDS, f", {network}"))
    ] + [
        Row(
            f"calculated: handing out and finishing one image of {MOST:,}, 1 claimant",
            "ms",
            growth.seconds_in(MOST) * MS,
            growth.many_seconds * MS,
            f"of {growth.many:,}",
        ),
        Row(f"calculated: the tables of {MOST:,} images, all done", "GB", growth.gigabytes(MOST)),
        Row(
            f"calculated: to write down a listing of {MOST:,} images",
            "min",
            growth.listing_minutes(MOST),
        ),
    ]


def _series(
    paces: Sequence[Pace], files: Sequence[Pace], crowds: Sequence[Pace], growth: Growth
) -> dict[str, Any]:
    """For the picture and the page."""
    return {
        "postgresql": [asdict(pace) for pace in paces],
        "sqlite": [asdict(pace) for pace in files],
        "crowds": [asdict(pace) for pace in crowds],
        "image_s": IMAGE_SECONDS,
        "growth": asdict(growth),
        "calculated": [
            {
                "servers": servers,
                "image_s": seconds,
                "trip_s": trip,
                "images_a_second": growth.images_a_second(servers, seconds, trip),
            }
            for servers in (1, 2, 5, 10, 20, 50, SERVERS)
            for seconds in (IMAGE_SECONDS, 10 * IMAGE_SECONDS)
            for trip in (0.0, TRIP_SECONDS)
        ],
    }
