"""Servers on several machines with one store: it is all that they know of each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from batch_loop.core.common.errors import ClaimLost, LoopForgotten, NotNow, StateNotKept, StoreAway
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.changes import transactions
from batch_loop.core.engine.changes.undo import UNDO_SECONDS
from batch_loop.core.engine.folders import spare_listings
from batch_loop.core.engine.outcomes.lease import LOOK_SECONDS, RENEWALS
from batch_loop.core.engine.outcomes.poller import OutcomePoller, Poll
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.model.go_or_stop import Stands, standing_of
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.items import Counts
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import Policy, WhenComplete
from batch_loop.core.model.prompt import Ending, Failure, Prompt
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.result_names import ResultName
from batch_loop.core.model.selection import Selection
from batch_loop.core.model.shared_roots import NO_ROOTS, Roots
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.store.refusing import RefusingStore
from batch_loop.core.store.sql import listing_rows
from batch_loop.tests.support.background import FakeWrites, turn_of
from batch_loop.tests.support.fake_host import FakeHost
from batch_loop.tests.support.stores import DATABASES, store_opener
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.postgresql import Postgresql

FILES = ["a.png", "b.png", "c.png"]
LEASE = 60.0
MOMENT = 0.001


class FarHost(FakeHost):
    """A host that cannot tell whether servers on other machines are running."""

    def __init__(self, name: str, clock: Callable[[], float] | None = None) -> None:
        super().__init__()
        self.name = name
        self.dead: set[str] = set()
        self._time = clock or super().now

    @property
    def server(self) -> str:
        return self.name

    def now(self) -> float:
        return self._time()

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return False if server in self.dead else None

    def submit(self, client_id: str | None = None) -> Prompt:
        prompt = super().submit(client_id)
        return replace(prompt, id=f"{self.name}-{prompt.id}")


class NearHost(FarHost):
    """A host that sees that the other servers are running, without their leases."""

    def is_alive(self, server: str, *, is_here: bool) -> bool | None:  # noqa: ARG002
        return server not in self.dead


class Machine:
    """A server on its own machine."""

    made: ClassVar[list[Machine]] = []

    def __init__(
        self,
        name: str,
        store: Store,
        roots: Roots = NO_ROOTS,
        folder: str = "/f",
        poll: Poll = OutcomePoller,
    ) -> None:
        self.host = FarHost(name)
        self.store = store
        self.writes = FakeWrites()
        self.files = list(FILES)
        self.listed = 0
        self.while_listing: Callable[[], object] = lambda: None
        self.cleaned_up: list[str] = []
        self.gone: list[str] = []
        self.time = 0.0
        self.registry = LoopRegistry(
            store,
            self.host,
            ImageFolder(self._list, lambda _: 0.0),
            self.writes,
            lease_seconds=LEASE,
            roots=roots,
            clean_up=self._clean_up,
            lease_clock=self._steady,
            poll_outcomes=poll,
        )
        self.request = Request(self.registry.key("", folder), Selection())
        self.made.append(self)

    def _steady(self) -> float:
        return self.time

    def _clean_up(self, folders: Collection[str], servers: Collection[str]) -> None:
        self.cleaned_up += folders
        self.gone += servers

    def _list(self, directory: str, selection: Selection, **_given: object) -> list[str]:  # noqa: ARG002
        self.listed += 1
        self.while_listing()
        return self.files

    def take(self) -> Iteration:
        """Take the next image in a prompt submitted now."""
        return self.registry.acquire(self.request, self.host.submit())

    def finish(self, iteration: Iteration, ending: Ending = Ending.SUCCESS) -> None:
        """Reach Loop End, end the prompt, and reconcile."""
        self.registry.end(iteration)
        self.host.finish(iteration.prompt, ending)
        self.registry.snapshot(iteration.key.id)

    def later(self, seconds: float = LOOK_SECONDS * 2) -> None:
        """Let time pass for this server, which does not look again within a second."""
        self.time += seconds

    @property
    def counts(self) -> Counts:
        return self.registry.snapshot(self.request.key.id).counts


def let_lease_end(two: Machine) -> None:
    """Let time pass until, for `two`, the leases of all others have ended."""
    for _ in range(RENEWALS + 1):
        assert two.counts.total == len(FILES)
        two.later(LEASE / RENEWALS + MOMENT)
    assert two.counts.total == len(FILES)


@pytest.fixture(autouse=True)
def _no_lease_outlives_its_test() -> Iterator[None]:
    yield
    for machine in Machine.made:
        machine.registry.servers.stop()
    Machine.made.clear()


Opened = Callable[..., Store]


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens the same database repeatedly, as several servers do."""
    stores: list[Store] = []
    opener = store_opener(request.param, tmp_path, request)

    def one_more(roots: Roots = NO_ROOTS) -> Store:
        stores.append(opener(roots))
        return stores[-1]

    yield one_more
    for store in stores:
        store.close()


