"""The outcome poller starts when woken, and ends some time after nothing is waiting."""

from __future__ import annotations

import logging
import threading

import pytest

from batch_loop.core.common.errors import StateNotKept
from batch_loop.core.engine.outcomes import poller as poller_module
from batch_loop.core.engine.outcomes.poller import OutcomePoller
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for

QUICK = 0.001


def test_it_looks_until_nothing_is_waiting() -> None:
    answers = [True, True, False]
    before = set(threading.enumerate())
    poller = OutcomePoller(lambda: answers.pop(0), QUICK, QUICK)
    assert before == set(threading.enumerate())
    poller.wake()
    wait_for(lambda: not answers, "three looks")
    wait_for(lambda: before.issuperset(threading.enumerate()), "the thread to end")


def test_a_wake_up_during_a_look_is_not_lost() -> None:
    looks: list[int] = []
    looking, go = threading.Event(), threading.Event()

    def look() -> bool:
        looks.append(1)
        looking.set()
        go.wait()
        return False

    poller = OutcomePoller(look, QUICK, QUICK)
    poller.wake()
    looking.wait()
    poller.wake()
    go.set()
    wait_for(lambda: len(looks) == 2, "a second look")


def test_it_starts_again_after_it_has_ended() -> None:
    looks: list[int] = []
    before = set(threading.enumerate())

    def look() -> bool:
        looks.append(1)
        return False

    poller = OutcomePoller(look, QUICK, QUICK)
    for number in (1, 2):
        poller.wake()
        wait_for(lambda number=number: len(looks) == number, "a look")
        wait_for(lambda: before.issuperset(threading.enumerate()), "the thread to end")


@pytest.mark.parametrize("error", [IndexError("unexpected"), StateNotKept("the disk is full")])
def test_after_an_error_it_continues_and_has_logged_it_once(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    before = set(threading.enumerate())
    answers: list[bool | Exception] = [error, error, error, True, error, False]

    def look() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    OutcomePoller(look, QUICK, QUICK).wake()
    wait_for(lambda: before.issuperset(threading.enumerate()), "the thread to end")
    assert answers == []
    # Once for three in a row, and once for the one after a success.
    assert [str(error) in logged(record) for record in caplog.records] == [True, True]


def logged(record: logging.LogRecord) -> str:
    return record.getMessage() + str(record.exc_info)


def test_its_pauses_grow_while_it_fails_and_a_wake_up_ends_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        poller._failures = 30
        raise IndexError

    # After a failed look it waits forever, unless woken.
    monkeypatch.setattr(poller_module, "LONGEST_PAUSE", 3600.0)
    poller = OutcomePoller(look, QUICK, QUICK)
    for number in (1, 2, 3):
        poller.wake()
        wait_for(lambda number=number: len(looks) == number, "a look")
    poller.finish(0, lambda: False)


def test_one_thread_serves_many_prompts() -> None:
    threads: list[threading.Thread] = []

    def look() -> bool:
        threads.append(threading.current_thread())
        return False

    poller = OutcomePoller(look, QUICK)
    for number in (1, 2, 3):
        poller.wake()
        wait_for(lambda number=number: len(threads) == number, "a look")
    assert len(set(threads)) == 1


def test_on_closing_it_looks_until_nothing_is_waiting() -> None:
    answers = [True, True, False]
    OutcomePoller(lambda: False, QUICK).finish(60, lambda: answers.pop(0))
    assert not answers


def test_on_closing_it_gives_up_when_time_is_up() -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        return True

    OutcomePoller(lambda: False, QUICK).finish(0, look)
    assert looks == [1]


def test_nobody_looks_once_it_has_finished() -> None:
    before = set(threading.enumerate())
    looking = threading.Event()
    looks: list[str] = []

    def look() -> bool:
        looking.set()
        wait_for(lambda: poller._ended, "the end")
        looks.append("the last one that had begun")
        return True

    poller = OutcomePoller(look, QUICK, idle_seconds=3600.0)
    poller.wake()
    looking.wait()
    poller.finish(0, lambda: bool(looks.append("at the end")))
    assert looks == ["the last one that had begun", "at the end"]
    poller.wake()
    assert before.issuperset(threading.enumerate())


def test_it_ends_while_it_waits_to_be_woken() -> None:
    before = set(threading.enumerate())
    looked = threading.Event()
    poller = OutcomePoller(lambda: bool(looked.set()), QUICK, idle_seconds=3600.0)
    poller.wake()
    looked.wait()
    poller.finish(0, lambda: False)
    assert before.issuperset(threading.enumerate())


def test_it_starts_at_the_next_wake_up_if_no_thread_could_be_started() -> None:
    looked = threading.Event()
    poller = OutcomePoller(lambda: bool(looked.set()), QUICK, QUICK)
    with no_thread_starts(), pytest.raises(RuntimeError):
        poller.wake()
    poller.wake()
    assert looked.wait(10)


def test_a_hurry_ends_the_pause_before_the_next_look() -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        return len(looks) < 3

    poller = OutcomePoller(look, 600, QUICK)
    poller.wake()
    for number in (1, 2, 3):
        wait_for(lambda: not poller._hurried, "the hurry before to be over")
        poller.hurry()
        wait_for(lambda number=number: len(looks) >= number, "a look")
    assert len(looks) == 3
