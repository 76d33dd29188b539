"""Variants: labels, crossing, order, ranges, and what is a source and what a result."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_loop.core.common.errors import InvalidSetting, UnknownItem
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.partners import together
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.model.if_exists import Owner
from batch_loop.core.model.loop_key import IMAGES, ROWS, TYPED_TEXT, VARIANTS, LoopKey
from batch_loop.core.model.policy import Policy, WhenComplete
from batch_loop.core.model.prompt import Ending
from batch_loop.core.model.records import Iteration
from batch_loop.core.model.result_names import ResultName, parts_of_pattern
from batch_loop.core.model.selection import Selection, SortBy
from batch_loop.core.model.titles import entry_in, label_in, taken_with, title_of
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.sources.rows import Rows
from batch_loop.core.sources.variants import (
    MOST,
    OPTION,
    Axis,
    VariantLists,
    of_text,
    value_named,
    variant_of,
)
from batch_loop.core.store.databases.sqlite_store import open_store
from batch_loop.core.store.interface import Store
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.tables.table import Cell
from batch_loop.core.turn.trial import trial
from batch_loop.tests.support.fake_host import ByHand, FakeHost


def no_file(path: str) -> Sequence[bytes]:
    raise AssertionError(path)


SOURCE = ByKind({IMAGES: ImageFolder(list_images, sight), ROWS: Rows(no_file)})  # type: ignore[arg-type]
THREE: tuple[Cell, ...] = (0.5, 1, 1.5)


def variants(*values: Cell, name: str = "value", by_value: bool = False) -> VariantLists:
    """One list of values."""
    return VariantLists((Axis.of(name, values),), by_value)


def taking(of: VariantLists, **changes: object) -> Selection:
    """A selection with variants."""
    return replace(Selection(options=((OPTION, of.text()),)), **changes)


def key_of(folder: Path) -> LoopKey:
    return LoopKey("", str(folder.resolve()), source=IMAGES + VARIANTS)


def labels(*values: Cell, are_files: bool = False, axes: int = 1) -> tuple[str, ...]:
    return Axis.of("value", values, are_files=are_files).labels(axes)


def test_a_label_is_the_value_itself_where_that_can_be_part_of_a_name() -> None:
    assert labels("a cat", 0.5, 3, "Größe", "猫") == (*("a cat", "0.5", "3", "Größe", "猫"),)


def test_a_label_that_does_not_tell_its_value_ends_with_a_digest_of_it() -> None:
    long = "a portrait of a cat in the style of an old master"
    assert re.fullmatch(r"a portrait of a cat in the style of an o [0-9a-f]{8}", labels(long)[0])
    assert re.fullmatch(r"cat 1\.2 [0-9a-f]{8}", labels("cat:1.2")[0])
    assert re.fullmatch(r"[0-9a-f]{8}", labels("???")[0])


def test_a_label_stands_for_the_same_value_in_any_list() -> None:
    """So an item that was done with one value is not taken for done with another."""
    first, second = "x" * 50 + "1", "x" * 50 + "2"
    both = labels(first, second)
    assert both[0] != both[1]
    assert both == (*labels(first), *labels(second))
    assert both == labels(second, first)[::-1]


def test_labels_differ_even_where_case_and_accents_do_not_count() -> None:
    found = labels("Cat", "cat", "CAT", "caf\u00e9", "cafe\u0301", "dog")
    assert found[-1] == "dog"
    folded = [re.sub(" [0-9a-f]{8}$", "", each).casefold() for each in found]
    assert folded[:3] == ["cat"] * 3
    assert len({each.casefold() for each in found}) == len(found)


def test_a_value_that_is_added_below_the_others_renames_none() -> None:
    for values, added in ((["fox", "cat"], "Fox"), (["a b"], "a/b"), (["a b", "c"], "A B")):
        assert labels(*values, added)[:-1] == labels(*values) == tuple(values)


def test_a_value_that_looks_like_the_label_of_another_has_one_of_its_own() -> None:
    alike = labels("a/b")[0]
    found = labels("a b", "a/b", alike)
    assert found[:2] == ("a b", alike)
    assert len(set(found)) == 3
    assert len(VariantLists((Axis.of("value", ["a b", "a/b", alike]),)).headed) == 3


def test_a_value_that_is_written_twice_is_one() -> None:
    assert Axis.of("value", ["a", "b", "a", 1, "1"]).values == ("a", "b", "1")


def test_files_are_labelled_without_folder_and_extension_unless_two_are_alike() -> None:
    assert labels("style/oil.safetensors", "x\\ink.pt", are_files=True) == ("oil", "ink")
    alike = labels("a/oil.safetensors", "b/oil.safetensors", are_files=True)
    assert [re.sub("[0-9a-f]{8}", "#", each) for each in alike] == ["oil #", "oil #"]
    assert alike[0] != alike[1]


def test_labels_of_lists_that_cross_cannot_be_mixed_up() -> None:
    one = Axis.of("one", ["a, b", "a"])
    other = Axis.of("other", ["c", "b, c"])
    assert len(VariantLists((one, other)).labelled) == 4


@given(st.lists(st.lists(st.text(max_size=60), min_size=1, max_size=4), min_size=1, max_size=3))
def test_each_variant_has_a_label_of_its_own_that_is_safe_in_names(
    lists: list[list[str]],
) -> None:
    axes = tuple(Axis.of(str(place), values) for place, values in enumerate(lists))
    found = VariantLists(axes)
    count = 1
    for axis in axes:
        count *= len(axis.values)
    assert len(found.labelled) == len({each.casefold() for each in found.labelled}) == count
    assert len(found.headed) == count
    for label in found.labelled:
        assert label == label.strip(" .")
        assert label
        assert not set(label) & set('/\\<>:"|?*·')
        assert len(label.encode("utf-8", "surrogatepass")) <= 80 + 10 * len(axes) + 9 * len(axes)
    assert of_text(found.text()) == found


@pytest.mark.parametrize(
    "entry",
    ["a.png", "sub.dir/a b.tar.png", "photo", "photo.", ".png", "a · 1.png", "· .png", "x · y"],
)
@pytest.mark.parametrize("label", ["1", "0.5", "a, 0.25", "v1.x"])
def test_an_items_path_tells_its_entry_and_its_label(entry: str, label: str) -> None:
    path = taken_with(entry, label)
    assert (entry_in(path), label_in(path)) == (entry, label)


def test_an_entry_without_an_extension_has_a_result_for_each_label() -> None:
    name = ResultName("/out", ("", "stem", ".png"))
    paths = [taken_with("photo", label) for label in ("0.5", "0.6")]
    assert [name.of(path) for path in paths] == ["photo · 0.5.png", "photo · 0.6.png"]
    assert title_of(paths[0]) == "photo · 0.5"


def test_a_pattern_of_results_has_the_label() -> None:
    name = ResultName("/out", parts_of_pattern("{variant}/{stem}.png"))
    assert name.of("sub/a · 0.5.jpg") == "0.5/a · 0.5.png"
    assert name.of("a.jpg") == "a.png"


def test_lists_without_values_too_many_or_with_one_name_are_refused() -> None:
    with pytest.raises(InvalidSetting, match='"value" have no value'):
        variants().check()
    many = tuple(range(101))
    with pytest.raises(InvalidSetting, match="There are 10,201 variants of each entry"):
        variants(*many, name="a").crossed_with(variants(*many, name="b"))
    assert MOST == 10_000
    with pytest.raises(InvalidSetting, match="at most 1,000,000 are possible"):
        variants("x" * 1_000_000).check()
    with pytest.raises(InvalidSetting, match='have the name "value"'):
        variants("a").crossed_with(variants("b"))


def test_the_value_is_found_by_its_name() -> None:
    crossed = variants("a", "b", name="one").crossed_with(variants(1, 2, name="other"))
    found = variant_of(taking(crossed), "x · b, 2.png")
    assert (value_named(found, "other"), value_named(found, " one "), value_named(found, "")) == (
        *(2, "b", "b"),
    )
    with pytest.raises(InvalidSetting, match='There are: "one", "other"'):
        value_named(found, "third")
    with pytest.raises(InvalidSetting, match="Connect a Variants"):
        value_named((), "one")


def images(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def listed(folder: Path, selection: Selection) -> list[str]:
    return list(SOURCE.listed(key_of(folder), selection, seed=1))


def test_two_lists_cross_entry_by_entry_or_value_by_value(tmp_path: Path) -> None:
    images(tmp_path, "a.png", "b.jpg")
    crossed = variants("x", "y", name="one").crossed_with(variants(1, 2, name="two"))
    of = ["x, 1", "x, 2", "y, 1", "y, 2"]
    by_entry = [*(f"a · {label}.png" for label in of), *(f"b · {label}.jpg" for label in of)]
    assert listed(tmp_path, taking(crossed)) == by_entry
    by_value = replace(crossed, by_value=True)
    pairs = [(f"a · {label}.png", f"b · {label}.jpg") for label in of]
    assert listed(tmp_path, taking(by_value)) == [path for pair in pairs for path in pair]


@pytest.mark.parametrize("by_value", [False, True])
@pytest.mark.parametrize("changes", [{}, {"sort_by": SortBy.SHUFFLE}, {"descending": True}])
def test_the_range_counts_entries(
    tmp_path: Path, *, by_value: bool, changes: dict[str, object]
) -> None:
    images(tmp_path, *(f"{number}.png" for number in range(5)))
    every = taking(variants(*THREE, by_value=by_value), **changes)
    ranged = replace(every, start_index=1, limit=2)
    found, everything = listed(tmp_path, ranged), listed(tmp_path, every)
    entries = list(dict.fromkeys(map(entry_in, everything)))
    assert sorted(set(map(entry_in, found))) == sorted(entries[1:3])
    assert found == [path for path in everything if entry_in(path) in entries[1:3]]
    assert list(SOURCE.in_range(key_of(tmp_path), ranged, everything)) == found


@pytest.mark.parametrize("selected", [{}, {"start_index": 2, "limit": 3}])
def test_the_parts_of_rows_with_variants_are_those_that_are_listed(
    selected: dict[str, object],
) -> None:
    key = LoopKey("", TYPED_TEXT, source=ROWS + VARIANTS)
    text = "\n".join(f"row {number}" for number in range(7))
    options = (("text", text), (OPTION, variants(*THREE).text()))
    selection = replace(Selection(options=options), **selected)
    everything = list(SOURCE.listed(key, selection, seed=1))
    assert len(everything) == (9 if selected else 21)
    assert title_of(everything[1]) == ("row 2 · 1" if selected else "row 0 · 1")
    for first in range(len(everything) + 2):
        for most in (1, 2, 3, 5, 30):
            part = SOURCE.part(key, selection, first, most)
            assert part is not None
            assert list(part.paths) == everything[first : first + most]
            assert (part.behind == 0) == (first + most >= len(everything))


def memory(_folder: Path) -> Store:
    return MemoryStore()


def sqlite(folder: Path) -> Store:
    return open_store(str(folder / "state.sqlite3"))


class Loop:
    """A registry on a real folder of images with variants."""

    def __init__(self, store: Store, folder: Path, selection: Selection) -> None:
        self.folder, self.key, self.host = folder, key_of(folder), FakeHost()
        self.registry = LoopRegistry(
            store, self.host, SOURCE, poll_outcomes=ByHand, poll_listings=ByHand
        )
        self.request = Request(self.key, selection)

    def begin(self, **changes: object) -> Iteration:
        return self.registry.acquire(replace(self.request, **changes), self.host.submit())

    def end(self, turn: Iteration, *saved: str) -> None:
        self.registry.end(turn)
        self.host.finish(turn.prompt, Ending.SUCCESS, *saved)

    def run_all(self, *, beside: bool = False, **changes: object) -> list[str]:
        """Run to the end; each result gets its item's name in the folder, if `beside`."""
        found: list[str] = []
        while (turn := self.begin(**changes)).item is not None:
            found.append(turn.item.path)
            saved = []
            if beside:
                saved = [os.path.join(self.key.directory, turn.item.path)]
                assert set(self.registry.claim_outputs(turn, saved).values()) == {Owner.NEW}
                images(self.folder, turn.item.path)
            self.end(turn, *saved)
        self.registry.reconcile_all()
        return found


