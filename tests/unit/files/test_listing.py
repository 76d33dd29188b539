from __future__ import annotations

import logging
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from batch_loop.core.common.errors import FolderNotFound, InvalidSetting, NotAFolder
from batch_loop.core.common.file_kinds import IMAGE_EXTENSIONS
from batch_loop.core.files import listing
from batch_loop.core.files.leftovers import TEMPORARY_SUFFIX
from batch_loop.core.files.listing import has_images, linked_files, list_images
from batch_loop.core.model.selection import Filter, Selection, SortBy


def touch(folder: Path, *names: str) -> None:
    """Make empty files in a random order, which the file system may list them in."""
    shuffled = list(names)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    for name in shuffled:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def custom(pattern: str) -> Selection:
    return Selection(filter=Filter.CUSTOM, custom_pattern=pattern)


class TestFilters:
    NAMES = (
        "a.png",
        "b.PNG",
        "c.jpg",
        "d.JPEG",
        "e.jfif",
        "f.webp",
        "g.gif",
        "h.tiff",
        "i.bmp",
        "j.avif",
        "k.txt",
        "l.png.txt",
        "m",
        "png",
        "n.safetensors",
        "o.mp4",
        "p.psd",
        ".hidden.png",
    )

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            (Filter.ALL, "abcdefghij"),
            (Filter.PNG, "ab"),
            (Filter.JPEG, "cde"),
            (Filter.WEBP, "f"),
        ],
    )
    def test_admit_by_extension_in_any_case(
        self, tmp_path: Path, choice: Filter, expected: str
    ) -> None:
        touch(tmp_path, *self.NAMES)
        found = list_images(str(tmp_path), Selection(filter=choice))
        assert "".join(name[0] for name in found) == expected

    def test_a_custom_pattern_counts_only_with_custom(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", "b.jpg")
        selection = Selection(custom_pattern="*.jpg, !a*")
        assert list_images(str(tmp_path), selection) == ["a.png", "b.jpg"]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("*.png", "a1.png A2.PNG b.png"),
            ("*.PNG", "a1.png A2.PNG b.png"),
            ("  *.jpg ,b.png,, ", "b.png c.jpg"),
            ("a*", "a1.png A2.PNG"),
            ("a?.png", "a1.png A2.PNG"),
            ("[ac]*", "a1.png A2.PNG c.jpg"),
            ("[!ac]*.*", "b.png d.txt"),
            ("*, !*.png", "c.jpg d.txt"),
            ("!*.png, *", "c.jpg d.txt"),
            ("*.png, !a*", "b.png"),
            ("! a* , !*.jpg", "b.png"),
            ("!x", "a1.png A2.PNG b.png c.jpg"),
            ("*.*", "a1.png A2.PNG b.png c.jpg d.txt"),
            ("d.txt", "d.txt"),
            ("d", ""),
            ("a1.png\n", "a1.png"),
            ("*/*", ""),
        ],
    )
    def test_custom_patterns_include_and_exclude(
        self, tmp_path: Path, pattern: str, expected: str
    ) -> None:
        touch(tmp_path, "a1.png", "A2.PNG", "b.png", "c.jpg", "d.txt", ".e.png")
        assert list_images(str(tmp_path), custom(pattern)) == expected.split()

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("*.png", "a.png sub/a.png sub/deep/b.png sub2/c.png"),
            ("sub/*", "sub/a.png sub/deep/b.png"),
            ("SUB/A*", "sub/a.png"),
            ("*/deep/*", "sub/deep/b.png"),
            ("*.png, !sub/*", "a.png sub2/c.png"),
            ("*.png, !*/*", "a.png"),
            ("*/*.png, !b*", "sub/a.png sub2/c.png"),
        ],
    )
    def test_a_glob_with_a_slash_is_matched_against_the_path(
        self, tmp_path: Path, pattern: str, expected: str
    ) -> None:
        touch(tmp_path, "a.png", "sub/a.png", "sub/deep/b.png", "sub2/c.png")
        selection = replace(custom(pattern), recursive=True)
        assert list_images(str(tmp_path), selection) == expected.split()

    @pytest.mark.parametrize("typed", ["caf\u00e9*", "cafe\u0301*"])
    def test_globs_match_both_unicode_forms(self, tmp_path: Path, typed: str) -> None:
        touch(tmp_path, "caf\u00e9.png", "cafe\u0301.png", "cafe.png")
        found = list_images(str(tmp_path), custom(typed))
        assert sorted(found) == ["cafe\u0301.png", "caf\u00e9.png"]

    @pytest.mark.parametrize("pattern", ["", "  ", ",", " , ,", "!", "! , !"])
    def test_custom_without_a_pattern_is_an_error(self, tmp_path: Path, pattern: str) -> None:
        with pytest.raises(InvalidSetting, match="custom_pattern") as raised:
            list_images(str(tmp_path), custom(pattern))
        assert f'"{pattern}"' in str(raised.value)
        with pytest.raises(InvalidSetting):
            custom(pattern).matcher()
        with pytest.raises(InvalidSetting):
            has_images(str(tmp_path), custom(pattern))

    def test_a_matcher_takes_a_path(self) -> None:
        assert Selection().matcher()("sub.folder/a.png")
        assert not Selection().matcher()("sub.png/a")
        assert not Selection().matcher()("png")

    def test_pillow_opens_files_of_every_extension(self) -> None:
        Image.init()
        assert set(Image.registered_extensions()) >= IMAGE_EXTENSIONS


