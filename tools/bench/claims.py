"""How many images a store hands out, to many servers at a time, without ComfyUI's own part."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median

from ..postgresql import Postgresql
from .claimants import Done, Task, Work, at_work
from .grown import grow
from .round_trips import RoundTrips
from .rows import Measured, Row, Target
from .servers import AS_INSTALLED
from .setting import Setting

FEW, PROCESSES = 8, 4
MANY, MODEL_SECONDS = 100, 0.5
SMALL = 10_000
ENOUGH = 40_000
"""More images than claimants can end while they are measured."""
SETTLE_SECONDS = 5
"""Until a hundred have connected, and asked each question once, on the processors of one machine.
"""

LEAST_A_SECOND = Target(1000, bound="least")
LEAST_SHARE = Target(0.95, "ratio", "least")
MOST_ROUND_TRIPS = Target(4)
MOST_GROWTH = Target(1.1, "ratio")


def measure(setting: Setting) -> Measured:
    """Have claimants take and end the images of a folder, for some seconds each."""
    seconds, large = setting.of(15, 3), setting.of(10_000_000, 100_000)
    names = map(str, itertools.count(1))

    def rate(store: str, claimants: int, model_seconds: float = 0.0) -> float:
        """Images a second, once all are settled and before the first one ends."""
        setting.say(f"claims: {claimants} claimants, a model of {model_seconds:g} s")
        settled = model_seconds + SETTLE_SECONDS
        _alone(next(names), store, ENOUGH, 1)
        work = at_work(_tasks(next(names), store, claimants, seconds + settled, model_seconds))
        begin = work.began + settled
        return sum(begin <= each.ended < begin + seconds for each in work.done) / seconds

    with Postgresql((*AS_INSTALLED, "max_connections = 300")) as database:
        fast = rate(database.new_database(), FEW)
        among_many = rate(database.new_database(), MANY, MODEL_SECONDS)
        with RoundTrips(database.port) as trips:
            address = database.new_database().replace(f":{database.port}/", f":{trips.port}/")
            _alone(next(names), address, SMALL, 1)
            # Opening the stores and closing them are some more, among hundreds.
            an_image, shared = (
                _trips_an_image(trips, address, next(names), servers, setting.of(5, 2))
                for servers in (1, 2)
            )
        alone, sharing = {}, {}
        for size in (SMALL, large):
            setting.say(f"claims: one claimant and two, {size:,} images")
            address = database.new_database()
            _alone(next(names), address, SMALL, 1)
            if size > SMALL:
                grow(address, size)
            alone[size], sharing[size] = (
                _median_ms(_work(next(names), address, servers, setting.of(6, 2)).done)
                for servers in (1, 2)
            )
    (setting.base / "sqlite").mkdir()
    on_file = rate(str(setting.base / "sqlite"), 1)
    trips_of = "round trips to PostgreSQL, an image,"
    what = "images a second handed out and ended, by"
    without = f"{FEW} claimants on PostgreSQL, without a model"
    waits = f"{MANY} claimants on PostgreSQL, with a model that waits {MODEL_SECONDS:g} s"
    grows = "one image, handed out and ended by PostgreSQL, of a folder of"
    by_two = f"{large:,}, by each of two that share it"
    of_small = f"of {SMALL:,}"
    allowed = MANY / MODEL_SECONDS
    return Measured(
        [
            Row(f"{what} {without}", "images", fast, target=LEAST_A_SECOND),
            Row(f"{what} {waits}", "images", among_many, allowed, "the model alone", LEAST_SHARE),
            Row(f"{trips_of} by one claimant", "", an_image, target=MOST_ROUND_TRIPS),
            Row(f"{trips_of} by two that share a folder", "", shared, target=MOST_ROUND_TRIPS),
            Row(f"{grows} {large:,}", "ms", alone[large], alone[SMALL], of_small, MOST_GROWTH),
            Row(f"{grows} {by_two}", "ms", sharing[large], sharing[SMALL], of_small, MOST_GROWTH),
            Row(f"{what} one claimant on an SQLite file", "images", on_file),
        ]
    )


def _tasks(
    name: str, store: str, claimants: int, seconds: float, model_seconds: float
) -> list[Task]:
    """The same work for several processes, which begin together."""
    processes = min(PROCESSES, claimants)
    each = claimants // processes
    return [
        Task(store, f"{name}.{at}", ENOUGH, each, model_seconds, seconds) for at in range(processes)
    ]


def _trips_an_image(
    trips: RoundTrips, address: str, name: str, servers: int, seconds: float
) -> float:
    before = trips.count
    work = _work(name, address, servers, seconds)
    return (trips.count - before) / len(work.done)


def _work(name: str, address: str, servers: int, seconds: float) -> Work:
    """What claimants do, each in a process of its own."""
    return at_work([Task(address, f"{name}.{at}", SMALL, 1, 0.0, seconds) for at in range(servers)])


def _alone(name: str, store: str, images: int, seconds: float) -> list[Done]:
    """What one claimant does, the first of which may list the folder."""
    return at_work([Task(store, name, images, 1, 0.0, seconds)]).done


def _median_ms(done: Sequence[Done]) -> float:
    return 1000 * median(each.ended - each.began for each in done)
