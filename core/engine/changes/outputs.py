"""The files that prompts claim and save for the images that they were given.

Everything must be called inside a transaction, unless it says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ...common.sight import Sight, Sights, seen
from ...files.same_file import identity
from ...files.same_folder import way_from
from ...model.if_exists import Owner
from ...model.items import Item
from ...model.loop_key import LoopKey
from ...model.prompt import Prompt, Saved
from ...model.records import KnownResult, ReportedItem
from ...model.shared_roots import Roots
from ...store.interface import Store
from .loop_memory import Work
from .process_memory import Memory
from .result_owners import Owners
from .source_files import SeenLinks, SourceFiles, UnseenLinks


class UnreadFiles(NamedTuple):
    """Files, by their real paths, whose content has to be read: nothing else tells their owner."""

    files: Collection[str]


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
        source_files: SourceFiles,
        roots: Roots,
    ) -> None:
        """`roots` are the folders that machines share."""
        self._store = store
        self._memory = memory
        self._source_files = source_files
        self._owners = Owners(store)
        self._roots = roots

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
        identity_of = {target: self._identity(key, target) for target in targets}
        unread = [
            each
            for each, found in there.items()
            if self._owners.is_in_doubt(key, path, identity_of[each], found)
        ]
        if unread:
            return UnreadFiles(unread)
        work = self._work(key, prompt)
        sources = (key, *partners)
        owners = {
            target: Owner.SOURCE
            if any(self._source_files.is_source(each, target) for each in sources)
            else self._owners.of(
                key,
                path,
                identity_of[target],
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
                self._source_files.may_read(each, target) for each in sources
            ):
                owners[target] = Owner.LEFT_OUT
        replaced = [target for target in there if owners[target] in {Owner.NEW, Owner.SAME}]
        if replaced:
            for each in sources:
                linked = self._source_files.linked(each, links)
                if isinstance(linked, UnseenLinks):
                    return linked
                behind = [target for target in replaced if self._identity(each, target) in linked]
                owners.update(dict.fromkeys(behind, Owner.SOURCE))
        if _FREE.issuperset(owners.values()):
            identities = {identity_of[target]: target for target in owners}
            new = {
                of: file for of, file in identities.items() if self._store.writer(key, of) is None
            }
            sights = {
                of: self._owners.sights(
                    key, path, of, work.sights.get(file), there.get(file), at=at
                )
                for of, file in identities.items()
            }
            self._note(key, path, owners, identities, sights)
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
        before = [identity_of[at] for at, owner in owners.items() if owner is Owner.BEFORE]
        if before:
            self._leave_alone(key, prompt, before, result)
        return owners

    def _leave_alone(
        self, key: LoopKey, prompt: Prompt, targets: Collection[str], result: str
    ) -> None:
        """Note existing files that were kept, where a result was to be written."""
        for target in targets:
            # The item has written it in this batch, and somebody has replaced it since.
            if self._owners.is_of_this_batch(key, target):
                self._store.note_replaced(key, target)
        work = self._work(key, prompt)
        left_alone = {**work.left_alone, **dict.fromkeys(targets, result)}
        self._note_work(key, prompt, work._replace(left_alone=left_alone))

    def pass_over(self, key: LoopKey, path: str, files: Collection[str]) -> None:
        """Leave the item's own `files` of this batch alone: its result gets another name."""
        for target in (self._identity(key, file) for file in files):
            in_this_batch = self._owners.is_of_this_batch(key, target)
            if in_this_batch and self._owners.is_own(key, path, target):
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
        file = self._source_files.real_path(saved.file)
        if file is None:
            return
        main = images.get(saved.iterators[0])
        is_own_image = main is not None and self._source_files.is_at(*main, file)
        is_source = not is_own_image and any(
            self._source_files.is_source(key, file) for key, _ in made_from
        )
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
                own = self._owners.is_own(key, path, target)
                self._store.note_output(key, target, path, file=file, kept=not own)
            work = self._work(key, prompt)
            self._note_work(key, prompt, work._replace(shown=work.shown | {target, file}))

    def give_back(self, key: LoopKey, prompt: Prompt, path: str, files: Collection[str]) -> None:
        """Give back claimed files that were not written for the item at `path`.

        Files of these names have appeared: they are left alone, and are no results.
        """
        work = self._work(key, prompt)
        left_alone = {self._identity(key, file): file for file in files}
        for target in left_alone:
            if self._owners.is_own(key, path, target):
                self._store.forget_output(key, target)
        claimed = {each: of for each, of in work.claimed.items() if each not in left_alone}
        new = {each: at for each, at in work.new.items() if each not in left_alone}
        meant = {each: work.claimed[each] for each in left_alone if each in work.claimed}
        work = work._replace(claimed=claimed, new=new, left_alone={**work.left_alone, **meant})
        self._note_work(key, prompt, work)

    def note_done_anew(self, key: LoopKey, prompt: Prompt, path: str) -> None:
        """Note that what a prompt has saved takes the place of what the item at `path` had lost.

        What it had besides may lie elsewhere by now, behind links, and is no other result.
        """
        if targets := self._saved_by(key, prompt):
            self._store.note_done_anew(key, path, targets)

    def as_done_anew(self, key: LoopKey, item: Item, files: tuple[str, ...]) -> ReportedItem:
        """An item with those of its `files` that it will have once its prompt has ended.

        Others stay its own until then, as savers that have yet to run may write them again.
        """
        if item.is_lost and item.claim is not None:
            saved = self._saved_by(key, item.claim.prompt)
            files = tuple(file for file in files if not saved or self._identity(key, file) in saved)
        return item, files

    def _saved_by(self, key: LoopKey, prompt: Prompt) -> set[str]:
        """The files that a prompt has saved, by what identifies them and by their real paths."""
        work = self._work(key, prompt)
        return {*work.claimed, *work.sights, *work.shown}

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

    def _note(
        self,
        key: LoopKey,
        path: str,
        owners: dict[str, Owner],
        files: Mapping[str, str],
        sights: Mapping[str, Sights],
    ) -> None:
        """Note all of the files as written by the item, or none if another loop was quicker.

        `files` are by their identities.
        """
        noted = []
        # Always in the same order, or two servers might wait for each other.
        for each, target in sorted(files.items()):
            if self._store.note_output(
                key, each, path, file=target, sights=sights[each], in_order=True
            ):
                noted.append(each)
            else:
                owners[target] = Owner.OTHER
        if len(noted) < len(files):
            for each in noted:
                if owners[files[each]] is Owner.NEW:
                    self._store.forget_output(key, each)

    def _identity(self, key: LoopKey, file: str) -> str:
        return self._source_files.identity(key, file)
