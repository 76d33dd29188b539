"""Directory Iterator: hands out one image of a folder in each prompt."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder

from ...core.comfy import runtime
from ...core.comfy.request_origin import told
from ...core.comfy.schema import LoopSocket, built_once, internal_schema, raw_link, schema, widget
from ...core.comfy.threads import Threads, in_thread
from ...core.common.errors import BatchLoopError, OutputLeftOut
from ...core.common.names import GATHER, UI_KEY, node_id
from ...core.files.allowed_paths import AllowedFolders
from ...core.graph.loop_ends import check_end, decides_itself
from ...core.graph.required_nodes import Submission, left_out, names_of
from ...core.graph.trial import tried
from ...core.media.formats.decode import DecodedImage
from ...core.model.background_writes import Turn
from ...core.model.directory_iterator_settings import SETTINGS
from ...core.model.records import Iteration
from ...core.routes.export import iteration_as_json
from ...core.turn.linked_inputs import Learned, Wanted
from ...core.turn.saver_folders import (
    check_beside,
    check_known_folders,
    check_saver_folders,
    wanted_folders,
)
from ...core.turn.status_texts import handed_out
from ...core.turn.trial import trial


class DirectoryIterator(comfy_io.ComfyNode):
    """The next image of a folder, each time the workflow runs."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Directory Iterator",
            description=(
                "Goes through a folder of images, one per run. Connect Save Image (Batch), choose "
                "Run (Instant) and press Run once: every image is processed, and Run (Instant) is "
                "switched off."
            ),
            search_aliases=[
                "load images from folder",
                "batch images",
                "load image batch",
                "image folder",
                "for each image",
                "directory",
            ],
            hidden=[
                comfy_io.Hidden.unique_id,
                comfy_io.Hidden.prompt,
                comfy_io.Hidden.dynprompt,
            ],
            enable_expand=True,
            inputs=[widget(setting) for setting in SETTINGS.values()],
            outputs=_outputs(),
        )

    @classmethod
    async def validate_inputs(cls, directory: str | None) -> bool | str:
        """Check the folders, and that a saver or a Loop End follows, before anything runs.

        ComfyUI shows the result beside each input that the signature names, so it names only one;
        the others are read from the submitted graph. ComfyUI awaits this in its event loop, so
        files and the store are accessed in a thread.
        """
        submission = runtime.host().submission()
        unique_id = cls.hidden.unique_id
        try:
            check_end(submission.graph, unique_id)
            await in_thread(Threads.CHECKS, _check, submission, unique_id, directory)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, **_inputs: Any) -> int:
        """The revision: any change of state makes a cached image outdated."""
        return runtime.registry().revision

    @classmethod
    def execute(cls, **inputs: Any) -> comfy_io.NodeOutput:
        """Take the next image that can be read.

        Linked inputs of other nodes that have to be known first are evaluated by ComfyUI in an
        expansion, which ends with this node again.
        """
        prompt = runtime.host().current_prompt()
        unique_id = cls._own_id()
        submission = runtime.host().current_submission()
        without = _without(submission, unique_id)
        allowed = runtime.allowed_folders()
        learned = runtime.learned(prompt)
        requests = runtime.requests_of_prompt(prompt, allowed)
        with runtime.telling_the_asker():
            requests.check_independent(unique_id)
            if unique_id == str(cls.hidden.unique_id):
                folders = wanted_folders(submission, unique_id, learned.of)
                wanted = [*requests.wanted(unique_id), *folders]
                if wanted:
                    return _when_known(wanted, learned, inputs)
            check_known_folders(submission, unique_id, learned.of, allowed)
            request = replace(requests.of(unique_id, inputs), without=without)
            check_beside(submission, unique_id, request.key.directory, allowed)
            partners = requests.partners(unique_id)
        if partners is None:
            return comfy_io.NodeOutput(*[ExecutionBlocker(None)] * len(_outputs()))
        registry = runtime.registry()
        path = tried(submission.graph, unique_id)
        if path is not None:
            others = [(each, tried(submission.graph, each.node) or "") for each in partners]
            with runtime.telling_the_asker():
                return _tried(trial(registry, request, prompt, path, others), allowed)
        decides = decides_itself(submission.graph, unique_id)
        unreadable = 0
        while True:
            # Many images in a row may be unreadable.
            runtime.host().raise_if_cancelled()
            iteration = registry.acquire(request, prompt, partners)
            if iteration.item is None:
                return _nothing_left(iteration, unreadable, decides=decides)
            turn = Turn.of(iteration.key, prompt, iteration.item)
            runtime.spare_time().starts(turn, iteration.batch)
            image = runtime.reading().image(iteration, allowed)
            if image is not None:
                return _image(iteration, image, unreadable, decides=decides)
            unreadable += 1

    @classmethod
    def _own_id(cls) -> str:
        """The node's id in the graph; in an expansion, that of the node that was expanded."""
        unique_id = str(cls.hidden.unique_id)
        if cls.hidden.dynprompt is None:
            return unique_id
        return str(cls.hidden.dynprompt.get_real_node_id(unique_id))


