"""The state of a loop in words."""

from __future__ import annotations

from ..model.go_or_stop import Next, standing_of
from ..model.items import Item
from ..model.loop_key import VARIANTS
from ..model.records import Iteration, Snapshot


def handed_out(iteration: Iteration) -> str:
    """Directory Iterator's message: which image this is, or why there is none."""
    if iteration.item is None and iteration.elsewhere:
        return _waiting(tally(iteration), iteration.elsewhere)
    if iteration.item is None:
        return f"Complete: {tally(iteration)}"
    text = f"{iteration.item.index + 1} of {iteration.counts.total}: {iteration.item.title}"
    if iteration.tried:
        return f"Trying {text}; nothing is counted"
    if iteration.forgets:
        text += (
            " (forgotten when ComfyUI ends, as its state cannot be kept in ComfyUI's user folder: "
            f"{iteration.forgets})"
        )
    if iteration.without:
        text += f" ({part(iteration)})"
    if iteration.carried.lost is None:
        return text
    return (
        f"{text} (ComfyUI was started again, and what Loop End had carried over is lost: "
        f"{iteration.carried.lost}. Loop Start gives initial_value.)"
    )


def part(iteration: Iteration) -> str:
    """The message for an image that only a part of the workflow runs on."""
    return f"only a part of the workflow runs, without {', '.join(iteration.without)}: not done yet"


def tally(loop: Iteration | Snapshot) -> str:
    """The counts of a loop in words. A finishing item counts as done."""
    counts, finished = loop.counts, loop.finished
    left_out = f", {loop.lacking} left out without a companion" if loop.lacking else ""
    if not counts.total:
        text = f"all {finished} results are there already" if finished else "no images yet"
        return text + left_out
    text = f"{counts.succeeded} of {counts.total} done"
    if counts.failed:
        text += f", {counts.failed} failed"
    if counts.unpaired and not counts.to_hand_out:
        images = "1 image has" if counts.unpaired == 1 else f"{counts.unpaired} images have"
        text += f", {images} no partner"
    if finished:
        text += f", {finished} were there already"
    return text + left_out


def progress(snapshot: Snapshot) -> str:
    """How far a batch is."""
    text = tally(snapshot)
    if standing_of(snapshot).next is Next.WAIT:
        return _waiting(text, snapshot.elsewhere)
    return f"Complete: {text}" if snapshot.complete else text


def progress_in(iteration: Iteration, snapshot: Snapshot) -> str:
    """The message of a node in an iteration about its loop."""
    text = progress(snapshot)
    if iteration.item is not None and iteration.without:
        text += f"; {iteration.item.title}: {part(iteration)}"
    return text


def _waiting(text: str, elsewhere: int) -> str:
    return f"Waiting: {text}, other servers work on {_images(elsewhere)}"


def report(snapshot: Snapshot) -> str:
    """The batch in a few lines: the tally, then each failed item with its node and reason."""
    lines = [progress(snapshot), *_notes(snapshot)]
    lines += [_failed(item) for item in snapshot.failures]
    unnamed = snapshot.counts.failed - len(snapshot.failures)
    if unnamed:
        lines.append(f"… and {unnamed} more")
    return "\n".join(lines)


def _notes(snapshot: Snapshot) -> list[str]:
    """What is no failure, and yet worth knowing."""
    opaque, renamed = snapshot.lost_transparency, snapshot.renamed_texts
    # With variants, an image has several results.
    counted = _runs if snapshot.windows or snapshot.source.endswith(VARIANTS) else _images
    notes = [f"Without their sources' transparency: {counted(opaque)}"] if opaque else []
    if renamed:
        notes.append(f"Texts under other names, as files of their names were there: {renamed}")
    return notes


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _failed(item: Item) -> str:
    if item.failure is None:
        return item.path
    tries = "" if item.attempts <= 1 else f" (after {item.attempts} tries)"
    if item.failure.node_id is None:
        return f"{item.title}: {item.failure.reason}{tries}"
    node = f"{item.failure.node_type} #{item.failure.node_id}"
    return f"{item.title}: {node}: {item.failure.reason}{tries}"
