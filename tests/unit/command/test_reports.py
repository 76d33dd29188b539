from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.batch_loop_cli.errors import WrongCall
from batch_loop.batch_loop_cli.reports import check_report, write_atomic


@pytest.mark.parametrize(("name", "kind"), [("a.json", "json"), ("a.b.CSV", "csv")])
def test_the_extension_decides_the_report_s_format(name: str, kind: str) -> None:
    assert check_report(Path(name)) == kind
    with pytest.raises(WrongCall, match="a report ends in"):
        check_report(Path("a.txt"))


def test_a_report_replaces_an_older_one(tmp_path: Path) -> None:
    file, link = tmp_path / "report.csv", tmp_path / "link.csv"
    file.write_bytes(b"older")
    link.symlink_to(file)
    write_atomic(link, b"newer")
    assert file.read_bytes() == link.read_bytes() == b"newer"
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, file]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "report.csv"
    (folder / "older").mkdir(parents=True)
    with pytest.raises(WrongCall, match="cannot be written"):
        write_atomic(folder, b"newer")
    assert [*tmp_path.iterdir()] == [folder]
    with pytest.raises(WrongCall, match="No such file or directory"):
        write_atomic(tmp_path / "nowhere" / "report.csv", b"newer")
