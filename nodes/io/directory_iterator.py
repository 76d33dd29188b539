"""Directory Iterator: hands out one image of a folder in each prompt."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Mapping
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io
from comfy_execution.graph_utils import ExecutionBlocker

from .. import runtime
from ..asked import told
from ..loop.batches import Request
from ..loop.errors import (
    BatchLoopError,
    InvalidSetting,
    LoopEndMissing,
    NoImages,
    OutputLeftOut,
    PathRefused,
    UnreadableImage,
)
from ..loop.graph import Graph, is_link, meeting, name_of, reaches
from ..loop.listings import no_images
from ..loop.report import done, handed_out
from ..loop.state import (
    ErrorHandling,
    Iteration,
    IterationMode,
    LoopKey,
    Partner,
    Policy,
    WhenComplete,
)
from ..loop.together import together
from ..loop.unrun import Submission, left_out, names_of
from ..names import UI_KEY, node_id
from ..schema import LoopSocket, advanced, built_once, chosen, combo, schema
from ..threads import Threads, in_thread
from .decode import DecodedImage, decode
from .finished import expected_results
from .listing import CUSTOM_EXAMPLE, Filter, Selection, SortBy, folder_lost, has_images
from .naming import ResultName, check_length
from .paths import AllowedFolders, check_source_file, resolve_source
from .saver_folders import check_saver_folders

LARGEST = 2**31 - 1
"""Largest number that the frontend's number widgets are given."""


