"""The environment's variables: values that are accepted, and values that are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batch_loop.core.comfy.environment import Settings, read
from batch_loop.core.common import variables as environment
from batch_loop.core.common.errors import StateNotKept
from batch_loop.core.common.variables import (
    ALLOWED_DIRS_VARIABLE,
    DATABASE_VARIABLE,
    LEASE_VARIABLE,
    MEMORY_VARIABLE,
    ROOTS_VARIABLE,
    SERVER_VARIABLE,
    STATE_VARIABLE,
)
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.databases.postgresql import open_postgresql
from batch_loop.tests.support.sources import name_of, pack_files

VARIABLES = {value for name, value in vars(environment).items() if name.endswith("_VARIABLE")}
HIDDEN = "hunter2"


def test_an_empty_environment_is_the_default() -> None:
    assert read({}) == read(dict.fromkeys(VARIABLES, " ")) == Settings()


@pytest.mark.posix
def test_each_variable_is_a_setting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folders = ["/mnt/a", "", f' "{tmp_path}" ']
    environ = {
        ALLOWED_DIRS_VARIABLE: os.pathsep.join(folders),
        DATABASE_VARIABLE: " postgresql+psycopg://machine/batch ",
        LEASE_VARIABLE: " 7.5 ",
        MEMORY_VARIABLE: " 0 ",
        ROOTS_VARIABLE: os.pathsep.join([f" photos = {tmp_path / 'link'}", "", "b=/mnt/b"]),
        SERVER_VARIABLE: " gpu-1 ",
        STATE_VARIABLE: " Memory ",
    }
    assert environ.keys() == VARIABLES
    assert read(environ) == Settings(
        allowed_dirs=("/mnt/a", str(tmp_path)),
        database="postgresql+psycopg://machine/batch",
        lease_seconds=7.5,
        memory_mb=0,
        roots={"photos": str(tmp_path / "real"), "b": "/mnt/b"},
        server="gpu-1",
        forgets=True,
    )
    assert caplog.text == ""


def told(variable: str, value: str, caplog: pytest.LogCaptureFixture) -> str:
    """Everything that the log, or the first use of the store, says about a variable's value."""
    settings = read({variable: value})
    if settings.database:
        refusing = open_postgresql(settings.database, NO_ROOTS)
        with pytest.raises(StateNotKept) as refused:
            refusing.transaction().__enter__()
        return str(refused.value)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    return record.getMessage()


@pytest.mark.parametrize(
    ("variable", "value", "received"),
    [
        *((ALLOWED_DIRS_VARIABLE, value, value) for value in ("pics", "~/pics", "./pics", "..")),
        (DATABASE_VARIABLE, f"mysql://me:{HIDDEN}@machine/batch", "does not begin with"),
        (DATABASE_VARIABLE, f"postgresql://me:{HIDDEN}@home@machine/batch", "more than one @"),
        *((LEASE_VARIABLE, value, value) for value in ("long", "0.1", "-5", "nan", "inf")),
        *((MEMORY_VARIABLE, value, value) for value in ("much", "-1", "1.5", "1 GB")),
        *(
            (ROOTS_VARIABLE, value, value)
            for value in ("photos", "=/mnt", "photos=", "photos=mnt", "a/b=/mnt")
        ),
        (STATE_VARIABLE, "memroy", "memroy"),
    ],
)
def test_unusable_values_are_reported_in_one_form(
    variable: str, value: str, received: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = told(variable, value, caplog)
    assert said.startswith(f"Batch Loop cannot use {variable}: it")
    fault, remedy = said.split(". ", 1)
    assert received in fault
    assert ", and start ComfyUI again. Until then " in remedy
    assert HIDDEN not in said


@pytest.mark.parametrize(
    ("variable", "value", "taken"),
    [
        (ALLOWED_DIRS_VARIABLE, f"pics{os.pathsep}/mnt", Settings(allowed_dirs=("/mnt",))),
        (LEASE_VARIABLE, "long", Settings()),
        (LEASE_VARIABLE, "0.1", Settings(lease_seconds=2)),
        (MEMORY_VARIABLE, "much", Settings()),
        (ROOTS_VARIABLE, f"a{os.pathsep}b=/mnt", Settings(roots={"b": "/mnt"})),
        (STATE_VARIABLE, "memroy", Settings()),
    ],
)
def test_the_default_replaces_an_unusable_value(variable: str, value: str, taken: Settings) -> None:
    assert read({variable: value}) == taken


def test_the_address_of_the_database_is_not_shown() -> None:
    assert HIDDEN not in repr(read({DATABASE_VARIABLE: f"postgresql://me:{HIDDEN}@machine/batch"}))


def test_no_other_file_reads_the_environment() -> None:
    """Except for programs and screens, as in the folder dialog: these are no settings."""
    readers = {name_of(path) for path in pack_files() if "os.environ" in path.read_text("utf-8")}
    assert readers == {"core/comfy/environment.py", "core/choosing/folder_dialog.py"}
