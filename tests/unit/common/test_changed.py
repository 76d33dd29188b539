"""Copies of records with a few changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pytest

from batch_loop.core.common.changed import changed


@dataclass(frozen=True)
class _Record:
    first: int = 1
    second: str = "b"

    @cached_property
    def doubled(self) -> int:
        return 2 * self.first


def test_a_copy_differs_in_what_was_changed_and_the_record_stays_as_it_was() -> None:
    record = _Record()

    assert changed(record, first=3) == replace(record, first=3) == _Record(3)
    assert record == _Record()


def test_what_was_worked_out_of_the_fields_is_worked_out_anew() -> None:
    record = _Record()
    assert record.doubled == 2

    assert changed(record, first=3).doubled == 6


@dataclass(frozen=True)
class _Shortened:
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:3])


def test_what_a_record_makes_of_its_fields_itself_is_made_of_new_ones_too() -> None:
    assert changed(_Shortened("a"), text="abcdef") == _Shortened("abc")


def test_a_name_that_is_no_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="third"):
        changed(_Record(), third=3)
