"""A value that a node carries over is stored as it is, or reported as one that cannot be."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.policy import IterationMode
from batch_loop.core.model.selection import Selection
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.records import LoopEntry
from batch_loop.core.store.schema import carried_value
from batch_loop.core.store.schema.carried_value import CannotKeep, decode, encode

KEY = LoopKey("", "/folder")
TENSOR = torch.arange(6, dtype=torch.float32)


class Subclass(torch.Tensor):
    """A tensor that is more than its numbers."""


def new_kind(make: Callable[[], torch.Tensor]) -> torch.Tensor:
    """A tensor of a kind that torch warns about, as new or deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def itself() -> list[Any]:
    found: list[Any] = [1]
    found += [found, found]
    return found


def itself_in_a_dict() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["self"] = [found]
    return found


def deep(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def doubled(levels: int) -> list[Any]:
    """A list of a few hundred bytes that has more parts than there are atoms."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found, found]
    return found


ODD: dict[str, Any] = {
    "complex": torch.ones(2, dtype=torch.complex64),
    "conjugate": torch.ones(2, dtype=torch.complex128).conj(),
    "sparse": torch.eye(3).to_sparse(),
    "compressed": new_kind(lambda: torch.eye(3).to_sparse_csr()),
    "nested": new_kind(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
    "quantised": new_kind(lambda: torch.quantize_per_tensor(TENSOR, 0.1, 0, torch.qint8)),
    "meta": torch.ones(2, device="meta"),
    "subclass": torch.ones(2).as_subclass(Subclass),
    "array": np.ones(3),
    "number of numpy": np.float64(1.5),
    "itself": itself(),
    "itself in a dict": itself_in_a_dict(),
    "deep": deep(100_000),
    "doubled": doubled(100),
    "large": 10**5000,
    "bytes": b"bytes",
    "set": {1},
}
KEPT: dict[str, Any] = {
    "sharing": [TENSOR, TENSOR[1:], TENSOR.view(2, 3).t()],
    "without strides": torch.ones(1).expand(5),
    "negative": torch.tensor([1 + 2j]).conj().imag,
    "bfloat16": torch.ones(2, dtype=torch.bfloat16),
    "float8": torch.ones(2).to(torch.float8_e4m3fn),
    "empty": torch.empty(0, 3),
    "one": torch.tensor(3),
    "bool": torch.tensor([True, False]),
    "large": 2**70,
    "infinite": -math.inf,
    "half a character": {"\ud800": "\udc80", "": None},
    "what looks like ours": ["tensor", "0", ["dict", {}], ("list", [])],
}
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
)
VALUES = st.recursive(
    SCALARS,
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), parts, max_size=4)
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN


@given(VALUES)
def test_plain_values_are_restored(value: Any) -> None:
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize("name", KEPT)
def test_odd_values_are_restored(name: str) -> None:
    assert same(decode(encode(KEPT[name])), KEPT[name])


@pytest.fixture
def _few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_value, "_MOST_PARTS", 1_000)


@pytest.mark.usefixtures("_few_parts")
@pytest.mark.parametrize("name", ODD)
def test_a_value_that_cannot_be_stored_is_reported(name: str) -> None:
    for value in (ODD[name], [ODD[name]], {"a": (ODD[name],)}):
        with pytest.raises(CannotKeep):
            encode(value)


@pytest.mark.usefixtures("_few_parts")
def test_a_value_that_cannot_be_stored_is_remembered_and_stops_no_loop(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    for name, value in ODD.items():
        with store.transaction():
            store.start_batch(KEY, ["a"])
            store.save(KEY, LoopEntry(Selection(), 1, IterationMode.CONTINUE, 0.0))
            store.carry(KEY, value)
        with store.transaction():
            assert store.carried(KEY).value is value, name
        # Another server, or this one after a restart.
        other = open_store(str(tmp_path))
        with other.transaction():
            found = other.carried(KEY)
        assert "which no file can hold" in (found.lost or ""), name
        assert len(other.outside.listed_loops()) == 1
        other.close()
    store.close()
