"""The requests that the Directory Iterators of a prompt make to the registry."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..common.errors import BatchLoopError, InvalidSetting, NoImages
from ..common.names import node_id
from ..engine.batches import Request
from ..engine.folders.due_listings import no_images
from ..engine.partners import together
from ..files.allowed_paths import AllowedFolders, resolve_source
from ..files.listing import has_images
from ..graph.links import Graph, is_link, linked, name_of
from ..graph.loop_ends import ends_with_saver
from ..graph.pairs import meeting
from ..graph.required_nodes import Submission
from ..model.directory_iterator_settings import MATCHING, NAMING, SETTINGS, IteratorSettings
from ..model.loop_key import LoopKey
from ..model.policy import WhenComplete
from ..model.result_names import ResultName
from ..model.selection import Selection
from ..results.saver_names import expected_results
from .linked_inputs import Known, Wanted, nothing_known


class IteratorRequests:
    """The requests of a graph's Directory Iterators, and whether they go together.

    Each request is needed by its iterator and by its partners, but made only once.
    """

    def __init__(
        self,
        submission: Submission,
        allowed: AllowedFolders,
        loop_key: Callable[[str, str, str], LoopKey],
        known: Known = nothing_known,
    ) -> None:
        """`loop_key` makes a loop's key from a name, a real path and a workflow's id.

        `known` has linked values.
        """
        self._graph: Graph = submission.graph
        self._workflow = submission.workflow
        self._title = submission.title
        self._allowed = allowed
        self._loop_key = loop_key
        self._known = known
        self._made: dict[str, tuple[IteratorSettings, Request]] = {}

    def of(self, unique_id: str, inputs: Mapping[str, Any]) -> Request:
        """The request of an iterator with these inputs, all of which are known."""
        settings = IteratorSettings.of(inputs)
        before = self._made.get(unique_id)
        if before is not None and before[0] == settings:
            return before[1]
        folder = resolve_source(settings.directory, self._allowed)
        selection = settings.selection(self._expected(settings, unique_id, folder))
        request = replace(
            self._request(folder, settings, selection),
            node=unique_id,
            ends_with_saver=ends_with_saver(self._graph, unique_id),
        )
        self._made[unique_id] = (settings, request)
        return request

    def partners(self, unique_id: str) -> list[Request] | None:
        """The requests of the iterators that advance together with one.

        None if an input of one of them is not known, as the node that it comes from is blocked.
        """
        found = [self.known_request(each) for each in self._group(unique_id)]
        requests = [request for request in found if request is not None]
        return requests[1:] if len(requests) == len(found) else None

    def wanted(self, unique_id: str) -> list[Wanted]:
        """The inputs not known yet of an iterator, and of those that advance together with it."""
        return [
            Wanted(each, name, value)
            for each in self._group(unique_id)
            for name, value in self._inputs(each).items()
            if is_link(value) and name not in self._known(each)
        ]

    def check_settings(
        self, unique_id: str, directory: str, has_listing: Callable[[Request], bool]
    ) -> str:
        """Raise the errors of execution that can be found before the run.

        Returns the real path of the folder that `directory` names. NoImages if nothing in it
        matches. This is not checked for a loop that `has_listing` knows: if few files match,
        finding the first may take long, and every prompt is checked.
        """
        given = self._given(unique_id) | {"directory": directory}
        if given.keys() >= SETTINGS.keys():
            request = self.of(unique_id, given)
            if request.policy.when_complete is WhenComplete.WATCH or has_listing(request):
                return request.key.directory
            folder, selection = request.key.directory, request.selection
        else:
            settings = IteratorSettings.of(given)
            folder = resolve_source(directory, self._allowed)
            expected = self._expected(settings, unique_id, folder) if given.keys() >= NAMING else ()
            selection = settings.selection(expected)
        if given.keys() >= MATCHING and not has_images(folder, selection):
            # Nothing in the whole folder matches: the range is not to blame.
            raise NoImages(no_images(folder, replace(selection, start_index=0, limit=0)))
        return folder

    def check_together(self, unique_id: str) -> None:
        """Raise InvalidSetting if other iterators of the graph do not go together with one.

        Values from other nodes are checked once they are known.
        """
        of_class = [
            each
            for each, node in self._graph.items()
            if each != unique_id and node.get("class_type") == node_id("DirectoryIterator")
        ]
        if not of_class:
            return
        self.check_independent(unique_id)
        own = self.known_request(unique_id)
        group = map(self.known_request, self._group(unique_id))
        known = [request for request in group if request is not None]
        if known:
            together(known)
        for other in of_class:
            request = None
            with contextlib.suppress(BatchLoopError):  # its own check reports it
                request = self.known_request(other)
            if own is not None and request is not None and request.key == own.key:
                together([own, request])

    def known_request(self, unique_id: str) -> Request | None:
        """The request of an iterator of the graph; None if an input is not known yet."""
        given = self._given(unique_id)
        for name, values in self._known(unique_id).items():
            if len(values) > 1:
                raise InvalidSetting(_several(self._graph, unique_id, name, len(values)))
            given[name] = values[0]
        return self.of(unique_id, given) if given.keys() >= SETTINGS.keys() else None

    def check_independent(self, unique_id: str) -> None:
        """Raise InvalidSetting if an input of a pair depends on an image of the pair."""
        group = self._group(unique_id)
        for each in group:
            for name, value in self._inputs(each).items():
                if not is_link(value):
                    continue
                for source in linked(self._graph, value[0]):
                    if source in group:
                        raise InvalidSetting(_waits_for(self._graph, each, name, source))

    def _group(self, unique_id: str) -> list[str]:
        """Ids of the iterators whose work meets, this one first; empty if there are no others."""
        ends = node_id("BatchComplete")
        found = meeting(self._graph, unique_id, node_id("DirectoryIterator"), ends)
        return found if len(found) > 1 else []

    def _inputs(self, unique_id: str) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self._graph.get(unique_id, {}).get("inputs", {})
        return inputs

    def _given(self, unique_id: str) -> dict[str, Any]:
        """The inputs of a node that do not come from another one."""
        return {
            name: value for name, value in self._inputs(unique_id).items() if not is_link(value)
        }

    def _expected(
        self, settings: IteratorSettings, unique_id: str, folder: str
    ) -> tuple[ResultName, ...]:
        """How results are named, if images with a result are to be left out; else empty."""
        if not settings.skip_finished:
            return ()
        finished_as, allowed = settings.finished_as, self._allowed
        return expected_results(self._graph, unique_id, finished_as, folder, allowed)

    def _request(self, folder: str, settings: IteratorSettings, selection: Selection) -> Request:
        if settings.when_complete is WhenComplete.WATCH and selection.has_range:
            raise InvalidSetting(_watched_range(selection))
        return Request(
            key=self._loop_key(settings.loop_name, folder, self._workflow),
            title=self._title,
            selection=selection,
            mode=settings.iteration_mode,
            policy=settings.policy,
        )


def _waits_for(graph: Graph, unique_id: str, name: str, source: str) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another Directory Iterator, and {name} of it comes from {name_of(graph, source)}, "
        "which would need its image before that. Which images go together has to be known first: "
        "type the value into the node itself, or connect one that depends on none of the images."
    )


def _several(graph: Graph, unique_id: str, name: str, count: int) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another Directory Iterator, and {name} of it is given a list of {count}. A pair takes "
        "one of each. Connect a single value."
    )


def _watched_range(selection: Selection) -> str:
    return (
        f"when_complete is Watch, and start_index {selection.start_index} and limit "
        f"{selection.limit} make a range, to which no new image is added. Set both to 0, or "
        "choose Stop."
    )
