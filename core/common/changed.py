"""Copies of records with a few changes, for those that each image makes several of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def changed(record: R, **changes: Any) -> R:
    """Like `dataclasses.replace`, which takes several times as long where the record is frozen."""
    made: R = object.__new__(type(record))
    values = made.__dict__
    values.update(record.__dict__, **changes)
    if len(values) != len(record.__dataclass_fields__) or hasattr(made, "__post_init__"):
        # A name that is no field, or what is worked out of the fields.
        return replace(record, **changes)
    return made
