"""Reports for spreadsheets: a file's name is text, never a formula."""

from __future__ import annotations

import csv
import io

import pytest

from batch_loop.core.model.items import Item
from batch_loop.core.model.prompt import Failure
from batch_loop.core.routes.export import as_csv


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.png", "a.png"),
        ("a-b+c=d@e.png", "a-b+c=d@e.png"),
        ("=1+1.png", "'=1+1.png"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", " '=1"),
        ("\t=1", "'\t'=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("x;=1", "x;'=1"),
        ("x,-1", "x,'-1"),
        ("x\t@a", "x\t'@a"),
        ("x\n=1\r\n+1", "x\n'=1\r\n'+1"),
        ('x;"=1"', 'x;"\'=1"'),
        ("x; ;=1", "x; ;'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("x;\uff0b1;\uff0d1;\uff201", "x;'\uff0b1;'\uff0d1;'\uff201"),
    ],
)
def test_no_cell_is_a_formula(name: str, shown: str) -> None:
    item = Item(name, 0, failure=Failure(name, node_id="=1", node_type="-x"))
    text = as_csv([(item, (name,))])
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["path"], row["reason"], row["outputs"]) == (shown, shown, shown)
    assert (row["node_id"], row["node_type"], row["index"]) == ("'=1", "'-x", "0")
