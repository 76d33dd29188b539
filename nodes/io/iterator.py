"""What all iterators do: each hands out one item of a batch in each prompt."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any, ClassVar

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder

from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, VariantsSocket
from ...core.comfy.threads import Threads, in_thread
from ...core.common.errors import BatchLoopError, OutputLeftOut
from ...core.common.names import AFTER_LEARNING, GATHER, UI_KEY, node_id
from ...core.files.allowed_paths import AllowedFolders
from ...core.graph.loop_ends import check_end, decides_itself
from ...core.graph.required_nodes import Submission, left_out, names_of
from ...core.graph.trial import tried
from ...core.media.formats.decode import DecodedImage
from ...core.model.background_writes import Turn
from ...core.model.records import Iteration
from ...core.model.selection import Selection
from ...core.model.titles import title_of
from ...core.routes.export import iteration_as_json
from ...core.sources.variants import variant_of
from ...core.turn.companion_requests import check_companions
from ...core.turn.linked_inputs import Learned, Wanted
from ...core.turn.openers.opener import Opened, Selections
from ...core.turn.reading import GivenBack
from ...core.turn.saver_folders import (
    check_beside,
    check_known_folders,
    check_saver_folders,
    wanted_folders,
)
from ...core.turn.status_texts import handed_out
from ...core.turn.trial import trial

_Ui = dict[str, list[dict[str, Any]]]


class Iterator(comfy_io.ComfyNode):
    """The base of the nodes that hand out items."""

    NAMED: ClassVar[str]
    """The input that names what the items are taken from."""

    @classmethod
    def outputs(cls) -> list[comfy_io.Output]:
        """The sockets: `loop` first, then those of an item, and at the end `total`, `status`."""
        raise NotImplementedError

    @classmethod
    def of_item(cls, iteration: Iteration, opened: Opened) -> tuple[Any, ...]:
        """The values of the sockets between `loop` and `total`."""
        raise NotImplementedError

    @classmethod
    async def validated(cls, named: str | None) -> bool | str:
        """Check the folders, and that a saver or a Loop End follows, before anything runs.

        ComfyUI shows the result beside each input that the signature of `validate_inputs` names, so
        it names only one, whose value is `named`; the others are read from the submitted graph.
        ComfyUI awaits this in its event loop, so files and the store are accessed in a thread.
        """
        submission = runtime.host().submission()
        unique_id = cls.hidden.unique_id
        try:
            check_end(submission.graph, unique_id)
            given = {} if named is None else {cls.NAMED: named}
            await in_thread(Threads.CHECKS, _check, submission, unique_id, given)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, **_inputs: Any) -> int:
        """The revision: any change of state makes a cached item outdated."""
        return runtime.registry().revision

    @classmethod
    def execute(cls, **inputs: Any) -> comfy_io.NodeOutput:
        """Take the next item that can be read.

        Linked inputs of other nodes that have to be known first are evaluated by ComfyUI in an
        expansion, which ends with this node again.
        """
        prompt = runtime.host().current_prompt()
        unique_id = cls._own_id()
        submission = runtime.host().current_submission()
        without = _without(submission, unique_id)
        allowed = runtime.allowed_folders_of_run()
        learned = runtime.learned(prompt)
        requests = runtime.requests_of_prompt(prompt, allowed)
        with runtime.telling_the_asker():
            requests.check_independent(unique_id)
            if unique_id == str(cls.hidden.unique_id):
                folders = wanted_folders(submission, unique_id, learned.of)
                wanted = [*requests.wanted(unique_id), *folders]
                if wanted:
                    return cls._when_known(wanted, learned, inputs)
            check_known_folders(submission, unique_id, learned.of, allowed)
            made = requests.of(unique_id, inputs, cls._node_id())
            request = replace(made, without=without)
            check_beside(submission, unique_id, request.key.folder, allowed)
            partners = requests.partners(unique_id)
        if partners is None:
            return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * len(cls.outputs()))
        selections = {each.key: each.selection for each in [request, *partners]}
        registry = runtime.registry()
        path = tried(submission.graph, unique_id)
        if path is not None:
            others = [(each, tried(submission.graph, each.node) or "") for each in partners]
            with runtime.telling_the_asker():
                iteration = trial(registry, request, prompt, path, others)
                return cls._tried(iteration, selections, allowed)
        decides = decides_itself(submission.graph, unique_id)
        unreadable = 0
        while True:
            # Many items in a row may be unreadable.
            runtime.host().raise_if_cancelled()
            iteration = registry.acquire(request, prompt, partners)
            if iteration.item is None:
                return cls._nothing_left(iteration, unreadable, decides=decides)
            turn = Turn.of(iteration.key, prompt, iteration.item)
            runtime.spare_time().starts(turn, iteration.batch)
            opened = runtime.reading().opened(iteration, selections, allowed)
            if not isinstance(opened, GivenBack):
                runtime.write_behind().handed_out()
                return cls._handed_out(
                    iteration, opened, request.selection, unreadable, decides=decides
                )
            unreadable += opened is GivenBack.UNREADABLE

    @classmethod
    def _own_id(cls) -> str:
        """The node's id in the graph; in an expansion, that of the node that was expanded."""
        unique_id = str(cls.hidden.unique_id)
        if cls.hidden.dynprompt is None:
            return unique_id
        return str(cls.hidden.dynprompt.get_real_node_id(unique_id))

    @classmethod
    def _when_known(
        cls, wanted: list[Wanted], learned: Learned, inputs: dict[str, Any]
    ) -> comfy_io.NodeOutput:
        """Have ComfyUI evaluate inputs of other nodes, and then run this node again."""
        graph = GraphBuilder()
        after: dict[str, Any] = {}
        for each in wanted:
            question = graph.node(node_id(GATHER), value=each.link, into=learned.ask(each), **after)
            after = {"after": question.out(0)}
        wait = graph.node(node_id(AFTER_LEARNING), value=inputs[cls.NAMED], **after)
        again = graph.node(cls._node_id(), **{**inputs, cls.NAMED: wait.out(0)})
        outputs = [again.out(place) for place in range(len(cls.outputs()))]
        return comfy_io.NodeOutput(*outputs, expand=graph.finalize())

    @classmethod
    def _node_id(cls) -> str:
        """The node id of its class."""
        return str(cls.define_schema().node_id)

    @classmethod
    def _nothing_left(
        cls, iteration: Iteration, unreadable: int, *, decides: bool
    ) -> comfy_io.NodeOutput:
        """The outputs when no item is left: those that would cause work on one are blocked."""
        status = handed_out(iteration)
        total = iteration.counts.total
        ui = _ui(
            iteration, index=total, path="", unreadable=unreadable, decides=decides, status=status
        )
        blocked = [ExecutionBlocker(None)] * (len(cls.outputs()) - 3)
        return comfy_io.NodeOutput(iteration, *blocked, total, status, ui=ui)

    @classmethod
    def _handed_out(
        cls,
        iteration: Iteration,
        opened: Opened,
        selection: Selection,
        unreadable: int,
        *,
        decides: bool,
    ) -> comfy_io.NodeOutput:
        assert iteration.item is not None  # noqa: S101 for the type checker: the caller has looked
        status = handed_out(iteration)
        ui = _ui(
            iteration,
            index=iteration.item.index,
            path=iteration.item.path,
            unreadable=unreadable,
            decides=decides,
            status=status,
        )
        return cls._with(iteration, opened, selection, status, ui)

    @classmethod
    def _tried(
        cls, iteration: Iteration, selections: Selections, allowed: AllowedFolders
    ) -> comfy_io.NodeOutput:
        """The outputs for an item that is only tried; raises why it cannot be read."""
        assert iteration.item is not None  # noqa: S101 for the type checker: a trial has one
        item, key = iteration.item, iteration.key
        opened = runtime.reading().alone(key, item.path, selections, allowed)
        status = handed_out(iteration)
        said = {
            "kind": "trial",
            "loop": key.id,
            "path": item.path,
            "title": item.title,
            "status": status,
        }
        return cls._with(iteration, opened, selections[key], status, {UI_KEY: [said]})

    @classmethod
    def _with(
        cls, iteration: Iteration, opened: Opened, selection: Selection, status: str, ui: _Ui
    ) -> comfy_io.NodeOutput:
        total = iteration.counts.total
        metadata = getattr(opened, "metadata", iteration.metadata)
        variant = () if iteration.item is None else variant_of(selection, iteration.item.path)
        loop = replace(iteration, metadata=metadata, size=_size(opened), variant=variant)
        return comfy_io.NodeOutput(loop, *cls.of_item(iteration, opened), total, status, ui=ui)


