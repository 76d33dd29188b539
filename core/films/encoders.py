"""The codecs that films are written with: FFmpeg's encoders, and their settings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import av
from av.codec.codec import UnknownCodecError

from ..common.errors import InvalidSetting
from ..model.formats import FilmCodec, FilmDepth

MOST_QUALITY = 100

_LOOKAHEAD = "10"
"""Frames that are looked at before one is encoded, all of which are in memory. With x264's usual 40
it takes 240 MB more at 1920x1080, and files of the same quality are some 5 % smaller."""

_HQ, _STANDARD, _LIGHT = 3, 2, 1
"""Profiles of ProRes."""


@dataclass(frozen=True)
class Encoder:
    """How a codec is written."""

    name: str
    """FFmpeg's name of its encoder."""
    extension: str
    """Of the files: that of the container."""
    pixels: Mapping[FilmDepth, tuple[str, ...]]
    """The pixel formats for each depth, the first that the encoder has."""
    options: Callable[[int], Mapping[str, str]]
    """FFmpeg's options for a quality from 0 to `MOST_QUALITY`."""

    def format(self, depth: FilmDepth) -> str | None:
        """The pixel format for a depth; None if this FFmpeg cannot write it."""
        codec = _codec(self.name)
        known = {each.name for each in codec.video_formats or ()} if codec else set()
        return next((each for each in self.pixels.get(depth, ()) if each in known), None)


def _crf(worst: int, best: int, **others: str) -> Callable[[int], Mapping[str, str]]:
    """A constant quality, by the encoder's own numbers for qualities 0 and `MOST_QUALITY`."""
    return lambda quality: {
        "crf": str(round(worst - (worst - best) * quality / MOST_QUALITY)),
        **others,
    }


def _profile(quality: int) -> Mapping[str, str]:
    profile = _HQ if quality >= 67 else _STANDARD if quality >= 34 else _LIGHT  # noqa: PLR2004 thirds
    return {"profile": str(profile), "vendor": "apl0"}


_USUAL = {FilmDepth.EIGHT: ("yuv420p",), FilmDepth.TEN: ("yuv420p10le",)}

_ENCODERS = {
    FilmCodec.H264: Encoder(
        "libx264",
        ".mp4",
        _USUAL,
        _crf(34, 14, preset="medium", **{"rc-lookahead": _LOOKAHEAD}),
    ),
    FilmCodec.HEVC: Encoder(
        "libx265",
        ".mp4",
        _USUAL,
        _crf(36, 14, preset="medium", **{"x265-params": "log-level=error"}),
    ),
    FilmCodec.VP9: Encoder(
        "libvpx-vp9",
        ".webm",
        _USUAL,
        _crf(52, 16, deadline="good", b="0", **{"cpu-used": "4", "row-mt": "1"}),
    ),
    FilmCodec.AV1: Encoder("libsvtav1", ".mp4", _USUAL, _crf(56, 16, preset="8")),
    FilmCodec.PRORES: Encoder(
        "prores_ks",
        ".mov",
        dict.fromkeys(FilmDepth, ("yuv422p10le",)),  # it has no other
        _profile,
    ),
}


@functools.cache
def codecs_at_hand() -> tuple[FilmCodec, ...]:
    """The codecs that this FFmpeg can write, in the order that they are offered."""
    return tuple(
        codec for codec, encoder in _ENCODERS.items() if encoder.format(FilmDepth.EIGHT) is not None
    )


def encoder_of(codec: FilmCodec, depth: FilmDepth) -> Encoder:
    """How a codec is written; raises InvalidSetting if this FFmpeg cannot write it so deep."""
    encoder = _ENCODERS[codec]
    if encoder.format(depth) is None:
        can = [each.value for each in codecs_at_hand() if _ENCODERS[each].format(depth)]
        raise InvalidSetting(
            f"The PyAV of this ComfyUI cannot write {codec.value} with {depth.value}. "
            f"Set video_codec to {' or '.join(can) or 'another one'}, or depth to "
            f"{FilmDepth.EIGHT.value}."
        )
    return encoder


@functools.cache
def _codec(name: str) -> av.codec.Codec | None:
    try:
        return av.codec.Codec(name, "w")
    except UnknownCodecError:
        return None
