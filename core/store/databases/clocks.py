"""By how much a database's clock is ahead of this machine's."""

from __future__ import annotations

import time
from collections.abc import Callable

_CLOCK_SECONDS = 60.0
"""How long a measured difference between the clocks is used."""
_STEP_SECONDS = 0.5
"""The difference is measured again if this machine's clock is set by more than this."""
_SOON_SECONDS = 0.05
"""An answer that comes later than this tells little: on a machine that has stalled, it came long
after the database had read its clock, or was asked long before."""
_MOST_TRIES = 5


class Clocks:
    """The clocks of a database and of this machine, which are compared now and then."""

    def __init__(self, own: Callable[[], float]) -> None:
        """`own` is this machine's clock."""
        self._own = own
        self._ahead = 0.0
        # When they were last compared: by the monotonic clock, and by this machine's clock.
        self._compared: tuple[float, float] | None = None

    def ahead(self, theirs: Callable[[], float]) -> float:
        """Seconds by which the database's clock is ahead; `theirs` asks the database for its time.

        Of several answers, the one that was waited for the least is used.
        """
        steady, own = time.monotonic(), self._own()
        if self._compared is None or (
            steady - self._compared[0] > _CLOCK_SECONDS
            or abs((own - self._compared[1]) - (steady - self._compared[0])) > _STEP_SECONDS
        ):
            self._ahead = self._measured(theirs)
            self._compared = steady, own
        return self._ahead

    def _measured(self, theirs: Callable[[], float]) -> float:
        shortest, ahead = float("inf"), 0.0
        for _ in range(_MOST_TRIES):
            before = self._own()
            at = theirs()
            after = self._own()
            # If this machine's clock is set meanwhile, another try tells.
            if 0 <= after - before < shortest:
                # It was read at some time between our request and the response.
                shortest, ahead = after - before, at - (before + after) / 2
            if shortest < _SOON_SECONDS:
                break
        return ahead
