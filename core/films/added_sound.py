"""Giving a silent film the sound of the film that it was made from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from typing import Any, TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from .sound import best_sound, frames_of, opened_sound

_KEPT_AS_IT_IS = {
    ".mp4": frozenset({"aac", "mp3", "opus"}),
    ".mov": frozenset({"aac", "alac", "mp3", "pcm_s16le", "pcm_s24le"}),
    ".mkv": frozenset({"aac", "ac3", "eac3", "flac", "mp3", "opus", "vorbis"}),
    ".webm": frozenset({"opus", "vorbis"}),
}
"""The sounds that are copied into a container, by FFmpeg's names: programs play them there. Others
are encoded anew."""

_AAC, _OPUS = "aac", "libopus"
_RATES_OF_AAC = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000})
_USUAL_RATE, _USUAL_FPS = 48000, 25
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}

_OF_THE_FILE = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
"""Metadata that the container's writer sets by itself."""

_NO_UNIT = Fraction(1, av.time_base)
"""That of FFmpeg itself, for what does not say in which its times are."""

TimedPacket: TypeAlias = "tuple[float, int, Packet[Any]]"
"""When a packet is decoded, in seconds; 0 for a picture and 1 for sound; the packet."""


def add_sound(film: str, source: str, made: str) -> bool:
    """Write a film again, with the sound of the file at real path `source`.

    `film` and `made` are paths of files that were made for this, with the same extension. The
    picture is copied as it is. The sound begins as it does in the source, and ends with the film at
    the latest. False, with nothing written, if the film has sound or the source has none. Raises
    UnreadableSound, and what PyAV raises.
    """
    with av.open(film) as silent, opened_sound(source) as origin:
        sound = best_sound(origin)
        if silent.streams.audio or sound is None:
            return False
        options = {"movflags": "use_metadata_tags+faststart"} if made.endswith(".mp4") else {}
        with av.open(made, "w", options=options) as target:
            target.metadata.update(
                {key: text for key, text in silent.metadata.items() if key not in _OF_THE_FILE}
            )
            pictures = _pictures(silent, target)
            length = float(silent.duration or 0) / av.time_base
            sounds = sound_packets(origin, sound, target, start_of_picture(origin), length)
            # In the order of time: the writer keeps what has to wait for the other in memory.
            for *_, packet in merge(pictures, sounds, key=lambda each: each[:2]):
                target.mux(packet)
    return True


def _pictures(silent: InputContainer, target: OutputContainer) -> Iterator[TimedPacket]:
    stream = silent.streams.video[0]
    # Now, not when the first packet is asked for: the header is written before that.
    copy = target.add_stream_from_template(stream, opaque=True)

    def packets() -> Iterator[TimedPacket]:
        for packet in _with_decoding_times(silent, stream):
            packet.stream = copy
            yield float((packet.dts or 0) * (packet.time_base or _NO_UNIT)), 0, packet

    return packets()


def _with_decoding_times(silent: InputContainer, stream: VideoStream) -> Iterator[Packet[Any]]:
    """The packets of a film. Matroska does not say when the first ones are decoded."""
    untimed: list[Packet[Any]] = []
    for packet in silent.demux(stream):
        if not packet.size:
            continue
        if packet.dts is None:
            untimed.append(packet)
            continue
        unit = packet.time_base or _NO_UNIT
        frame = max(1, round(1 / (stream.average_rate or _USUAL_FPS) / unit))
        for place, before in enumerate(untimed):
            before.dts = packet.dts - frame * (len(untimed) - place)
            yield before
        untimed.clear()
        yield packet
    for packet in untimed:
        packet.dts = packet.pts
        yield packet


def sound_packets(
    origin: InputContainer,
    sound: AudioStream,
    target: OutputContainer,
    start: Fraction,
    length: float,
) -> Iterator[TimedPacket]:
    """The packets of a sound from second `start` on, by its file's clock, for `length` seconds.

    Its stream is added to `target` at once, before anything is written.
    """
    extension = os.path.splitext(target.name)[1]
    if sound.codec_context.codec.canonical_name in _KEPT_AS_IT_IS.get(extension, ()):
        copy = target.add_stream_from_template(sound, opaque=True)
        return _copied(origin, sound, copy, start, length)
    rate = sound.rate if extension != ".webm" and sound.rate in _RATES_OF_AAC else _USUAL_RATE
    encoder = target.add_stream(
        _OPUS if extension == ".webm" else _AAC,
        rate=rate,
        layout=_LAYOUTS.get(sound.channels, "stereo"),
    )
    return _encoded(frames_of(origin, sound), encoder, start, length)


def _copied(
    origin: InputContainer, sound: AudioStream, copy: Any, start: Fraction, length: float
) -> Iterator[TimedPacket]:
    for packet in origin.demux(sound):
        if packet.pts is None or packet.dts is None or not packet.size:
            continue
        unit = packet.time_base or _NO_UNIT
        shift = round(start / unit)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        at = float(packet.pts * unit)
        if at >= length:
            return
        if packet.pts + (packet.duration or 0) > 0:
            packet.stream = copy
            yield _timed(packet)


def _encoded(
    frames: Iterator[AudioFrame], encoder: Any, start: Fraction, length: float
) -> Iterator[TimedPacket]:
    for frame in frames:
        unit = frame.time_base or _NO_UNIT
        at = 0.0 if frame.pts is None else float(frame.pts * unit - start)
        if at >= length:
            break
        if at + frame.samples / frame.sample_rate <= 0:
            continue
        if frame.pts is not None:
            frame.pts -= round(start / unit)
        yield from (_timed(packet) for packet in encoder.encode(frame))
    yield from (_timed(packet) for packet in encoder.encode(None))


def _timed(packet: Packet[Any]) -> TimedPacket:
    return float((packet.dts or 0) * (packet.time_base or _NO_UNIT)), 1, packet


def start_of_picture(origin: InputContainer) -> Fraction:
    """When the picture of a file begins, in seconds of its clock."""
    for stream in origin.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return stream.start_time * stream.time_base
    return Fraction(origin.start_time or 0, av.time_base)
