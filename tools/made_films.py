"""Films made with the program ffmpeg; of many kinds for `tools.check_films`."""

from __future__ import annotations

from pathlib import Path

from .errors import ToolError
from .programs import complaint, run

_PICTURE = "-f lavfi -i testsrc2=s=320x180:r=25:d=4"
_ODD = "-f lavfi -i testsrc2=s=321x181:r=25:d=2"
_SOUND = "-f lavfi -i sine=d=4"
_H264 = "-c:v libx264 -pix_fmt yuv420p"
_OPEN_GOP = "-x264-params open-gop=1:keyint=20:bframes=3:b-adapt=0:scenecut=0"
_SOME_FRAMES = r"-vf select=not(mod(n\,3))+lt(random(0)\,0.4) -fps_mode vfr"
_CUT = "-ss 1.5 -i"

_VP9 = "-c:v libvpx-vp9 -auto-alt-ref 1 -lag-in-frames 16 -deadline realtime -cpu-used 8"

_FILMS = {
    "h264_sound.mp4": f"{_PICTURE} {_SOUND} {_H264} -bf 3 -g 25 -c:a aac",
    "h264_open.mp4": f"{_PICTURE} {_H264} {_OPEN_GOP}",
    "h264_open.mkv": "-i h264_open.mp4 -c copy",
    "h264_open.ts": f"{_PICTURE} {_H264} {_OPEN_GOP}",
    "h264_open_cut.mp4": f"{_CUT} h264_open.mp4 -c copy",
    "h264_open_cut.mkv": f"{_CUT} h264_open.mkv -c copy",
    "h264_edit_list.mp4": f"{_CUT} h264_sound.mp4 -c copy",
    "h264_delayed.mp4": "-itsoffset 1.3 -i h264_sound.mp4 -i h264_sound.mp4 -map 0:v -map 1:a "
    "-c copy",
    "h264_intra_refresh.mp4": f"{_PICTURE} {_H264} -bf 0 "
    "-x264-params intra-refresh=1:keyint=20:bframes=0",
    "h264_interlaced.mp4": f"{_PICTURE} {_H264} -flags +ilme+ildct -x264opts tff=1",
    "h264_10_bit.mp4": f"{_PICTURE} -c:v libx264 -pix_fmt yuv420p10le",
    "h264_422.mp4": f"{_PICTURE} -c:v libx264 -pix_fmt yuv422p",
    "h264_444_odd.mp4": f"{_ODD} -c:v libx264 -pix_fmt yuv444p",
    "h264_full_range.mp4": f"{_PICTURE} -vf scale=out_range=full:out_color_matrix=bt709 "
    "-c:v libx264 -pix_fmt yuvj420p -colorspace bt709 -color_range pc",
    "h264_bt709.mp4": f"{_PICTURE} -vf scale=out_color_matrix=bt709 {_H264} -colorspace bt709 "
    "-color_primaries bt709 -color_trc bt709",
    "h264_fragments.mp4": f"{_PICTURE} {_H264} -movflags +frag_keyframe+empty_moov -g 25",
    "h264_list_first.mp4": f"{_PICTURE} {_H264} -movflags +faststart -g 25",
    "h264.mkv": f"{_PICTURE} {_H264} -g 25",
    "h264.ts": f"{_PICTURE} {_H264} -g 25",
    "h264.avi": f"{_PICTURE} {_H264} -bf 3",
    "rotated_90.mp4": "-display_rotation 90 -i h264_sound.mp4 -c copy",
    "rotated_180.mp4": "-display_rotation 180 -i h264_sound.mp4 -c copy",
    "rotated_270.mp4": "-display_rotation 270 -i h264_sound.mp4 -c copy",
    "mirrored.mp4": "-display_hflip -i h264_sound.mp4 -c copy",
    "mirrored_rotated.mp4": "-display_rotation 90 -display_hflip -i h264_sound.mp4 -c copy",
    "upside_down.mp4": "-display_vflip -i h264_sound.mp4 -c copy",
    "varying_rate.mp4": f"{_PICTURE} {_SOME_FRAMES} {_H264}",
    "varying_rate.mkv": f"{_PICTURE} {_SOME_FRAMES} {_H264}",
    "hevc.mp4": f"{_PICTURE} -c:v libx265 -pix_fmt yuv420p "
    "-x265-params log-level=none:keyint=20:open-gop=1",
    "hevc_cut.mp4": f"{_CUT} hevc.mp4 -c copy",
    "hevc_cut.mkv": f"{_CUT} hevc.mp4 -c copy",
    "hevc.ts": "-i hevc.mp4 -c copy",
    "hevc_10_bit_hdr.mp4": f"{_PICTURE} -c:v libx265 -x265-params log-level=none "
    "-pix_fmt yuv420p10le -color_primaries bt2020 -colorspace bt2020nc -color_trc smpte2084",
    "vp8.webm": f"{_PICTURE} -c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -g 40 -b:v 300k "
    "-deadline good -cpu-used 5",
    "vp9.webm": f"{_PICTURE} {_VP9} -g 40",
    "vp9_odd.webm": f"{_ODD} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p",
    "av1.mp4": f"{_PICTURE} -c:v libsvtav1 -preset 10 -g 40 -pix_fmt yuv420p",
    "av1.mkv": "-i av1.mp4 -c copy",
    "prores.mov": f"{_PICTURE} -c:v prores_ks -profile:v 3",
    "prores_4444.mov": f"{_PICTURE} -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le",
    "ffv1_odd.mkv": f"{_ODD} -c:v ffv1 -pix_fmt yuv420p",
    "ffv1_rgb.mkv": f"{_PICTURE} -c:v ffv1 -pix_fmt gbrp",
    "mjpeg.mov": f"{_PICTURE} -c:v mjpeg -q:v 3",
    "mpeg4.avi": f"{_PICTURE} -c:v mpeg4 -bf 2 -q:v 3",
    "mpeg4_no_b.avi": f"{_PICTURE} -c:v mpeg4 -q:v 3",
    "mpeg2.ts": f"{_PICTURE} -c:v mpeg2video -bf 2 -g 15 -q:v 3",
    "mpeg2.mpg": f"{_PICTURE} -c:v mpeg2video -bf 2 -g 15 -q:v 3",
    "mpeg2_interlaced.mpg": f"{_PICTURE} -c:v mpeg2video -bf 2 -g 15 -q:v 3 -flags +ilme+ildct",
    "flv.flv": f"{_PICTURE} -c:v flv",
    "theora.ogv": f"{_PICTURE} -c:v libtheora",
    "cover.png": "-f lavfi -i color=red:s=100x100:d=0.04 -frames:v 1",
    "only_a_cover.m4a": f"{_SOUND} -i cover.png -map 0 -map 1 -c:a aac -c:v png "
    "-disposition:v attached_pic",
    "with_a_cover.mp4": "-i h264_sound.mp4 -i cover.png -map 0 -map 1 -c copy -c:v:1 png "
    "-disposition:v:1 attached_pic",
    "two_streams.mp4": "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -i h264_sound.mp4 -map 0:v "
    "-map 1:v -c:v:0 libx264 -c:v:1 copy",
}
"""What the program is told, by the film's name; some are made of those before them."""

