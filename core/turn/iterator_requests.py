"""What the Directory Iterators of a prompt ask for, by their settings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from ..common.choice import chosen
from ..common.errors import BatchLoopError, InvalidSetting, NoImages
from ..common.names import node_id
from ..engine.batches import Request
from ..engine.listings import no_images
from ..engine.together import together
from ..files.finished import expected_results
from ..files.listing import has_images
from ..files.paths import AllowedFolders, resolve_source
from ..model.graph import Graph, is_link, linked, meeting, name_of
from ..model.naming import ResultName, check_length
from ..model.selection import Filter, Selection, SortBy
from ..model.state import ErrorHandling, IterationMode, LoopKey, Policy, WhenComplete
from .learned import Known, Wanted, nothing_known

LONGEST_NAME = 200
"""Characters of a loop's name: pages ask for the names of all loops again and again."""

_DECIDING = {"filter", "custom_pattern", "recursive"}
"""Inputs that decide which files match."""

_NAMING = {"skip_finished", "finished_as"}
"""Inputs that decide which images are left out."""

_SETTINGS = {
    *_DECIDING,
    *_NAMING,
    "sort_by",
    "descending",
    "iteration_mode",
    "error_handling",
    "start_index",
    "limit",
    "max_attempts",
    "when_complete",
    "loop_name",
}
"""All inputs beside the folder."""


class IteratorRequests:
    """What the Directory Iterators of a graph ask for, and whether that goes together."""

    def __init__(
        self,
        graph: Graph,
        allowed: AllowedFolders,
        loop_key: Callable[[str, str], LoopKey],
        known: Known = nothing_known,
    ) -> None:
        """`loop_key` gives the loop of a name and a real path, `known` what links came to."""
        self._graph = graph
        self._allowed = allowed
        self._loop_key = loop_key
        self._known = known

    def of(
        self,
        unique_id: str,
        directory: str,
        settings: Mapping[str, Any],
        without: tuple[str, ...] = (),
    ) -> Request:
        """What an iterator asks for with all of its inputs."""
        folder = resolve_source(directory, self._allowed)
        return self._request(folder, settings, self._expected(settings, unique_id), without)

    def partners(self, unique_id: str) -> list[Request] | None:
        """What the iterators ask for that advance together with one.

        None where an input of one of them is not known: what it comes from is blocked.
        """
        found = [self._at_hand(each) for each in self._group(unique_id)]
        requests = [request for request in found if request is not None]
        return requests[1:] if len(requests) == len(found) else None

    def wanted(self, unique_id: str) -> list[Wanted]:
        """The inputs of iterators that advance together, with one, that are not known yet."""
        return [
            Wanted(each, name, value)
            for each in self._group(unique_id)
            for name, value in self._inputs(each).items()
            if is_link(value) and name not in self._known(each)
        ]

    def check_settings(
        self, unique_id: str, directory: str, has_listing: Callable[[Request], bool]
    ) -> None:
        """Raise what execution would, as far as that shows before the run.

        NoImages when nothing in the folder matches. A loop that `has_listing` knows is not looked
        at again: where few files match, the first of them may be far behind, and this is done for
        each prompt.
        """
        folder = resolve_source(directory, self._allowed)
        given = self._given(unique_id)
        expected: tuple[ResultName, ...] = ()
        if given.keys() >= _NAMING:
            expected = self._expected(given, unique_id)
        if given.keys() >= _SETTINGS:
            request = self._request(folder, given, expected)
            if request.policy.when_complete is WhenComplete.WATCH or has_listing(request):
                return
        if not given.keys() >= _DECIDING:
            return
        selection = Selection(
            filter=chosen(Filter, given["filter"], "filter"),
            custom_pattern=str(given["custom_pattern"]),
            recursive=bool(given["recursive"]),
        )
        if not has_images(folder, selection):
            raise NoImages(no_images(folder, selection))

    def check_together(self, unique_id: str) -> None:
        """Raise InvalidSetting where others of the graph do not go together with an iterator.

        What comes from other nodes is looked at when it is known.
        """
        of_class = [
            each
            for each, node in self._graph.items()
            if each != unique_id and node.get("class_type") == node_id("DirectoryIterator")
        ]
        if not of_class:
            return
        self.check_independent(unique_id)
        own = self._at_hand(unique_id)
        group = map(self._at_hand, self._group(unique_id))
        known = [request for request in group if request is not None]
        if known:
            together(known)
        for other in of_class:
            request = None
            with contextlib.suppress(BatchLoopError):  # that one says so itself
                request = self._at_hand(other)
            if own is not None and request is not None and request.key == own.key:
                together([own, request])

    def check_independent(self, unique_id: str) -> None:
        """Raise InvalidSetting where an input of a pair waits for an image of the pair."""
        group = self._group(unique_id)
        for each in group:
            for name, value in self._inputs(each).items():
                if not is_link(value):
                    continue
                for source in linked(self._graph, value[0]):
                    if source in group:
                        raise InvalidSetting(_waits_for(self._graph, each, name, source))

    def _group(self, unique_id: str) -> list[str]:
        """Ids of the iterators whose work meets, of one first; none for one by itself."""
        ends = node_id("BatchComplete")
        found = meeting(self._graph, unique_id, node_id("DirectoryIterator"), ends)
        return found if len(found) > 1 else []

    def _inputs(self, unique_id: str) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self._graph.get(unique_id, {}).get("inputs", {})
        return inputs

    def _given(self, unique_id: str) -> dict[str, Any]:
        """The inputs of a node, but for those that come from another one."""
        return {
            name: value for name, value in self._inputs(unique_id).items() if not is_link(value)
        }

    def _at_hand(self, unique_id: str) -> Request | None:
        """What an iterator of the graph will ask for; None where that is not known."""
        given = self._given(unique_id)
        for name, values in self._known(unique_id).items():
            if len(values) > 1:
                raise InvalidSetting(_several(self._graph, unique_id, name, len(values)))
            given[name] = values[0]
        if not given.keys() >= {"directory", *_SETTINGS}:
            return None
        return self.of(unique_id, given["directory"], given)

    def _expected(self, settings: Mapping[str, Any], unique_id: str) -> tuple[ResultName, ...]:
        """How results are named, where images with a result are to be left out."""
        if not settings["skip_finished"]:
            return ()
        finished_as = str(settings["finished_as"])
        return expected_results(self._graph, unique_id, finished_as, self._allowed)

    def _request(
        self,
        folder: str,
        settings: Mapping[str, Any],
        expected: tuple[ResultName, ...],
        without: tuple[str, ...] = (),
    ) -> Request:
        selection = _selection(settings, expected)
        when_complete = chosen(WhenComplete, settings["when_complete"], "when_complete")
        if when_complete is WhenComplete.WATCH and selection.has_range:
            raise InvalidSetting(_watched_range(selection))
        name = str(settings["loop_name"])
        if len(name) > LONGEST_NAME:
            raise InvalidSetting(_long_name(name))
        return Request(
            key=self._loop_key(name, folder),
            selection=selection,
            mode=chosen(IterationMode, settings["iteration_mode"], "iteration_mode"),
            policy=Policy(
                error_handling=chosen(ErrorHandling, settings["error_handling"], "error_handling"),
                max_attempts=max(1, int(settings["max_attempts"])),
                when_complete=when_complete,
            ),
            without=without,
        )


