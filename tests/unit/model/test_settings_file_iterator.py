"""The settings of Video Iterator and Audio Iterator, and which files they take."""

from __future__ import annotations

import pytest

from batch_loop.core.common.errors import InvalidSetting
from batch_loop.core.common.file_kinds import EXTENSIONS_OF, FileKind
from batch_loop.core.model.policy import DEFAULT_POLICY, ErrorHandling, Policy, WhenComplete
from batch_loop.core.model.selection import Filter, Selection, SortBy
from batch_loop.core.model.settings.directory_iterator import SETTINGS
from batch_loop.core.model.settings.file_iterator import (
    AudioSettings,
    FileSettings,
    VideoSettings,
)
from batch_loop.core.model.shared_roots import NO_ROOTS
from batch_loop.core.store.schema import rows

both = pytest.mark.parametrize("kind", [VideoSettings, AudioSettings])


def taken(settings: FileSettings, *names: str) -> list[str]:
    return list(filter(settings.selection().matcher(), names))


@both
def test_a_new_node_takes_all_files_of_its_kind(kind: type[FileSettings]) -> None:
    settings = kind.of({"directory": "folder"})
    assert (settings.selection(), settings.policy) == (Selection(kind=kind.kind), DEFAULT_POLICY)
    for of, extensions in EXTENSIONS_OF.items():
        names = [f"more/a{each}" for each in extensions]
        names += [name.upper() for name in names]
        assert taken(settings, *names) == (names if of is kind.kind else [])


def test_no_extension_is_of_two_kinds() -> None:
    all_of_them = [each for extensions in EXTENSIONS_OF.values() for each in extensions]
    assert len(all_of_them) == len(set(all_of_them))


@both
def test_each_input_reaches_the_selection_and_the_policy(kind: type[FileSettings]) -> None:
    given = {
        "directory": "folder",
        "custom_pattern": " a*.mp4 ",
        "recursive": True,
        "sort_by": "size",
        "error_handling": "Skip on error",
        "descending": True,
        "start_index": 1,
        "limit": 2,
        "max_attempts": 3,
        "when_complete": "Start over",
    }
    settings = kind.of(given)
    assert settings.selection() == Selection(
        filter=Filter.CUSTOM,
        custom_pattern="a*.mp4",
        recursive=True,
        sort_by=SortBy.SIZE,
        descending=True,
        start_index=1,
        limit=2,
        kind=kind.kind,
    )
    assert settings.policy == Policy(ErrorHandling.SKIP, 3, WhenComplete.START_OVER)


def test_a_pattern_takes_files_of_any_kind_and_one_that_only_excludes_does_not() -> None:
    names = ("a.mp4", "b_raw.mp4", "c.wav", "d.txt")
    assert taken(VideoSettings(custom_pattern="*.wav, a*"), *names) == ["a.mp4", "c.wav"]
    assert taken(VideoSettings(custom_pattern="!*_raw.*"), *names) == ["a.mp4"]
    assert taken(AudioSettings(custom_pattern="!*_raw.*"), *names) == ["c.wav"]


def test_a_pattern_of_nothing_but_commas_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="names no files"):
        VideoSettings(custom_pattern=" , ").selection().matcher()


@both
def test_the_words_of_tooltips_are_those_of_the_kind(kind: type[FileSettings]) -> None:
    told = kind.declared()
    item = {FileKind.VIDEOS: "video", FileKind.AUDIO: "sound"}[kind.kind]
    assert f"The folder of {item}s" in told["directory"].tooltip
    assert not any("{" in each.tooltip or "image" in each.tooltip for each in told.values())


@both
def test_names_and_order_are_those_of_directory_iterator_without_its_filter(
    kind: type[FileSettings],
) -> None:
    names = [name for name in SETTINGS if name in kind.declared()]
    assert list(kind.declared()) == names
    assert "filter" not in names


@both
def test_a_loop_s_row_keeps_which_files_it_takes(kind: type[FileSettings]) -> None:
    selection = kind(custom_pattern="!x*", recursive=True).selection()
    text = rows._selection_text(selection, NO_ROOTS)
    assert rows._selection(text, NO_ROOTS) == selection


def test_a_row_of_an_earlier_version_takes_images() -> None:
    text = rows._selection_text(Selection(), NO_ROOTS)
    earlier = text.replace('"kind": "", ', "")
    assert earlier != text
    assert rows._selection(earlier, NO_ROOTS) == Selection()