_BY_CODEC = {
    "h264": (".mp4", "-c:v libx264 -bf 3 -g 25 -pix_fmt yuv420p10le"),
    "hevc": (".mp4", "-c:v libx265 -x265-params log-level=none:keyint=25 -pix_fmt yuv420p10le"),
    "vp9": (".mp4", f"{_VP9} -g 25 -profile:v 2 -pix_fmt yuv420p10le"),
    "av1": (".mp4", "-c:v libsvtav1 -preset 10 -g 25 -pix_fmt yuv420p10le"),
    "prores": (".mov", "-c:v prores_ks -profile:v 2"),
}
"""For each codec of today the end of its films' names, and how they are encoded, in 10 bits."""

_EACH = {
    "uneven_sound": f"{_PICTURE} {_SOUND} {_SOME_FRAMES} {{codec}} -c:a aac -movflags +faststart",
    "cut": f"{_CUT} {{first}} -c copy",
    "90": "-display_rotation 90 -i {first} -c copy",
    "180": "-display_rotation 180 -i {first} -c copy",
    "270": "-display_rotation 270 -i {first} -c copy",
    "no_sound.mkv": "-i {first} -an -c copy",
    "list_last": "-i {first} -c copy",
}
"""What each codec has films of: frames at uneven times with sound, of which the others are made."""


def _of_each_codec() -> dict[str, str]:
    films = {}
    for codec, (ending, how) in _BY_CODEC.items():
        first = f"{codec}_10_bit_uneven_sound{ending}"
        for kind, told in _EACH.items():
            name = f"{codec}_10_bit_{kind}"
            name += "" if "." in kind else ending
            films[name] = told.format(codec=how, first=first)
    return films


_FILMS.update(_of_each_codec())

_CUT_OFF = (
    *("h264_sound.mp4", "h264_list_first.mp4", "h264_fragments.mp4", "h264.mkv", "h264.ts"),
    *(
        f"{codec}_10_bit_{kind}"
        for codec, (ending, _) in _BY_CODEC.items()
        for kind in (f"uneven_sound{ending}", f"list_last{ending}", "no_sound.mkv")
    ),
)
_DAMAGED = ("h264.mkv", "h264_list_first.mp4", "vp9.webm", "av1.mkv", "mpeg2.mpg", "hevc.mp4")
_NOT_FROM_THE_START = ("h264_open.ts", "mpeg2.ts", "hevc.ts")

_OFTEN = 376
"""Bytes, two packets of a transport stream."""


def make_films(folder: Path) -> list[Path]:
    """Make the films in a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, told in _FILMS.items():
        make_film(folder, name, told)
    made = [folder / name for name in _FILMS if not name.endswith(".png")]
    for name in _CUT_OFF:
        data = (folder / name).read_bytes()
        made.append(_written(folder / f"cut_off_{name}", data[: len(data) * 55 // 100]))
    for name in _DAMAGED:
        data = (folder / name).read_bytes()
        middle = len(data) * 6 // 10
        noise = bytes(each * 37 % 251 for each in range(300))
        damaged = data[:middle] + noise + data[middle + len(noise) :]
        made.append(_written(folder / f"damaged_{name}", damaged))
    for name in _NOT_FROM_THE_START:
        data = (folder / name).read_bytes()
        first = len(data) // 3 // _OFTEN * _OFTEN
        made.append(_written(folder / f"joined_late_{name}", data[first:]))
    return made


def make_film(folder: Path, name: str, told: str) -> None:
    """Make what the program is told to, in a folder; `ToolError` if it is not there, or fails."""
    try:
        made = run(["ffmpeg", "-v", "error", "-y", *told.split(), name], cwd=folder)
    except FileNotFoundError:
        raise ToolError("the program ffmpeg is not there: install it, and run again") from None
    if made.returncode:
        raise ToolError(f"ffmpeg could not make {name}: {complaint(made.stderr)}")


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
