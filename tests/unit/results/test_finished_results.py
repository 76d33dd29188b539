"""Which results an image should have, and which images have theirs already."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch_loop.core.common.errors import InvalidSetting, PathRefused
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.graph.savers import rank_of
from batch_loop.core.model.formats import Format
from batch_loop.core.model.records import KnownResult
from batch_loop.core.model.result_names import (
    ResultName,
    format_for,
    parts_of_pattern,
    saved_as,
    text_saved_as,
)
from batch_loop.core.results import whole_files
from batch_loop.core.results.finished_results import finished
from batch_loop.core.results.saver_names import expected_results
from batch_loop.tests.support.graphs import ITERATOR, SAVE, WORK, batch_graph, iterator, node, save


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFolders:
    root = tmp_path.resolve()
    folders = {name: root / name for name in ("input", "output", "temp")}
    for folder in folders.values():
        folder.mkdir()
    return AllowedFolders(**{name: str(folder) for name, folder in folders.items()})


def expected(allowed: AllowedFolders, graph: Any = None, pattern: str = "") -> list[ResultName]:
    graph = batch_graph("in", "up") if graph is None else graph
    return list(expected_results(graph, ITERATOR, pattern, allowed.input, allowed))


def saver(folder: str = "/out", **settings: Any) -> ResultName:
    defaults = {"prefix": "", "suffix": "", "format": Format.PNG, "keep_subfolders": True}
    return saved_as(folder, **{**defaults, **settings})


def texts(**settings: Any) -> ResultName:
    defaults = {"prefix": "", "suffix": "", "extension": ".txt", "keep_subfolders": True}
    return text_saved_as("/out", **{**defaults, **settings})


def test_the_result_of_a_video_has_the_extension_of_its_container(allowed: AllowedFolders) -> None:
    inputs = {
        "folder": "films",
        "prefix": "new_",
        "suffix": "",
        "container": "mkv",
        "keep_subfolders": True,
    }
    graph = {
        ITERATOR: node("BatchLoopVideoIterator"),
        "4": node("BatchLoopSaveVideo", loop=[ITERATOR, 0], **inputs),
    }
    (name,) = expected(allowed, graph)
    assert name.folder == os.path.join(allowed.output, "films")
    assert name.of("more/a.mp4") == "more/new_a.mkv"
    del graph["4"]["inputs"]["container"]
    with pytest.raises(InvalidSetting, match=r"container of Save Video \(Batch\) #4 is missing"):
        expected(allowed, graph)


@pytest.mark.parametrize(
    ("settings", "source", "result"),
    [
        ({}, "a.jpg", "a.png"),
        ({}, "sub/dir/a.b.jpg", "sub/dir/a.b.png"),
        ({"keep_subfolders": False}, "sub/a.jpg", "a.png"),
        ({"prefix": "x_", "suffix": "_y"}, "sub/a.jpg", "sub/x_a_y.png"),
        ({"prefix": "{stem}"}, "a.jpg", "{stem}a.png"),
        ({"format": Format.JPEG}, "a.png", "a.jpg"),
        ({"format": Format.SOURCE}, "a.JPEG", "a.JPEG"),
        ({"format": Format.SOURCE, "suffix": "_up"}, "a.gif", "a_up.png"),
        ({"caption": True, "suffix": "_v1.5"}, "sub/a.b.jpg", "sub/a.b_v1.5.txt"),
    ],
)
def test_results_are_named_as_by_save_image(
    settings: dict[str, Any], source: str, result: str
) -> None:
    assert saver(**settings).of(source) == result


def test_the_format_gives_a_result_its_extension() -> None:
    assert format_for("a.JPG", Format.SOURCE) is Format.JPEG
    assert format_for("a.JPG", Format.TIFF) is Format.TIFF


@pytest.mark.parametrize(
    ("pattern", "source", "result"),
    [
        ("{stem}_00001_.png", "a.jpg", "a_00001_.png"),
        ("{filename}.txt", "a.jpg", "a.jpg.txt"),
        ("{subfolder}/{stem}.png", "a.jpg", "a.png"),
        ("x/{subfolder}/{stem}.png", "one/two/a.jpg", "x/one/two/a.png"),
    ],
)
def test_a_pattern_names_a_result(pattern: str, source: str, result: str) -> None:
    assert ResultName("/out", parts_of_pattern(pattern)).of(source) == result


sources = st.lists(st.text("a.{}", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)
pieces = st.sampled_from(["{stem}", "{filename}", "{subfolder}", "/", "a", "..", ".png"])


@settings(deadline=None)
@given(st.lists(pieces, max_size=6).map("".join), sources, st.sampled_from(["pattern", "saver"]))
def test_naming_many_results_of_a_folder_is_like_naming_each(
    pattern: str, source: str, by: str
) -> None:
    name = ResultName("/out", parts_of_pattern("{stem}" + pattern))
    if by == "saver":
        name = saver(prefix=pattern.replace("/", ""), format=Format.SOURCE)
    subfolder, _, own = source.rpartition("/")
    in_one = name.in_one_folder(subfolder)
    if in_one is None:
        assert "/" in pattern or "{subfolder}" in pattern
    else:
        folder, name_of = in_one
        assert "/".join(filter(None, (folder, name_of(own)))) == name.of(source)


@pytest.mark.parametrize("pattern", ["up.png", "{subfolder}/x.png", "{stem}_{index}.png", "{}"])
def test_a_pattern_that_names_no_single_image_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidSetting, match="finished_as was"):
        parts_of_pattern(pattern)


def test_the_saver_of_the_graph_is_read(allowed: AllowedFolders) -> None:
    assert expected(allowed) == [saver(f"{allowed.output}/up")]


def test_only_savers_of_this_loop_count(allowed: AllowedFolders) -> None:
    graph = batch_graph("in", "up")
    graph["second"] = save([WORK, 0], "masks", format="JPEG")
    graph["other iterator"] = iterator("elsewhere")
    graph["other"] = save([WORK, 0], "others")
    graph["other"]["inputs"]["loop"] = ["other iterator", 0]
    names = expected(allowed, graph)
    assert [Path(name.folder).name for name in names] == ["masks", "up"]


def test_where_the_images_themselves_are_kept_their_texts_tell(allowed: AllowedFolders) -> None:
    graph = batch_graph("in", allowed.input)
    own = {"format": Format.SOURCE.value, "if_exists": "skip", "caption": "a photo"}
    graph[SAVE]["inputs"] |= own
    text = saver(allowed.input, format=Format.SOURCE, caption=True)
    assert expected(allowed, graph) == [text]
    image = saver(allowed.input, format=Format.SOURCE)
    graph[SAVE]["inputs"]["caption"] = ""
    assert expected(allowed, graph) == [image]
    graph[SAVE]["inputs"] |= {**own, "if_exists": "overwrite own"}
    assert set(expected(allowed, graph)) == {image, text}


@pytest.mark.parametrize("caption", ["a photo", [ITERATOR, 4]])
def test_a_text_that_is_written_counts_too(allowed: AllowedFolders, caption: Any) -> None:
    graph = batch_graph("in", "up")
    graph[SAVE]["inputs"] |= {"suffix": "_up", "caption": caption}
    names = expected(allowed, graph)
    assert sorted(name.of("sub/a.jpg") for name in names) == ["sub/a_up.png", "sub/a_up.txt"]
    graph[SAVE]["inputs"]["caption"] = ""
    assert [name.of("sub/a.jpg") for name in expected(allowed, graph)] == ["sub/a_up.png"]


@pytest.mark.parametrize("name", ["folder", "prefix", "suffix", "format", "keep_subfolders"])
def test_a_linked_input_is_refused_by_name(allowed: AllowedFolders, name: str) -> None:
    graph = batch_graph("in", "up")
    graph[SAVE]["inputs"][name] = [ITERATOR, 3]
    with pytest.raises(InvalidSetting, match=rf"{name} of Save Image \(Batch\) #{SAVE} is linked"):
        expected(allowed, graph)
    assert len(expected(allowed, graph, "{stem}.png")) == 1


def test_without_a_saver_a_pattern_is_asked_for(allowed: AllowedFolders) -> None:
    graph = batch_graph("in", "up")
    graph[SAVE] = node("SaveImage", images=[WORK, 0], filename_prefix="up")
    with pytest.raises(InvalidSetting, match="finished_as is empty"):
        expected(allowed, graph)


def test_a_pattern_leads_into_the_output_folder_or_an_allowed_one(allowed: AllowedFolders) -> None:
    (name,) = expected(allowed, pattern=" up/x/{stem}.png ")
    assert (name.folder, name.of("a.jpg")) == (f"{allowed.output}/up/x", "a.png")
    (name,) = expected(allowed, pattern=f"{allowed.input}/{{subfolder}}/{{stem}}.png")
    assert (name.folder, name.of("s/a.jpg")) == (allowed.input, "s/a.png")


@pytest.mark.parametrize(
    "pattern",
    ["/etc/{stem}.png", "../../{stem}.png", "{stem}/../../x.png", "/{stem}", "//host/x/{stem}.png"],
)
def test_a_pattern_that_leads_elsewhere_is_refused(allowed: AllowedFolders, pattern: str) -> None:
    with pytest.raises(PathRefused):
        expected(allowed, pattern=pattern)


def touch(folder: str, *names: str) -> None:
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_an_image_is_finished_once_all_of_its_results_are_there(allowed: AllowedFolders) -> None:
    names = [saver(allowed.output), saver(allowed.output, suffix="_mask")]
    touch(allowed.output, "a.png", "a_mask.png", "b.png", "sub/c.png", "sub/c_mask.png")
    paths = ["a.jpg", "b.jpg", "sub/c.jpg", "d.jpg", "other/e.jpg"]
    assert finished(names, allowed.input, paths) == {"a.jpg", "sub/c.jpg"}
    assert finished([], allowed.input, paths) == set()


def test_a_folder_of_that_name_is_not_a_result(allowed: AllowedFolders) -> None:
    Path(allowed.output, "a.png").mkdir()
    assert finished([saver(allowed.output)], allowed.input, ["a.jpg"]) == set()


def test_a_result_name_shared_by_two_images_tells_nothing(allowed: AllowedFolders) -> None:
    touch(allowed.output, "a.png", "b.png")
    paths = ["a.jpg", "a.png", "b.jpg"]
    assert finished([saver(allowed.output)], allowed.input, paths) == {"b.jpg"}


@pytest.mark.parametrize(
    ("images", "results", "told"),
    [
        ("IMG_1.jpg IMG_1_1.jpg", "IMG_1_1.png IMG_1_2.png", ""),  # a batch of two
        ("IMG_1.jpg IMG_1_1.jpg", "IMG_1.png IMG_1_1.png", "IMG_1.jpg"),  # a list
        ("a.jpg a.png a_1.jpg", "a.png a_1.png", ""),  # two images that share a name
        ("a.jpg a_01.jpg", "a_01.png a_02.png", ""),  # a batch of ten or more
        ("a.jpg a_1_2.jpg", "a_1_2.png", ""),  # a batch in a list
        ("b/a.jpg a_1.jpg", "a_1.png", ""),
        ("IMG_1.jpg IMG_2.jpg IMG_10.jpg", "IMG_1.png IMG_10.png", "IMG_1.jpg IMG_10.jpg"),
        ("a.jpg a_x.jpg a_1x.jpg", "a_x.png a_1x.png", "a_1x.jpg a_x.jpg"),
    ],
)
def test_a_name_that_may_be_another_image_s_with_a_number_tells_nothing(
    allowed: AllowedFolders, images: str, results: str, told: str
) -> None:
    touch(allowed.output, *results.split())
    names = [saver(allowed.output, keep_subfolders=False)]
    assert sorted(finished(names, allowed.input, images.split())) == told.split()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([texts()], "a.png a_1.png b/a_1.png"),
        # Its saver looks only beside the source for an image that a number would lead to.
        ([texts(keep_subfolders=False)], "a.png"),
        # Another saver does not know whose name a number leads to.
        ([texts(), texts(suffix="_1")], ""),
        ([saver(caption=True)], "a.png b/a_1.png"),
    ],
)
def test_a_text_with_a_number_is_that_of_the_image_of_this_name(
    allowed: AllowedFolders, names: list[ResultName], told: str
) -> None:
    Path(allowed.output, "b").mkdir()
    touch(allowed.output, "a.txt", "a_1.txt", "b/a_1.txt")
    here = [replace(name, folder=allowed.output) for name in names]
    assert sorted(finished(here, allowed.input, ["a.png", "a_1.png", "b/a_1.png"])) == told.split()


def test_a_file_with_a_number_counts_if_it_is_known_whose_it_is(allowed: AllowedFolders) -> None:
    touch(allowed.output, "a.png", "a_1.png")
    own = known(allowed, ("a_1.png", "a_1.jpg", True))
    assert finished([saver(allowed.output)], allowed.input, ["a.jpg", "a_1.jpg"], own) == {
        "a.jpg",
        "a_1.jpg",
    }


def test_images_outside_of_the_range_have_results_too(allowed: AllowedFolders) -> None:
    touch(allowed.output, "a.png", "a_1.png", "b.png")
    names, images = [saver(allowed.output)], ["a.jpg", "a.webp", "a_1.jpg", "b.jpg"]
    found = finished(names, allowed.input, images[1:], all_paths=images)
    assert found == {"b.jpg"}


def test_a_result_of_another_saver_may_have_the_name(allowed: AllowedFolders) -> None:
    names = [saver(allowed.output), saver(allowed.output, suffix="_up")]
    touch(allowed.output, "a.png", "a_up.png", "a_up_up.png")
    paths = ["a.jpg", "a_up.jpg"]
    assert finished(names, allowed.input, paths) == set()
    assert finished(names, allowed.input, ["a.jpg"]) == {"a.jpg"}


def test_an_image_that_was_had_and_not_done_is_not_finished_whoever_wrote_its_results(
    allowed: AllowedFolders,
) -> None:
    touch(allowed.output, "a.png", "b.png", "c.png")
    own = known(allowed, ("c.png", "c.jpg", True))
    paths = ["a.jpg", "b.jpg", "c.jpg"]
    found = finished([saver(allowed.output)], allowed.input, paths, own, undone={"b.jpg", "c.jpg"})
    assert found == {"a.jpg"}


def test_an_empty_file_is_no_result(allowed: AllowedFolders) -> None:
    Path(allowed.output, "a.png").touch()
    assert finished([saver(allowed.output)], allowed.input, ["a.jpg"]) == set()


@pytest.mark.parametrize(
    "extension",
    [".png", ".jpg", ".webp"],
)
def test_the_newest_results_have_to_be_whole(
    allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    names = [ResultName(allowed.output, ("", "stem", extension))]
    whole, half, old = (Path(allowed.output, f"{name}{extension}") for name in ("a", "b", "c"))
    Image.effect_noise((64, 64), 90.0).convert("RGB").save(whole)
    content = whole.read_bytes()
    for each in (half, old):
        each.write_bytes(content[: len(content) // 2])
    os.utime(old, (1.0, 1.0))
    paths = ["a.bmp", "b.bmp", "c.bmp"]
    assert finished(names, allowed.input, paths) == {"a.bmp"}
    monkeypatch.setattr(whole_files, "NEWEST", 2)
    assert finished(names, allowed.input, paths) == {"a.bmp", "c.bmp"}
    half.write_bytes(bytes(len(content)))
    assert finished(names, allowed.input, paths) == {"a.bmp", "c.bmp"}
    half.write_bytes(content + b"\n")
    assert finished(names, allowed.input, paths) == {"a.bmp", "b.bmp", "c.bmp"}


def test_only_files_that_nothing_is_known_of_are_looked_at(
    allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(allowed.output, "a.png", "b.png")
    read: list[str] = []
    open_file = whole_files.open_file
    monkeypatch.setattr(whole_files, "open_file", lambda path: read.append(path) or open_file(path))
    own = known(allowed, ("a.png", "a.jpg", True))
    names = [saver(allowed.output)]
    assert finished(names, allowed.input, ["a.jpg", "b.jpg"], own) == {"a.jpg", "b.jpg"}
    assert read == [f"{allowed.output}/b.png"]


def test_an_image_is_not_its_own_result(allowed: AllowedFolders) -> None:
    touch(allowed.input, "a.png", "b.png")
    assert finished([saver(allowed.input)], allowed.input, ["a.png"]) == set()


def test_an_image_outside_of_the_range_is_no_result_either(allowed: AllowedFolders) -> None:
    images = ["a.png", "a_up.png", "b.png"]
    touch(allowed.input, *images)
    names = [saver(allowed.input, suffix="_up")]
    assert finished(names, allowed.input, ["a.png"], all_paths=images) == set()


def test_nothing_is_looked_for_behind_a_link(allowed: AllowedFolders, tmp_path: Path) -> None:
    touch(str(tmp_path / "outside"), "a.png")
    Path(allowed.output, "sub").symlink_to(tmp_path / "outside")
    assert finished([saver(allowed.output)], allowed.input, ["sub/a.jpg"]) == set()


def test_each_folder_of_results_is_read_once(
    allowed: AllowedFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(path) or scandir(path))
    paths = [f"{folder}/{number}.jpg" for folder in ("x", "y") for number in range(100)]
    touch(allowed.input, *paths)
    touch(allowed.output, *(path.replace(".jpg", ".png") for path in paths))
    assert len(finished([saver(allowed.output)], allowed.input, paths)) == 200
    assert len(read) == 2


@pytest.mark.parametrize(
    "pattern",
    [
        "{stem}C:/x",
        "{subfolder}C:/x/{stem}.png",
        "D:{stem}.png",
        "C:/x/{stem}:y.png",
        "x/{stem}:stream",
        "{stem}:/x",
    ],
)
def test_a_colon_is_refused_beyond_the_folder_that_a_pattern_begins_with(
    allowed: AllowedFolders, pattern: str
) -> None:
    with pytest.raises(PathRefused, match="a colon may only stand in the folder"):
        expected_results({}, "1", pattern, allowed.input, allowed)


def test_a_pattern_of_more_than_4_kb_is_refused(allowed: AllowedFolders) -> None:
    assert expected_results({}, "1", "{stem}" + "x" * 4090, allowed.input, allowed)
    with pytest.raises(InvalidSetting, match="finished_as is 4097 bytes long"):
        expected_results({}, "1", "{stem}" + "x" * 4091, allowed.input, allowed)


def known(allowed: AllowedFolders, *files: tuple[str, str, bool], **which: Any) -> Any:
    """What is known of files: the image that each was made from, and whether it was done."""
    told = {"loop": "l", "directory": allowed.input, "batch": 1, **which}
    results = [
        KnownResult(f"{allowed.output}/{file}", path=path, whole=whole, **told)
        for file, path, whole in files
    ]
    return lambda _folder: results


def test_a_result_of_another_folder_does_not_count(allowed: AllowedFolders) -> None:
    touch(allowed.output, "a.png", "b.png")
    others = known(allowed, ("a.png", "a.jpg", True), directory="/elsewhere")
    names = [saver(allowed.output)]
    assert finished(names, allowed.input, ["a.jpg", "b.jpg"], others) == {"b.jpg"}


def test_without_a_store_only_the_plain_name_counts_not_numbered_ones(
    allowed: AllowedFolders,
) -> None:
    """So the first file of a list that stopped midway counts, as the documentation says."""
    touch(allowed.output, "a.png", "b_1.png", "b_2.png")
    assert finished([saver(allowed.output)], allowed.input, ["a.jpg", "b.jpg"]) == {"a.jpg"}


def test_all_of_several_results_have_to_be_there_and_done(allowed: AllowedFolders) -> None:
    names = [saver(allowed.output)]
    files = [("a.png", "a.jpg", True), ("a_1.png", "a.jpg", True), ("b_1.png", "b.jpg", True)]
    touch(allowed.output, "a.png", "b_1.png")
    assert finished(names, allowed.input, ["a.jpg"], known(allowed, *files)) == set()
    touch(allowed.output, "a_1.png")
    both = {"a.jpg", "b.jpg"}
    assert finished(names, allowed.input, sorted(both), known(allowed, *files)) == both
    # A run that did not succeed may have more to make.
    partly = known(allowed, ("a.png", "a.jpg", False), *files[2:])
    assert finished(names, allowed.input, ["a.jpg"], partly) == set()


def test_only_the_last_run_of_a_loop_counts(allowed: AllowedFolders) -> None:
    names = [saver(allowed.output)]
    touch(allowed.output, "a.png")
    old = known(allowed, ("a_1.png", "a.jpg", True))("")
    new = known(allowed, ("a.png", "a.jpg", True), batch=2)("")
    for results in ([*old, *new], [*new, *old]):
        assert finished(names, allowed.input, ["a.jpg"], lambda _, r=results: r) == {"a.jpg"}
    other_loop = known(allowed, ("a.png", "a.jpg", True), loop="m")("")
    assert finished(names, allowed.input, ["a.jpg"], lambda _: [*old, *other_loop]) == {"a.jpg"}


def test_images_may_share_a_name_if_it_is_known_whose_files_they_are(
    allowed: AllowedFolders,
) -> None:
    touch(allowed.output, "a.png", "a_1.png")
    files = known(allowed, ("a.png", "a.jpg", True), ("a_1.png", "a.webp", True))
    paths = ["a.jpg", "a.webp", "a_1.jpg"]
    assert finished([saver(allowed.output)], allowed.input, paths, files) == {"a.jpg", "a.webp"}


def test_savers_with_the_same_names_are_ranked_by_their_ids(allowed: AllowedFolders) -> None:
    graph = batch_graph("in", "up")
    graph = {"10": save([WORK, 0], " up/ "), "9": save([WORK, 0], "up", suffix="_x"), **graph}
    assert [rank_of(graph, node_id) for node_id in (SAVE, "9", "10", "none")] == [0, 0, 1, 0]
    names = sorted(name.of("a.jpg") for name in expected(allowed, graph))
    assert names == ["a-2.png", "a.png", "a_x.png"]
    # Of another folder of images.
    graph["other"] = iterator("elsewhere")
    graph["10"]["inputs"]["loop"] = ["other", 0]
    assert rank_of(graph, "10") == 0