def _selection(settings: Mapping[str, Any], expected: tuple[ResultName, ...]) -> Selection:
    check_length("custom_pattern", str(settings["custom_pattern"]))
    return Selection(
        filter=chosen(Filter, settings["filter"], "filter"),
        custom_pattern=settings["custom_pattern"],
        recursive=bool(settings["recursive"]),
        sort_by=chosen(SortBy, settings["sort_by"], "sort_by"),
        descending=bool(settings["descending"]),
        start_index=int(settings["start_index"]),
        limit=int(settings["limit"]),
        finished=expected,
    )


def _waits_for(graph: Graph, unique_id: str, name: str, source: str) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another Directory Iterator, and {name} of it comes from {name_of(graph, source)}, "
        "which would have to be given its image before. Which images go together has to be known "
        "first: type it into the node itself, or connect what needs no image of them."
    )


def _several(graph: Graph, unique_id: str, name: str, count: int) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another Directory Iterator, and {name} of it is given a list of {count}. A pair takes "
        "one of each. Connect a single value."
    )


def _long_name(name: str) -> str:
    return (
        f"loop_name has {len(name)} characters, and begins with {name[:40]!r}. It may have "
        f"{LONGEST_NAME} at the most: choose a shorter one."
    )


def _watched_range(selection: Selection) -> str:
    return (
        f"when_complete is Watch, and start_index {selection.start_index} and limit "
        f"{selection.limit} make a range, to which no new image is added. Set both to 0, or "
        "choose Stop."
    )
