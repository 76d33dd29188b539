"""Patterns that name the companions of images."""

from __future__ import annotations

import pytest

from batch_loop.core.common.errors import BatchLoopError, InvalidSetting, PathRefused
from batch_loop.core.companions.patterns import pattern_of
from batch_loop.core.model.selection import Companion, CompanionKind, WhenMissing


def companion(pattern: str, kind: CompanionKind = CompanionKind.IMAGE) -> Companion:
    return Companion(pattern, WhenMissing.FAIL, kind)


@pytest.mark.parametrize(
    ("pattern", "path", "folder", "name"),
    [
        ("{stem}_mask.png", "a.jpg", "", "a_mask.png"),
        ("{stem}_mask.png", "x/y/a.b.jpg", "", "a.b_mask.png"),
        ("{filename}.txt", "x/a.jpg", "", "a.jpg.txt"),
        ("../masks/{stem}.png", "x/a.jpg", "../masks", "a.png"),
        ("./{stem}.png", "a.jpg", ".", "a.png"),
        ("masks/{stem}/{filename}", "x/a.jpg", "masks/a", "a.jpg"),
        ("../../masks/{subfolder}/{stem}.png", "x/y/a.jpg", "../../masks/x/y", "a.png"),
        ("masks/{subfolder}/{stem}.png", "a.jpg", "masks", "a.png"),
        ("/data/{subfolder}/{stem}.png", "x/a.jpg", "/data/x", "a.png"),
        ("/{stem}.png", "a.jpg", "/", "a.png"),
        ("  {stem}.png ", "a.jpg", "", "a.png"),
        # A name may have anything that a pattern has.
        ("{stem}_m.png", "{stem}.jpg", "", "{stem}_m.png"),
        ("{stem}_m.png", "a*[b]?.jpg", "", "a*[b]?_m.png"),
    ],
)
def test_a_pattern_names_the_folder_and_the_file(
    pattern: str, path: str, folder: str, name: str
) -> None:
    found, wanted = pattern_of(companion(pattern)).of(path)
    assert (found, wanted.exact) == (folder, name)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("mask.png", "neither {stem} nor {filename}"),
        ("{subfolder}/mask.png", "neither {stem} nor {filename}"),
        ("{name}.png", "{name}"),
        ("{Stem}.png", "{Stem}"),
        ("{}.png", "{}"),
        ("{stem.png", "brace"),
        ("{{stem}}.png", "brace"),
        ("a}/{stem}.png", "brace"),
        ("{stem}/", "ends with a folder"),
        ("masks*/{stem}.png", "name of a folder"),
        ("{stem}*/mask.png", "name of a folder"),
        ("{stem}/../a.png", ".. behind"),
        ("{subfolder}/../{stem}.png", ".. behind"),
        ("{filename}", "the image itself"),
        ("./{filename}", "the image itself"),
        ("a*{stem}*b.png", "between two *"),
        ("{stem}\n.png", "cannot be seen"),
        ("{stem}\0.png", "cannot be seen"),
        ("{stem}\u202egnp.exe", "cannot be seen"),
        ("x" * 5000 + "{stem}", "bytes long"),
    ],
)
def test_a_pattern_that_can_name_no_companion_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        pattern_of(companion(pattern))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "pattern",
    [
        "//server/share/{stem}.png",
        "\\\\server\\share\\{stem}.png",
        "\\\\?\\C:\\{stem}.png",
        "{stem}:stream",
        "a:{stem}",
    ],
)
def test_a_path_of_another_machine_or_a_stream_is_refused(pattern: str) -> None:
    with pytest.raises(BatchLoopError) as raised:
        pattern_of(companion(pattern))
    assert isinstance(raised.value, PathRefused)


@pytest.mark.parametrize(
    ("pattern", "kind", "names"),
    [
        ("{stem}.*", CompanionKind.IMAGE, ["a.png", "a.JPG"]),
        ("{stem}.*", CompanionKind.TEXT, ["a.txt"]),
        ("{stem}_*.png", CompanionKind.IMAGE, ["a_b.png", "a_b_c.png"]),
        ("{stem}_*_*.png", CompanionKind.IMAGE, ["a_b_c.png"]),
        ("a*a{stem}.png", CompanionKind.IMAGE, ["aaa.png"]),
        ("*{stem}.png", CompanionKind.IMAGE, ["a.png", "aa.png", "aaa.png"]),
        (".*{stem}.png", CompanionKind.IMAGE, [".a.png"]),
    ],
)
def test_an_asterisk_stands_for_any_text_of_a_readable_file(
    pattern: str, kind: CompanionKind, names: list[str]
) -> None:
    files = ["a.png", "a.JPG", "a.txt", "a.b.png", "aa.png", "aaa.png", "a_b.png", "a_b_c.png"]
    files += [".a.png", "ab.png", "a.mp4", "a"]
    _, wanted = pattern_of(companion(pattern, kind)).of("a.webp")
    assert wanted.exact is None
    assert [name for name in files if wanted.matches(name)] == names


def test_the_folders_of_many_images_are_worked_out_once() -> None:
    pattern = pattern_of(companion("../masks/{subfolder}/{stem}_m.png"))
    in_one = pattern.in_one_folder("x")
    assert in_one is not None
    folder, wanted_of = in_one
    assert (folder, wanted_of("a.jpg")) == pattern.of("x/a.jpg")
    assert pattern_of(companion("{stem}/mask.png")).in_one_folder("x") is None