def _size(opened: Opened) -> tuple[int, int]:
    """Height and width of an image; 0 for what is none."""
    if not isinstance(opened, DecodedImage):
        return (0, 0)
    height, width = opened.mask.shape[1:]
    return height, width


def loop_output() -> comfy_io.Output:
    """The socket of the loop."""
    return LoopSocket.Output(
        "loop",
        display_name="loop",
        tooltip="Connect Save Image (Batch)'s loop, or Loop Start's.",
    )


def variants_input() -> comfy_io.Input:
    """The socket of the values that each item is taken with."""
    return VariantsSocket.Input(
        "variants", optional=True, tooltip="Variants: each item is taken with each of its values."
    )


HIDDEN = [comfy_io.Hidden.unique_id, comfy_io.Hidden.prompt, comfy_io.Hidden.dynprompt]
"""What an iterator is told by ComfyUI."""


def _check(submission: Submission, unique_id: str, named: dict[str, str]) -> None:
    """Raise errors found before the run, and begin to read the first image.

    `named` is empty if its value comes from another node.
    """
    allowed = runtime.allowed_folders()
    check_saver_folders(submission, unique_id, allowed)
    check_companions(submission, unique_id, allowed)
    requests = runtime.requests_submitted(submission, allowed)
    if named:
        folder = requests.check_settings(unique_id, named, runtime.registry().has_listing)
        check_beside(submission, unique_id, folder, allowed)
    requests.check_together(unique_id)
    request = requests.known_request(unique_id)
    if request is not None and tried(submission.graph, unique_id) is None:
        runtime.reading().begin_first(request, allowed)


def _without(submission: Submission, unique_id: str) -> tuple[str, ...]:
    """Names of the output nodes that were not asked for; OutputLeftOut if one was dropped."""
    graph = submission.graph
    unrun = runtime.host().unrun(submission, unique_id)
    if unrun.left_out:
        faults = runtime.host().faults(graph, unrun.left_out)
        raise OutputLeftOut(left_out(graph, unrun.left_out, faults))
    return names_of(graph, unrun.not_asked_for)


def _ui(  # noqa: PLR0913 - what it reports
    iteration: Iteration,
    *,
    index: int,
    path: str,
    unreadable: int,
    decides: bool,
    status: str,
) -> _Ui:
    """The `ui` result of this turn, for the web extension and scripts."""
    return {
        UI_KEY: [
            {
                "kind": "iteration",
                **iteration_as_json(iteration),
                "directory": iteration.key.directory,
                "loop_name": iteration.key.name,
                "complete": iteration.complete and not iteration.elsewhere,
                "index": index,
                "filename": title_of(posixpath.basename(path)),
                "path": path,
                "title": title_of(path),
                "unreadable": unreadable,
                "without": list(iteration.without),
                "decides": decides,
                "status": status,
            }
        ]
    }
