"""The names of results, which a prompt claims for the item that it was given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ..common.errors import ClaimLost
from ..common.sight import Sight, read, seen
from ..model.if_exists import Owner
from ..model.records import MADE_SHOWN, Iteration, MadeOfAll
from .changes.loops import in_order
from .changes.outputs import UnreadFiles
from .changes.source_files import SeenLinks, UnseenLinks
from .changes.transactions import in_transaction
from .parts import Parts


class Results(Parts):
    """The files that prompts write, and which item each belongs to."""

    def claim_outputs(  # noqa: PLR0913 - what is claimed, and for what
        self,
        iteration: Iteration,
        targets: Collection[str],
        kept: Collection[str] = (),
        *,
        result: str = "",
        replaces_own: bool = True,
        named_alike: Collection[str] = (),
        at: int | None = None,
    ) -> dict[str, Owner]:
        """Claim the files at real paths `targets` for the iteration's item: all of them, or none.

        Two sources may lead to one name, and one prompt may have several results. No such result
        may be overwritten, no source, and none of `kept`, which are existing files to keep. So the
        targets are claimed if each is `NEW` or `SAME`. Returns the owner of each.

        `result` says which of the prompt's results it is: the same one gets the same files again.
        What the item itself wrote in an earlier batch is only overwritten with `replaces_own`; what
        somebody has replaced or edited since is no longer its own. `at` is the time of modification
        that the files will have, which tells this; None if other nodes will work on them.
        `named_alike` are images whose own results would have these names: none is claimed, unless
        they are results themselves.

        Raises:
            ClaimLost: another server was given the item.
            FolderNotFound: a file is to be replaced, and the folder cannot be read to see whether
            one of its images is a link to that file.

        """
        there = {target: sight for target in targets if (sight := seen(target)) is not None}
        links: dict[UnseenLinks, Collection[str]] = {}
        while True:
            owners = self._claim_outputs(
                iteration,
                targets,
                kept,
                there,
                links,
                result=result,
                replaces_own=replaces_own,
                named_alike=named_alike,
                at=at,
            )
            if isinstance(owners, UnreadFiles):
                self._host.raise_if_cancelled()
                there.update({file: read(file, there[file]) for file in owners.files})
                continue
            if not isinstance(owners, UnseenLinks):
                break
            links[owners] = self._source_files.see_links(owners, self._host.raise_if_cancelled)
        if owners is None:
            self.servers.mark_stale()
            raise ClaimLost(_claim_lost(iteration))
        return owners

    @in_transaction(patient=True, beside=True)
    def _claim_outputs(  # noqa: PLR0913 - what `Outputs.claim` is given
        self,
        iteration: Iteration,
        targets: Collection[str],
        kept: Collection[str],
        there: Mapping[str, Sight],
        links: SeenLinks,
        *,
        result: str,
        replaces_own: bool,
        named_alike: Collection[str],
        at: int | None,
    ) -> dict[str, Owner] | UnseenLinks | UnreadFiles | None:
        """See `claim_outputs`; returns None if another server was given the item."""
        item, key = iteration.item, iteration.key
        partners = [partner.key for partner in iteration.partners]
        # Only those whose images may be in the way: a loop that is locked keeps others waiting.
        asked = [
            each
            for each in partners
            if there or any(self.source.item(each, target) is not None for target in targets)
        ]
        self._loops.take(in_order([key, *asked]))
        if self._loops.is_lost(iteration):
            return None
        # It may have been started over, and then forgotten, while the prompt ran.
        if item is None or self._store.load(key) is None:
            return dict.fromkeys(targets, Owner.NEW)
        if any(self._outputs.is_no_result(key, image) for image in named_alike):
            return dict.fromkeys(targets, Owner.OTHER)
        return self._outputs.claim(
            key,
            iteration.prompt,
            item.path,
            targets,
            kept,
            there=there,
            links=links,
            result=result,
            replaces_own=replaces_own,
            partners=partners,
            at=at,
        )

    def guard(self, iteration: Iteration) -> Callable[[], None]:
        """A check for when a file that is claimed from now on is about to get its name.

        It raises ClaimLost if the item is no longer the iteration's, as others may have taken this
        server for one that has ended. The store is asked only if that can be, by the lease. When it
        returns, at least half of the lease is left.
        """
        doubt = self.servers.doubt()

        def check() -> None:
            if doubt() and not self._keeps_item(iteration):
                self.servers.mark_stale()
                raise ClaimLost(_claim_lost(iteration, ", or its batch was started over"))

        return check

    @in_transaction(patient=True, beside=True)
    def _keeps_item(self, iteration: Iteration) -> bool:
        """Whether the item is still the iteration's; it is then nobody else's for another lease."""
        if not self._loops.is_own(iteration):
            return False
        self.servers.take_up_work()
        return True

    def note_written(self, iteration: Iteration, file: str, sight: Sight | None = None) -> None:
        """Note that a claimed file was written, and how it looks; from any thread, without waiting.

        With None it is looked at when the prompt has ended, as other nodes may work on it.
        If the iteration's prompt fails, the new names of what was not written are free again.
        """
        self.memory.note_written(iteration.prompt, file, sight)

    @in_transaction(patient=True)
    def give_back_outputs(self, iteration: Iteration, files: Collection[str]) -> None:
        """Give back claimed files that were not written, as others of these names had appeared."""
        item, key = iteration.item, iteration.key
        self._loops.take(in_order([key]))
        if item is None or self._store.load(key) is None or self._loops.is_lost(iteration):
            return
        self._outputs.give_back(key, iteration.prompt, item.path, files)

    @in_transaction(patient=True)
    def pass_over_outputs(self, iteration: Iteration, files: Collection[str]) -> None:
        """Note that the item's own files are left alone, as its result gets another name."""
        item, key = iteration.item, iteration.key
        self._loops.take(in_order([key]))
        if item is None or self._store.load(key) is None or self._loops.is_lost(iteration):
            return
        self._outputs.pass_over(key, item.path, files)

    @in_transaction(patient=True)
    def note_made_of_all(self, iteration: Iteration, node: str, paths: Sequence[str]) -> None:
        """Note the files, by real paths, that a node has made of all results of the batch.

        They take the place of what the same node had made of it before. Of very many, the first are
        kept and the others counted: each prompt reads them, and each page asks for them.
        """
        key = iteration.key
        self._loops.take(in_order([key]))
        entry = self._store.load(key)
        if entry is None or entry.batch != iteration.batch:
            return
        others = [each for each in entry.made_of_all if each.node != node]
        made = [MadeOfAll(node, path) for path in paths[:MADE_SHOWN]]
        if len(paths) > MADE_SHOWN:
            made[-1] = made[-1]._replace(more=len(paths) - MADE_SHOWN)
        self._loops.save(key, made_of_all=(*others, *made))

    @in_transaction(patient=True, beside=True)
    def earlier_outputs(self, iteration: Iteration) -> tuple[str, ...]:
        """The files that were last written for the iteration's item, in this batch or before."""
        if iteration.item is None:
            return ()
        return self._outputs.earlier(iteration.key, iteration.item.path)


def _claim_lost(iteration: Iteration, or_else: str = "") -> str:
    path = "" if iteration.item is None else iteration.item.path
    return (
        f"{path!r} was given to another server, as this one was not heard of for longer than its "
        f"lease{or_else}. Its result here is not saved, as it is made again."
    )
