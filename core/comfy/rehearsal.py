"""Doing in advance what the first image of a ComfyUI would have to wait for.

Pillow loads its formats when the first file is opened, which takes longer than reading an image;
SQLAlchemy works out each statement at its first use; threads and codecs start at theirs.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable

import torch

from ..common.workers import lower_priority
from ..media.formats.decode import decode
from ..media.formats.encode import encode
from ..model.formats import Format, can_write_avif

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
"""How long pages that were waiting for ComfyUI's start have it for themselves."""

_SIDE = 64
"""Pixels: enough for each codec to do all that it does."""


def rehearse_when_idle(*others: Callable[[], object], pause: float = PAUSE_SECONDS) -> None:
    """Start a thread that goes through an image's way, and calls `others`, after a pause."""

    def rehearse() -> None:
        lower_priority()
        threading.Event().wait(pause)
        for each in (rehearse_image, *others):
            try:
                each()
            except Exception:  # noqa: BLE001 the first prompt meets it again, and reports it
                _log.debug("Batch Loop could not rehearse", exc_info=True)

    try:
        threading.Thread(target=rehearse, name="batch-loop-rehearsal", daemon=True).start()
    except RuntimeError:  # no thread can be started: it was only to save time
        _log.debug("Batch Loop does not rehearse", exc_info=True)


def rehearse_image() -> None:
    """Encode and decode a small image that nobody sees, and try AVIF, which validation asks for."""
    image = torch.zeros((_SIDE, _SIDE, 3))
    for format_ in (Format.PNG, Format.JPEG):
        data = encode(image, format=format_, quality=90, metadata={"prompt": {}})
        decode(io.BytesIO(data))
    can_write_avif()
