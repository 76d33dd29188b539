"""What is known of an item's file, and of the files of its results."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...common.errors import BatchLoopError, PathRefused, UnreadableFilm, UnreadableImage
from ...engine.registry import LoopRegistry
from ...files.allowed_paths import AllowedFolders, check_source_file
from ...files.unreadable import opened_image
from ...model.titles import frames_of, is_frame, is_row
from ...pictures.beside_results import frames_beside
from ...pictures.frames import FramePictures
from ...pictures.shown import Look, is_transparent, look
from ...sources.frames import frame_in
from ...sources.rows import Rows

MOST_RESULTS = 200
"""The most results of an image that are looked at."""


@dataclass(frozen=True)
class ItemFiles:
    """Looks at the files of items, for pages."""

    registry: LoopRegistry
    rows: Rows
    frames: FramePictures
    allowed: AllowedFolders

    def of(self, loop_id: str, path: str) -> dict[str, Any]:
        """The files of an item of a loop; raises UnknownLoop and UnknownItem."""
        source, results = self.registry.files_of(loop_id, path)
        shown = results[:MOST_RESULTS]
        if is_row(path):
            return self._beside_row(loop_id, path, source, shown)
        found = self._looked_at(source, shown)
        if is_frame(path):
            # It is one picture of the film, whose size on the disk says nothing of it.
            found["source"] |= {"plays": "", "bytes": None}
            found["frames"] = self._frames(loop_id, path, source, results)
        return found

    def _beside_row(
        self, loop_id: str, path: str, table: str, results: Sequence[str]
    ) -> dict[str, Any]:
        """A row, which is a text in a table, and the files of its results."""
        own = {**_nothing(table), "shows": "text", "bytes": None}
        try:
            text_of_row(self.registry, self.rows, loop_id, path)
        except BatchLoopError as error:
            own |= {"shows": "nothing", "reason": getattr(error, "reason", error.elsewhere)}
        return {"source": own, "results": list(map(self._described, results)), "frames": []}

    def _looked_at(self, source: str, results: Sequence[str]) -> dict[str, Any]:
        """An image's file and those of its results."""
        own = self._described(source)
        files = list(map(self._described, results))
        if own["transparent"] and not all(file["transparent"] for file in files):
            # An image that may be transparent, and is not anywhere, has nothing to lose.
            own["transparent"] = self._is_transparent(source)
        for file in files:
            is_opaque = file["shows"] == "picture" and not file["transparent"]
            file["lost_transparency"] = own["transparent"] and is_opaque
        return {"source": own, "results": files, "frames": []}

    def _frames(
        self, loop_id: str, path: str, film: str, results: Sequence[str]
    ) -> list[dict[str, Any]]:
        """The frame beside each result, or the first one if there is none; nothing if it is gone.

        Of each, its number, and when it is shown, in seconds.
        """
        key, _ = self.registry.reading_of(loop_id, path)
        first = frame_in(key.entry(path))
        try:
            times = self.frames.times(check_source_file(film, self.allowed))
        except (PathRefused, UnreadableFilm):
            return []
        count = min(frames_of(path), len(times.shown) - first)
        if count <= 0:
            return []
        numbers = list(frames_beside(results, first, count)[:MOST_RESULTS]) or [first]
        return [
            {"number": number, "seconds": round(times.seconds(number), 3)} for number in numbers
        ]

    def _described(self, named: str) -> dict[str, Any]:
        """A file for the page: what it shows, its size, or why it shows nothing."""
        found, reason = Look("nothing", 0), ""
        try:
            with opened_image(check_source_file(named, self.allowed)) as opened:
                found = look(opened, named)
        except UnreadableImage as error:
            reason = error.reason
        except PathRefused as error:
            reason = error.elsewhere
        return {
            **_nothing(named),
            "shows": found.shows,
            "bytes": found.nbytes,
            "width": found.width,
            "height": found.height,
            "animated": found.animated,
            "plays": found.plays,
            "transparent": found.may_be_transparent,
            "reason": reason,
        }

    def _is_transparent(self, named: str) -> bool:
        with (
            suppress(UnreadableImage),
            opened_image(check_source_file(named, self.allowed)) as opened,
        ):
            return is_transparent(opened)
        return False


def text_of_row(registry: LoopRegistry, rows: Rows, loop_id: str, path: str) -> str:
    """What is in a row of a loop; raises UnknownItem, and what reading the table raises."""
    key, selection = registry.reading_of(loop_id, path)
    return rows.row(key.of_entries, selection, key.entry(path)).whole_text


def _nothing(named: str) -> dict[str, Any]:
    """What a page is told of a file that shows nothing."""
    return {
        "path": named,
        "shows": "nothing",
        "bytes": 0,
        "width": 0,
        "height": 0,
        "animated": False,
        "plays": "",
        "transparent": False,
        "lost_transparency": False,
        "reason": "",
    }