class TestWhatIsListed:
    def test_hidden_and_unfinished_files_are_never_listed(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", ".b.png", f".0123{TEMPORARY_SUFFIX}", "._a.png", ".c/d.png")
        for selection in (Selection(recursive=True), replace(custom("*"), recursive=True)):
            assert list_images(str(tmp_path), selection) == ["a.png"]

    def test_folders_are_never_listed_whatever_their_name(self, tmp_path: Path) -> None:
        touch(tmp_path, "folder.png/a.png")
        assert list_images(str(tmp_path), Selection()) == []
        assert list_images(str(tmp_path), Selection(recursive=True)) == ["folder.png/a.png"]

    def test_subfolders_are_listed_on_request(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", "sub/b.png", "sub/deep/c.png")
        assert list_images(str(tmp_path), Selection()) == ["a.png"]
        assert list_images(str(tmp_path), Selection(recursive=True)) == [
            "a.png",
            "sub/b.png",
            "sub/deep/c.png",
        ]

    def test_links_to_files_are_listed_but_not_broken_ones(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png")
        (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
        (tmp_path / "c.png").symlink_to(tmp_path / "missing.png")
        (tmp_path / "d.png").symlink_to(tmp_path / "d.png")
        (tmp_path / "e.png").symlink_to(tmp_path)
        assert list_images(str(tmp_path), Selection()) == ["a.png", "b.png"]

    def test_nothing_behind_links_to_folders_is_listed(self, tmp_path: Path) -> None:
        touch(tmp_path, "top/a.png", "top/sub/b.png", "outside/c.png")
        (tmp_path / "top" / "out").symlink_to(tmp_path / "outside")
        (tmp_path / "top" / "inside").symlink_to(tmp_path / "top" / "sub")
        (tmp_path / "top" / "sub" / "circle").symlink_to(tmp_path / "top")
        found = list_images(str(tmp_path / "top"), Selection(recursive=True))
        assert found == ["a.png", "sub/b.png"]

    @pytest.mark.posix
    def test_pipes_and_devices_are_not_listed(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.png")
        (tmp_path / "b.png").symlink_to(os.devnull)
        assert list_images(str(tmp_path), Selection()) == []

    def test_a_file_is_an_error(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png")
        with pytest.raises(NotAFolder, match=r"a\.png"):
            list_images(str(tmp_path / "a.png"), Selection())

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FolderNotFound, match="missing"):
            list_images(str(tmp_path / "missing"), Selection())
        with pytest.raises(FolderNotFound, match="missing"):
            has_images(str(tmp_path / "missing"), Selection())

    def test_a_folder_that_fails_midway_is_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(tmp_path, "a.png")

        def broken(_folder: str) -> object:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(listing, "_entries", broken)
        with pytest.raises(FolderNotFound, match="Input/output error"):
            list_images(str(tmp_path), Selection())

    def test_a_subfolder_that_cannot_be_read_is_left_out_with_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        touch(tmp_path, "a.png", "locked/b.png", "open/c.png")
        entries = listing._entries

        def locked(folder: str) -> object:  # root may read any folder
            if folder.endswith("locked/"):
                raise PermissionError(13, "Permission denied")
            return entries(folder)

        monkeypatch.setattr(listing, "_entries", locked)
        with caplog.at_level(logging.WARNING):
            found = list_images(str(tmp_path), Selection(recursive=True))
        assert found == ["a.png", "open/c.png"]
        assert '"locked/"' in caplog.text
        assert "Permission denied" in caplog.text

    @pytest.mark.parametrize(
        "name",
        [
            "caf\u00e9.png",
            "cafe\u0301.png",
            "-rf.png",
            "\U0001f600.png",
            " .png",
            "9" * 200 + ".png",
            "n" * 251 + ".png",
            pytest.param("new\nline.png", marks=pytest.mark.posix),
            pytest.param("quote'\".png", marks=pytest.mark.posix),
            pytest.param("back\\slash.png", marks=pytest.mark.posix),
            pytest.param("caf\udce9.png", marks=pytest.mark.linux),
        ],
    )
    def test_odd_names_are_listed_as_they_are(self, tmp_path: Path, name: str) -> None:
        touch(tmp_path, name)
        for order in SortBy:
            assert list_images(str(tmp_path), Selection(sort_by=order)) == [name]
        assert list_images(str(tmp_path), custom("*.png")) == [name]

    @pytest.mark.linux
    def test_both_unicode_forms_are_two_files(self, tmp_path: Path) -> None:
        touch(tmp_path, "\u00e9.png", "e\u0301.png")
        assert sorted(list_images(str(tmp_path), Selection())) == ["e\u0301.png", "\u00e9.png"]

    @pytest.mark.linux
    def test_names_that_differ_only_in_case_are_two_files(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", "A.png")
        assert list_images(str(tmp_path), Selection()) == ["A.png", "a.png"]


class TestOrder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Files whose natural, plain, time and size order all differ."""
        touch(tmp_path, "img1.png", "img2.png", "img10.png", "IMG3.png", "b.png")
        for name, size, modified in (
            ("img1.png", 30, 5),
            ("img2.png", 10, 4),
            ("img10.png", 10, 1),
            ("IMG3.png", 40, 4),
            ("b.png", 20, 4),
        ):
            (tmp_path / name).write_bytes(bytes(size))
            os.utime(tmp_path / name, (0, modified))
        return tmp_path

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (SortBy.NATURAL, "b img1 img2 IMG3 img10"),
            (SortBy.NAME, "IMG3 b img1 img10 img2"),
            (SortBy.MODIFIED, "img10 b img2 IMG3 img1"),
            (SortBy.SIZE, "img2 img10 b img1 IMG3"),
        ],
    )
    def test_each_order_ascends(self, folder: Path, order: SortBy, expected: str) -> None:
        found = list_images(str(folder), Selection(sort_by=order))
        assert [name.removesuffix(".png") for name in found] == expected.split()

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (SortBy.NATURAL, "img10 IMG3 img2 img1 b"),
            (SortBy.NAME, "img2 img10 img1 b IMG3"),
            # Of the same time or size: natural order, even here.
            (SortBy.MODIFIED, "img1 b img2 IMG3 img10"),
            (SortBy.SIZE, "IMG3 img1 b img2 img10"),
        ],
    )
    def test_each_order_descends(self, folder: Path, order: SortBy, expected: str) -> None:
        found = list_images(str(folder), Selection(sort_by=order, descending=True))
        assert [name.removesuffix(".png") for name in found] == expected.split()

    def test_times_are_compared_to_the_nanosecond(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", "b.png")
        for name, modified in (("a.png", 10**18 + 1), ("b.png", 10**18)):
            os.utime(tmp_path / name, ns=(0, modified))
        assert list_images(str(tmp_path), Selection(sort_by=SortBy.MODIFIED)) == ["b.png", "a.png"]

    def test_a_link_has_its_file_s_time_and_size(self, folder: Path) -> None:
        (folder / "a.png").symlink_to(folder / "img1.png")
        for order in (SortBy.MODIFIED, SortBy.SIZE):
            found = list_images(str(folder), Selection(sort_by=order))
            assert found.index("a.png") == found.index("img1.png") - 1

    def test_a_file_that_vanishes_meanwhile_is_left_to_whoever_opens_it(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entries = listing._entries

        def removed(folder: str) -> object:
            for entry in entries(folder):
                (Path(folder) / "img1.png").unlink(missing_ok=True)
                yield entry

        monkeypatch.setattr(listing, "_entries", removed)
        assert list_images(str(folder), Selection(sort_by=SortBy.SIZE))[0] == "img1.png"

    def test_shuffle_depends_only_on_the_seed_and_the_files(self, tmp_path: Path) -> None:
        names = [f"{number}.png" for number in range(100)]
        touch(tmp_path / "a", *names)
        touch(tmp_path / "b", *reversed(names))
        shuffle = Selection(sort_by=SortBy.SHUFFLE)
        found = list_images(str(tmp_path / "a"), shuffle, seed=7)
        assert list_images(str(tmp_path / "b"), shuffle, seed=7) == found
        assert list_images(str(tmp_path / "a"), replace(shuffle, descending=True), seed=7) == found
        assert list_images(str(tmp_path / "a"), shuffle, seed=8) != found
        assert found != names
        assert sorted(found) == sorted(names)

    def test_shuffle_leaves_the_global_generator_alone(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png", "b.png")
        state = random.getstate()
        list_images(str(tmp_path), Selection(sort_by=SortBy.SHUFFLE), seed=1)
        assert random.getstate() == state

    @pytest.mark.parametrize("order", list(SortBy))
    @pytest.mark.parametrize("descending", [False, True])
    def test_does_not_depend_on_the_file_system_s_order(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, order: SortBy, *, descending: bool
    ) -> None:
        selection = Selection(sort_by=order, descending=descending)
        expected = list_images(str(folder), selection)
        monkeypatch.setattr(listing, "_entries", lambda folder: reversed(list(os.scandir(folder))))
        assert list_images(str(folder), selection) == expected


class TestRange:
    @pytest.mark.parametrize(
        ("start_index", "limit", "expected"),
        [
            (0, 0, "1 2 3 10"),
            (1, 0, "2 3 10"),
            (0, 2, "1 2"),
            (2, 1, "3"),
            (2, 9, "3 10"),
            (3, 0, "10"),
            (4, 0, ""),
            (9, 1, ""),
        ],
    )
    def test_counts_in_the_batch_s_order(
        self, tmp_path: Path, start_index: int, limit: int, expected: str
    ) -> None:
        touch(tmp_path, "1.png", "2.png", "3.png", "10.png")
        found = list_images(str(tmp_path), Selection(start_index=start_index, limit=limit))
        assert [name.removesuffix(".png") for name in found] == expected.split()


class TestLeftOut:
    @pytest.mark.parametrize("order", [*SortBy])
    def test_what_is_left_out_does_not_count(self, tmp_path: Path, order: SortBy) -> None:
        touch(tmp_path / "in", "1.png", "2.png", "3.png", "10.png")
        expected = list_images(str(tmp_path / "in"), Selection(sort_by=order, start_index=1), 5)
        touch(tmp_path / "in", "1_up.png", "0.png", "k.txt")
        given: list[str] = []

        def without(paths: Sequence[str]) -> list[str]:
            given.extend(paths)
            return ["0.png", "1_up.png"]

        selection = Selection(sort_by=order, start_index=1)
        assert list_images(str(tmp_path / "in"), selection, 5, without=without) == expected
        assert sorted(given) == ["0.png", "1.png", "10.png", "1_up.png", "2.png", "3.png"]


class TestLinkedFiles:
    def test_are_the_files_that_images_lead_to(self, tmp_path: Path) -> None:
        folder = tmp_path.resolve()
        touch(folder, "in/a.png", "in/sub/b.png", "there/1.png", "there/2.png", "there/3.png")
        (folder / "between.png").symlink_to(folder / "there" / "1.png")
        (folder / "in" / "c.png").symlink_to(folder / "between.png")
        (folder / "in" / "sub" / "d.png").symlink_to("../../there/2.png")
        (folder / "in" / "e.txt").symlink_to(folder / "there" / "3.png")
        (folder / "in" / "gone.png").symlink_to(folder / "there" / "4.png")
        first, second = (str(folder / "there" / name) for name in ("1.png", "2.png"))
        assert list(linked_files(str(folder / "in"), Selection(limit=1))) == [first]
        found = linked_files(str(folder / "in"), Selection(recursive=True))
        assert sorted(found) == [first, second]


class TestHasImages:
    def test_says_whether_the_filter_admits_any(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.txt", "sub/b.png")
        assert not has_images(str(tmp_path), Selection())
        assert has_images(str(tmp_path), Selection(recursive=True))
        assert has_images(str(tmp_path), custom("*.txt"))

    def test_does_not_look_at_the_range(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.png")
        assert has_images(str(tmp_path), Selection(start_index=5))

    def test_stops_at_the_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        touch(tmp_path, *(f"{number}.png" for number in range(20)))
        looked_at = []
        entries = listing._entries

        def counted(folder: str) -> object:
            for entry in entries(folder):
                looked_at.append(entry.name)
                yield entry

        monkeypatch.setattr(listing, "_entries", counted)
        assert has_images(str(tmp_path), Selection())
        assert len(looked_at) == 1


class TestCost:
    """The calls to the file system, which decide how long a large folder takes."""

    @pytest.mark.parametrize(
        ("order", "stats"),
        [
            (SortBy.NATURAL, 0),
            (SortBy.NAME, 0),
            (SortBy.SHUFFLE, 0),
            (SortBy.MODIFIED, 40),
            (SortBy.SIZE, 40),
        ],
    )
    def test_at_most_one_scan_per_folder_and_one_stat_per_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: SortBy, stats: int
    ) -> None:
        touch(tmp_path, *(f"{folder}{number}.png" for folder in ("", "a/") for number in range(20)))
        counts = {"scandir": 0, "stat": 0}
        scandir, status = os.scandir, listing._status

        def counted_scandir(folder: str) -> object:
            counts["scandir"] += 1
            return scandir(folder)

        def counted_status(entry: os.DirEntry[str]) -> object:
            counts["stat"] += 1
            return status(entry)

        monkeypatch.setattr(os, "scandir", counted_scandir)
        monkeypatch.setattr(listing, "_status", counted_status)
        assert len(list_images(str(tmp_path), Selection(recursive=True, sort_by=order))) == 40
        assert counts == {"scandir": 2, "stat": stats}


def test_a_pattern_of_more_than_4_kb_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="custom_pattern is 4100 bytes long"):
        Selection(filter=Filter.CUSTOM, custom_pattern="é" * 2050).matcher()


def test_many_stars_are_matched_quickly() -> None:
    """Without backtracking into earlier stars, so this ends."""
    matches = Selection(filter=Filter.CUSTOM, custom_pattern="*a" * 2000 + "b").matcher()
    assert not matches("a" * 255)