class DirectoryIterator(comfy_io.ComfyNode):
    """The next image of a folder, each time the workflow runs."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Directory Iterator",
            description=(
                "Goes through a folder of images, one in each run. Switch Run (Instant) on and "
                "press Run once: every image is processed, and End Queue switches it off."
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
            inputs=_inputs(),
            outputs=_outputs(),
        )

    @classmethod
    async def validate_inputs(cls, directory: str | None) -> bool | str:
        """Check the folders, and that a Loop End follows, before anything runs.

        ComfyUI reports what this returns beside each input that it names, so it names one. The
        other inputs are read from the submitted graph. ComfyUI waits for it in its event loop, so
        no file is looked at here, and no store asked, but in a thread.
        """
        submission = runtime.host().submission()
        graph, unique_id = submission.graph, cls.hidden.unique_id
        inputs = graph.get(unique_id, {}).get("inputs", {})
        try:
            if graph and not reaches(graph, unique_id, node_id("LoopEnd"), "loop"):
                raise LoopEndMissing(_loop_end_missing())
            await in_thread(Threads.CHECKS, _check_savers, submission, unique_id)
            if directory is not None:
                await in_thread(
                    Threads.CHECKS, _check_settings, directory, inputs, graph, unique_id
                )
            await in_thread(Threads.CHECKS, _check_others, graph, unique_id)
        except BatchLoopError as error:
            return told(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, **_inputs: Any) -> int:
        """Whether the cached image is still the one to hand out: any change of state denies it."""
        return runtime.registry().revision

    @classmethod
    def execute(cls, directory: str, **settings: Any) -> comfy_io.NodeOutput:
        """Take the next image that can be read."""
        prompt = runtime.host().current_prompt()
        without = cls._without()
        allowed = runtime.allowed_folders()
        with runtime.telling_the_asker():
            expected = _expected(settings, cls.hidden.prompt or {}, cls.hidden.unique_id)
            request = _request(resolve_source(directory, allowed), settings, expected, without)
            partners = _partners(cls.hidden.prompt or {}, str(cls.hidden.unique_id))
        registry = runtime.registry()
        while True:
            # There may be many images that cannot be read.
            runtime.host().raise_if_cancelled()
            iteration = registry.acquire(request, prompt, partners)
            if iteration.item is None:
                return _nothing_left(iteration, request.policy)
            image = _first_read(iteration, allowed)
            if image is not None:
                _read_ahead(iteration, allowed)
                return _image(iteration, request.policy, image)

    @classmethod
    def _without(cls) -> tuple[str, ...]:
        """Names of the output nodes that nobody has asked for; OutputLeftOut for one left out."""
        host = runtime.host()
        unique_id = str(cls.hidden.unique_id)
        if cls.hidden.dynprompt is not None:
            # Another node may have made this one: then what follows that one is what counts.
            unique_id = str(cls.hidden.dynprompt.get_real_node_id(unique_id))
        unrun = host.unrun(unique_id)
        graph = host.current_submission().graph
        if unrun.left_out:
            faults = host.faults(graph, unrun.left_out)
            raise OutputLeftOut(left_out(graph, unrun.left_out, faults))
        return names_of(graph, unrun.not_asked_for)


def _source_file(key: LoopKey, path: str, allowed: AllowedFolders) -> str:
    return check_source_file(os.path.join(key.directory, *path.split("/")), allowed)


def _first_read(iteration: Iteration, allowed: AllowedFolders) -> DecodedImage | None:
    """The image of an iteration; None where it, or what goes with it, was given back.

    With it are read those of the iterators that have yet to run in this prompt, so that nothing is
    done with an image whose partner cannot be read.
    """
    assert iteration.item is not None  # noqa: S101 for the type checker: the caller has looked
    own = Partner(iteration.key, iteration.item.path)
    turn = (iteration.prompt, frozenset({own, *iteration.partners}))
    over = runtime.hand_over()
    was_read = over.was_read(turn)
    images: dict[Partner, DecodedImage] = {}
    for one in [own] if was_read else [own, *iteration.partners]:
        try:
            images[one] = (over.take(one) if was_read else None) or _read(
                one.key, one.path, allowed
            )
        except (UnreadableImage, PathRefused) as error:
            raised, reason = _told_of(error, one.key)
            runtime.registry().reject(iteration, raised, reason, one)
            if was_read:  # what goes with it was given out before
                raise raised from error
            return None
    if not was_read:
        rest = {one: image for one, image in images.items() if one != own}
        over.keep(turn, rest)
    return images[own]


def _told_of(error: UnreadableImage | PathRefused, key: LoopKey) -> tuple[BatchLoopError, str]:
    """What is raised for an image of a loop that cannot be read, and the reason that is noted."""
    if isinstance(error, UnreadableImage):
        return folder_lost(key.directory, error) or error, error.reason
    # Whoever looks at the loop is told.
    return PathRefused(error.elsewhere), error.elsewhere


def _read(key: LoopKey, path: str, allowed: AllowedFolders) -> DecodedImage:
    """The image of an item, from memory if it was read ahead."""
    source = _source_file(key, path, allowed)
    return runtime.read_ahead().take(key.id, source) or decode(source)


def _read_ahead(iteration: Iteration, allowed: AllowedFolders) -> None:
    """Begin to read the image that the next prompt will ask for, if all goes well."""
    if iteration.following is not None:
        # What is wrong with the file, its own prompt will say.
        with contextlib.suppress(PathRefused):
            source = _source_file(iteration.key, iteration.following, allowed)
            runtime.read_ahead().begin(iteration.key.id, source)


def _inputs() -> list[comfy_io.Input]:
    return [
        comfy_io.String.Input(
            "directory",
            default="",
            tooltip=(
                "The folder of images: a folder inside ComfyUI's input folder (. for the input "
                "folder itself), or the full path of an allowed folder."
            ),
        ),
        combo("filter", Filter, Filter.ALL, "Which files to take."),
        comfy_io.String.Input(
            "custom_pattern",
            default="",
            tooltip=(
                f"With filter Custom: patterns, separated by commas, such as {CUSTOM_EXAMPLE}. "
                "One that begins with an exclamation mark leaves files out."
            ),
        ),
        comfy_io.Boolean.Input(
            "recursive", default=False, tooltip="Whether to take the images in subfolders too."
        ),
        combo(
            "sort_by",
            SortBy,
            SortBy.NATURAL,
            "The order of the images. Natural name puts img2 before img10.",
        ),
        comfy_io.Boolean.Input(
            "descending", default=False, tooltip="Whether to turn the order around."
        ),
        combo(
            "iteration_mode",
            IterationMode,
            IterationMode.CONTINUE,
            "Continue goes on where the batch stands. Reset starts it over, once: at the next "
            "run, and again when it is complete. Retry failed takes what failed again, likewise.",
        ),
        combo(
            "error_handling",
            ErrorHandling,
            ErrorHandling.STOP,
            "When an image cannot be read, or the workflow fails on it: stop there, so that the "
            "next run tries it again, or note it as failed and go on.",
        ),
        comfy_io.Int.Input(
            "start_index",
            default=0,
            min=0,
            max=LARGEST,
            tooltip="How many images at the beginning of the order to leave out.",
        ),
        comfy_io.Int.Input(
            "limit",
            default=0,
            min=0,
            max=LARGEST,
            tooltip="How many images to take at the most; 0 takes all.",
        ),
        advanced(
            comfy_io.Int.Input(
                "max_attempts",
                default=1,
                min=1,
                max=100,
                tooltip=(
                    "With Skip on error: how often the workflow may fail on an image before it "
                    "is given up."
                ),
            )
        ),
        advanced(
            combo(
                "when_complete",
                WhenComplete,
                WhenComplete.STOP,
                "When every image is finished: Stop does nothing more, Start over begins again "
                "with the next run, Watch waits for new images and goes on by itself.",
            )
        ),
        advanced(
            comfy_io.String.Input(
                "loop_name",
                default="",
                tooltip=(
                    "Two workflows on one folder share its images between them, unless their "
                    "loop names differ: then each goes through all of them."
                ),
            )
        ),
        comfy_io.Boolean.Input(
            "skip_finished",
            default=False,
            tooltip="Leave out images whose result is there already.",
        ),
        advanced(
            comfy_io.String.Input(
                "finished_as",
                default="",
                tooltip=(
                    # No braces: ComfyUI's frontends would take them for places to fill.
                    "With skip_finished: how results are named in the output folder. The words "
                    "stem, filename and subfolder, in braces, stand for the source's own. Empty: "
                    "as Save Image (Batch) names them."
                ),
            )
        ),
    ]


def _outputs() -> list[comfy_io.Output]:
    return [
        LoopSocket.Output("loop", display_name="loop", tooltip="Connect Loop Start's loop."),
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
            "index", display_name="index", tooltip="The image's place in the order, from 0."
        ),
        comfy_io.Int.Output("total", display_name="total", tooltip="How many images there are."),
        comfy_io.String.Output("status", display_name="status", tooltip="Such as 3 of 7: img3.png"),
    ]


_DECIDING = {"filter", "custom_pattern", "recursive"}
"""Inputs that decide which files match."""

_NAMING = {"skip_finished", "finished_as"}
"""Inputs that decide which images are left out."""

_SETTINGS = {widget.id for widget in _inputs()} - {"directory"}
"""All inputs beside the folder."""


def _expected(
    settings: Mapping[str, Any], graph: Mapping[str, Mapping[str, Any]], unique_id: str
) -> tuple[ResultName, ...]:
    """How results are named, where images with a result are to be left out."""
    if not settings["skip_finished"]:
        return ()
    finished_as = str(settings["finished_as"])
    return expected_results(graph, unique_id, finished_as, runtime.allowed_folders())


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


def _request(
    folder: str,
    settings: Mapping[str, Any],
    expected: tuple[ResultName, ...],
    without: tuple[str, ...] = (),
) -> Request:
    selection = _selection(settings, expected)
    when_complete = chosen(WhenComplete, settings["when_complete"], "when_complete")
    if when_complete is WhenComplete.WATCH and selection.has_range:
        raise InvalidSetting(_watched_range(selection))
    return Request(
        key=runtime.registry().key(settings["loop_name"], folder),
        selection=selection,
        mode=chosen(IterationMode, settings["iteration_mode"], "iteration_mode"),
        policy=Policy(
            error_handling=chosen(ErrorHandling, settings["error_handling"], "error_handling"),
            max_attempts=max(1, int(settings["max_attempts"])),
            when_complete=when_complete,
        ),
        without=without,
    )


def _check_savers(submission: Submission, unique_id: str) -> None:
    check_saver_folders(submission, unique_id, runtime.allowed_folders())


def _others(graph: Graph, unique_id: str) -> list[str]:
    """Ids of the iterators whose work meets that of one: they advance together with it."""
    return meeting(graph, unique_id, node_id("DirectoryIterator"), node_id("BatchComplete"))[1:]


def _literal_request(graph: Graph, unique_id: str) -> Request | None:
    """What an iterator of the graph will ask for; None where that comes from another node."""
    given = {
        name: value
        for name, value in graph.get(unique_id, {}).get("inputs", {}).items()
        if not is_link(value)
    }
    if not given.keys() >= {"directory", *_SETTINGS}:
        return None
    folder = resolve_source(given["directory"], runtime.allowed_folders())
    return _request(folder, given, _expected(given, graph, unique_id))


def _partners(graph: Graph, unique_id: str) -> list[Request]:
    """What the iterators will ask for that advance together with one."""
    requests = []
    for other in _others(graph, unique_id):
        request = _literal_request(graph, other)
        if request is None:
            raise InvalidSetting(_not_known_yet(graph, other))
        requests.append(request)
    return requests


def _check_others(graph: Graph, unique_id: str) -> None:
    """Raise InvalidSetting where other iterators of the graph do not go together with one."""
    of_class = [
        each
        for each, node in graph.items()
        if each != unique_id and node.get("class_type") == node_id("DirectoryIterator")
    ]
    if not of_class:
        return
    own = _literal_request(graph, unique_id)
    if _others(graph, unique_id):
        if own is None:
            raise InvalidSetting(_not_known_yet(graph, unique_id))
        together([own, *_partners(graph, unique_id)])
    for other in of_class:
        request = None
        with contextlib.suppress(BatchLoopError):  # that one says so itself
            request = _literal_request(graph, other)
        if own is not None and request is not None and request.key == own.key:
            together([own, request])


def _not_known_yet(graph: Graph, unique_id: str) -> str:
    inputs = graph.get(unique_id, {}).get("inputs", {})
    linked_ones = ", ".join(name for name, value in inputs.items() if is_link(value))
    return (
        f"The images of {name_of(graph, unique_id)} go through this workflow together with those "
        f"of another Directory Iterator, and {linked_ones} of it comes from another node. Which "
        "images go together has to be known before: type it into the node itself."
    )


def _check_settings(
    directory: str,
    inputs: Mapping[str, Any],
    graph: Mapping[str, Mapping[str, Any]],
    unique_id: str,
) -> None:
    """Raise what execution would, as far as that shows before the run.

    NoImages when nothing in the folder matches. A loop that has its listing is not looked at again:
    where few files match, the first of them may be far behind, and this is done for each prompt.
    """
    folder = resolve_source(directory, runtime.allowed_folders())
    given = {name: value for name, value in inputs.items() if not is_link(value)}
    expected: tuple[ResultName, ...] = ()
    if given.keys() >= _NAMING:
        expected = _expected(given, graph, unique_id)
    if given.keys() >= _SETTINGS:
        request = _request(folder, given, expected)
        watches = request.policy.when_complete is WhenComplete.WATCH
        if watches or runtime.registry().has_listing(request):
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


def _nothing_left(iteration: Iteration, policy: Policy) -> comfy_io.NodeOutput:
    """The outputs where no image is left to take: blocked where they lead to work on one."""
    status = handed_out(iteration)
    total = iteration.counts.total
    return comfy_io.NodeOutput(
        iteration,
        *[ExecutionBlocker(None)] * 6,
        total,
        status,
        ui=_ui(iteration, policy, index=total, filename="", status=status),
    )


def _image(iteration: Iteration, policy: Policy, image: DecodedImage) -> comfy_io.NodeOutput:
    """The outputs on an image."""
    assert iteration.item is not None  # noqa: S101 for the type checker: the caller has looked
    path, index = iteration.item.path, iteration.item.index
    filename = posixpath.basename(path)
    status = handed_out(iteration)
    return comfy_io.NodeOutput(
        iteration,
        image.image,
        image.mask,
        filename,
        posixpath.splitext(filename)[0],
        path,
        index,
        iteration.counts.total,
        status,
        ui=_ui(iteration, policy, index=index, filename=filename, status=status),
    )


def _ui(
    iteration: Iteration, policy: Policy, *, index: int, filename: str, status: str
) -> dict[str, list[dict[str, Any]]]:
    """What the web extension and scripts are told of this turn."""
    return {
        UI_KEY: [
            {
                "kind": "iteration",
                "loop": iteration.key.id,
                "directory": iteration.key.directory,
                "loop_name": iteration.key.name,
                "complete": iteration.complete and not iteration.elsewhere,
                "index": index,
                "total": iteration.counts.total,
                "done": done(iteration.counts),
                "failed": iteration.counts.failed,
                "filename": filename,
                "error_handling": policy.error_handling.value,
                "finished": iteration.finished,
                "watch": iteration.watch,
                "without": list(iteration.without),
                "status": status,
            }
        ]
    }


def _watched_range(selection: Selection) -> str:
    return (
        f"when_complete is Watch, and start_index {selection.start_index} and limit "
        f"{selection.limit} make a range, to which no new image is added. Set both to 0, or "
        "choose Stop."
    )


def _loop_end_missing() -> str:
    return (
        "No Loop End is connected to this Directory Iterator, so no image would ever count as "
        "done. Add a Loop End, and connect its `loop` to Loop Start's `loop` (or to this node's)."
    )