@pytest.fixture(params=[memory, sqlite])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make: Callable[[Path], Store] = request.param
    (tmp_path / "state").mkdir()
    return make(tmp_path / "state")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return images(tmp_path / "images", "a.png", "b.png")


def test_results_among_the_images_are_no_images_with_variants_or_without(
    store: Store, folder: Path
) -> None:
    loop = Loop(store, folder, taking(variants("1", "2")))
    items = ["a · 1.png", "a · 2.png", "b · 1.png", "b · 2.png"]
    assert loop.run_all(beside=True) == items
    assert loop.run_all(mode=loop.request.mode, selection=taking(variants("1", "2", "3"))) == [
        *("a · 3.png", "b · 3.png"),
    ]
    plain = replace(loop.request, key=loop.key.of_entries, selection=Selection())
    assert loop.registry.preview(plain.key, plain.selection)[1] == ["a.png", "b.png"]


def test_an_image_that_is_called_like_a_result_is_not_overwritten(
    store: Store, folder: Path
) -> None:
    images(folder, "a · 1.png")
    loop = Loop(store, folder, taking(variants("1", "2")))
    turn = loop.begin()
    assert turn.item is not None
    assert turn.item.path == "a · 1.png"
    source, other = (os.path.join(loop.key.directory, name) for name in ("a · 1.png", "b.png"))
    assert loop.registry.claim_outputs(turn, [source]) == {source: Owner.SOURCE}
    assert loop.registry.claim_outputs(turn, [other]) == {other: Owner.SOURCE}
    loop.end(turn)
    assert loop.run_all() == [
        *("a · 2.png", "a · 1 · 1.png", "a · 1 · 2.png", "b · 1.png", "b · 2.png"),
    ]


