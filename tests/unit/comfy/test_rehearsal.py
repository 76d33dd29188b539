"""What is done in advance, so that the first image does not wait for it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from batch_loop.core.comfy.rehearsal import rehearse_image, rehearse_when_idle
from batch_loop.core.model.formats import can_write_avif
from batch_loop.tests.support.threads import no_thread_starts
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.layout import ROOT

FIRST_IMAGE = """
import io, json, sys
sys.path.insert(0, {root!r})
from tools.pack import pack
rehearsal = pack("core.comfy.rehearsal")
decode, encode = pack("core.media.formats.decode").decode, pack("core.media.formats.encode").encode
formats = pack("core.model.formats").Format
import numpy as np, torch
if {rehearsed}:
    rehearsal.rehearse_image()
before = set(sys.modules)
image = torch.rand(300, 400, 3)
for each in (formats.PNG, formats.JPEG, formats.WEBP):
    decode(io.BytesIO(encode(image, format=each, quality=90, metadata={{"prompt": {{}}}})))
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded_by_the_first_image(*, rehearsed: bool) -> list[str]:
    """The modules that are imported for it, in a process of its own."""
    code = FIRST_IMAGE.format(root=str(ROOT), rehearsed=rehearsed)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=100
    )
    loaded: list[str] = json.loads(done.stdout)
    return loaded


def test_the_first_image_loads_nothing_any_more() -> None:
    assert "PIL.JpegImagePlugin" in loaded_by_the_first_image(rehearsed=False)
    assert loaded_by_the_first_image(rehearsed=True) == []


def test_whether_pillow_writes_avif_is_known_before_a_prompt_is_validated() -> None:
    """Trying it takes a moment, and validation is in the event loop."""
    can_write_avif.cache_clear()
    rehearse_image()
    assert can_write_avif.cache_info().currsize == 1


def test_one_that_fails_keeps_none_of_the_others_from_being_rehearsed() -> None:
    done: list[str] = []

    def fails() -> None:
        raise OSError

    rehearse_when_idle(fails, lambda: done.append(threading.current_thread().name), pause=0.0)
    wait_for(lambda: done, "the last to be called")
    assert done == ["batch-loop-rehearsal"]


def test_without_a_thread_nothing_is_rehearsed() -> None:
    with no_thread_starts():
        rehearse_when_idle(pause=0.0)
