"""Statements as they are sent to PostgreSQL are written once each."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.dialects.postgresql import psycopg

from batch_loop.core.store.databases import sent

STORES, STATEMENTS = 25, 30
"""As many as a process may have at most, in which many servers are tried."""

table = Table("numbers", MetaData(), Column("number", Integer))


def test_those_of_many_stores_are_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    write = sent._compiled

    def counted(*given: Any) -> Any:
        written.append(given)
        return write(*given)

    monkeypatch.setattr(sent, "_compiled", counted)
    statements = [select(table.c.number.label(f"at_{at}")) for at in range(STATEMENTS)]
    stores = [(sent.Sending(), psycopg.dialect()) for _ in range(STORES)]
    for _ in range(2):
        for sending, dialect in stores:
            texts = [sending.as_sent(each, {}, dialect).query for each in statements]
            assert texts == [
                b"SELECT numbers.number AS at_%d \nFROM numbers" % at for at in range(30)
            ]
    assert len(written) == STORES * STATEMENTS