class AfterLearning(comfy_io.ComfyNode):
    """Part of Directory Iterator's expansion: passes a value on once all inputs are known."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return internal_schema(
            node_id=node_id(cls.__name__),
            display_name="Directory Iterator's wait (internal)",
            part_of="Directory Iterator",
            inputs=[
                comfy_io.AnyType.Input("value"),
                raw_link(comfy_io.AnyType.Input("after")),
            ],
            outputs=[comfy_io.AnyType.Output("same", display_name="same")],
        )

    @classmethod
    def execute(cls, value: Any, after: list[Any]) -> comfy_io.NodeOutput:  # noqa: ARG003
        """Return the value."""
        return comfy_io.NodeOutput(value)


def _check(submission: Submission, unique_id: str, directory: str | None) -> None:
    """Raise errors found before the run, and begin to read the first image.

    `directory` is None if it comes from another node.
    """
    allowed = runtime.allowed_folders()
    check_saver_folders(submission, unique_id, allowed)
    requests = runtime.requests_submitted(submission, allowed)
    if directory is not None:
        folder = requests.check_settings(unique_id, directory, runtime.registry().has_listing)
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


def _when_known(
    wanted: list[Wanted], learned: Learned, inputs: dict[str, Any]
) -> comfy_io.NodeOutput:
    """Have ComfyUI evaluate inputs of other nodes, and then run Directory Iterator again."""
    graph = GraphBuilder()
    after: dict[str, Any] = {}
    for each in wanted:
        question = graph.node(node_id(GATHER), value=each.link, into=learned.ask(each), **after)
        after = {"after": question.out(0)}
    wait = graph.node(node_id(AfterLearning.__name__), value=inputs["directory"], **after)
    again = graph.node(node_id(DirectoryIterator.__name__), **{**inputs, "directory": wait.out(0)})
    outputs = [again.out(place) for place in range(len(_outputs()))]
    return comfy_io.NodeOutput(*outputs, expand=graph.finalize())


def _outputs() -> list[comfy_io.Output]:
    return [
        LoopSocket.Output(
            "loop",
            display_name="loop",
            tooltip="Connect Save Image (Batch)'s loop, or Loop Start's.",
        ),
        comfy_io.Image.Output("image", display_name="image", tooltip="The image."),
        comfy_io.Mask.Output(
            "mask", display_name="mask", tooltip="Its transparency: 1 where it is transparent."
        ),
        comfy_io.String.Output("filename", display_name="filename", tooltip="Such as img1.png"),
        comfy_io.String.Output("stem", display_name="stem", tooltip="Such as img1"),
        comfy_io.String.Output(
            "relative_path",
            display_name="relative_path",
            tooltip="The file's path inside the folder, such as holiday/img1.png",
        ),
        comfy_io.Int.Output(
            "index", display_name="index", tooltip="The image's position in the order, from 0."
        ),
        comfy_io.Int.Output("total", display_name="total", tooltip="How many images there are."),
        comfy_io.String.Output("status", display_name="status", tooltip="Such as 3 of 7: img3.png"),
    ]


def _nothing_left(iteration: Iteration, unreadable: int, *, decides: bool) -> comfy_io.NodeOutput:
    """The outputs when no image is left: those that would cause work on one are blocked."""
    status = handed_out(iteration)
    total = iteration.counts.total
    return comfy_io.NodeOutput(
        iteration,
        *[ExecutionBlocker(None)] * 6,
        total,
        status,
        ui=_ui(
            iteration,
            index=total,
            path="",
            unreadable=unreadable,
            decides=decides,
            status=status,
        ),
    )


def _image(
    iteration: Iteration, image: DecodedImage, unreadable: int, *, decides: bool
) -> comfy_io.NodeOutput:
    """The outputs for an image."""
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
    return _with_image(iteration, image, status, ui)


def _tried(iteration: Iteration, allowed: AllowedFolders) -> comfy_io.NodeOutput:
    """The outputs for an image that is only tried; raises UnreadableImage and PathRefused."""
    assert iteration.item is not None  # noqa: S101 for the type checker: a trial has one
    item, key = iteration.item, iteration.key
    image = runtime.reading().alone(key, item.path, allowed)
    status = handed_out(iteration)
    said = {"kind": "trial", "loop": key.id, "path": item.path, "status": status}
    return _with_image(iteration, image, status, {UI_KEY: [said]})


def _with_image(
    iteration: Iteration, image: DecodedImage, status: str, ui: dict[str, list[dict[str, Any]]]
) -> comfy_io.NodeOutput:
    assert iteration.item is not None  # noqa: S101 for the type checker: the callers have looked
    path, index = iteration.item.path, iteration.item.index
    filename = posixpath.basename(path)
    return comfy_io.NodeOutput(
        replace(iteration, metadata=image.metadata),
        image.image,
        image.mask,
        filename,
        posixpath.splitext(filename)[0],
        path,
        index,
        iteration.counts.total,
        status,
        ui=ui,
    )


def _ui(  # noqa: PLR0913 - what it reports
    iteration: Iteration,
    *,
    index: int,
    path: str,
    unreadable: int,
    decides: bool,
    status: str,
) -> dict[str, list[dict[str, Any]]]:
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
                "filename": posixpath.basename(path),
                "path": path,
                "unreadable": unreadable,
                "without": list(iteration.without),
                "decides": decides,
                "status": status,
            }
        ]
    }
