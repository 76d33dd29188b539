"""Claimants do what is counted of them; how long that takes is not looked at here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from batch_loop.tools.bench.claims_alone import Claimant, make_table, settle, table_bytes
from batch_loop.tools.postgresql import Postgresql

SECONDS = 0.2


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path)
    database: Postgresql = request.getfixturevalue("postgresql")
    return database.new_database()


def test_claimants_take_each_image_once_and_count_what_they_ask_for(address: str) -> None:
    assert make_table(address, 5_000) > 0
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        claimants = [stack.enter_context(closing(Claimant(address))) for _ in range(2)]
        runs = [pool.submit(each.work, SECONDS) for each in claimants]
        works = [run.result() for run in runs]
        # One for each image, the first one, which `make_table` did, and this one.
        (_, path) = claimants[0].hold()
    assert path == f"img_{sum(work.images for work in works) + 1:08d}.png"
    for work in works:
        assert work.seconds >= SECONDS
        assert 0 < work.locked < work.seconds
        # Taking it (with the settling of the one before), claiming its file, and its end.
        assert work.transactions >= 3 * work.images > 0
        assert work.statements > work.transactions
        assert work.locked_trips > work.transactions


def test_the_size_of_the_tables_is_that_of_all_rows(postgresql: Postgresql) -> None:
    few, many = postgresql.new_database(), postgresql.new_database()
    for database, images in ((few, 10), (many, 10_000)):
        make_table(database, images)
        settle(database)
    assert table_bytes(many) > table_bytes(few) + 10_000 * len("img_00000000.png")
