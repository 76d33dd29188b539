"""Films and sounds are played where an image and its results are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from batch_loop.tests.support.clips import FPS, make_clip, make_sound, sweep
from batch_loop.tools.tab import SMALL

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tests.browser.films import Films
    from batch_loop.tests.browser.side_panel import SidePanel

VIDEOS, SOUNDS = "BatchLoopVideoIterator", "BatchLoopAudioIterator"
PLAYED = "libvpx-vp9"
"""A codec that all browsers can play, unlike H.264."""
UNPLAYED = "mpeg4"
"""One that none plays."""
SECONDS = 30

pytestmark = pytest.mark.usefixtures("renderer")


def open_on(panel: SidePanel, folder: str, name: str) -> None:
    panel.open()
    panel.choose(folder)
    row = panel.row(name)
    expect(row).to_contain_text("Done")
    row.click()
    expect(panel.viewer.get_by_role("heading")).to_have_text(name)


def wait_until_unloaded(panel: SidePanel, media: ElementHandle) -> None:
    panel.page.wait_for_function(
        "media => media.paused && !media.isConnected && !media.src", arg=media
    )


def beside(left: Locator, right: Locator) -> bool:
    """Whether both have room, the one to the left of the other."""
    one, other = left.bounding_box(), right.bounding_box()
    assert one is not None
    assert other is not None
    assert min(one["width"], other["width"], one["height"], other["height"]) > 100
    return one["x"] + one["width"] <= other["x"] + 1


def test_videos_play_beside_their_results(comfy: ComfyPage, panel: SidePanel, films: Films) -> None:
    for seed, name in enumerate(("a.mp4", "b.mp4")):
        # Longer than a busy machine takes for what is done with it.
        make_clip(films.input / name, seed=seed, frames=SECONDS * FPS, codec=PLAYED)
    films.open(comfy, films.graph(VIDEOS, 1, "BatchLoopSaveVideo", directory=""))
    card = films.choose_folder(comfy, VIDEOS, 2)
    films.run(comfy, VIDEOS)
    expect(card).to_contain_text("All 2 files done")
    open_on(panel, films.name, "b.mp4")
    panel.wait_for_pictures(panel.row("b.mp4"), 2)
    source, result = panel.player("Source b.mp4"), panel.player("Result of b.mp4")
    assert beside(source, result)
    # By a click, and of both only one at a time.
    for player in (source, result):
        panel.wait_until_it_can_play(player)
        player.click()
        panel.wait_until_it_plays(player)
    expect(source).to_have_js_property("paused", value=True)
    # Alone, and by keyboard: Space on what is shown, and the player's own keys in it.
    keyboard = panel.page.keyboard
    panel.viewer.get_by_role("button", name="Result", exact=True).click()
    expect(source).to_be_hidden()
    expect(panel.viewer.get_by_role("button", name="Zoom in")).to_be_hidden()
    result.press(" ")
    expect(result).to_have_js_property("paused", value=True)
    panel.viewer.locator(".batch-loop-viewer-stage").focus()
    keyboard.press(" ")
    expect(result).to_have_js_property("paused", value=False)
    # It stops when another one is shown, and when the window is closed.
    played = result.element_handle()
    keyboard.press("ArrowLeft")
    expect(panel.viewer.get_by_role("heading")).to_have_text("a.mp4")
    wait_until_unloaded(panel, played)
    other = panel.player("Result of a.mp4")
    panel.wait_until_it_can_play(other)
    keyboard.press(" ")
    panel.wait_until_it_plays(other)
    played = other.element_handle()
    keyboard.press("Escape")
    expect(panel.viewer).to_have_count(0)
    wait_until_unloaded(panel, played)


def test_sounds_play_beside_their_texts(comfy: ComfyPage, panel: SidePanel, films: Films) -> None:
    make_sound(films.input / "a.wav", sweep(1))
    # More than is sent at once.
    make_sound(films.input / "b.wav", sweep(SECONDS, channels=2))
    films.open(comfy, films.graph(SOUNDS, 2, "BatchLoopSaveText", directory=""))
    card = films.choose_folder(comfy, SOUNDS, 2)
    expect(card).to_contain_text("first: a.wav")
    films.run(comfy, SOUNDS)
    expect(card).to_contain_text("All 2 files done")
    assert [path.read_text() for path in sorted(films.output.glob("*.txt"))] == ["a.wav", "b.wav"]
    panel.page.set_viewport_size(SMALL)
    open_on(panel, films.name, "b.wav")
    panel.wait_for_pictures(panel.row("b.wav"), 1)
    sound, text = panel.player("Source b.wav"), panel.viewer.locator(".batch-loop-viewer-text")
    expect(text).to_have_text("b.wav")
    picture = panel.viewer.locator(".batch-loop-viewer-player img")
    panel.page.wait_for_function(
        "picture => picture.naturalWidth > 0", arg=picture.element_handle()
    )
    assert beside(picture, text)
    panel.wait_until_it_can_play(sound)
    panel.page.keyboard.press(" ")
    panel.wait_until_it_plays(sound)
    # To its end, which is in another part of the file.
    sound.evaluate("(sound, at) => { sound.currentTime = at; }", SECONDS - 3)
    panel.wait_until_it_plays(sound, SECONDS - 3)
    expect(sound).to_have_js_property("ended", value=True)
    assert sound.evaluate("sound => sound.duration") == pytest.approx(SECONDS, abs=0.1)
    assert panel.serious_violations(".batch-loop-viewer") == []


@pytest.mark.one_frontend
def test_what_the_browser_cannot_play_is_a_picture_and_says_so(
    comfy: ComfyPage, panel: SidePanel, films: Films
) -> None:
    # Of the second one a browser knows the sound, of the third nothing.
    make_clip(films.input / "a.webm", codec=PLAYED, frames=48)
    make_clip(films.input / "b.mp4", codec=UNPLAYED, sound="libopus")
    make_clip(films.input / "c.avi", codec=UNPLAYED)
    films.open(comfy, films.graph(VIDEOS, 2, "BatchLoopSaveText", directory=films.name))
    films.run(comfy, VIDEOS)
    open_on(panel, films.name, "b.mp4")
    said = panel.viewer.locator(".batch-loop-viewer-unplayed")
    for name in ("b.mp4", "c.avi"):
        expect(panel.viewer.get_by_role("heading")).to_have_text(name)
        expect(said).to_contain_text(f"This browser cannot play {name}")
        panel.wait_for_views(1)
        expect(panel.viewer.locator("video")).to_have_count(0)
        panel.page.keyboard.press("ArrowRight")
    panel.page.keyboard.press("Home")
    expect(panel.player("Source a.webm")).to_be_visible()
    expect(said).to_be_hidden()
    with panel.page.context.expect_page() as opened:
        panel.viewer.get_by_role("button", name="Source", exact=True).click()
        panel.viewer.get_by_role("link", name="Open in a new tab").click()
    film = opened.value.locator("video")
    film.evaluate("film => film.play()")
    opened.value.wait_for_function(
        "film => film.currentTime > 0.1 && film.videoWidth > 0", arg=film.element_handle()
    )
    opened.value.close()
