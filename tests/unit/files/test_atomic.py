from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_loop.core.common.errors import ClaimLost, NoRoom, UnwritableImage
from batch_loop.core.common.processes import this_process
from batch_loop.core.common.sight import Sight, digest, read, seen
from batch_loop.core.files import atomic as files
from batch_loop.core.files import real_paths
from batch_loop.core.files.atomic import Make, check_name, make_atomic, write_atomic
from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX, sweep
from batch_loop.core.files.listing import list_images
from batch_loop.core.model.if_exists import IfExists
from batch_loop.core.model.selection import Filter, Selection

AT = 1_732_700_000_123_456_700
KINDS = [IfExists.OVERWRITE, IfExists.SKIP]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestANewFile:
    @pytest.mark.parametrize("if_exists", KINDS)
    def test_is_written(self, tmp_path: Path, if_exists: IfExists) -> None:
        path = str(tmp_path / "a.png")
        assert write_atomic(path, b"new", if_exists)
        assert content(tmp_path) == {"a.png": b"new"}

    def test_has_its_folders_made(self, tmp_path: Path) -> None:
        path = str(tmp_path / "a" / "b" / "c.png")
        assert write_atomic(path, b"new", IfExists.SKIP)
        assert Path(path).read_bytes() == b"new"

    @pytest.mark.parametrize("if_exists", KINDS)
    def test_has_the_permissions_of_any_new_file(self, tmp_path: Path, if_exists: IfExists) -> None:
        (tmp_path / "any").touch()
        write_atomic(str(tmp_path / "a.png"), b"new", if_exists)
        assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "any").stat().st_mode

    @pytest.mark.parametrize("if_exists", KINDS)
    @pytest.mark.parametrize(
        "name",
        [
            "n" * 251 + ".png",
            "\U0001f600" * 62 + ".png",
            pytest.param("caf\udce9.png", marks=pytest.mark.linux),
            pytest.param("new\nline.png", marks=pytest.mark.posix),
            "-rf",
            "e\u0301.png",
        ],
    )
    def test_has_any_name(self, tmp_path: Path, name: str, if_exists: IfExists) -> None:
        assert write_atomic(str(tmp_path / name), b"new", if_exists)
        assert content(tmp_path) == {name: b"new"}

    @pytest.mark.linux
    def test_is_whole_before_it_gets_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        fsync = os.fsync

        def looked(descriptor: int) -> None:
            if os.path.isfile(f"/proc/self/fd/{descriptor}"):
                seen.append(content(tmp_path))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", looked)
        write_atomic(str(tmp_path / "a.png"), b"new", IfExists.OVERWRITE)
        ((name, data),) = seen[0].items()
        assert len(seen) == 1
        assert data == b"new"
        assert name.startswith(".")
        assert name.endswith(TEMPORARY_SUFFIX)

    def test_is_whole_when_it_is_checked(self, tmp_path: Path) -> None:
        seen = []
        path = str(tmp_path / "a.png")
        check = lambda: seen.append(content(tmp_path))  # noqa: E731
        assert write_atomic(path, b"new", IfExists.SKIP, check=check)
        ((name, data),) = seen[0].items()
        assert (len(seen), data) == (1, b"new")
        assert name.endswith(TEMPORARY_SUFFIX)

    def test_is_not_listed_before_it_gets_its_name(self, tmp_path: Path) -> None:
        (tmp_path / f".0123456789abcdef{TEMPORARY_SUFFIX}").touch()
        everything = Selection(filter=Filter.CUSTOM, custom_pattern="*")
        assert list_images(str(tmp_path), everything) == []


