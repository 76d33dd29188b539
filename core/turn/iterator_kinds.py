"""What the classes of iterators differ in: their settings, and what they take their items from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from ..common.errors import NoImages
from ..common.names import (
    AUDIO_ITERATOR,
    DIRECTORY_ITERATOR,
    FRAME_ITERATOR,
    ROW_ITERATOR,
    VIDEO_ITERATOR,
)
from ..files.allowed_paths import AllowedFolders, resolve_source
from ..files.listing import has_images
from ..model.loop_key import AUDIO, FRAMES, IMAGES, ROWS, TYPED_TEXT, VIDEOS, LoopKey
from ..model.policy import IterationMode, Policy
from ..model.result_names import ResultName
from ..model.selection import Selection
from ..model.settings.directory_iterator import LISTING, MATCHING, IteratorSettings
from ..model.settings.file_iterator import (
    FILE_LISTING,
    MATCHING_FILES,
    AudioSettings,
    FileSettings,
    VideoSettings,
)
from ..model.settings.frame_iterator import FILM_READING, FRAME_LISTING, FrameSettings
from ..model.settings.row_iterator import READING, ROW_LISTING, RowSettings
from ..model.settings.setting import Setting
from ..sources.film_files import resolve_film
from ..sources.image_folder import no_images
from ..sources.interface import Source
from ..sources.table_files import resolve_table


class Settings(Protocol):
    """The settings that all iterators have, see `DeclaredSettings`."""

    words: ClassVar[Mapping[str, str]]
    """What the items are called, and what they are in: `item`, `an_item`, `place`."""

    @classmethod
    def declared(cls) -> Mapping[str, Setting]:
        """All settings by name, in the order of the node's inputs."""

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Settings:
        """The settings in a node's inputs; raises InvalidSetting."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any], names: Collection[str]) -> Settings:
        """Like `of`, for the given `names` in a route's JSON body."""

    @property
    def iteration_mode(self) -> IterationMode:
        """What a run does with the results of earlier runs."""

    @property
    def loop_name(self) -> str:
        """See `LoopKey.name`."""

    @property
    def skip_finished(self) -> bool:
        """Whether items with a result are left out."""

    @property
    def finished_as(self) -> str:
        """How results are named; empty if the savers say so."""

    @property
    def policy(self) -> Policy:
        """How failures and the end of the batch are handled."""

    def selection(self, finished: tuple[ResultName, ...] = ()) -> Selection:
        """What decides on the listing; raises InvalidSetting."""


@dataclass(frozen=True)
class Kind:
    """A class of iterators."""

    source: str
    """See `LoopKey.source`."""
    settings: type[Settings]
    place: Callable[[Any, AllowedFolders], str]
    """The real path that settings name, see `LoopKey.directory`; raises BatchLoopError."""
    listing: Collection[str]
    """The settings that decide what a new batch would contain."""
    matching: Collection[str]
    """The settings that decide whether there is any item, regardless of the range."""
    check: Callable[[Source, LoopKey, Selection], object]
    """Raises NoImages if there is none, and what is wrong with the source."""

    def of_json(self, body: Mapping[str, Any], names: Collection[str]) -> Any:
        """The settings of `names` in a route's JSON body, of which the first is required.

        Raises InvalidSetting.
        """
        first = next(iter(self.settings.declared()))
        return self.settings.of_json({first: None, **body}, names)


def _check_folder(_source: Source, key: LoopKey, selection: Selection) -> None:
    if not has_images(key.directory, selection):
        # Nothing in the whole folder matches: the range is not to blame.
        raise NoImages(no_images(key.directory, replace(selection, start_index=0, limit=0)))


def _check_items(source: Source, key: LoopKey, selection: Selection) -> None:
    as_written = Selection(options=selection.options)
    part = source.part(key, as_written, 0, 1)
    if part is None or not part.paths:
        raise NoImages(source.nothing(key, as_written, 0))


def _table(settings: RowSettings, allowed: AllowedFolders) -> str:
    return TYPED_TEXT if settings.is_typed else resolve_table(settings.file, allowed)


def _film(settings: FrameSettings, allowed: AllowedFolders) -> str:
    return resolve_film(settings.film, allowed)


def _folder(settings: IteratorSettings | FileSettings, allowed: AllowedFolders) -> str:
    return resolve_source(settings.directory, allowed)


KINDS: Mapping[str, Kind] = {
    DIRECTORY_ITERATOR: Kind(IMAGES, IteratorSettings, _folder, LISTING, MATCHING, _check_folder),
    FRAME_ITERATOR: Kind(FRAMES, FrameSettings, _film, FRAME_LISTING, FILM_READING, _check_items),
    ROW_ITERATOR: Kind(ROWS, RowSettings, _table, ROW_LISTING, READING, _check_items),
    VIDEO_ITERATOR: Kind(
        VIDEOS, VideoSettings, _folder, FILE_LISTING, MATCHING_FILES, _check_folder
    ),
    AUDIO_ITERATOR: Kind(
        AUDIO, AudioSettings, _folder, FILE_LISTING, MATCHING_FILES, _check_folder
    ),
}
"""All kinds by the class of their nodes."""

WORDS: Mapping[str, Mapping[str, str]] = {
    kind.source: kind.settings.words for kind in KINDS.values()
}
"""Those of each kind of entries, see `LoopKey.kind`."""
