"""Forty photographs as they were met in one folder, and what they cost."""

from __future__ import annotations

from typing import NamedTuple


class Photograph(NamedTuple):
    """A JPEG file, and the seconds of one core that it took in this pack."""

    megapixels: float
    megabytes: float
    reading: float
    writing: float
    """As PNG."""
    is_progressive: bool = False
    """By what reading it took for each of its pixels."""


PHOTOGRAPHS = (
    Photograph(2.6, 0.95, 0.11, 0.15, is_progressive=True),
    Photograph(13.1, 3.28, 0.38, 0.53, is_progressive=True),
    Photograph(20.7, 2.32, 0.61, 0.52, is_progressive=True),
    Photograph(12.4, 1.05, 0.36, 0.29, is_progressive=True),
    Photograph(12.4, 2.79, 0.08, 0.31),
    Photograph(6.1, 0.56, 0.04, 0.15),
    Photograph(10.9, 1.08, 0.06, 0.25),
    Photograph(5.3, 0.99, 0.03, 0.26),
    Photograph(3.8, 0.99, 0.03, 0.22),
    Photograph(4.9, 1.74, 0.04, 0.11),
    Photograph(4.9, 1.54, 0.04, 0.23),
    Photograph(9.6, 0.49, 0.06, 0.18),
    Photograph(3.0, 1.18, 0.02, 0.17),
    Photograph(10.4, 0.37, 0.26, 0.17, is_progressive=True),
    Photograph(2.1, 0.36, 0.01, 0.06),
    Photograph(2.7, 0.94, 0.02, 0.15),
    Photograph(2.1, 0.08, 0.01, 0.03),
    Photograph(3.3, 0.15, 0.01, 0.04),
    Photograph(5.4, 2.04, 0.04, 0.31),
    Photograph(18.5, 5.42, 0.47, 1.24, is_progressive=True),
    Photograph(17.5, 8.44, 0.27, 1.14),
    Photograph(18.1, 0.90, 0.19, 0.16),
    Photograph(8.6, 1.68, 0.13, 0.38),
    Photograph(4.9, 0.51, 0.03, 0.20),
    Photograph(12.8, 1.56, 0.14, 0.50),
    Photograph(7.2, 0.82, 0.04, 0.26),
    Photograph(3.9, 0.45, 0.13, 0.10, is_progressive=True),
    Photograph(3.4, 0.63, 0.11, 0.14, is_progressive=True),
    Photograph(6.9, 0.38, 0.20, 0.13, is_progressive=True),
    Photograph(2.7, 0.24, 0.01, 0.08),
    Photograph(4.0, 0.43, 0.03, 0.13),
    Photograph(2.1, 0.44, 0.01, 0.07),
    Photograph(5.6, 0.81, 0.04, 0.16),
    Photograph(7.4, 0.53, 0.08, 0.19),
    Photograph(5.8, 0.84, 0.05, 0.16),
    Photograph(3.0, 0.33, 0.02, 0.09),
    Photograph(6.2, 1.36, 0.05, 0.28),
    Photograph(3.8, 0.87, 0.02, 0.21),
    Photograph(2.4, 0.32, 0.01, 0.08),
    Photograph(15.5, 1.47, 0.17, 0.35),
)
