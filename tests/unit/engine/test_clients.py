"""What is remembered about clients."""

from __future__ import annotations

from batch_loop.core.engine.changes.clients import REMEMBERED, Clients
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.prompt import client_named

CONTINUE, RESET = IterationMode.CONTINUE, IterationMode.RESET


def test_an_unknown_client_has_the_loop_s_mode_and_has_missed_nothing() -> None:
    clients = Clients()
    assert clients.mode("new", RESET) is RESET
    assert clients.knows_the_end("new")


def test_a_client_s_own_mode_counts() -> None:
    clients = Clients()
    clients = clients.seen("tab", RESET, knows_the_end=False)
    assert clients.mode("tab", CONTINUE) is RESET


def test_a_client_that_works_on_a_batch_has_to_be_told_of_its_end() -> None:
    clients = Clients()
    clients = clients.seen("tab", CONTINUE, knows_the_end=False)
    assert not clients.knows_the_end("tab")
    clients = clients.told_the_end("tab")
    assert clients.knows_the_end("tab")
    clients = clients.told_the_end("unknown")
    assert clients.mode("unknown", RESET) is RESET


def test_only_the_newest_clients_are_kept() -> None:
    clients = Clients()
    clients = clients.seen("first", RESET, knows_the_end=False)
    for number in range(REMEMBERED - 1):
        clients = clients.seen(f"script {number}", CONTINUE, knows_the_end=False)
    assert clients.mode("first", CONTINUE) is RESET
    clients = clients.seen("first", RESET, knows_the_end=False)
    clients = clients.seen("one more", CONTINUE, knows_the_end=False)
    assert clients.mode("first", CONTINUE) is RESET
    assert clients.knows_the_end("script 0")


def test_clients_are_told_apart_by_ids_of_any_kind() -> None:
    given = [None, "null", "1", 1, 1.5, True, "true", [], [1], ["1"], {}, {"a": 1}, {"a": [1]}]
    assert len(set(map(client_named, given))) == len(given)
    assert client_named({"a": 1, "b": 2}) == client_named({"b": 2, "a": 1})
