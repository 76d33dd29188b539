"""Making a film of the results of a complete batch."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain

import av
import numpy as np

from ..common.errors import ResultsMissing, quoted
from ..files.allowed_paths import AllowedFolders, check_target_file
from ..files.atomic import make_atomic
from ..films.encoders import encoder_of
from ..films.film_writer import Looks, SoundOf, Times, encoding, write_film
from ..films.finder import FrameTimes
from ..media.formats.decode import DecodedImage
from ..model.formats import FilmCodec, FilmDepth, MissingResults
from ..model.if_exists import IfExists
from ..model.loop_key import FRAMES, LoopKey
from ..model.result_names import assembled_as
from ..model.shared_roots import NO_ROOTS, Roots
from ..model.titles import taken_with
from ..results.source_names import name_of_source
from ..sources.table_files import there
from ..sources.variants import variants_of
from .changed_film import notice_of_change
from .freed_memory import freed_memory_given_back, give_back
from .item_results import ItemResults
from .own_film import Mark, places
from .pixels import pictures
from .results import Found, Pictures, Registry, Wanted
from .spoilt import SpoiltResults, items_with, spoilt_results

_log = logging.getLogger(__name__)

USUAL_FPS = 24.0
_FINEST_FPS = 1001
"""The largest denominator of a rate: those of films are n/1001."""


@dataclass(frozen=True)
class Settings:
    """How a film is made; the settings of Assemble Video."""

    folder: str
    """Real path."""
    prefix: str
    suffix: str
    codec: FilmCodec
    quality: int
    depth: FilmDepth
    sound: bool
    """Whether it gets the sound of the film that it was made from."""
    fps: float
    """Of what was not made from a film's frames."""
    missing: MissingResults
    if_exists: IfExists
    results: str | None = None
    """Real path of the folder whose results it is made of; None for all."""
    metadata: Mapping[str, str] | None = None
    """What is written into the file: the workflow."""


