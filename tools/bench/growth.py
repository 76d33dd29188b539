"""What many servers and very many images come to, calculated from what was measured of few.

Servers take turns with a loop: while one has the lock on it, the others wait. So `servers` that
need `image_seconds` for an image do `servers / image_seconds` images a second, until what each
image needs of the lock leaves no more room: `1 / locked_seconds`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUTE = 60.0
GIGABYTE = 1e9


@dataclass(frozen=True)
class Growth:
    """What was measured; all of it is for one image, with a database on the same machine."""

    alone_seconds: float
    """Time under the lock, while no other server is at work."""
    alone_trips: float
    """How often the database is asked within it."""
    other_seconds: float
    """What each other server that is at work adds to that time,"""
    other_trips: float
    """and to these."""
    few: int
    """Images of a table,"""
    few_seconds: float
    """and how long one takes in it, by one claimant."""
    many: int
    many_seconds: float
    """The same of a large one."""
    listing_seconds: float
    """To be written into the table in the beginning."""
    listing_bytes: float
    """What its row takes, with its places in the indexes,"""
    done_bytes: float
    """and what is added until it is done."""

    def locked_seconds(self, servers: int, trip_seconds: float = 0.0) -> float:
        """Time under the lock; `trip_seconds` is what the network adds to each question."""
        alone = self.alone_seconds + trip_seconds * self.alone_trips
        other = self.other_seconds + trip_seconds * self.other_trips
        return alone + (servers - 1) * other

    def images_a_second(
        self, servers: int, image_seconds: float, trip_seconds: float = 0.0
    ) -> float:
        """What so many servers do together."""
        most = 1 / self.locked_seconds(servers, trip_seconds)
        return min(servers / image_seconds, most)

    def seconds_in(self, images: int) -> float:
        """How long an image takes in a table of so many: as much more for each factor of ten."""
        factors = math.log10(self.many / self.few)
        more = (self.many_seconds - self.few_seconds) / factors
        return self.many_seconds + max(0.0, more) * math.log10(images / self.many)

    def gigabytes(self, images: int) -> float:
        """What the tables take when so many images are done, before anything is tidied up."""
        return images * (self.listing_bytes + self.done_bytes) / GIGABYTE

    def listing_minutes(self, images: int) -> float:
        """How long so many images take to be written into the table."""
        return images * self.listing_seconds / MINUTE