def test_what_is_done_stays_done_when_the_values_change_in_mid_batch(
    store: Store, folder: Path
) -> None:
    loop = Loop(store, folder, taking(variants("x", "y")))
    for _ in range(3):
        loop.end(loop.begin())
    changed = taking(variants("w", "x", "z"))
    assert loop.run_all(selection=changed) == ["a · w.png", "a · z.png", "b · w.png", "b · z.png"]


def test_a_new_image_in_a_watched_folder_joins_with_all_its_variants(
    store: Store, folder: Path
) -> None:
    policy = Policy(when_complete=WhenComplete.WATCH)
    loop = Loop(store, folder, taking(variants("1", "2")))
    assert len(loop.run_all(policy=policy)) == 4
    images(folder, "c.png")
    assert loop.run_all(policy=policy) == ["c · 1.png", "c · 2.png"]


def test_what_has_a_result_is_left_out_by_each_of_its_variants(store: Store, folder: Path) -> None:
    results = folder.parent / "results"
    results.mkdir()
    for name in ("a · 1.png", "b · 2.png"):
        (results / name).write_bytes(PNG)
    name = ResultName(str(results.resolve()), ("", "stem", ".png"))
    loop = Loop(store, folder, replace(taking(variants("1", "2")), finished=(name,)))
    assert loop.run_all() == ["a · 2.png", "b · 1.png"]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63600000000200014821bc330000000049454e44ae426082"
)
"""A whole image of one pixel."""


def test_a_trial_of_an_image_has_its_first_variant(store: Store, folder: Path) -> None:
    loop = Loop(store, folder, taking(variants("1", "2")))
    prompt = loop.host.submit()
    for path, item in (("b.png", "b · 1.png"), ("b · 2.png", "b · 2.png"), ("", "a · 1.png")):
        turn = trial(loop.registry, loop.request, prompt, path)
        assert turn.item is not None
        assert turn.item.path == item
    with pytest.raises(UnknownItem):
        trial(loop.registry, loop.request, prompt, "c.png")


def test_iterators_that_go_together_need_the_same_variants(tmp_path: Path) -> None:
    one = Request(key_of(tmp_path / "one"), taking(variants("1", "2")))
    other = Request(LoopKey("", str(tmp_path / "other")), Selection())
    with pytest.raises(InvalidSetting, match="Connect the same Variants to both"):
        together([one, other])
    assert len(together([one, replace(other, selection=one.selection)])) == 2


def test_a_file_of_an_item_is_its_entrys(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    assert SOURCE.file(key, "sub/a · 0.5.png") == os.path.join(key.directory, "sub", "a.png")
    assert SOURCE.file(key, "photo · 0.5.") == os.path.join(key.directory, "photo")