class TestAnExistingFile:
    def test_is_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(b"old")
        assert write_atomic(str(path), b"new", IfExists.OVERWRITE)
        assert content(tmp_path) == {"a.png": b"new"}

    def test_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(b"old")
        assert not write_atomic(str(path), b"new", IfExists.SKIP)
        assert content(tmp_path) == {"a.png": b"old"}

    def test_a_broken_link_counts_as_one(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").symlink_to(tmp_path / "missing")
        assert not write_atomic(str(tmp_path / "a.png"), b"new", IfExists.SKIP)
        assert not (tmp_path / "missing").exists()

    def test_is_not_written_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_bytes(b"old")
        (tmp_path / "a.png").symlink_to(tmp_path / "target")
        write_atomic(str(tmp_path / "a.png"), b"new", IfExists.OVERWRITE)
        assert content(tmp_path) == {"target": b"old", "a.png": b"new"}

    def test_the_folder_is_scanned_once_and_never_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def scanned(*_args: object) -> object:
            raise AssertionError("the folder was scanned")

        write_atomic(str(tmp_path / "a.png"), b"old", IfExists.OVERWRITE)
        monkeypatch.setattr(os, "scandir", scanned)
        monkeypatch.setattr(os, "listdir", scanned)
        for if_exists in KINDS:
            write_atomic(str(tmp_path / "a.png"), b"new", if_exists)


class TestTwoWriters:
    def test_one_of_them_writes_the_file(self, tmp_path: Path) -> None:
        written: dict[int, bool] = {}
        start = threading.Barrier(8)

        def write(number: int) -> None:
            start.wait()
            data = b"%d" % number
            written[number] = write_atomic(str(tmp_path / "a.png"), data, IfExists.SKIP)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (first,) = (number for number, is_written in written.items() if is_written)
        assert content(tmp_path) == {"a.png": b"%d" % first}

    @pytest.mark.parametrize("links", [True, False])
    def test_a_file_that_appears_meanwhile_is_not_overwritten(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
    ) -> None:
        fsync = os.fsync

        def meanwhile(descriptor: int) -> None:
            (tmp_path / "a.png").write_bytes(b"other")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", meanwhile)
        if not links:
            without_hard_links(monkeypatch)
        assert not write_atomic(str(tmp_path / "a.png"), b"new", IfExists.SKIP)
        assert content(tmp_path) == {"a.png": b"other"}


def without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the file system behave like FAT."""

    def refused(*_args: object, **_more: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)


class TestTheTimeOfAFile:
    @pytest.mark.parametrize("if_exists", KINDS)
    @pytest.mark.parametrize("links", [True, False])
    def test_is_the_one_that_was_given(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        if_exists: IfExists,
        *,
        links: bool,
    ) -> None:
        if not links:
            without_hard_links(monkeypatch)
        path = str(tmp_path / "a.png")
        sight = write_atomic(path, b"new", if_exists, AT)
        assert seen(path) == Sight(AT, 3)
        assert sight == read(path, Sight(AT, 3))

    def test_is_that_of_a_name_that_a_crash_leaves_reserved(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_hard_links(monkeypatch)
        reserved = []

        def crash(*_args: object, **_more: object) -> None:
            reserved.append(seen(str(tmp_path / "a.png")))
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "replace", crash)
        with pytest.raises(UnwritableImage):
            write_atomic(str(tmp_path / "a.png"), b"new", IfExists.SKIP, AT)
        assert reserved == [Sight(AT, 0)]

    @pytest.mark.parametrize("by_name", [True, False])
    def test_may_be_one_that_cannot_be_set(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_name: bool
    ) -> None:
        def refused(*_args: object, **_more: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "utime", refused)
        monkeypatch.setattr(real_paths, "_DATES_OPEN_FILES", not by_name)
        path = str(tmp_path / "a.png")
        sight = write_atomic(path, b"new", IfExists.SKIP, AT)
        there = seen(path)
        assert there is not None
        assert there != Sight(AT, 3)
        assert sight == read(path, there)
        assert content(tmp_path) == {"a.png": b"new"}

    def test_is_set_by_name_where_it_has_to_be(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(real_paths, "_DATES_OPEN_FILES", False)
        path = str(tmp_path / "a.png")
        sight = write_atomic(path, b"new", IfExists.OVERWRITE, AT)
        assert seen(path) == Sight(AT, 3)
        assert sight == read(path, Sight(AT, 3))


class TestWithoutHardLinks:
    def test_still_keeps_what_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_hard_links(monkeypatch)
        path = str(tmp_path / "a.png")
        assert write_atomic(path, b"1", IfExists.SKIP)
        assert not write_atomic(path, b"2", IfExists.SKIP)
        assert content(tmp_path) == {"a.png": b"1"}

    def test_leaves_nothing_if_the_last_step_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_hard_links(monkeypatch)

        def failed(*_args: object, **_more: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "replace", failed)
        with pytest.raises(UnwritableImage, match="Input/output error"):
            write_atomic(str(tmp_path / "a.png"), b"new", IfExists.SKIP)
        assert content(tmp_path) == {}


def test_a_name_too_long_with_the_label_of_a_variant(tmp_path: Path) -> None:
    path = str(tmp_path / ("n" * 240 + " · a red label.png"))
    with pytest.raises(UnwritableImage) as raised:
        check_name(path, "a red label")
    message = str(raised.value)
    assert "the name is too long. Use a shorter name, prefix or suffix" in message
    assert 'a shorter value in Variants: "a red label" is the label of this one' in message


@pytest.mark.parametrize("if_exists", KINDS)
class TestFailures:
    def message(self, path: str, if_exists: IfExists) -> str:
        with pytest.raises(UnwritableImage) as raised:
            write_atomic(path, b"new", if_exists)
        assert isinstance(raised.value.__cause__, OSError | ValueError)
        return str(raised.value)

    def test_a_name_too_long(self, tmp_path: Path, if_exists: IfExists) -> None:
        path = str(tmp_path / ("n" * 252 + ".png"))
        message = self.message(path, if_exists)
        assert path in message
        assert "name is too long. Use a shorter name" in message
        assert content(tmp_path) == {}

    def test_a_file_where_a_folder_should_be(self, tmp_path: Path, if_exists: IfExists) -> None:
        (tmp_path / "file").write_bytes(b"old")
        for path in ("file/a.png", "file/deep/a.png"):
            message = self.message(str(tmp_path / path), if_exists)
            assert "a part of the path is a file" in message
        assert content(tmp_path) == {"file": b"old"}

    def test_a_character_that_no_name_has(self, tmp_path: Path, if_exists: IfExists) -> None:
        for name in ("a\0.png", "a\ud800.png"):
            assert self.message(str(tmp_path / name), if_exists).isprintable()
        assert content(tmp_path) == {}

    def test_a_full_disk(
        self, tmp_path: Path, if_exists: IfExists, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        message = self.message(str(tmp_path / "a.png"), if_exists)
        assert "the disk is full. Free some space" in message
        assert content(tmp_path) == {}

    @pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO])
    def test_a_refusal_by_the_system(
        self, tmp_path: Path, if_exists: IfExists, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        def refused(*_args: object) -> None:  # root may write anywhere
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(files, "_write_flushed", refused)
        message = self.message(str(tmp_path / "a.png"), if_exists)
        assert message.endswith("and run again.")
        assert content(tmp_path) == {}

    def test_what_a_check_raises_leaves_nothing(self, tmp_path: Path, if_exists: IfExists) -> None:
        def forbid() -> None:
            (unfinished,) = tmp_path.iterdir()
            unfinished.unlink()  # as whoever forbids it may do
            raise ClaimLost("given to another server")

        with pytest.raises(ClaimLost):
            write_atomic(str(tmp_path / "a.png"), b"new", if_exists, check=forbid)
        assert content(tmp_path) == {}

    def test_an_interrupt_leaves_nothing(
        self, tmp_path: Path, if_exists: IfExists, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(_descriptor: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(str(tmp_path / "a.png"), b"new", if_exists)
        assert content(tmp_path) == {}


def test_a_folder_of_that_name_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(UnwritableImage, match="a folder has this name"):
        write_atomic(str(tmp_path / "a.png"), b"new", IfExists.OVERWRITE)
    assert not write_atomic(str(tmp_path / "a.png"), b"new", IfExists.SKIP)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_vanished_folder_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_atomic(str(folder / "a.png"), b"new", IfExists.SKIP)
    (folder / "a.png").unlink()
    folder.rmdir()
    assert write_atomic(str(folder / "a.png"), b"new", IfExists.SKIP)


class TestAFileThatSomethingElseMakes:
    @staticmethod
    def made(*parts: bytes) -> Make:
        """Makes a temporary file of each part, and keeps the last."""

        def make(new_path: Callable[[], str]) -> str:
            path = ""
            for part in parts:
                path = new_path()
                Path(path).write_bytes(part)
            return path

        return make

    def test_has_the_content_of_the_one_that_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "more" / "a.mp4"
        sight = make_atomic(str(path), self.made(b"first", b"second"), IfExists.SKIP, at=10**18)
        assert content(path.parent) == {"a.mp4": b"second"}
        assert sight == Sight(10**18, len(b"second"), digest(b"second"))
        assert path.stat().st_mtime_ns == 10**18

    def test_has_an_extension_and_is_hidden_and_swept_until_then(self, tmp_path: Path) -> None:
        names = list[str]()

        def make(new_path: Callable[[], str]) -> str:
            path = new_path()
            (found,) = content(tmp_path)
            names.append(found)
            return path

        assert make_atomic(str(tmp_path / "a.MP4"), make, IfExists.SKIP)
        assert names[0].startswith(".")
        assert names[0].endswith(f"{TEMPORARY_SUFFIX}.mp4")
        (tmp_path / names[0]).touch()
        everything = Selection(filter=Filter.CUSTOM, custom_pattern="*")
        assert list_images(str(tmp_path), everything) == ["a.MP4"]
        sweep(str(tmp_path), ended=[this_process().name])
        assert list(content(tmp_path)) == ["a.MP4"]

    def test_is_not_made_where_one_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / "a.mp4").write_bytes(b"old")

        def make(_new_path: Callable[[], str]) -> str:
            raise AssertionError

        assert make_atomic(str(tmp_path / "a.mp4"), make, IfExists.SKIP) is None
        assert make_atomic(str(tmp_path / "a.mp4"), self.made(b"new"), IfExists.OVERWRITE)
        assert content(tmp_path) == {"a.mp4": b"new"}

    def test_does_not_replace_one_that_appeared_meanwhile(self, tmp_path: Path) -> None:
        check = lambda: (tmp_path / "a.mp4").write_bytes(b"theirs")  # noqa: E731
        made = make_atomic(str(tmp_path / "a.mp4"), self.made(b"own"), IfExists.SKIP, check=check)
        assert made is None
        assert content(tmp_path) == {"a.mp4": b"theirs"}

    def test_leaves_nothing_behind_if_it_fails(self, tmp_path: Path) -> None:
        def fail(error: Exception) -> Make:
            def make(new_path: Callable[[], str]) -> str:
                Path(new_path()).write_bytes(b"half")
                raise error

            return make

        path = str(tmp_path / "a.mp4")
        with pytest.raises(NoRoom, match="the disk is full"):
            make_atomic(path, fail(OSError(errno.ENOSPC, "full")), IfExists.SKIP)
        with pytest.raises(UnwritableImage, match="no such colour"):
            make_atomic(path, fail(ValueError("no such colour")), IfExists.SKIP)
        with pytest.raises(RuntimeError, match="its own"):
            make_atomic(path, fail(RuntimeError("its own")), IfExists.SKIP)
        assert content(tmp_path) == {}
