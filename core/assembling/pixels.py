"""The pictures of a film, read from files of results one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice

import numpy as np
import torch

from ..common.errors import ResultsMissing, UnreadableImage, quoted
from ..films.film_writer import Pixels
from ..media.formats.decode import DecodedImage
from ..model.formats import FilmDepth
from .spoilt import SpoiltResults, is_out_of_reach, is_spoilt, spoilt_of

_AHEAD = 2
"""Pictures that are read while one is encoded."""


def pictures(
    paths: Sequence[str],
    depth: FilmDepth,
    read: Callable[[str], DecodedImage],
    going_on: Callable[[int], object],
) -> Iterator[Pixels]:
    """The pictures in files at real paths, the next ones read ahead; all have the first one's size.

    What is transparent is shown as if it was not. `going_on` is called with how many were given so
    far, and what it raises ends this. Raises ResultsMissing for a picture of another size, or one
    that is out of reach, SpoiltResults for files that are no whole picture, and what `read` raises
    otherwise.
    """

    def pixels(path: str) -> Pixels:
        return _pixels(read(path).image[0], depth)

    size: tuple[int, ...] | None = None
    with ThreadPoolExecutor(1, "batch-loop-assemble") as pool:
        coming: deque[Future[Pixels]] = deque()
        rest = iter(paths)
        try:
            for number, path in enumerate(paths):
                going_on(number)
                for each in islice(rest, _AHEAD + 1 - len(coming)):
                    coming.append(pool.submit(pixels, each))
                try:
                    picture = coming.popleft().result()
                except UnreadableImage as error:
                    if is_out_of_reach(error):
                        raise ResultsMissing(_out_of_reach(path, error)) from error
                    if not is_spoilt(error):
                        raise
                    others = islice(paths, number + 1, None)
                    # It is one of them, even if it could be read by now.
                    spoilt = {path: None, **spoilt_of(others, read, partial(going_on, number))}
                    raise SpoiltResults(spoilt, error.reason) from error
                size = size or picture.shape
                if picture.shape != size:
                    raise ResultsMissing(_of_another_size(path, picture.shape, size))
                yield picture
            going_on(len(paths))
        finally:
            for unused in coming:
                unused.cancel()


def _pixels(image: torch.Tensor, depth: FilmDepth) -> Pixels:
    """[H,W,3] from a float image [H,W,C], 0 to 1, in whose memory it is made."""
    white, kind = (255, np.uint8) if depth is FilmDepth.EIGHT else (65535, np.uint16)
    scaled = image[..., :3].mul_(white).round_().clamp_(0, white).numpy()
    return scaled.astype(kind)


def _out_of_reach(path: str, error: UnreadableImage) -> str:
    return (
        f"No video was made: the result {quoted(path)} cannot be read: {error.reason}. If it was "
        "deleted or moved meanwhile, run again: what is missing is named then. Else connect its "
        "drive, or let the user that runs ComfyUI read it, and run again."
    )


def _of_another_size(path: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    return (
        f"No video was made: {quoted(path)} has {found[1]}x{found[0]} pixels, and the first result "
        f"{wanted[1]}x{wanted[0]}. All pictures of a video have one size. If only one of these "
        "files is not as it was made, delete it, and press Run, Retry failed, and Continue: it is "
        "made again. Otherwise, scale all to one size in the workflow, and press Start over."
    )
