"""Memory that is used again: when nobody holds it, and never before."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.media.buffers import Buffers, Touched
from batch_loop.tests.support.given_clock import GivenClock
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for

SHAPE = (100, 200, 3)
SIZE = 100 * 200 * 3 * 4
PLENTY = 10**9


def address(array: Any) -> int:
    found: int = array.ctypes.data
    return found


def buffers_in(budget: MemoryBudget, clock: GivenClock | None = None) -> Buffers:
    buffers = Buffers(budget, 60.0, smallest=1, clock=clock or GivenClock())
    budget.ask(buffers.let_go)
    return buffers


@pytest.fixture
def budget() -> MemoryBudget:
    return MemoryBudget(PLENTY)


@pytest.fixture
def buffers(budget: MemoryBudget) -> Buffers:
    return buffers_in(budget)


def image_of(buffers: Buffers, value: float = 1.0) -> torch.Tensor:
    """[1,H,W,3], as Directory Iterator gives it."""
    array = buffers.empty(SHAPE, np.float32)
    array.fill(value)
    return torch.from_numpy(array)[None]


def test_an_array_is_contiguous_and_may_be_written_to(buffers: Buffers) -> None:
    array = buffers.empty(SHAPE, np.float32)
    assert (array.shape, array.dtype) == (SHAPE, np.float32)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned


def test_memory_that_nobody_holds_is_used_again(buffers: Buffers) -> None:
    array = buffers.empty(SHAPE, np.float32)
    before = address(array)
    del array
    assert address(buffers.empty(SHAPE, np.float32)) == before


def test_memory_of_a_tensor_that_is_gone_is_used_again(buffers: Buffers) -> None:
    image = image_of(buffers)
    before = image.data_ptr()
    del image
    assert address(buffers.empty(SHAPE, np.float32)) == before


HOLDERS: dict[str, Callable[[torch.Tensor], Any]] = {
    "itself": lambda image: image,
    "a view": lambda image: image[0],
    "a row": lambda image: image[0, 50],
    "a pixel": lambda image: image[0, 50, 50, :1],
    "every other column, turned": lambda image: image[:, :, ::2].permute(0, 3, 1, 2),
    "all pixels in a line": lambda image: image.view(-1),
    "the numbers without the history": lambda image: image.detach(),
    "the numbers": lambda image: image.data,
    "its storage": lambda image: image.untyped_storage(),
    "a tensor of its storage": lambda image: torch.empty(0).set_(image.untyped_storage()),
    "numpy's view": lambda image: image.numpy(),
    "numpy's view of a part": lambda image: image[0, 3:9].numpy()[::-1, 4],
    "numpy's bytes": lambda image: image.numpy().view(np.uint8).reshape(-1)[5:9],
    "its base": lambda image: image.numpy().base,
    "a memory view": lambda image: memoryview(image.numpy())[0:1],
    "an array of a memory view": lambda image: np.frombuffer(memoryview(image.numpy()), "f4")[7:],
    "by way of DLPack": torch.from_dlpack,
    "numpy's array by way of DLPack": np.from_dlpack,
    "one in a list of one in a dict": lambda image: {"a": [{"b": image[0]}]},
    "a shallow copy": copy.copy,
    "a split part": lambda image: image.split(30, dim=1)[2],
    "an unbound row": lambda image: image[0].unbind(0)[-1],
    "a broadcast": lambda image: image.expand(4, -1, -1, -1)[3],
    "a function that has it": lambda image: lambda: image,
    "a parameter": lambda image: torch.nn.Parameter(image, requires_grad=False),
    "as integers": lambda image: image.view(torch.int32),
    "a masked array": lambda image: np.ma.masked_array(image.numpy()),
    "a matrix of numpy": lambda image: image[0, :, :, 0].numpy().view(np.matrix),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_memory_that_somebody_holds_is_not(buffers: Buffers, name: str) -> None:
    image = image_of(buffers)
    before = image.data_ptr()
    held = HOLDERS[name](image)
    del image
    gc.collect()
    others = [buffers.empty(SHAPE, np.float32) for _ in range(3)]
    assert before not in map(address, others)
    del others
    del held
    gc.collect()
    # All four are there now, of which not all are kept.
    buffers.let_go()
    assert buffers._lent == 0


COPIES: dict[str, Callable[[torch.Tensor], Any]] = {
    "clone": lambda image: image.clone(),
    "pickle": lambda image: pickle.loads(pickle.dumps(image)),  # noqa: S301 - our own
    "deep copy": copy.deepcopy,
    "numpy's copy": lambda image: image.numpy().copy(),
    "another type": lambda image: image.double(),
    "shared memory": lambda image: image.clone().share_memory_(),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_holds_nothing_and_stays_as_it_is(buffers: Buffers, name: str) -> None:
    image = image_of(buffers, 0.25)
    before = image.data_ptr()
    copied = COPIES[name](image)
    del image
    again = image_of(buffers, 0.75)
    assert again.data_ptr() == before
    assert bool((copied == 0.25).all())


def test_memory_that_a_tensor_leaves_for_shared_memory_is_used_again(buffers: Buffers) -> None:
    image = image_of(buffers, 0.25)
    before = image.data_ptr()
    image.share_memory_()
    assert address(buffers.empty(SHAPE, np.float32)) == before
    assert bool((image == 0.25).all())


def test_what_an_exception_holds_is_not_used_again(buffers: Buffers) -> None:
    def fails() -> None:
        image = image_of(buffers)
        places.append(image.data_ptr())
        raise ValueError

    places: list[int] = []
    kept: BaseException | None = None
    try:
        fails()
    except ValueError as error:
        kept = error
    assert address(other := buffers.empty(SHAPE, np.float32)) != places[0]
    del kept
    gc.collect()
    assert address(buffers.empty(SHAPE, np.float32)) == places[0] != address(other)


def test_what_only_a_circle_holds_is_used_again_once_it_is_collected(buffers: Buffers) -> None:
    circle: list[Any] = [image_of(buffers)]
    before = circle[0].data_ptr()
    circle.append(circle)
    del circle
    gc.collect()
    assert address(buffers.empty(SHAPE, np.float32)) == before


def test_a_collection_of_garbage_anywhere_does_no_harm(buffers: Buffers) -> None:
    """As Python may collect at any moment, also while the lock is held."""
    circle: list[Any] = [image_of(buffers)]
    circle.append(circle)
    del circle
    with buffers._lock:
        gc.collect()
    buffers.let_go()
    assert buffers._lent == 0


def test_it_is_used_for_what_is_a_little_smaller(buffers: Buffers) -> None:
    array = buffers.empty(SHAPE, np.float32)
    before = address(array)
    del array
    smaller = buffers.empty((90, 200, 3), np.float32)
    assert address(smaller) == before
    assert smaller.shape == (90, 200, 3)
    del smaller
    assert buffers.empty((SIZE,), np.uint8).ctypes.data == before


def test_what_is_lent_is_part_of_the_budget_beyond_what_was_asked_for(
    buffers: Buffers, budget: MemoryBudget
) -> None:
    first = image_of(buffers)
    del first
    wait_for(lambda: budget.taken == SIZE, "it to be kept")
    smaller = buffers.empty((80, 200, 3), np.float32)
    assert budget.taken == SIZE - smaller.nbytes
    del smaller
    wait_for(lambda: budget.taken == SIZE, "it to be kept again")
    with no_thread_starts():
        buffers._janitor = None
        buffers.empty((80, 200, 3), np.float32)
    assert budget.taken == 0


@pytest.mark.parametrize("shape", [(40, 200, 3), (101, 200, 3)])
def test_it_is_not_used_for_what_is_much_smaller_or_larger(
    buffers: Buffers, budget: MemoryBudget, shape: tuple[int, ...]
) -> None:
    del (array := [buffers.empty(SHAPE, np.float32)])[0]
    assert array == []
    buffers.empty(shape, np.float32)
    # And the system has it back before it is asked for more.
    assert SIZE not in [each.memory.nbytes for each in buffers._kept]
    buffers.let_go()
    assert budget.taken == 0


def test_what_is_kept_is_part_of_the_budget_and_gone_when_somebody_needs_it() -> None:
    budget = MemoryBudget(SIZE)
    buffers = buffers_in(budget)
    del (image := [image_of(buffers)])[0]
    assert image == []
    wait_for(lambda: budget.taken == SIZE, "it to be kept")
    assert budget.take(SIZE)
    assert not buffers._kept
    assert budget.most == SIZE
    assert not budget.take(1)


def test_nothing_is_kept_that_the_budget_has_no_room_for() -> None:
    budget = MemoryBudget(SIZE - 1)
    buffers = buffers_in(budget)
    del (image := [image_of(buffers)])[0]
    assert image == []
    wait_for(lambda: buffers._lent == 0, "it to be returned")
    assert not buffers._kept
    assert budget.taken == 0


def test_few_are_kept(buffers: Buffers, budget: MemoryBudget) -> None:
    images = [image_of(buffers) for _ in range(9)]
    assert budget.taken == 0
    images.clear()
    wait_for(lambda: buffers._lent == 0, "them to be returned")
    assert 1 <= len(buffers._kept) <= 3
    assert budget.taken == SIZE * len(buffers._kept)


def test_what_nobody_asks_for_goes_and_the_thread_ends() -> None:
    budget = MemoryBudget(PLENTY)
    buffers = Buffers(budget, 0.2, smallest=1)
    for _ in range(2):
        image = image_of(buffers)
        assert buffers._janitor is not None
        del image
        wait_for(lambda: budget.taken == SIZE, "it to be kept")
        wait_for(lambda: buffers._janitor is None, "the thread to end")
        assert budget.taken == 0
        assert not buffers._kept


def test_small_arrays_are_fresh(budget: MemoryBudget) -> None:
    buffers = Buffers(budget, smallest=SIZE + 1)
    image = image_of(buffers)
    del image
    assert buffers._janitor is None
    assert not buffers._kept


def test_without_a_thread_arrays_are_fresh(buffers: Buffers, budget: MemoryBudget) -> None:
    with no_thread_starts():
        image = image_of(buffers)
    del image
    assert not buffers._kept
    assert budget.taken == 0


def test_many_threads_never_share_memory(budget: MemoryBudget) -> None:
    buffers = buffers_in(budget)
    wrong: list[str] = []

    def works(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        held: list[tuple[float, torch.Tensor]] = []
        for number in range(300):
            value = float(seed * 1000 + number)
            height = chance.choice((60, 80, 100))
            array = buffers.empty((height, 200, 3), np.float32)
            array.fill(value)
            image = torch.from_numpy(array)
            # Some hold all of it, some a part in whatever form.
            part = chance.choice((image, image[::2, 5:], image.numpy()[3:, ::7], image[None, 1]))
            held.append((value, part))
            if len(held) > chance.randint(0, 4):
                expected, one = held.pop(chance.randrange(len(held)))
                if not bool((one == expected).all()):
                    wrong.append(f"{expected} is {one}")

    threads = [threading.Thread(target=works, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    wait_for(lambda: buffers._lent == 0, "all to be returned")
    buffers.let_go()
    assert budget.taken == 0


# Memory that is touched before it is asked for.


def test_an_array_takes_the_memory_that_was_touched_for_it(
    buffers: Buffers, budget: MemoryBudget
) -> None:
    with buffers.expecting(lambda: SIZE):
        (touched,) = buffers._touched
        other = buffers.empty((40, 200, 3), np.float32)
        image = buffers.empty(SHAPE, np.float32)
        image.fill(1)
        assert address(image) == address(touched._memory) != address(other)
        # It is taken once, and not touched any more.
        assert address(buffers.empty(SHAPE, np.float32)) != address(image)
        touched.touch()
        assert budget.taken == 0
    assert bool((image == 1).all())


def test_it_is_touched_by_a_thread(buffers: Buffers, monkeypatch: pytest.MonkeyPatch) -> None:
    by: list[str] = []
    monkeypatch.setattr(Touched, "touch", lambda _: by.append(threading.current_thread().name))
    with buffers.expecting(lambda: SIZE):
        wait_for(lambda: bool(by), "it to be touched")
    assert by == ["batch-loop-touch"]


def test_nothing_is_touched_once_memory_was_used(buffers: Buffers, budget: MemoryBudget) -> None:
    def asked() -> int:
        raise AssertionError

    image = buffers.empty(SHAPE, np.float32)
    with buffers.expecting(asked):
        assert buffers._touched == []
    del image
    wait_for(lambda: budget.taken == SIZE, "it to be kept")
    with buffers.expecting(asked):
        assert buffers._touched == []


@pytest.mark.parametrize(("size", "count"), [(SIZE, 1), (SIZE - 1, 0)])
def test_what_is_small_is_not_touched(budget: MemoryBudget, size: int, count: int) -> None:
    buffers = Buffers(budget, smallest=SIZE)
    with buffers.expecting(lambda: size):
        assert len(buffers._touched) == count


def test_memory_that_nobody_asked_for_is_gone_after_the_block(buffers: Buffers) -> None:
    def is_damaged() -> None:
        with buffers.expecting(lambda: SIZE):
            found.append(buffers._touched[-1])
            raise ValueError

    found: list[Touched] = []
    with buffers.expecting(lambda: SIZE):
        (other,) = buffers._touched
        with pytest.raises(ValueError):  # noqa: PT011 - our own
            is_damaged()
        assert found[0]._is_over
        assert buffers._touched == [other]
    assert buffers._touched == []


def test_memory_that_is_not_there_is_left_to_who_asks_for_it(buffers: Buffers) -> None:
    with buffers.expecting(lambda: 1 << 60):
        assert buffers._touched == []


def test_where_no_thread_can_be_started_memory_is_fresh(buffers: Buffers) -> None:
    with no_thread_starts(), buffers.expecting(lambda: SIZE):
        assert buffers.empty(SHAPE, np.float32).shape == SHAPE


# What is kept, and what goes, exactly.


def kept_in_turn(buffers: Buffers, *rows: int) -> list[int]:
    """Have memory of so many rows kept, in that order; returns where each is."""
    lent = [buffers.empty((each, 200, 3), np.float32) for each in rows]
    places = [address(each) for each in lent]
    while lent:
        count = len(buffers._kept)
        del lent[0]
        wait_for(lambda count=count: len(buffers._kept) > count, "it to be kept")
    return places


def places_kept(buffers: Buffers) -> list[int]:
    return [address(each.memory) for each in buffers._kept]


def test_of_several_the_one_that_fits_best_is_used(buffers: Buffers) -> None:
    large, small, largest = kept_in_turn(buffers, 110, 100, 120)
    assert address(buffers.empty((90, 200, 3), np.float32)) == small
    assert places_kept(buffers) == [large, largest]


@pytest.mark.parametrize(("rows", "is_used"), [(100, True), (150, True), (151, False)])
def test_how_much_larger_it_may_be(budget: MemoryBudget, rows: int, *, is_used: bool) -> None:
    """What is lent beyond what was asked for stays a part of the budget."""
    buffers = buffers_in(budget)
    kept_in_turn(buffers, rows)
    used = buffers._used_before(SIZE)
    assert (used is not None) is is_used
    if used is not None:
        assert used.nbytes == rows * SIZE // 100
        assert budget.taken == used.nbytes - SIZE


def test_no_more_goes_than_is_needed_and_the_oldest_first(buffers: Buffers) -> None:
    *_, last = kept_in_turn(buffers, 50, 60, 40)
    buffers.empty((110, 200, 3), np.float32)
    assert places_kept(buffers)[:1] == [last]


def test_of_too_many_the_oldest_goes(buffers: Buffers) -> None:
    lent = [buffers.empty(SHAPE, np.float32) for _ in range(5)]
    places = [address(each) for each in lent]
    for number in range(5):
        del lent[0]
        expected = places[max(0, number - 2) : number + 1]
        wait_for(lambda expected=expected: places_kept(buffers) == expected, "it to be kept")


def test_it_is_kept_until_the_very_moment(budget: MemoryBudget) -> None:
    clock = GivenClock()
    buffers = buffers_in(budget, clock)
    kept_in_turn(buffers, 100)
    clock.now = 59.9
    buffers._wake.put(None)
    wait_for(buffers._wake.empty, "the thread to look")
    assert budget.taken == SIZE
    clock.now = 60.0
    buffers._wake.put(None)
    wait_for(lambda: budget.taken == 0, "it to go")


def test_what_is_just_large_enough_is_used_again(budget: MemoryBudget) -> None:
    buffers = Buffers(budget, smallest=SIZE)
    array = buffers.empty(SHAPE, np.float32)
    assert buffers._lent == 1
    less = buffers.empty((99, 200, 3), np.float32)
    assert buffers._lent == 1
    del array, less
    wait_for(lambda: budget.taken == SIZE, "the first to be kept")
