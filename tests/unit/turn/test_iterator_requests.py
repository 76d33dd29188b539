"""The requests of a graph's Directory Iterators, when some inputs come from other nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_loop.core.common.errors import InvalidSetting, NoImages
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images, sight
from batch_loop.core.graph.links import Graph
from batch_loop.core.graph.pairs import meeting
from batch_loop.core.graph.required_nodes import Submission
from batch_loop.core.model.loop_key import LoopKey
from batch_loop.core.model.selection import Selection
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.turn.iterator_requests import IteratorRequests
from batch_loop.core.turn.linked_inputs import Learned, Wanted
from batch_loop.tests.support.graphs import iterator, node


def graph_of(**of_right: Any) -> dict[str, dict[str, Any]]:
    """Two iterators that form a pair, and one by itself."""
    right = iterator("right")
    right["inputs"] |= of_right
    return {
        "left": iterator("left"),
        "right": right,
        "alone": iterator("alone", loop_name=["text", 0]),
        "text": node("PrimitiveString", value="right"),
        "blend": node("ImageBlend", image1=["left", 1], image2=["right", 1]),
        "out": node("PreviewImage", images=["alone", 1]),
    }


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFolders:
    for name in ("left", "right", "alone"):
        (tmp_path / name).mkdir()
    return AllowedFolders.load(
        input_dir=str(tmp_path),
        output_dir=str(tmp_path / "output"),
        temp_dir=str(tmp_path / "temp"),
        user_dir=str(tmp_path / "user"),
    )


def requests_of(graph: Graph, allowed: AllowedFolders, learned: Learned) -> IteratorRequests:
    def key(name: str, directory: str, workflow: str, source: str) -> LoopKey:
        return LoopKey(name, directory, workflow=workflow, source=source)

    source = ImageFolder(list_images, sight)
    return IteratorRequests(Submission(graph), allowed, key, source, learned.of)


def test_only_linked_inputs_of_the_pair_are_wanted_until_they_are_known(
    allowed: AllowedFolders,
) -> None:
    learned = Learned()
    requests = requests_of(graph_of(directory=["text", 0]), allowed, learned)
    wanted = Wanted("right", "directory", ["text", 0])
    for each in ("left", "right"):
        assert requests.wanted(each) == [wanted]
        assert requests.partners(each) is None
    assert requests.wanted("alone") == []
    assert requests.partners("alone") == []
    # The second to ask may be answered first.
    learned.ask(wanted)
    learned.ask(wanted).values.append("right")
    assert requests.wanted("left") == []
    assert [one.key.directory for one in requests.partners("left") or ()] == [
        str(Path(allowed.input, "right"))
    ]


def test_a_list_for_one_of_a_pair_is_refused(allowed: AllowedFolders) -> None:
    learned = Learned()
    learned.ask(Wanted("right", "directory", ["text", 0])).values += ["left", "right"]
    requests = requests_of(graph_of(directory=["text", 0]), allowed, learned)
    for each in ("left", "right"):
        with pytest.raises(InvalidSetting, match="directory of it is given a list of 2"):
            requests.partners(each)


@pytest.mark.parametrize("source", ["left", "right", "blend"])
def test_an_input_that_waits_for_an_image_of_the_pair_is_refused(
    allowed: AllowedFolders, source: str
) -> None:
    requests = requests_of(graph_of(start_index=[source, 6]), allowed, Learned())
    for each in ("left", "right"):
        with pytest.raises(InvalidSetting, match="start_index of it comes from"):
            requests.check_together(each)
    requests.check_together("alone")


def test_incompatible_inputs_are_refused_as_soon_as_they_are_known(
    allowed: AllowedFolders,
) -> None:
    graph = graph_of(directory=["text", 0], limit=1)
    graph["left"]["inputs"]["directory"] = "right"
    learned = Learned()
    requests = requests_of(graph, allowed, learned)
    requests.check_together("left")
    learned.ask(Wanted("right", "directory", ["text", 0])).values.append("right")
    with pytest.raises(InvalidSetting, match="loop_name or another folder"):
        requests.check_together("left")


def test_a_loop_s_name_is_limited_as_pages_keep_asking_for_all_of_them(
    allowed: AllowedFolders,
) -> None:
    requests = requests_of(graph_of(), allowed, Learned())
    settings = graph_of()["alone"]["inputs"]
    longest = {**settings, "loop_name": "x" * 200}
    assert requests.of("alone", longest).key.name == "x" * 200
    with pytest.raises(InvalidSetting, match="loop_name has 201 characters"):
        requests.of("alone", {**settings, "loop_name": "x" * 201})


def test_each_node_is_visited_as_often_with_many_iterators_as_with_few() -> None:
    class Counting(dict[str, Any]):
        looks = 0

        def get(self, *of: Any) -> Any:
            self.looks += 1
            return super().get(*of)

    def looks(iterators: int) -> int:
        graph: Graph = {
            str(number): Counting(class_type="BatchLoopDirectoryIterator", inputs={})
            for number in range(iterators)
        }
        assert meeting(graph, "0") == ["0"]
        return graph["0"].looks  # type: ignore[attr-defined, no-any-return]

    assert looks(2) == looks(50)


def test_an_iterator_made_by_another_node_has_no_partner() -> None:
    assert meeting(graph_of(), "made") == ["made"]


@pytest.fixture
def selections(monkeypatch: pytest.MonkeyPatch) -> list[Selection]:
    """Every selection that is made."""
    made: list[Selection] = []
    original = Selection.__init__

    def counting(self: Selection, *args: Any, **given: Any) -> None:
        original(self, *args, **given)
        made.append(self)

    monkeypatch.setattr(Selection, "__init__", counting)
    return made


def test_a_check_makes_each_iterator_s_selection_once(
    allowed: AllowedFolders, selections: list[Selection]
) -> None:
    graph = graph_of()
    graph["alone"]["inputs"]["loop_name"] = ""
    requests = requests_of(graph, allowed, Learned())
    for each in ("left", "right", "alone"):
        Path(allowed.input, each, "a.png").touch()
        requests.check_settings(each, {"directory": each}, has_listing=lambda _request: False)
        requests.check_together(each)
    assert len(selections) == 3


def test_a_prompt_makes_each_iterator_s_selection_once(
    allowed: AllowedFolders, selections: list[Selection]
) -> None:
    graph = graph_of()
    requests = requests_of(graph, allowed, Learned())
    for each, other in (("left", "right"), ("right", "left")):
        requests.of(each, graph[each]["inputs"])
        assert [one.key.directory for one in requests.partners(each) or ()] == [
            str(Path(allowed.input, other))
        ]
    assert len(selections) == 2


def test_a_request_uses_the_present_values_of_its_inputs(allowed: AllowedFolders) -> None:
    graph = graph_of()
    requests = requests_of(graph, allowed, Learned())
    inputs = graph["left"]["inputs"]
    assert requests.of("left", {**inputs, "limit": 1}).selection.limit == 1
    assert requests.of("left", {**inputs, "limit": 2}).selection.limit == 2


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("of_another_node", [{}, {"loop_name": ["text", 0]}])
def test_a_check_says_which_folder_it_has_found(
    allowed: AllowedFolders, of_another_node: dict[str, Any], *, is_listed: bool
) -> None:
    folder = Path(allowed.input, "left")
    (folder / "a.png").touch()
    requests = requests_of({"left": iterator("left", **of_another_node)}, allowed, Learned())
    found = requests.check_settings(
        "left", {"directory": "left"}, has_listing=lambda _request: is_listed
    )
    assert found == str(folder)


def test_if_nothing_matches_the_range_is_not_blamed(allowed: AllowedFolders) -> None:
    requests = requests_of({"left": iterator("left", start_index=1)}, allowed, Learned())
    with pytest.raises(NoImages) as told:
        requests.check_settings("left", {"directory": "left"}, has_listing=lambda _request: False)
    assert "start_index" not in str(told.value)