class Assembler:
    """Makes a film of the results of a batch."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a film needs of the process
        self,
        registry: Registry,
        allowed: AllowedFolders,
        read: Callable[[str], DecodedImage],
        film_times: Callable[[str, str], FrameTimes],
        going_on: Callable[[], object],
        progress: Callable[[int, int], object],
        roots: Roots = NO_ROOTS,
        is_shared: Callable[[str], bool] = lambda _path: True,
        notice: Callable[[str], object] = lambda _text: None,
    ) -> None:
        """`read` decodes the image at a real path; what `going_on` raises ends the work.

        `film_times` tells when the frames are shown of the film that a loop, by its id, reads at a
        real path.
        `progress` is told how many pictures are in the film, and how many it will have. `roots` are
        the places of shared folders here; `is_shared` tells whether each server that works on the
        batch has the same file at a real path; `notice` is told what a person should know.
        """
        self._registry = registry
        self._allowed = allowed
        self._read = read
        self._film_times = film_times
        self._going_on = going_on
        self._progress = progress
        self._roots = roots
        self._is_shared = is_shared
        self._notice = notice

    def make(self, key: LoopKey, batch: int, node: str, settings: Settings) -> list[str]:
        """The real paths of the films of a batch that is complete, of each variant one, in order.

        What is there is not made again; a film appears once it is whole. Raises ResultsMissing if
        the results make no film, before any is made, FolderNotFound if the film is gone that they
        were made from, UnreadableSound if its sound cannot be read, and UnwritableImage. What has
        lost a result that it takes is FAILED then, so that Retry failed does it again.
        """
        wanted = Wanted(
            self._registry,
            self._allowed,
            settings.missing,
            settings.results,
            self._going_on,
            self._is_shared,
        )
        source = self._source(key)
        found = wanted.found(key)
        if found.back:
            self._registry.results_back(key, batch, found.back)
        try:
            films = self._films(key, wanted, found, source, settings)
        except ResultsMissing:
            self._registry.results_gone(key, batch, found.deleted, node)
            raise
        unpaired = sum(len(results.unpaired) for results in found.results.values())
        if unpaired:
            _log.info(_UNPAIRED, name_of_source(key), unpaired)
        self._tell_of_change(films)
        count, before = sum(len(film.pictures) for film in films), 0
        paths = []
        for film in films:
            try:
                paths.append(self._made(film, key, node, settings, (before, count)))
            except SpoiltResults as error:
                items = items_with(error.paths, key, found.results.values(), self._is_shared)
                why = f"its result cannot be read: {error.reason}"
                self._registry.results_gone(key, batch, items, node, why)
                raise spoilt_results(items, error) from error
            before += len(film.pictures)
        return paths

    def _films(
        self,
        key: LoopKey,
        wanted: Wanted,
        found: Found,
        source: tuple[str, FrameTimes] | None,
        settings: Settings,
    ) -> list[_Film]:
        """What the films are made of; raises ResultsMissing."""
        variants = variants_of(self._registry.selection_of(key.id)) if key.has_variants else None
        none = ItemResults()
        return [
            self._gathered(key, wanted, found.results.get(label, none), label, source, settings)
            for label in ([""] if variants is None else variants.labelled)
        ]

    def _tell_of_change(self, films: Sequence[_Film]) -> None:
        for film in films:
            text = film.source and notice_of_change(film.source, film.pictures)
            if text:
                self._notice(text)
                return

    def _source(self, key: LoopKey) -> tuple[str, FrameTimes] | None:
        """The film whose frames a loop has, and when they are shown; None if it has others."""
        if key.kind != FRAMES:
            return None
        path = there(key.directory, self._allowed)
        return path, self._film_times(key.id, path)

    @staticmethod
    def _gathered(  # noqa: PLR0913, PLR0917 - all that a film is made of
        key: LoopKey,
        wanted: Wanted,
        results: ItemResults,
        label: str,
        source: tuple[str, FrameTimes] | None,
        settings: Settings,
    ) -> _Film:
        """What the film of a variant is made of; of the whole batch if `label` is empty."""
        own = name_of_source(key) + ".film"
        name = taken_with(own, label) if label else own
        if source is None:
            found = wanted.of_items(results)
            return _Film(name, found.paths, _even_times(len(found.paths), settings.fps))
        path, film = source
        found = wanted.of_frames(key, len(film.shown), results, label)
        times, start = _times_of(film, found)
        sound = SoundOf(path, start) if settings.sound else None
        return _Film(name, found.paths, times, path, sound)

    def _made(
        self, film: _Film, key: LoopKey, node: str, settings: Settings, part: tuple[int, int]
    ) -> str:
        """The path of a film; `part` is how many pictures those before it have, and all."""
        encoder = encoder_of(settings.codec, settings.depth)
        sources = [] if film.source is None else [film.source]
        made_of = chain(sources, film.pictures)
        mark = Mark.made_by(key.id, node, made_of, _said(settings), self._roots)
        name = assembled_as(
            settings.folder,
            prefix=settings.prefix,
            suffix=settings.suffix,
            extension=encoder.extension,
        )
        target = check_target_file(os.path.join(name.folder, name.of(film.name)), self._allowed)
        looks = Looks(encoder, settings.depth, settings.quality)
        metadata = {**(settings.metadata or {}), **mark.metadata}
        before, count = part

        def going_on(number: int) -> None:
            self._going_on()
            self._progress(before + number, count)

        def made(place: str, new_path: Callable[[], str]) -> str:
            path = new_path()
            images = pictures(film.pictures, settings.depth, self._read, going_on)
            with (
                freed_memory_given_back(),
                nullcontext() if film.sound is None else film.sound.opened() as sound,
                encoding(partial(_not_made, place)),
            ):
                # To open a long film FFmpeg takes twice as much as it keeps: it lists all packets.
                give_back()
                write_film(path, images, film.times, looks, sound=sound, metadata=metadata)
            return path

        stem = os.path.splitext(target)[0]
        for place in places(stem, encoder.extension, settings.if_exists, mark, sources):
            if place.is_there:
                return place.path
            make = partial(made, place.path)
            if make_atomic(place.path, make, place.if_exists, check=self._going_on):
                return place.path
        message = "unreachable: there is always another place"
        raise AssertionError(message)


@dataclass(frozen=True)
class _Film:
    """What one film is made of."""

    name: str
    """As that of a source: the film's own name is made of it."""
    pictures: Sequence[str]
    """Real paths, in order."""
    times: Times
    source: str | None = None
    """Real path of the film whose frames they were made from."""
    sound: SoundOf | None = None


def _times_of(film: FrameTimes, found: Pictures) -> tuple[Times, Fraction]:
    """When the results of frames are shown, and where they begin by the clock of their film."""
    shown, count = film.shown, len(found.paths)
    end = found.first + count
    own = shown[found.first : end]
    if not film.unit:
        raise ResultsMissing(_NO_TIMES)
    if end < len(shown):
        last = int(shown[end] - shown[end - 1])
    else:
        steps = np.diff(shown)
        last = int(np.median(steps)) if len(steps) else max(1, round(1 / USUAL_FPS / film.unit))
    times = Times(own - own[0], int(own[-1] - own[0]) + last, film.unit)
    return times, int(own[0]) * film.unit


def _even_times(count: int, fps: float) -> Times:
    rate = Fraction(fps or USUAL_FPS).limit_denominator(_FINEST_FPS)
    return Times(np.arange(count, dtype=np.int64), count, 1 / rate)


def _said(settings: Settings) -> dict[str, object]:
    """The settings that a film looks or sounds different with."""
    return {
        "codec": settings.codec.value,
        "quality": settings.quality,
        "depth": settings.depth.value,
        "sound": settings.sound,
        "fps": settings.fps,
    }


def _not_made(target: str, error: av.error.FFmpegError) -> str:
    return (
        f"Cannot make the video {quoted(target)}: {str(error).rstrip('.')}. Choose another codec "
        "or depth, and run again."
    )


_UNPAIRED = "Batch Loop: items of %s that have no partner, and are in no video: %d"

_NO_TIMES = (
    "No video was made: the video does not say when its frames are shown, or how many there are in "
    "a second. Convert it to an MP4 file with a video editor, and run again with Start over."
)
