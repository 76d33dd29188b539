"""The registry: the one object that holds every loop."""

from __future__ import annotations

from contextlib import suppress

from ..common.errors import UnknownLoop
from .end_of_turn import Turns
from .handing_out import HandingOut
from .lost_results import LostResults
from .result_claims import Results
from .skip_retry_forget import Steering


class LoopRegistry(HandingOut, Results, LostResults, Turns, Steering):
    """Every loop of the process; safe to use from any thread.

    A prompt calls `acquire`, and `end` when it reaches Loop End. The prompt's own outcome, read
    from the host, decides what becomes of the item. Each kind of request has a file of its own.
    """

    @property
    def revision(self) -> int:
        """A number that every change of state raises: Directory Iterator's fingerprint.

        It is read without waiting, whatever is in progress.
        """
        return self._transactions.revision

    def recover(self) -> None:
        """Reconcile items of servers that have ended, and delete what nobody needs any more."""
        for key in self._transactions.run(self._store.loops):
            with suppress(UnknownLoop):
                self.full_snapshot(key.id)
        self.forget_unused()
        self.spare_listings.recover()

    def close(self) -> None:
        """Reconcile what has ended, as nobody does it once ComfyUI is closed.

        A prompt may be between its last event and its entry in the history: this waits a moment, as
        that can take longer on a busy machine.
        """
        self.spare_listings.close()
        self._reconciler.finish()
        self.servers.close()
        with self._transactions.lock:
            self._store.close()
