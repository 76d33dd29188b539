from __future__ import annotations

import errno
import logging
import ntpath
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from batch_loop.core.common.errors import (
    FolderNotFound,
    InvalidSetting,
    NotAFolder,
    PathRefused,
    quoted,
)
from batch_loop.core.common.variables import ALLOWED_DIRS_VARIABLE
from batch_loop.core.files.allowed_paths import (
    EXAMPLE_FILM,
    EXAMPLE_FILMS,
    EXAMPLE_FOLDER,
    EXAMPLE_IMAGES,
    EXAMPLE_MASKS,
    AllowedFolders,
    check_source_file,
    check_target_file,
    real_path_if_allowed,
    resolve_file,
    resolve_source,
    resolve_target,
)
from batch_loop.core.files.path_texts import MOST_PARTS, inside
from batch_loop.core.files.real_paths import open_file

Check = Callable[[str, AllowedFolders], str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A real path, with ComfyUI's folders, and a folder outside them."""
    root = Path(os.path.realpath(tmp_path))
    for name in ("input", "output", "temp", "user", "outside", "input/pics/deep"):
        (root / name).mkdir(parents=True)
    (root / "outside" / "secret.png").write_bytes(b"secret")
    return root


def load(root: Path, *listed: Path) -> AllowedFolders:
    return AllowedFolders.load(
        input_dir=str(root / "input"),
        output_dir=str(root / "output"),
        temp_dir=str(root / "temp"),
        user_dir=str(root / "user"),
        listed=[str(folder) for folder in listed],
    )


@pytest.fixture
def allowed(root: Path) -> AllowedFolders:
    return load(root)


@pytest.fixture
def allowed_dirs(root: Path) -> Path:
    """The path of the file of further allowed folders, which does not exist yet."""
    (root / "user" / "batch_loop").mkdir()
    return root / "user" / "batch_loop" / "allowed_dirs.txt"


class TestAllowedFolders:
    def test_holds_comfyuis_folders(self, root: Path) -> None:
        allowed = load(root)
        assert (allowed.input, allowed.output, allowed.temp, allowed.extra) == (
            str(root / "input"),
            str(root / "output"),
            str(root / "temp"),
            (),
        )

    def test_holds_what_is_listed(self, root: Path) -> None:
        assert load(root, root / "a", root / "b").extra == (str(root / "a"), str(root / "b"))

    def test_reads_the_file(self, root: Path, allowed_dirs: Path) -> None:
        lines = ["\ufeff# mine", "", str(root / "a"), f'  "{root / "b c"}"  ', f"# {root / 'd'}"]
        allowed_dirs.write_text("\r\n".join(lines), encoding="utf-8")
        assert load(root).extra == (str(root / "a"), str(root / "b c"))

    @pytest.mark.posix
    def test_takes_names_that_are_not_utf_8(self, root: Path, allowed_dirs: Path) -> None:
        name = os.fsencode(root) + b"/caf\xe9"
        allowed_dirs.write_bytes(name + b"\n")
        assert load(root).extra == (os.fsdecode(name),)

    def test_the_file_is_read_again_each_time(self, root: Path, allowed_dirs: Path) -> None:
        assert load(root).extra == ()
        allowed_dirs.write_text(str(root / "outside"), encoding="utf-8")
        assert load(root).extra == (str(root / "outside"),)

    @pytest.mark.parametrize("entry", ["pics", "~/pics", "./pics", ".."])
    def test_skips_lines_that_are_not_a_full_path_and_says_so(
        self, root: Path, allowed_dirs: Path, entry: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        allowed_dirs.write_text(entry, encoding="utf-8")
        with caplog.at_level(logging.WARNING):
            assert load(root).extra == ()
        assert "is not a full path" in caplog.text

    def test_says_when_the_file_cannot_be_read(
        self, root: Path, allowed_dirs: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        allowed_dirs.mkdir()
        with caplog.at_level(logging.WARNING):
            assert load(root).extra == ()
        assert quoted(str(allowed_dirs)) in caplog.text

    def test_holds_real_paths(self, root: Path) -> None:
        (root / "link").symlink_to(root / "outside")
        allowed = load(root, root / "link")
        assert allowed.extra == (str(root / "outside"),)

    def test_a_folder_holds_itself_and_what_is_below_it_only(self, root: Path) -> None:
        allowed = load(root)
        assert allowed.may_write(str(root / "input"))
        assert allowed.may_write(str(root / "input" / "a" / "b"))
        assert not allowed.may_write(str(root / "input2"))
        assert not allowed.may_write(str(root / "inpu"))
        assert not allowed.may_write(str(root))

    def test_case_counts_if_the_system_says_so(
        self, root: Path, allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other_case = str(root / "INPUT" / "pics")
        assert not allowed.may_write(other_case)
        monkeypatch.setattr(os.path, "normcase", str.lower)  # as on Windows
        assert allowed.may_write(other_case)

    def test_the_root_of_the_file_system_holds_everything(self, allowed: AllowedFolders) -> None:
        allowed = replace(allowed, extra=(os.path.abspath(os.sep),))
        assert allowed.may_write(os.path.abspath("/etc"))


class TestResolveSource:
    @pytest.mark.parametrize(
        "directory",
        ["pics", "./pics", "pics/", " pics\n", '"pics"', "'pics'", "pics/deep/..", "x/../pics"],
    )
    def test_every_spelling_of_a_folder_is_one_path(
        self, root: Path, allowed: AllowedFolders, directory: str
    ) -> None:
        assert resolve_source(directory, allowed) == str(root / "input" / "pics")

    def test_takes_a_full_path(self, root: Path, allowed: AllowedFolders) -> None:
        path = str(root / "input" / "pics")
        assert resolve_source(path, allowed) == path
        assert resolve_source(f'"{path}"', allowed) == path

    @pytest.mark.parametrize("name", ["input", "output", "temp"])
    def test_takes_each_of_comfyuis_folders(
        self, root: Path, allowed: AllowedFolders, name: str
    ) -> None:
        assert resolve_source(str(root / name), allowed) == str(root / name)

    def test_a_dot_is_the_input_folder(self, root: Path, allowed: AllowedFolders) -> None:
        assert resolve_source(".", allowed) == str(root / "input")

    def test_spaces_inside_quotes_belong_to_the_name(
        self, root: Path, allowed: AllowedFolders
    ) -> None:
        (root / "input" / " pics").mkdir()
        assert resolve_source('" pics"', allowed) == str(root / "input" / " pics")

    def test_a_tilde_is_an_ordinary_character(self, root: Path, allowed: AllowedFolders) -> None:
        (root / "input" / "~").mkdir()
        assert resolve_source("~", allowed) == str(root / "input" / "~")

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("new\nline", marks=pytest.mark.posix),
            *("-rf", "caf\u00e9", "cafe\u0301", "\U0001f600"),
        ],
    )
    def test_takes_odd_names(self, root: Path, allowed: AllowedFolders, name: str) -> None:
        (root / "input" / name).mkdir()
        assert resolve_source(name, allowed) == str(root / "input" / name)

    @pytest.mark.linux
    def test_takes_a_name_that_is_not_utf_8(self, root: Path, allowed: AllowedFolders) -> None:
        name = os.fsdecode(b"caf\xe9")
        (root / "input" / name).mkdir()
        assert resolve_source(name, allowed) == str(root / "input" / name)

    def test_takes_an_allowed_folder_by_its_link(self, root: Path) -> None:
        (root / "link").symlink_to(root / "outside")
        allowed = load(root, root / "outside")
        assert resolve_source(str(root / "link"), allowed) == str(root / "outside")

    @pytest.mark.parametrize("directory", ["", "  ", '""', "\t\n"])
    def test_asks_to_choose_a_folder(self, allowed: AllowedFolders, directory: str) -> None:
        with pytest.raises(InvalidSetting, match="Choose a folder"):
            resolve_source(directory, allowed)

    @pytest.mark.parametrize("directory", ["missing", "pics/missing", "a" * 256, "pics/x/y"])
    def test_says_that_a_folder_is_missing(
        self, root: Path, allowed: AllowedFolders, directory: str
    ) -> None:
        with pytest.raises(FolderNotFound) as raised:
            resolve_source(directory, allowed)
        assert quoted(str(root / "input" / directory)) in str(raised.value)

    def test_says_that_a_tilde_is_no_home_folder(self, allowed: AllowedFolders) -> None:
        with pytest.raises(FolderNotFound, match="does not stand for a home folder"):
            resolve_source("~/Pictures", allowed)

    def test_says_that_a_file_is_not_a_folder(self, root: Path, allowed: AllowedFolders) -> None:
        (root / "input" / "a.png").write_bytes(b"")
        with pytest.raises(NotAFolder) as raised:
            resolve_source("a.png", allowed)
        assert quoted(str(root / "input")) in str(raised.value)

    def test_says_that_a_folder_below_a_file_is_missing(
        self, root: Path, allowed: AllowedFolders
    ) -> None:
        (root / "input" / "a.png").write_bytes(b"")
        with pytest.raises(FolderNotFound):
            resolve_source("a.png/b", allowed)

    @pytest.mark.parametrize(
        "directory",
        [
            "..",
            "../outside",
            "pics/../../outside",
            "../input2",
            "/",
            "/etc",
            "/proc/self/cwd",
            "/proc/self/root/etc",
        ],
    )
    def test_refuses_what_is_outside(self, allowed: AllowedFolders, directory: str) -> None:
        with pytest.raises(PathRefused):
            resolve_source(directory, allowed)

    def test_refuses_a_link_that_leads_out(self, root: Path, allowed: AllowedFolders) -> None:
        (root / "input" / "link").symlink_to(root / "outside")
        with pytest.raises(PathRefused) as raised:
            resolve_source("link", allowed)
        assert "outside/" not in str(raised.value).replace(os.sep, "/")
        assert quoted(str(root / "outside")) not in str(raised.value)

    def test_refuses_a_folder_behind_a_link_that_leads_out(
        self, root: Path, allowed: AllowedFolders
    ) -> None:
        (root / "outside" / "deep").mkdir()
        (root / "input" / "link").symlink_to(root / "outside")
        with pytest.raises(PathRefused):
            resolve_source("link/deep", allowed)

    def test_refuses_a_folder_swapped_for_a_link(self, root: Path, allowed: AllowedFolders) -> None:
        folder = root / "input" / "swapped"
        folder.mkdir()
        assert resolve_source("swapped", allowed) == str(folder)
        folder.rmdir()
        folder.symlink_to(root / "outside")
        with pytest.raises(PathRefused):
            resolve_source("swapped", allowed)

    def test_says_the_same_of_what_exists_outside_and_what_does_not(
        self, root: Path, allowed: AllowedFolders
    ) -> None:
        messages = []
        for name in ("outside", "outside/secret.png", "missing"):
            with pytest.raises(PathRefused) as raised:
                resolve_source(str(root / name), allowed)
            messages.append(str(raised.value).replace(str(root / name), "PATH"))
        assert len(set(messages)) == 1

    def test_says_which_line_to_add_where(self, root: Path, allowed: AllowedFolders) -> None:
        with pytest.raises(PathRefused) as raised:
            resolve_source(str(root / "outside"), allowed)
        message = str(raised.value)
        assert f"add the line {root / 'outside'} to" in message
        assert quoted(str(root / "user" / "batch_loop" / "allowed_dirs.txt")) in message
        assert ALLOWED_DIRS_VARIABLE in message

    def test_adding_that_line_allows_it(self, root: Path, allowed_dirs: Path) -> None:
        (root / "input" / "link").symlink_to(root / "outside")
        allowed_dirs.write_text(f"{root / 'input' / 'link'}\n", encoding="utf-8")
        assert resolve_source("link", load(root)) == str(root / "outside")

    def test_names_the_variable_alone_where_there_is_no_file(self, allowed: AllowedFolders) -> None:
        with pytest.raises(PathRefused, match=f"environment variable {ALLOWED_DIRS_VARIABLE}"):
            resolve_source("..", replace(allowed, how_to_allow=""))

    @pytest.mark.parametrize(
        "directory",
        [
            r"\\server\share",
            "//server/share",
            r"\/server\share",
            r"/\server/share",
            r"\\?\C:\Windows",
            r"\\.\PhysicalDrive0",
            r"\\?\UNC\server\share",
            r"\??\UNC\server\share",
            "/??/C:/Windows",
            "//?/C:/Windows",
            r'"\\server\share"',
            r"  \\server\share",
        ],
    )
    def test_refuses_network_and_device_paths_without_looking(
        self, allowed: AllowedFolders, directory: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Even if everything is allowed: the path must not be looked at at all.
        allowed = replace(allowed, extra=(os.path.abspath(os.sep),))

        def looked(*_args: object, **_kwargs: object) -> str:
            raise AssertionError("the file system was asked")

        for name in ("stat", "lstat", "readlink", "scandir"):
            monkeypatch.setattr(os, name, looked)
        monkeypatch.setattr(os.path, "realpath", looked)
        with pytest.raises(PathRefused, match="network or device"):
            resolve_source(directory, allowed)
        with pytest.raises(PathRefused, match="network or device"):
            resolve_target(directory, allowed)

    @pytest.mark.parametrize("directory", ["pics\0", "\0", "pics/\0/../../outside", "\ud800"])
    def test_refuses_characters_that_no_path_has(
        self, allowed: AllowedFolders, directory: str
    ) -> None:
        with pytest.raises(PathRefused, match="is not a path") as raised:
            resolve_source(directory, allowed)
        assert str(raised.value).isprintable()
        with pytest.raises(PathRefused, match="is not a path"):
            resolve_target(directory, allowed)

    def test_refuses_a_path_of_very_many_parts(self, allowed: AllowedFolders) -> None:
        """Each is looked at: the longest that a request may hold would take very long."""
        assert resolve_target("a/" * 200, allowed)
        for parts in (MOST_PARTS + 1, 1000, 30000):
            for resolve in (resolve_source, resolve_target):
                with pytest.raises(PathRefused, match="does not use paths of more than") as raised:
                    resolve("a/" * parts, allowed)
                assert len(str(raised.value)) < 200
            with pytest.raises(PathRefused, match="does not use paths of more than"):
                check_source_file(os.path.join(allowed.input, *["a"] * parts), allowed)


class TestResolveTarget:
    def test_is_relative_to_the_output_folder(self, root: Path, allowed: AllowedFolders) -> None:
        assert resolve_target("batch/new", allowed) == str(root / "output" / "batch" / "new")

    @pytest.mark.parametrize("folder", ["", " ", "."])
    def test_nothing_means_the_output_folder(
        self, root: Path, allowed: AllowedFolders, folder: str
    ) -> None:
        assert resolve_target(folder, allowed) == str(root / "output")

    def test_need_not_exist_and_is_not_made(self, root: Path, allowed: AllowedFolders) -> None:
        path = root / "temp" / "new"
        assert resolve_target(f"'{path}'", allowed) == str(path)
        assert not path.exists()

    @pytest.mark.parametrize("folder", ["..", "../outside", "new/../../outside", "/etc/new"])
    def test_refuses_what_is_outside(self, allowed: AllowedFolders, folder: str) -> None:
        with pytest.raises(PathRefused, match="add the line"):
            resolve_target(folder, allowed)

    def test_refuses_a_new_folder_behind_a_link_that_leads_out(
        self, root: Path, allowed: AllowedFolders
    ) -> None:
        (root / "output" / "link").symlink_to(root / "outside")
        with pytest.raises(PathRefused):
            resolve_target("link/new", allowed)


def test_a_path_that_is_named_outside_is_not_looked_at(
    root: Path, allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "input" / "link").symlink_to(root / "outside")
    looks = Mock(side_effect=os.path.realpath)
    monkeypatch.setattr(os.path, "realpath", looks)
    for outside in (
        root / "outside" / "secret.png",
        root / "output" / ".." / "outside" / "secret.png",
        "//server/share/secret.png",
        "\\\\server\\share\\secret.png",
    ):
        assert real_path_if_allowed(str(outside), allowed) is None
    looks.assert_not_called()
    assert real_path_if_allowed(str(root / "input" / "pics"), allowed) == str(
        root / "input" / "pics"
    )
    assert real_path_if_allowed(str(root / "input" / "link" / "secret.png"), allowed) is None


@pytest.fixture(params=[check_source_file, check_target_file])
def check(request: pytest.FixtureRequest) -> Check:
    function: Check = request.param
    return function


class TestCheckFile:
    def test_returns_the_real_path(self, root: Path, allowed: AllowedFolders, check: Check) -> None:
        (root / "temp" / "a.png").write_bytes(b"")
        (root / "input" / "link.png").symlink_to(root / "temp" / "a.png")
        assert check(str(root / "input" / "link.png"), allowed) == str(root / "temp" / "a.png")

    def test_a_file_need_not_exist(self, root: Path, allowed: AllowedFolders, check: Check) -> None:
        path = str(root / "output" / "new" / "a.png")
        assert check(path, allowed) == path

    def test_refuses_a_link_that_leads_out(
        self, root: Path, allowed: AllowedFolders, check: Check
    ) -> None:
        link = root / "input" / "link.png"
        link.symlink_to(root / "outside" / "secret.png")
        with pytest.raises(PathRefused) as raised:
            check(str(link), allowed)
        assert quoted(str(link)) in str(raised.value)
        assert "secret" not in str(raised.value)

    def test_refuses_a_file_swapped_for_a_link(
        self, root: Path, allowed: AllowedFolders, check: Check
    ) -> None:
        path = root / "input" / "a.png"
        path.write_bytes(b"")
        assert check(str(path), allowed) == str(path)
        path.unlink()
        path.symlink_to(root / "outside" / "secret.png")
        with pytest.raises(PathRefused):
            check(str(path), allowed)

    @pytest.mark.parametrize("name", ["a\0.png", "\udc00\ud800.png"])
    def test_refuses_characters_that_no_path_has(
        self, root: Path, allowed: AllowedFolders, check: Check, name: str
    ) -> None:
        with pytest.raises(PathRefused, match="is not a path"):
            check(str(root / "input" / name), allowed)


class TestExampleImages:
    def test_the_examples_have_their_own_name(self, allowed: AllowedFolders) -> None:
        for spelling in (EXAMPLE_FOLDER, f"{EXAMPLE_FOLDER}/", EXAMPLE_FOLDER.replace("/", "\\")):
            assert resolve_source(spelling, allowed) == EXAMPLE_IMAGES

    def test_the_examples_may_be_read_but_not_written(self, allowed: AllowedFolders) -> None:
        for folder in (EXAMPLE_IMAGES, EXAMPLE_MASKS, EXAMPLE_FILMS):
            image = os.path.join(folder, "img1.png")
            assert check_source_file(image, allowed) == image
            with pytest.raises(PathRefused):
                check_target_file(image, allowed)
            with pytest.raises(PathRefused):
                resolve_target(folder, allowed)

    def test_the_example_film_has_its_own_name(self, allowed: AllowedFolders) -> None:
        film = os.path.join(EXAMPLE_FILMS, "balloons.mp4")
        assert os.path.isfile(film)
        for spelling in (EXAMPLE_FILM, EXAMPLE_FILM.replace("/", "\\"), film):
            assert resolve_file(spelling, allowed) == film

    def test_nothing_beside_them_may_be_read(self, allowed: AllowedFolders) -> None:
        with pytest.raises(PathRefused):
            resolve_source(os.path.dirname(EXAMPLE_IMAGES), allowed)
        with pytest.raises(PathRefused):
            resolve_file(f"{EXAMPLE_FILMS}/../images.txt", allowed)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a b/é", '"/a b/é"'),
        ("C:\\pics", '"C:\\pics"'),
        ("new\nline\t\x1b[0m", r'"new\nline\t\x1b[0m"'),
        ("caf\udce9", r'"caf\udce9"'),
    ],
)
def test_quoted_shows_any_path_on_one_line(path: str, shown: str) -> None:
    assert quoted(path) == shown


def test_a_link_that_changes_while_it_is_looked_at_is_refused(
    root: Path, allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "input" / "link").symlink_to(root / "input" / "pics")

    def changed(*_args: object, **_more: object) -> str:
        raise OSError(errno.EINVAL, "not a link any more")

    link = str(root / "input" / "link")
    for check in (resolve_source, check_source_file):
        try:
            with monkeypatch.context() as patch:
                patch.setattr(os, "readlink", changed)
                found = check(link, allowed)
        except PathRefused as refused:
            assert "was changed while it was looked at" in str(refused)  # noqa: PT017
        else:
            # Since Python 3.13 it counts as no link; if it is one after all, it is not followed.
            assert found == link
            with pytest.raises(OSError, match="a link was put into its path"):
                open_file(os.path.join(found, "a.png"))


@pytest.mark.parametrize(
    ("folder", "relative", "path"),
    [
        (r"C:\out", "a.png", r"C:\out\a.png"),
        (r"C:\out", "sub/a.png", r"C:\out\sub\a.png"),
        (r"C:\Out", "./a.png", r"C:\Out\a.png"),
        ("C:\\", "a.png", r"C:\a.png"),
        (r"\\server\share\out", "a.png", r"\\server\share\out\a.png"),
        (r"C:\out", "D:/a.png", None),
        (r"C:\out", "sub/D:/a.png", None),
        (r"C:\out", "../a.png", None),
        (r"C:\out", "../outer/a.png", None),
        (r"C:\out", r"\\server\share\a.png", None),
        (r"C:\out", r"..\a.png", None),
        (r"C:\out", "", None),
    ],
)
def test_paths_that_windows_resolves_elsewhere_are_not_inside(
    folder: str, relative: str, path: str | None
) -> None:
    assert inside(folder, relative, ntpath) == path


def test_a_stored_network_path_is_refused_without_looking(
    allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that machines share may contain one; an allowed one may be used."""

    def looked(*_args: object, **_kwargs: object) -> str:
        raise AssertionError("the file system was asked")

    for name in ("stat", "lstat", "readlink", "scandir"):
        monkeypatch.setattr(os, name, looked)
    monkeypatch.setattr(os.path, "realpath", looked)
    for path in ("//server/share/a.png", r"\\server\share\a.png", r"\??\UNC\server\share\a.png"):
        for check in (check_source_file, check_target_file):
            with pytest.raises(PathRefused, match="lies in none of them"):
                check(path, allowed)


@pytest.mark.parametrize("name", ["x\n/etc", "x\r/etc", "x\u2028/etc", "x\x85/etc", "x\u202e/cte"])
def test_no_name_passes_for_a_second_line_to_add(allowed: AllowedFolders, name: str) -> None:
    for resolve in (resolve_source, resolve_target):
        with pytest.raises(PathRefused, match="first give it a name without line breaks") as raised:
            resolve(f"/{name}", allowed)
        assert len(str(raised.value).splitlines()) == 1
        assert "add the line" not in str(raised.value)


def test_a_page_elsewhere_is_told_no_path(root: Path, allowed: AllowedFolders) -> None:
    (root / "input" / "file").touch()
    (root / "input" / "link").symlink_to(root / "outside")
    for name in ("..", "none", "file", "link", "link/deep"):
        with pytest.raises((PathRefused, FolderNotFound, NotAFolder)) as raised:
            resolve_source(name, allowed)
        assert str(root) in str(raised.value)
        assert str(root) not in raised.value.elsewhere
        assert quoted(name) in raised.value.elsewhere
    with pytest.raises(PathRefused) as refused:
        check_source_file(str(root / "input" / "link" / "secret.png"), allowed)
    assert str(root) not in refused.value.elsewhere
    assert "a link that leads out" in refused.value.elsewhere
