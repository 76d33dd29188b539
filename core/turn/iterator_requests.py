"""The requests that the iterators of a prompt make to the registry."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..common.errors import BatchLoopError, InvalidSetting
from ..common.names import DIRECTORY_ITERATOR
from ..engine.batches import Request
from ..engine.partners import together
from ..files.allowed_paths import AllowedFolders
from ..graph.iterators import is_iterator
from ..graph.links import Graph, is_link, linked, name_of
from ..graph.loop_ends import ends_with_saver
from ..graph.pairs import meeting
from ..graph.required_nodes import Submission
from ..model.loop_key import VARIANTS, LoopKey
from ..model.policy import WhenComplete
from ..model.result_names import ResultName
from ..model.selection import Selection
from ..model.settings.directory_iterator import NAMING
from ..results.saver_names import expected_results
from ..sources.interface import Source
from ..sources.variants import OPTION, VariantLists
from .companion_requests import companions_asked_for
from .iterator_kinds import KINDS, Kind, Settings
from .linked_inputs import Known, Wanted, nothing_known


class IteratorRequests:
    """The requests of a graph's iterators, and whether they go together.

    Each request is needed by its iterator and by its partners, but made only once.
    """

    def __init__(
        self,
        submission: Submission,
        allowed: AllowedFolders,
        loop_key: Callable[[str, str, str, str], LoopKey],
        source: Source,
        known: Known = nothing_known,
    ) -> None:
        """`loop_key` makes a loop's key from a name, a real path, a workflow's id and a kind.

        `known` has linked values.
        """
        self._graph: Graph = submission.graph
        self._workflow = submission.workflow
        self._title = submission.title
        self._allowed = allowed
        self._loop_key = loop_key
        self._source = source
        self._known = known
        self._made: dict[str, tuple[tuple[Settings, VariantLists | None], Request]] = {}

    def of(
        self, unique_id: str, inputs: Mapping[str, Any], made: str = DIRECTORY_ITERATOR
    ) -> Request:
        """The request of an iterator with these inputs, all of which are known.

        `made` is the class of one that another node has made, so that the graph lacks it.
        """
        kind = self._kind(unique_id, made)
        settings, variants = kind.settings.of(inputs), _variants_in(inputs)
        before = self._made.get(unique_id)
        if before is not None and before[0] == (settings, variants):
            return before[1]
        place = kind.place(settings, self._allowed)
        key = self._key(kind, place, settings)
        selection = self._selection(settings, unique_id, key)
        if variants is not None:
            key = self._key(kind, place, settings, VARIANTS)
            options = (*selection.options, (OPTION, variants.text()))
            selection = replace(selection, options=options)
        request = replace(
            self._request(key, settings, selection),
            node=unique_id,
            ends_with_saver=ends_with_saver(self._graph, unique_id),
        )
        self._made[unique_id] = ((settings, variants), request)
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
        self, unique_id: str, named: Mapping[str, str], has_listing: Callable[[Request], bool]
    ) -> str:
        """Raise the errors of execution that can be found before the run.

        Returns the real path of the folder or file that `named`, an input with its value, names.
        NoImages if nothing in it matches. This is not checked for a loop that `has_listing` knows:
        if few files match, finding the first may take long, and every prompt is checked.
        """
        kind, given = self._kind(unique_id), {**self._given(unique_id), **named}
        if given.keys() >= kind.settings.declared().keys():
            request = self.of(unique_id, given)
            if request.policy.when_complete is WhenComplete.WATCH or has_listing(request):
                return request.key.directory
            key, selection = request.key, request.selection
        else:
            settings = kind.settings.of(given)
            place = kind.place(settings, self._allowed)
            key = self._key(kind, place, settings)
            if given.keys() >= NAMING:
                selection = self._selection(settings, unique_id, key)
            else:
                selection = settings.selection()
        if given.keys() >= set(kind.matching):
            kind.check(self._source, key, selection)
        return key.directory

    def check_together(self, unique_id: str) -> None:
        """Raise InvalidSetting if other iterators of the graph do not go together with one.

        Values from other nodes are checked once they are known.
        """
        of_class = [
            each for each in self._graph if each != unique_id and is_iterator(self._graph, each)
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
        is_known = given.keys() >= self._kind(unique_id).settings.declared().keys()
        # They come by a link only, and are what its items are.
        is_known &= OPTION in given or OPTION not in self._inputs(unique_id)
        return self.of(unique_id, given) if is_known else None

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
        found = meeting(self._graph, unique_id)
        return found if len(found) > 1 else []

    def _inputs(self, unique_id: str) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self._graph.get(unique_id, {}).get("inputs", {})
        return inputs

    def _given(self, unique_id: str) -> dict[str, Any]:
        """The inputs of a node that do not come from another one."""
        return {
            name: value for name, value in self._inputs(unique_id).items() if not is_link(value)
        }

    def _selection(self, settings: Settings, unique_id: str, key: LoopKey) -> Selection:
        """What the listing depends on, the nodes behind the iterator included."""
        selection = settings.selection(self._expected(settings, unique_id, key))
        companions = companions_asked_for(self._graph, unique_id)
        if not companions or not self._source.is_one_file_each(key):
            return selection
        return replace(selection, companions=companions)

    def _expected(self, settings: Settings, unique_id: str, key: LoopKey) -> tuple[ResultName, ...]:
        """How results are named, if images with a result are to be left out; else empty."""
        if not settings.skip_finished:
            return ()
        finished_as, allowed = settings.finished_as, self._allowed
        return expected_results(self._graph, unique_id, finished_as, key.folder, allowed)

    def _kind(self, unique_id: str, made: str = DIRECTORY_ITERATOR) -> Kind:
        # A node of another pack that has made the iterator stands in the graph in its place.
        return KINDS.get(self._graph.get(unique_id, {}).get("class_type", ""), KINDS[made])

    def _key(self, kind: Kind, place: str, settings: Settings, variants: str = "") -> LoopKey:
        return self._loop_key(settings.loop_name, place, self._workflow, kind.source + variants)

    def _request(self, key: LoopKey, settings: Settings, selection: Selection) -> Request:
        if settings.policy.when_complete is WhenComplete.WATCH and selection.has_range:
            raise InvalidSetting(_watched_range(selection))
        return Request(
            key=key,
            title=self._title,
            selection=selection,
            mode=settings.iteration_mode,
            policy=settings.policy,
        )


def _variants_in(inputs: Mapping[str, Any]) -> VariantLists | None:
    """The variants that are connected to an iterator, if any."""
    given = inputs.get(OPTION)
    if given is None or isinstance(given, VariantLists):
        return given
    raise InvalidSetting(
        f"variants was given a {type(given).__name__}. Connect the output of a Variants node."
    )


def _waits_for(graph: Graph, unique_id: str, name: str, source: str) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another iterator, and {name} of it comes from {name_of(graph, source)}, "
        "which would need its image before that. Which images go together has to be known first: "
        "type the value into the node itself, or connect one that depends on none of the images."
    )


def _several(graph: Graph, unique_id: str, name: str, count: int) -> str:
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another iterator, and {name} of it is given a list of {count}. A pair takes "
        "one of each. Connect a single value."
    )


def _watched_range(selection: Selection) -> str:
    return (
        f"when_complete is Watch, and start_index {selection.start_index} and limit "
        f"{selection.limit} make a range, to which no new image is added. Set both to 0, or "
        "choose Stop."
    )
