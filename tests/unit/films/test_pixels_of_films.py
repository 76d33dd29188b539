"""Colours, depth and orientation of frames."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from batch_loop.core.films.facts import facts
from batch_loop.core.films.film_frames import FilmFrames
from batch_loop.tests.support.films import FPS, make_film, turn

STEP = 1 / 255

BT_601 = (0.299, 0.114)
BT_709 = (0.2126, 0.0722)
BT_2020 = (0.2627, 0.0593)
"""How bright red and blue are."""

TURNED = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): lambda image: np.rot90(image, 1),
    (-1, 0, 0, 1): lambda image: image[:, ::-1],
    (1, 0, 0, -1): lambda image: image[::-1],
    (0, 1, 1, 0): lambda image: image.swapaxes(0, 1),
    (0, -1, -1, 0): lambda image: np.rot90(image.swapaxes(0, 1), 2),
}
"""What a display matrix does to [H,W,C]."""


def film_of(path: Path, planes: tuple[int, ...], pixels: str, matrix: int, wide: int) -> str:
    """A lossless film of one colour, given in YUV."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width = stream.height = 32
        stream.pix_fmt = pixels
        context = stream.codec_context
        context.time_base, context.colorspace, context.color_range = Fraction(1, FPS), matrix, wide
        frame = VideoFrame(32, 32, pixels)
        kind = np.dtype(np.uint8 if pixels == "yuv420p" else "<u2")
        for plane, value in zip(frame.planes, planes, strict=True):
            size = plane.buffer_size // kind.itemsize
            plane.update(np.full(size, value, kind).tobytes())
        frame.pts, frame.colorspace, frame.color_range = 0, matrix, wide
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def rgb(y: float, u: float, v: float, weights: tuple[float, float]) -> npt.NDArray[np.float64]:
    """YUV, 0 to 1 and -0.5 to 0.5, as RGB."""
    red, blue = weights
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return np.clip([r, (y - red * r - blue * b) / (1 - red - blue), b], 0, 1)


def shown(path: str) -> npt.NDArray[np.float32]:
    with FilmFrames(path) as film:
        image: npt.NDArray[np.float32] = film.frame(0).image[0].numpy()
    return image


@pytest.mark.parametrize(
    ("matrix", "weights"),
    [(1, BT_709), (2, BT_601), (5, BT_601), (6, BT_601), (9, BT_2020)],
    ids=["BT.709", "not said", "BT.601 (625)", "BT.601 (525)", "BT.2020"],
)
def test_colours_are_by_the_matrix_that_the_film_says(
    tmp_path: Path, matrix: int, weights: tuple[float, float]
) -> None:
    path = film_of(tmp_path / "film.mkv", (120, 90, 180), "yuv420p", matrix, ColorRange.MPEG)
    expected = rgb((120 - 16) / 219, (90 - 128) / 224, (180 - 128) / 224, weights)
    assert shown(path)[16, 16] == pytest.approx(expected, abs=2 * STEP)


@pytest.mark.parametrize(
    ("wide", "white", "black"), [(ColorRange.MPEG, 235, 16), (ColorRange.JPEG, 255, 0)]
)
def test_the_range_is_the_one_that_the_film_says(
    tmp_path: Path, wide: int, white: int, black: int
) -> None:
    for value, expected in ((white, 1.0), (black, 0.0)):
        path = film_of(tmp_path / "film.mkv", (value, 128, 128), "yuv420p", 6, wide)
        assert shown(path)[16, 16] == pytest.approx([expected] * 3, abs=STEP / 2)


def test_ten_bits_keep_their_depth(tmp_path: Path) -> None:
    levels = {}
    for value in range(400, 440):
        path = film_of(tmp_path / "film.mkv", (value, 512, 512), "yuv420p10le", 6, ColorRange.MPEG)
        levels[value] = float(shown(path)[16, 16, 1])
    assert len(set(levels.values())) == len(levels)
    assert levels == pytest.approx({value: (value - 64) / 876 for value in levels}, abs=0.05 / 1023)


@pytest.mark.parametrize(
    ("pixels", "wide", "white"),
    [
        ("yuv420p10le", ColorRange.MPEG, (940, 512, 512)),
        ("yuv420p10le", ColorRange.MPEG, (1023, 512, 512)),
        ("yuv420p10le", ColorRange.JPEG, (1023, 512, 512)),
        ("yuv444p12le", ColorRange.MPEG, (3760, 2048, 2048)),
        ("gbrp10le", ColorRange.JPEG, (1023, 1023, 1023)),
        ("gray10le", ColorRange.JPEG, (1023,)),
    ],
)
def test_white_is_one(tmp_path: Path, pixels: str, wide: int, white: tuple[int, ...]) -> None:
    path = film_of(tmp_path / "film.mkv", white, pixels, 0 if pixels == "gbrp10le" else 6, wide)
    assert shown(path)[16, 16].tolist() == [1, 1, 1]


@pytest.mark.parametrize("matrix", TURNED)
def test_a_film_is_turned_as_its_matrix_says(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    path = make_film(tmp_path / "film.mp4", "libx264", frames=3, options={"crf": "1"})
    stored = shown(str(path))
    turned = shown(str(turn(path, matrix)))
    expected = TURNED[matrix](stored)
    assert turned.shape == expected.shape
    # The colours are stored with less detail, so that those at edges depend on the order of steps.
    assert np.abs(turned - expected).mean() < STEP
    said = facts(str(path))
    assert (said.height, said.width) == turned.shape[:2]


@pytest.mark.parametrize("matrix", TURNED)
def test_a_film_whose_colours_have_half_its_width_has_the_same_pixels_when_it_is_turned(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    columns = np.full((64, 96, 3), (200, 40, 40), np.uint8)
    columns[:, ::3] = (40, 40, 200)
    path = tmp_path / "film.mov"
    make_film(path, "prores_ks", pictures=[columns], pixels="yuv422p10le")
    stored = shown(str(path))
    turned = shown(str(turn(path, matrix)))
    assert np.array_equal(turned, TURNED[matrix](stored))


def test_a_matrix_of_another_angle_is_passed_over(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", frames=3)
    stored = shown(str(path))
    turn(path, (1, 1, -1, 1))
    assert np.array_equal(shown(str(path)), stored)


@pytest.mark.parametrize("codec", ["ffv1", "libvpx-vp9"])
def test_sizes_may_be_odd(tmp_path: Path, codec: str) -> None:
    picture = np.full((35, 51, 3), 150, np.uint8)
    path = make_film(tmp_path / "film.mkv", codec, pictures=[picture] * 2)
    with closing(FilmFrames(str(path))) as film:
        image = film.frame(1).image
    assert image.shape == (1, 35, 51, 3)
    assert image.mean().item() == pytest.approx(150 / 255, abs=2 * STEP)
