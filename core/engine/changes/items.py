"""Items in the store: each changes as `core.model.item_life` says, which raises the revision.

Everything here expects to run inside of a transaction.
"""

from __future__ import annotations

from ...model.item_life import Event, lived
from ...model.items import Claim, Item
from ...model.loop_key import LoopKey
from ...model.policy import DEFAULT_POLICY, Policy
from ...store.interface import Store
from .transactions import Transactions


class Items:
    """The items of all loops."""

    def __init__(self, store: Store, transactions: Transactions) -> None:
        self._store = store
        self._transactions = transactions

    def happens(
        self, key: LoopKey, item: Item, event: Event, policy: Policy = DEFAULT_POLICY
    ) -> Item:
        """Keep what an event makes of an item: what that is. IllegalTransition."""
        self._transactions.changes_state()
        return self._store.put(key, item, lived(item, event, policy))

    def claim_next(self, key: LoopKey, claim: Claim) -> Item | None:
        """Hand out the first that is PENDING, in one step of the store; None where none is."""
        self._transactions.changes_state()
        return self._store.claim(key, claim)

    def retry_failed(self, key: LoopKey) -> None:
        """Have all that are FAILED taken again, in one step of the store."""
        self._transactions.changes_state()
        self._store.retry(key)
