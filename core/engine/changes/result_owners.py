"""Which image wrote which file, so that no result replaces another.

Everything must be called inside a transaction, unless it says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...common.sight import MOST_SIGHTS, Sight, Sights, seen
from ...files.listing import is_listed, linked_files
from ...files.same_file import Identities, folded, folds, identity
from ...files.same_folder import way_from
from ...model.if_exists import Owner
from ...model.items import ItemState
from ...model.loop_key import LoopKey
from ...model.prompt import Prompt, Saved
from ...model.records import KnownResult
from ...model.shared_roots import NO_ROOTS, Roots
from ...store.interface import Store
from ...store.records import UNLISTED
from .process_memory import Memory, Work

if TYPE_CHECKING:
    from ...model.selection import Selection


class UnseenLinks(NamedTuple):
    """A look that is due: which files images of a loop are links to."""

    key: LoopKey
    selection: Selection
    listing: Hashable
    """What tells the listing from others of the loop."""


class UnreadFiles(NamedTuple):
    """Files, by their real paths, whose content has to be read: nothing else tells their owner."""

    files: Collection[str]


SeenLinks = Mapping[UnseenLinks, Collection[str]]
"""The files found by each look, by identity."""


_GONE = Sight(0, 0)
"""How a file looks that another node has moved away: no file that gets its name looks like that."""

_FREE = frozenset({Owner.NEW, Owner.SAME})
"""The owners of files that may be claimed."""


class Outputs:
    """The files that the loops have written, by their real paths."""

    def __init__(
        self,
        store: Store,
        memory: Memory,
        roots: Roots = NO_ROOTS,
        real_path: Callable[[str], str | None] = str,
    ) -> None:
        """`roots` are the folders that machines share; `real_path` is as in `Parts`."""
        self._store = store
        self._memory = memory
        self._roots = roots
        self.real_path = real_path

    def claim(  # noqa: PLR0913 - who claims, what, and how
        self,
        key: LoopKey,
        prompt: Prompt,
        path: str,
        targets: Collection[str],
        kept: Collection[str],
        *,
        there: Mapping[str, Sight],
        links: SeenLinks,
        result: str,
        replaces_own: bool,
        partners: Collection[LoopKey] = (),
        at: int | None = None,
    ) -> dict[str, Owner] | UnseenLinks | UnreadFiles:
        """Claim `targets` for the item at `path`, all or none; see `LoopRegistry.claim_outputs`.

        `partners` are the loops whose items go through the workflow together with it: their images
        are sources, too. The targets `there` already exist, and look like that: an image may be a
        link to one that would be replaced. If telling this needs a look that is not in `links`, or
        files have to be read, nothing is done, and it is returned. `at` is when the files will have
        been modified; None if nothing can tell how they will look.
        """
        unread = [
            each for each, found in there.items() if self._is_in_doubt(key, path, each, found)
        ]
        if unread:
            return UnreadFiles(unread)
        work = self._work(key, prompt)
        sources = (key, *partners)
        owners = {
            target: Owner.SOURCE
            if any(self._is_source(each, target) for each in sources)
            else self._owner(
                key,
                path,
                self._identity(key, target),
                work,
                result,
                found=there.get(target),
                kept=target in kept,
                replaces_own=replaces_own,
            )
            for target in targets
        }
        for target in there:
            if owners[target] is Owner.NEW and any(
                self._may_read(each, target) for each in sources
            ):
                owners[target] = Owner.LEFT_OUT
        replaced = [target for target in there if owners[target] in {Owner.NEW, Owner.SAME}]
        if replaced:
            for each in sources:
                linked = self._linked(each, links)
                if isinstance(linked, UnseenLinks):
                    return linked
                behind = [target for target in replaced if self._identity(each, target) in linked]
                owners.update(dict.fromkeys(behind, Owner.SOURCE))
        if _FREE.issuperset(owners.values()):
            identities = {self._identity(key, target): target for target in owners}
            new = {
                of: file for of, file in identities.items() if self._store.writer(key, of) is None
            }
            sights = {
                of: self._sights(key, path, of, work.sights.get(file), there.get(file), at=at)
                for of, file in identities.items()
            }
            self._note(key, path, owners, sights)
        if _FREE.issuperset(owners.values()):
            work = work._replace(
                claimed={**work.claimed, **dict.fromkeys(identities, result)},
                new={**work.new, **new},
                sights={
                    **work.sights,
                    **{file: (of, sights[of]) for of, file in identities.items()},
                },
            )
            self._note_work(key, prompt, work)
        before = [self._identity(key, at) for at, owner in owners.items() if owner is Owner.BEFORE]
        if before:
            self._leave_alone(key, prompt, before, result)
        return owners

    def _leave_alone(
        self, key: LoopKey, prompt: Prompt, targets: Collection[str], result: str
    ) -> None:
        """Note existing files that were kept, where a result was to be written."""
        for target in targets:
            written = self._store.writer(key, target)
            # The item has written it in this batch, and somebody has replaced it since.
            if written is not None and written.batch == self._batch(key):
                self._store.note_replaced(key, target)
        work = self._work(key, prompt)
        left_alone = {**work.left_alone, **dict.fromkeys(targets, result)}
        self._note_work(key, prompt, work._replace(left_alone=left_alone))

    def pass_over(self, key: LoopKey, path: str, files: Collection[str]) -> None:
        """Leave the item's own `files` of this batch alone: its result gets another name."""
        for target in (self._identity(key, file) for file in files):
            written = self._store.writer(key, target)
            in_this_batch = written is not None and written.batch == self._batch(key)
            if in_this_batch and self._is_own(key, path, target):
                self._store.note_replaced(key, target)

    def is_no_result(self, key: LoopKey, file: str) -> bool:
        """Whether no loop is known to have written the file at a real path."""
        return self._store.writer(key, self._identity(key, file)) is None

    def _work(self, key: LoopKey, prompt: Prompt) -> Work:
        return self._memory[key].work.get(prompt, Work())

    def _note_work(self, key: LoopKey, prompt: Prompt, work: Work) -> None:
        self._memory.change(key, work={**self._memory[key].work, prompt: work})

    def earlier(self, key: LoopKey, path: str) -> tuple[str, ...]:
        """The files that were last written for the item at `path`, in this batch or before."""
        return self._store.written(key, path)

    def note_saved(
        self,
        prompt: Prompt,
        saved: Saved,
        images: Mapping[str, tuple[LoopKey, str]],
        *,
        succeeded: bool,
    ) -> None:
        """Note a file that a prompt that has ended reported as saved, if it may be accessed.

        `images` has, for each Directory Iterator that has handed out an item, its loop and path.
        The file becomes the main image's, unless Save Image (Batch) has claimed it, or kept it as
        it was, or it is another image of the batch, which a node may show or overwrite; and it is
        shown with each image that it was made from.
        """
        made_from = dict.fromkeys(image for each in saved.iterators if (image := images.get(each)))
        if all(saved.file in self._work(key, prompt).claimed for key, _ in made_from):
            return  # the claim has noted it
        file = self.real_path(saved.file)
        if file is None:
            return
        main = images.get(saved.iterators[0])
        is_own_image = main is not None and self._is_at(*main, file)
        is_source = not is_own_image and any(self._is_source(key, file) for key, _ in made_from)
        for image in made_from:
            key, path = image
            target = self._identity(key, file)
            is_settled = saved.is_claimed or target in self._work(key, prompt).left_alone
            if image == main and not is_settled and not is_source:
                # A prompt that failed may only repeat what an earlier one has saved.
                if succeeded or self._store.writer(key, target) is None:
                    sight = seen(file)
                    sights = () if sight is None else (sight,)
                    self._store.note_output(key, target, path, file=file, sights=sights)
            elif succeeded:
                own = self._is_own(key, path, target)
                self._store.note_output(key, target, path, file=file, kept=not own)

    def give_back(self, key: LoopKey, prompt: Prompt, path: str, files: Collection[str]) -> None:
        """Give back claimed files that were not written for the item at `path`.

        Files of these names have appeared: they are left alone, and are no results.
        """
        work = self._work(key, prompt)
        left_alone = {self._identity(key, file): file for file in files}
        for target in left_alone:
            if self._is_own(key, path, target):
                self._store.forget_output(key, target)
        claimed = {each: of for each, of in work.claimed.items() if each not in left_alone}
        new = {each: at for each, at in work.new.items() if each not in left_alone}
        meant = {each: work.claimed[each] for each in left_alone if each in work.claimed}
        work = work._replace(claimed=claimed, new=new, left_alone={**work.left_alone, **meant})
        self._note_work(key, prompt, work)

    def forget_work(self, key: LoopKey, prompt: Prompt, *, succeeded: bool) -> None:
        """Forget what a prompt has done with files, once it has ended; note how they look.

        If it has not succeeded, the names that it has claimed without writing are free again: a
        file that somebody gives such a name, or has given it meanwhile, is no result.
        """
        written, work = self._memory.written(prompt), self._work(key, prompt)
        looks: dict[str, tuple[Sights, Sight]] = {}
        for file, (target, noted) in work.sights.items():
            if file not in written:
                continue
            # What other nodes of the prompt have done with it is its own work.
            looks[target] = noted, written[file] or seen(file) or _GONE
        if looks:
            self._store.note_sights(key, looks)
        if not succeeded:
            for target, file in work.new.items():
                if file not in written or not os.path.lexists(file):
                    self._store.forget_output(key, target)
        if prompt in self._memory[key].work:
            works = self._memory[key].work.items()
            self._memory.change(key, work={of: done for of, done in works if of != prompt})

    def known_below_beside(
        self, key: LoopKey, folder: str, after: str = ""
    ) -> Iterator[KnownResult]:
        """What is known of the files below a folder, by their identities; outside any transaction.

        See `Outside.written_below`: some at a time.
        """
        folder = identity(way_from(key.directory, folder), self._roots)
        return self._store.outside.written_below(folder, after)

    def identities(self, key: LoopKey) -> Identities:
        """The identities of many files at one moment, as a loop knows them."""
        return Identities(self._roots, key.directory)

    def see_links(
        self, unseen: UnseenLinks, going_on: Callable[[], object] = lambda: None
    ) -> Collection[str]:
        """Find the files that images of a loop are links to; outside any transaction.

        Raises FolderNotFound.
        """
        key, selection, _ = unseen
        if self.real_path(key.directory) is None:
            return ()
        identity_of = self.identities(key)
        # What may not be read is not an image, and may not be written either.
        files = map(self.real_path, linked_files(key.directory, selection, going_on))
        return {identity_of(file) for file in files if file is not None}

    def _sights(  # noqa: PLR0913 - whose file it is, and what is known of it
        self,
        key: LoopKey,
        path: str,
        target: str,
        earlier: tuple[str, Sights] | None,
        found: Sight | None,
        *,
        at: int | None,
    ) -> Sights:
        """How a file that is being claimed may look: as it will, or as the item has left it.

        The latter counts until the new one has its name, which a crash may prevent. `earlier` is
        what `Work.sights` has of the file, which the same prompt has claimed before.
        """
        if at is None:
            return ()
        left = earlier[1] if earlier else ()
        if not left and found is not None and self._is_own(key, path, target):
            written = self._store.writer(key, target)
            left = written.as_left(found) if written else ()
        return (Sight(at), *left)[:MOST_SIGHTS]

    def _is_in_doubt(self, key: LoopKey, path: str, file: str, found: Sight) -> bool:
        target = self._identity(key, file)
        written = self._store.writer(key, target)
        return (
            written is not None and self._is_own(key, path, target) and written.is_in_doubt(found)
        )

    def _note(
        self, key: LoopKey, path: str, owners: dict[str, Owner], sights: Mapping[str, Sights]
    ) -> None:
        """Note all of the files as written by the item, or none if another loop was quicker."""
        noted = []
        # Always in the same order, or two servers might wait for each other.
        for each, target in sorted((self._identity(key, target), target) for target in owners):
            if self._store.note_output(
                key, each, path, file=target, sights=sights[each], in_order=True
            ):
                noted.append(target)
            else:
                owners[target] = Owner.OTHER
        if len(noted) < len(owners):
            for target in noted:
                if owners[target] is Owner.NEW:
                    self._store.forget_output(key, self._identity(key, target))

    def _is_own(self, key: LoopKey, path: str, target: str) -> bool:
        """Whether the item at `path` was the last to write a file."""
        written = self._store.writer(key, target)
        return written is not None and (written.loop, written.path) == (key.id, path)

    def _is_at(self, key: LoopKey, path: str, file: str) -> bool:
        """Whether the image at a relative path is the file itself."""
        return self._identity(key, key.full(path)) == self._identity(key, file)

    def _is_source(self, key: LoopKey, target: str) -> bool:
        """Whether a file is one of the images that the batch reads, however it is spelled."""
        folder, name = os.path.split(target)
        inside = key.inside(os.path.join(way_from(key.directory, folder), name))
        item = None if inside is None else self._store.item(key, inside)
        # One that waits without being listed may be known only from an earlier batch.
        if item is not None and (item.index != UNLISTED or item.state is not ItemState.PENDING):
            return True
        if not os.path.lexists(target) or not folds(folder, name):
            return False
        inside = self._inside(key, target)
        return inside is not None and inside in self._spelled_images(key)

    def _may_read(self, key: LoopKey, target: str) -> bool:
        """Whether an existing file is an image of the loop's folder that no loop has written.

        With another filter, limit or start, a batch would read it: it must outlast this one.
        """
        entry, inside = self._store.load(key), self._inside(key, target)
        return (
            entry is not None
            and inside is not None
            and is_listed(inside, recursive=entry.selection.recursive)
            and self.is_no_result(key, target)
        )

    def _inside(self, key: LoopKey, target: str) -> str | None:
        """Relative path of a file in the loop's folder, by its identity; None for any other."""
        directory, file = identity(key.directory, self._roots), self._identity(key, target)
        if not file.startswith(os.path.join(directory, "")):
            return None
        return os.path.relpath(file, directory).replace(os.sep, "/")

    def _linked(self, key: LoopKey, links: SeenLinks) -> Collection[str] | UnseenLinks:
        """The files that images of the batch are links to, or the look that is due."""
        entry = self._store.load(key)
        if entry is None:
            return ()
        listing = self._listing(key)
        known = self._memory[key].linked
        if known is None or known[0] != listing:
            unseen = UnseenLinks(key, entry.selection, listing)
            if unseen not in links:
                return unseen
            known = listing, links[unseen]
            self._memory.change(key, linked=known)
        return known[1]

    def _listing(self, key: LoopKey) -> Hashable:
        """A key that tells the current listing from others of the loop."""
        entry = self._store.load(key)
        selection = None if entry is None else entry.selection
        return self._batch(key), selection, self._store.counts(key).total

    def _spelled_images(self, key: LoopKey) -> Collection[str]:
        listing = self._listing(key)
        known = self._memory[key].spelled
        if known is None or known[0] != listing:
            known = listing, set(map(folded, self._store.outside.paths(key)))
            self._memory.change(key, spelled=known)
        return known[1]

    def _identity(self, key: LoopKey, file: str) -> str:
        """The identity of a file, as a loop knows it."""
        return identity(file, self._roots, key.directory)

    def _batch(self, key: LoopKey) -> int:
        entry = self._store.load(key)
        return 0 if entry is None else entry.batch

    def _owner(  # noqa: PLR0913 - who asks, and what is known of the file
        self,
        key: LoopKey,
        path: str,
        target: str,
        work: Work,
        result: str,
        *,
        found: Sight | None,
        kept: bool,
        replaces_own: bool,
    ) -> Owner:
        """The owner of a file that is not a source, for one result of a prompt's item."""
        if work.claimed.get(target) == result:
            return Owner.SAME
        if target in work.claimed or work.left_alone.get(target, result) != result:
            return Owner.OTHER
        return self._known_owner(key, path, target, found, kept=kept, replaces_own=replaces_own)

    def _known_owner(  # noqa: PLR0913 - as above
        self,
        key: LoopKey,
        path: str,
        target: str,
        found: Sight | None,
        *,
        kept: bool,
        replaces_own: bool,
    ) -> Owner:
        """Like `_owner`, by what earlier prompts and other loops have written."""
        written = self._store.writer(key, target)
        if written is None or (self._is_own(key, path, target) and written.is_replaced(found)):
            return Owner.BEFORE if kept else Owner.NEW
        in_this_batch = written.loop == key.id and written.batch == self._batch(key)
        if (written.loop, written.path) != (key.id, path):
            is_taken = in_this_batch or kept or (written.loop != key.id and written.under_way)
            return Owner.OTHER if is_taken else Owner.NEW
        if in_this_batch:
            return Owner.SAME
        if not kept:
            return Owner.NEW
        return Owner.SAME if replaces_own else Owner.BEFORE