@pytest.fixture
def pair(opened: Opened) -> Iterator[tuple[Machine, Machine]]:
    pair = Machine("one", opened()), Machine("two", opened())
    yield pair
    for machine in pair:
        machine.registry.close()


def path(iteration: Iteration) -> str | None:
    return None if iteration.item is None else iteration.item.path


def test_each_server_takes_a_different_image(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    taken = [one.take(), two.take()]
    assert list(map(path, taken)) == FILES[:2]
    for machine, iteration in zip(pair, taken, strict=True):
        machine.finish(iteration)
    assert one.counts == two.counts == Counts(pending=1, done=2)
    assert one.registry.store_id() == two.registry.store_id()


def test_the_image_read_ahead_leaves_the_others_their_turns(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    alone = one.take()
    assert (path(alone), alone.following) == ("a.png", "b.png")
    one.finish(alone)
    one.registry.start_over(one.request.key.id)
    held = one.take()
    beside = two.take()
    # `one` finishes first and takes the third; there is no fourth.
    assert (path(held), path(beside), beside.following) == ("a.png", "b.png", None)
    two.finish(beside)
    last = two.registry.acquire(two.request, two.host.submit())
    assert (path(last), last.following) == ("c.png", None)
    again = one.registry.acquire(one.request, held.prompt)
    assert (path(again), again.following) == ("a.png", None)


def test_an_image_is_free_once_its_server_s_lease_ends(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    lost = one.take()
    assert path(two.take()) == "b.png"
    two.later()
    assert two.counts.running == 2
    let_lease_end(two)
    again = two.take()
    assert path(again) == path(lost) == "a.png"

    # The first server comes back: nothing that it does counts.
    with pytest.raises(ClaimLost, match=r"'a.png' was given to another server"):
        one.registry.claim_outputs(lost, {"/out/a.png"})
    one.finish(lost)
    assert (one.counts.done, one.counts.running) == (0, 2)
    assert two.registry.claim_outputs(again, {"/out/a.png"}) == {"/out/a.png": Owner.NEW}
    two.finish(again)
    assert two.counts.done == 1
    # It has renewed its lease: nobody takes this image away.
    assert path(one.take()) == "c.png"
    assert two.take().elsewhere == 1
    assert two.counts.running == 2


@pytest.mark.parametrize("then", ["the same batch", "a later batch"])
def test_a_file_of_an_image_that_was_given_away_gets_no_name(
    pair: tuple[Machine, Machine], then: str
) -> None:
    one, two = pair
    check = one.registry.guard(one.take())
    assert path(two.take()) == "b.png"
    let_lease_end(two)
    if then == "a later batch":
        two.registry.start_over(two.request.key.id)
    assert path(two.take()) == "a.png"
    one.time += LEASE
    with pytest.raises(ClaimLost, match=r"'a.png' was given to another server"):
        check()


def test_a_file_gets_its_name_without_a_question_unless_its_server_may_have_lost_its_lease(
    pair: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _two = pair
    taken = one.take()
    check = one.registry.guard(taken)
    asked: list[object] = []
    item = one.store.item
    monkeypatch.setattr(one.store, "item", lambda *of: asked.append(of) or item(*of))
    one.time += LEASE / 2
    check()
    assert asked == []
    one.time += MOMENT
    check()
    assert asked == [(one.request.key, "a.png")]


def test_whoever_may_give_its_file_a_name_keeps_the_image_for_a_while(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    check = one.registry.guard(one.take())
    assert path(two.take()) == "b.png"
    for _ in range(RENEWALS):
        two.later(LEASE / RENEWALS - MOMENT)
        assert two.counts.running == 2
    one.time += LEASE
    check()
    for _ in range(RENEWALS):
        two.later(LEASE / RENEWALS - MOMENT)
        assert two.counts.running == 2
    let_lease_end(two)
    assert two.counts.running == 1


def test_a_file_gets_its_name_though_its_loop_was_forgotten(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    check = one.registry.guard(one.take())
    let_lease_end(two)
    two.registry.forget(two.request.key.id)
    one.time += LEASE
    check()


def test_a_lost_image_s_file_without_a_name_is_no_error_at_the_end(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    lost = one.take()
    let_lease_end(two)
    one.writes.end(turn_of(lost), Failure("it was given to another server"))
    for _ in FILES:
        two.finish(two.take())
    one.registry.end(lost)
    assert one.registry.finish(lost).counts.done == len(FILES)
    one.host.finish(lost.prompt)


def test_a_server_that_was_cut_off_but_lost_nothing_continues(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    first = one.take()
    for _ in range(RENEWALS * 2):
        two.later(LEASE / RENEWALS - MOMENT)
        assert two.counts.running == 1
        one.registry.servers.renew()
    assert path(two.take()) == "b.png"
    one.finish(first)
    assert two.counts.done == 1


def test_a_dead_server_s_unfinished_listing_is_deleted_when_its_lease_ends(
    pair: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_rows, "AT_ONCE", 2)
    monkeypatch.setattr(spare_listings, "LATER_SECONDS", 0.0)
    one, two = pair

    def crash(*_given: object) -> None:
        one.registry.spare_listings.close()
        one.registry.servers.stop()
        raise SystemExit

    monkeypatch.setattr(one.store.outside, "write_listing", crash)
    # It tells nobody.
    monkeypatch.setattr(one.store.outside, "give_up", lambda _listing: None)
    with pytest.raises(SystemExit):
        one.take()
    two.registry.recover()
    assert two.registry.spare_listings.delete_some()
    assert two.store.outside.spare_listings()

    def is_deleted() -> bool:
        two.later(LEASE / RENEWALS + MOMENT)
        return not two.store.outside.spare_listings()

    wait_for(is_deleted, "the end of what was written")


def test_a_server_that_comes_back_frees_its_images_at_once(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    one.take()
    assert two.take().item is not None
    again = Machine("one again", one.store)
    again.host.dead.add("one")
    again.registry.recover()
    assert path(two.take()) == "a.png"


def test_the_server_that_frees_a_dead_server_s_image_cleans_up_after_it(
    opened: Opened,
) -> None:
    places = [Roots({"out": f"/machine{n}/out"}) for n in (1, 2)]
    one, two = (Machine(f"server {n}", opened(place), place) for n, place in enumerate(places, 1))
    first = one.take()
    one.registry.claim_outputs(first, {"/machine1/out/done/x.png"})
    one.finish(first)
    assert one.counts.done == 1
    second = one.take()
    assert (one.cleaned_up, two.cleaned_up) == ([], [])

    let_lease_end(two)
    assert two.counts.pending == 2
    assert two.cleaned_up == []  # it had not begun to write

    third = one.take()
    one.registry.claim_outputs(third, {"/machine1/out/done/y.png", "/machine1/out/done/y.txt"})
    let_lease_end(two)
    assert (one.cleaned_up, two.cleaned_up) == ([], ["/machine2/out/done"])
    assert second.item is not None


def test_a_server_that_dies_does_not_pause_the_others(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    one.take()
    taken = two.take()
    let_lease_end(two)
    assert two.counts.running == 1
    two.finish(taken)
    told = two.registry.full_snapshot(two.request.key.id)
    assert told.ran_at is not None
    assert standing_of(replace(told, told_at=told.ran_at)).stands is Stands.RUNNING


def test_a_server_that_is_closed_properly_frees_its_images_at_once(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    one.take()
    one.registry.close()
    assert path(two.take()) == "a.png"


def test_a_server_with_nothing_left_waits_for_the_others(pair: tuple[Machine, Machine]) -> None:
    one, two = pair
    last = [one.take(), two.take(), two.take()][0]
    for iteration in (two.take(),):
        assert iteration.item is None
        assert iteration.elsewhere == 1
    two.host.finish(last.prompt)
    snapshot = two.registry.snapshot(two.request.key.id)
    assert (snapshot.complete, snapshot.elsewhere) == (False, 1)
    # It has reached Loop End but is not reconciled: it may still fail.
    one.registry.end(last)
    assert not two.registry.snapshot(two.request.key.id).complete


def test_an_image_stays_its_run_s_if_start_over_is_undone_elsewhere(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    held = one.take()
    two.registry.start_over(held.key.id)
    two.registry.undo_start_over(held.key.id)
    assert path(two.take()) == "b.png"
    one.finish(held)
    assert one.counts == Counts(pending=1, running=1, done=1)
    assert path(one.take()) == "c.png"


def test_the_server_that_started_over_goes_on_where_another_undoes_that(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    held = one.take()
    one.registry.end(held, 7)
    one.registry.start_over(held.key.id)
    two.registry.undo_start_over(held.key.id)
    one.host.finish(held.prompt)
    following = one.take()
    assert (path(following), following.carried.value) == ("b.png", 7)
    assert one.counts.done == 1


def test_an_image_waits_if_its_run_ends_before_start_over_is_undone_elsewhere(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    held = one.take()
    two.registry.start_over(held.key.id)
    one.host.finish(held.prompt)
    one.registry.reconcile_all()
    assert two.registry.undo_start_over(held.key.id).counts == Counts(pending=3)
    assert path(two.take()) == "a.png"


def test_an_image_waits_if_its_server_is_gone_when_start_over_is_undone(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    held = one.take()
    two.registry.start_over(held.key.id)
    two.host.dead.add(one.host.name)
    assert two.registry.undo_start_over(held.key.id).counts == Counts(pending=3)


def test_what_waits_where_a_loop_was_forgotten_begins_nothing_once_another_server_has(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    one.finish(one.take())
    waits = one.host.submit()
    one.registry.forget(one.request.key.id)
    assert path(two.take()) == "a.png"
    with pytest.raises(LoopForgotten):
        one.registry.acquire(one.request, waits)
    assert path(one.take()) == "b.png"


def test_a_loop_is_not_at_rest_while_another_server_works_on_the_batch_before(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    held = two.take()
    one.registry.start_over(held.key.id)
    with pytest.raises(NotNow, match="works on"):
        one.registry.check_at_rest(held.key.id)
    two.host.finish(held.prompt)
    two.registry.reconcile_all()
    one.registry.check_at_rest(held.key.id)


@pytest.mark.parametrize("later", [0.0, UNDO_SECONDS])
def test_it_is_not_at_rest_either_once_start_over_cannot_be_undone_any_more(
    pair: tuple[Machine, Machine], later: float
) -> None:
    one, two = pair
    held = two.take()
    one.registry.start_over(held.key.id)
    one.host.set_by = later
    for _ in range(2):
        one.finish(one.take())
    assert one.registry.snapshot(held.key.id).undo_until is None
    with pytest.raises(NotNow, match="works on"):
        one.registry.check_at_rest(held.key.id)
    two.host.finish(held.prompt)
    two.registry.reconcile_all()
    one.registry.check_at_rest(held.key.id)


def test_a_run_of_a_batch_that_was_taken_back_is_not_taken_for_one_that_lost_its_image(
    pair: tuple[Machine, Machine],
) -> None:
    one, two = pair
    one.finish(one.take())
    key = one.request.key
    one.registry.start_over(key.id)
    held = one.take()
    two.registry.undo_start_over(key.id)
    two.registry.start_over(key.id)
    assert path(two.take()) == path(held) == "a.png"
    assert one.registry.claim_outputs(held, {"/out/x.png"}) == {"/out/x.png": Owner.NEW}
    one.finish(held)
    assert one.counts == Counts(pending=2, running=1)


def test_an_image_waits_again_though_nobody_asks_the_server_whose_run_has_ended(
    opened: Opened,
) -> None:
    hosts = NearHost("one"), NearHost("two")
    one, two = (
        LoopRegistry(opened(), host, ImageFolder(lambda *_args, **_seed: FILES, lambda _: 0.0))
        for host in hosts
    )
    key = one.key("", "/f")
    held = one.acquire(Request(key, Selection()), hosts[0].submit())
    two.start_over(key.id)
    two.undo_start_over(key.id)
    hosts[0].finish(held.prompt, Ending.STOPPED)
    wait_for(lambda: two.snapshot(key.id).counts == Counts(pending=3), "the image to wait")


def test_a_folder_at_another_place_is_the_same_loop(opened: Opened) -> None:
    places = [Roots({"photos": f"/machine{n}/in", "out": f"/machine{n}/out"}) for n in (1, 2)]
    one, two = (
        Machine(f"server {n}", opened(roots), roots, f"/machine{n}/in/2024")
        for n, roots in enumerate(places, start=1)
    )
    for machine, number in ((one, 1), (two, 2)):
        name = ResultName(f"/machine{number}/out/done", ("", "stem", ".txt"), leaves_own_names=True)
        machine.request = Request(machine.request.key, Selection(finished=(name,)))
    assert one.request.key.id == two.request.key.id
    first, second = one.take(), two.take()
    assert (path(first), path(second)) == ("a.png", "b.png")
    # The names of results are the same, so nobody lists the folder again.
    assert (one.listed, two.listed) == (1, 0)
    one.registry.claim_outputs(first, {"/machine1/out/x.png"})
    assert two.registry.claim_outputs(second, {"/machine2/out/x.png"}) == {
        "/machine2/out/x.png": Owner.OTHER
    }
    loop_id = two.request.key.id
    assert two.registry.file_of(loop_id, "a.png") == "/machine2/in/2024/a.png"
    assert two.registry.file_of(loop_id, "a.png", 0) == "/machine2/out/x.png"
    assert two.registry.snapshot(loop_id).directory == "/machine2/in/2024"


def clock(ahead: float) -> Callable[[], float]:
    """A clock that is this many seconds ahead."""
    return lambda: time.time() + ahead


@pytest.mark.parametrize("hours", [-5, 0, 5])
def test_the_clock_of_the_database_rules(postgresql: Postgresql, hours: int) -> None:
    """A prompt submitted after the end starts over, whatever the servers' clocks say."""
    address = postgresql.new_database()
    times = [clock(0), clock(hours * 3600)]
    machines = []
    for name, own in zip(("one", "two"), times, strict=True):
        machine = Machine(name, open_postgresql(address, NO_ROOTS, own))
        machine.host._time = own
        policy = Policy(when_complete=WhenComplete.START_OVER)
        machine.request = Request(machine.request.key, Selection(), policy=policy)
        machines.append(machine)
    one, two = machines
    early = two.host.submit()
    for _ in FILES:
        one.finish(one.take())
    assert one.counts.done == len(FILES)
    assert two.registry.acquire(two.request, early).item is None
    assert path(one.registry.acquire(one.request, one.host.submit("new"))) == "a.png"
    taken = one.registry.snapshot(one.request.key.id).current[0]
    seen = two.registry.snapshot(two.request.key.id).current[0]
    assert taken.claim is not None
    assert seen.claim is not None
    # Each reports it by its own clock.
    assert abs(seen.claim.since - taken.claim.since - hours * 3600) < 60
    for machine in machines:
        machine.store.close()


def test_no_transaction_is_open_while_a_folder_is_listed(postgresql: Postgresql) -> None:
    """The database ends one that is idle for long, and the listing would be lost."""
    address = postgresql.new_database()
    machine = Machine("one", open_postgresql(address, NO_ROOTS))
    found = "SELECT 1 FROM pg_stat_activity WHERE xact_start IS NOT NULL"
    found += " AND datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as other:
        # The lease briefly opens one now and then.
        machine.while_listing = lambda: wait_for(
            lambda: other.execute(found).fetchone() is None, "no transaction to be open"
        )
        machine.finish(machine.take())
        machine.request = Request(machine.request.key, Selection(descending=True))
        machine.finish(machine.take())
        machine.finish(machine.take())  # The listing is exhausted: the folder is read again.
        machine.registry.start_over(machine.request.key.id)
    assert path(machine.take()) == "a.png"
    assert machine.listed == 4
    machine.registry.close()


class Away(MemoryStore):
    """A store whose database is away this many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.tries = 0

    def transaction(self, *, beside=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        self.tries += 1
        if self.times:
            self.times -= 1
            raise StoreAway("away")
        return super().transaction(beside=beside)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "RETRY_SECONDS", 0.0)


def test_a_run_waits_for_a_database_that_is_away() -> None:
    machine = Machine("one", Away(5))
    iteration = machine.take()
    assert path(iteration) == "a.png"
    machine.store.times = 3  # type: ignore[attr-defined]
    machine.finish(iteration)
    assert machine.counts.done == 1


def test_a_large_listing_waits_for_a_database_that_is_away(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_rows, "AT_ONCE", 2)
    machine = Machine("one", opened())
    renew, away = machine.store.outside.renew, [StoreAway("away")] * 3

    def renew_unless_away(server: str, seconds: float) -> None:
        if away:
            raise away.pop()
        renew(server, seconds)

    monkeypatch.setattr(machine.store.outside, "renew", renew_unless_away)
    assert path(machine.take()) == "a.png"
    assert not away
    machine.registry.close()


def test_a_run_that_waits_can_be_cancelled() -> None:
    machine = Machine("one", Away(5))

    def cancel() -> None:
        raise KeyboardInterrupt

    machine.host.raise_if_cancelled = cancel  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        machine.take()


def test_a_run_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "PATIENCE_SECONDS", -1.0)
    store = Away(100)
    with pytest.raises(StoreAway):
        Machine("one", store).take()
    assert store.tries == 2


def test_requests_outside_a_run_fail_at_once() -> None:
    store = Away(100)
    machine = Machine("one", store)
    with pytest.raises(StoreAway):
        machine.registry.full_snapshot(machine.request.key.id)
    assert store.tries == 2


def test_validation_does_not_depend_on_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Away(0)
    machine = Machine("one", store)
    monkeypatch.setattr(store, "snapshot_read", lambda _read: None)
    assert not machine.registry.has_listing(machine.request)
    store.times = 2
    assert machine.registry.has_listing(machine.request)


def test_an_unusable_database_is_reported_before_a_run() -> None:
    machine = Machine("one", RefusingStore("no database"))
    with pytest.raises(StateNotKept, match="no database"):
        machine.registry.has_listing(machine.request)
    with pytest.raises(StateNotKept, match="no database"):
        machine.take()


def test_one_loop_has_one_id_on_all_machines() -> None:
    assert LoopKey("", "/mnt/in", "root:in").id == LoopKey("", "Z:\\in", "root:in").id
    assert LoopKey("", "/mnt/in", "root:in").id != LoopKey("", "/mnt/in").id
