"""Natural order is natsort's, even where natsort does not make the keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from natsort import natsort_keygen, ns

from batch_loop.core.common.natural_order import name_key, natural_key, path_of

natsort_key = natsort_keygen(alg=ns.IGNORECASE)

ascii_names = st.text(st.characters(max_codepoint=127)) | st.text("aB01 9.-_", max_size=12)
names = ascii_names | st.text()


@given(ascii_names)
def test_a_plain_name_has_natsort_s_key(name: str) -> None:
    key = name_key(name)
    assert key == natsort_key(name)
    assert [type(part) for part in key] == [type(part) for part in natsort_key(name)]


@given(st.lists(names))
def test_plain_and_other_names_sort_as_with_natsort(mixed: list[str]) -> None:
    assert sorted(mixed, key=name_key) == sorted(mixed, key=natsort_key)


@pytest.mark.parametrize("name", ["", "7", "007", "a", "a7", "7a", "1.5", "-1", "1e5", "A01b02c"])
def test_each_form_of_name_has_its_key(name: str) -> None:
    assert name_key(name) == natsort_key(name)


@pytest.mark.parametrize(
    "paths",
    [
        ["img1.png", "img2.png", "img10.png"],
        ["img1.png", "img1 (2).png", "img1 (10).png", "img1-2.png", "img1a.png"],
        ["1.png", "1.5.png", "2.png", "a.png"],
        ["img01.png", "img1.jpg", "img1.png"],
        ["A.png", "a.png", "B.png", "b.png"],
        ["z.png", "a/1.png", "a/2.png", "a/b/1.png", "b2/1.png", "b10/1.png"],
        ["img-1.png", "img-2.png"],
        ["img99999999999999999998.png", "img99999999999999999999.png"],
        ["noext1", "noext2"],
        ["\u00e4rger 1.png", "\u00e4rger 10.png", "Bild 2.png", "zebra.png"],
    ],
)
def test_natural_keys_order_paths_as_a_person_would(paths: list[str]) -> None:
    shuffled = sorted(paths, key=hash)
    assert sorted(shuffled, key=natural_key) == paths


@settings(deadline=None)
@given(st.lists(st.lists(names.filter(lambda name: "\0" not in name), min_size=1, max_size=3)))
def test_keys_as_text_sort_as_natsort_s_keys_do(parts: list[list[str]]) -> None:
    def key(path: str) -> Any:
        *folders, name = path.split("/")
        stem, dot, _ = name.rpartition(".")
        own = natsort_key(stem if dot else name)
        return tuple(map(natsort_key, folders)), own, path

    paths = ["/".join(part.replace("/", "") or "x" for part in each) for each in parts]
    assert sorted(paths, key=natural_key) == sorted(paths, key=key)
    assert [path_of(natural_key(path)) for path in paths] == paths


def test_no_two_natural_keys_are_equal() -> None:
    paths = ["img1.png", "img01.png", "IMG1.png", "img1.PNG", "\u00e9.png", "e\u0301.png"]
    assert len({natural_key(path) for path in paths}) == len(paths)
