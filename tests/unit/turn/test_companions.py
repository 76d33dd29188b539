"""Reading the companions of a turn's images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from batch_loop.core.background.budget import MemoryBudget
from batch_loop.core.background.read_ahead import ReadAhead, read_image
from batch_loop.core.common.errors import FolderNotFound, InvalidSetting, PathRefused
from batch_loop.core.engine.batches import Request
from batch_loop.core.engine.registry import LoopRegistry
from batch_loop.core.files.allowed_paths import AllowedFolders
from batch_loop.core.files.listing import list_images
from batch_loop.core.graph.required_nodes import Submission
from batch_loop.core.media.formats.decode import DecodedImage
from batch_loop.core.model.loop_key import IMAGES, VARIANTS, LoopKey
from batch_loop.core.model.policy import ErrorHandling, Policy
from batch_loop.core.model.selection import Companion, CompanionKind, Selection, WhenMissing
from batch_loop.core.sources.by_kind import ByKind
from batch_loop.core.sources.image_folder import ImageFolder
from batch_loop.core.sources.variants import OPTION, Axis, VariantLists
from batch_loop.core.store.memory import MemoryStore
from batch_loop.core.turn.companion_requests import check_companions, companions_asked_for
from batch_loop.core.turn.companions import MaskFrom, mask_of
from batch_loop.tests.support.fake_host import ByHand, FakeHost
from batch_loop.tests.support.graphs import Graph, iterator, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.reading import reading_of
from batch_loop.tests.support.waiting import wait_for

MASK = Companion("../masks/{stem}.png", WhenMissing.FAIL, CompanionKind.IMAGE)
CAPTION = Companion("{stem}.txt", WhenMissing.EMPTY, CompanionKind.TEXT)
SKIP = Policy(ErrorHandling.SKIP)


class Server:
    """A registry on `photos`, with `masks` beside it, and what it has decoded, in order."""

    def __init__(self, root: Path, *companions: Companion) -> None:
        self.decoded: list[str] = []
        self.host = FakeHost()
        source = ByKind({IMAGES: ImageFolder(list_images, lambda _path: 0.0)})
        self.registry = LoopRegistry(MemoryStore(), self.host, source, poll_outcomes=ByHand)
        ahead = ReadAhead(MemoryBudget(10**9), self._decode, smallest=0)
        self.meanwhile: list[Callable[[], object]] = []
        """What happens, once each, while a file is waited for."""
        self.wall = 0.0
        self.reading = reading_of(
            self.registry, ahead, meanwhile=self._happen, wall=lambda: self.wall
        )
        self.request = Request(
            LoopKey("", str(root / "photos")), Selection(companions=companions), policy=SKIP
        )
        self.allowed = AllowedFolders(str(root), str(root), str(root))

    def _happen(self) -> None:
        while self.meanwhile:
            self.meanwhile.pop()()

    def _decode(self, path: str) -> DecodedImage:
        self.decoded.append(f"{Path(path).parent.name}/{Path(path).name}")
        return read_image(path)

    def turn(self) -> tuple[Any, DecodedImage | None]:
        """The next iteration, with its image."""
        iteration = self.registry.acquire(self.request, self.host.submit())
        selections = {self.request.key: self.request.selection}
        opened = self.reading.opened(iteration, selections, self.allowed)
        return iteration, opened if isinstance(opened, DecodedImage) else None

    def end(self, iteration: Any) -> None:
        self.registry.end(iteration)
        self.host.finish(iteration.prompt)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = ["a.png", "b.png", "c.png"]
    for folder in ("photos", "masks"):
        write_images(tmp_path / folder, names)
    return tmp_path


def test_a_mask_that_is_still_being_copied_is_waited_for(root: Path) -> None:
    server, mask = Server(root, MASK), root / "masks" / "a.png"
    whole = mask.read_bytes()
    mask.write_bytes(whole[:20])
    server.wall = mask.stat().st_mtime
    server.meanwhile.append(lambda: mask.write_bytes(whole))
    first, image = server.turn()
    assert image is not None
    assert first.item.path == "a.png"


def test_so_is_a_caption_and_anew_by_its_node(root: Path) -> None:
    server, caption = Server(root, CAPTION), root / "photos" / "a.txt"
    whole = "a word".encode("utf-16")

    def half_copied() -> None:
        caption.write_bytes(whole[:-1])
        server.wall = caption.stat().st_mtime
        server.meanwhile.append(lambda: caption.write_bytes(whole))

    half_copied()
    iteration, image = server.turn()
    assert image is not None
    companions = server.reading.companions
    kept = companions.text(iteration, CAPTION, server.allowed)
    companions.keep(iteration.prompt, {})
    half_copied()
    assert kept == companions.text(iteration, CAPTION, server.allowed)
    assert kept is not None
    assert kept.content == "a word"


def test_a_mask_is_read_once_with_its_image_and_ahead(root: Path) -> None:
    server = Server(root, MASK)
    first, _ = server.turn()
    wait_for(lambda: len(server.decoded) == 4, "what comes next to be read")
    assert server.decoded[:2] == ["photos/a.png", "masks/a.png"]
    assert sorted(server.decoded[2:]) == ["masks/b.png", "photos/b.png"]
    for _ in range(2):
        mask = server.reading.companions.image(first, MASK, server.allowed)
        assert mask is not None
        assert mask.path == str(root / "masks" / "a.png")
    server.end(first)
    second, _ = server.turn()
    assert server.reading.companions.image(second, MASK, server.allowed) is not None
    assert server.decoded.count("masks/b.png") == 1


def test_the_mask_of_an_image_with_variants_is_that_of_its_file(root: Path) -> None:
    server = Server(root, MASK)
    lists = VariantLists((Axis.of("value", ["1", "2"]),))
    server.request = replace(
        server.request,
        key=replace(server.request.key, source=IMAGES + VARIANTS),
        selection=Selection(companions=(MASK,), options=((OPTION, lists.text()),)),
    )
    iteration, image = server.turn()
    assert image is not None
    mask = server.reading.companions.image(iteration, MASK, server.allowed)
    assert mask is not None
    assert mask.path == str(root / "masks" / "a.png")


def test_an_image_without_its_mask_is_given_back_before_it_is_passed_on(root: Path) -> None:
    (root / "masks" / "a.png").unlink()
    server = Server(root, MASK)
    iteration, image = server.turn()
    assert image is None
    (failed,) = server.registry.snapshot(iteration.key.id).failures
    assert failed.failure is not None
    assert failed.failure.reason == '"../masks/a.png", its companion, is missing'
    assert failed.attempts == 1


def test_if_the_folder_of_masks_is_gone_no_image_fails(root: Path) -> None:
    server = Server(root, MASK)
    (root / "masks").rename(root / "elsewhere")
    with pytest.raises(FolderNotFound):
        server.turn()
    assert server.registry.snapshot(server.request.key.id).counts.failed == 0


def test_a_missing_companion_may_be_empty(root: Path) -> None:
    server = Server(root, CAPTION)
    iteration, image = server.turn()
    assert image is not None
    assert server.reading.companions.text(iteration, CAPTION, server.allowed) is None
    server.end(iteration)
    (root / "photos" / "b.txt").write_text("a cat\n")
    iteration, _ = server.turn()
    caption = server.reading.companions.text(iteration, CAPTION, server.allowed)
    assert caption is not None
    assert caption.content == "a cat"


@pytest.mark.posix
def test_a_link_out_of_the_allow_list_fails_its_image(root: Path) -> None:
    secret = root.parent / "secret.txt"
    secret.write_text("secret")
    (root / "photos" / "a.txt").symlink_to(secret)
    server = Server(root, CAPTION)
    iteration, image = server.turn()
    assert image is None
    (failed,) = server.registry.snapshot(iteration.key.id).failures
    assert failed.failure is not None
    assert "may not use" in failed.failure.reason
    assert str(root) not in failed.failure.reason


def decoded(tmp_path: Path, picture: Image.Image) -> DecodedImage:
    picture.save(tmp_path / "mask.png")
    return read_image(str(tmp_path / "mask.png"))


def test_a_mask_is_brightness_unless_the_file_is_transparent_somewhere(tmp_path: Path) -> None:
    grey = decoded(tmp_path, Image.new("L", (2, 1), 51))
    red = decoded(tmp_path, Image.new("RGBA", (2, 1), (255, 0, 0, 255)))
    hole = Image.new("LA", (2, 1), (51, 255))
    hole.putpixel((1, 0), (255, 0))
    holed = decoded(tmp_path, hole)
    for image, by_brightness, by_transparency in (
        (grey, [0.2, 0.2], [0.0, 0.0]),
        (red, [1.0, 1.0], [0.0, 0.0]),
        (holed, [0.2, 1.0], [0.0, 1.0]),
    ):
        auto = by_transparency if image is holed else by_brightness
        for mask_from, expected in (
            (MaskFrom.BRIGHTNESS, by_brightness),
            (MaskFrom.TRANSPARENCY, by_transparency),
            (MaskFrom.AUTO, auto),
        ):
            mask = mask_of(image, mask_from)
            assert mask.shape == (1, 1, 2)
            assert torch.allclose(mask[0, 0], torch.tensor(expected))


def graph_of(**companion: Any) -> Graph:
    given = {"pattern": MASK.pattern, "when_missing": "Fail", "mask_from": "auto"}
    return {
        "1": iterator("photos"),
        "2": node("BatchLoopCompanionImage", loop=["1", 0], **{**given, **companion}),
        "3": node("MaskToImage", mask=["2", 1]),
        "4": node("PreviewImage", images=["3", 0]),
    }


def check(root: Path, graph: Graph, targets: list[str] | None = None) -> None:
    allowed = AllowedFolders(str(root), str(root / "out"), str(root / "temp"))
    check_companions(Submission(graph, targets), "1", allowed)


def test_what_is_typed_in_is_asked_for_once() -> None:
    graph = graph_of(pattern=f" {MASK.pattern} ")
    graph["5"] = {**graph["2"]}
    graph["6"] = node("MaskToImage", mask=["5", 1])
    assert companions_asked_for(graph, "1") == (MASK,)
    assert companions_asked_for(graph_of(pattern=["7", 0]), "1") == ()
    with pytest.raises(InvalidSetting, match="not one of its options"):
        companions_asked_for(graph_of(when_missing="Never"), "1")
    with pytest.raises(InvalidSetting, match="is empty"):
        companions_asked_for(graph_of(pattern=" "), "1")


def test_what_cannot_work_is_refused_before_anything_runs(root: Path) -> None:
    check(root, graph_of())
    for error, pattern in (
        (InvalidSetting, "mask.png"),
        (FolderNotFound, "../nothing/{stem}.png"),
        (PathRefused, "../../{stem}.png"),
        (PathRefused, f"{root.parent}/{{stem}}.png"),
    ):
        graph = graph_of(pattern=pattern)
        with pytest.raises(error, match=r"No image is handed out, as of BatchLoopCompanionImage"):
            check(root, graph)
        check(root, graph, targets=[])
    check(root, graph_of(pattern="../nothing/{stem}.png", when_missing="Empty"))
    with pytest.raises(InvalidSetting, match="Type the pattern"):
        check(root, graph_of(pattern=["7", 0], when_missing="Leave the image out"))


def test_with_subfolders_only_a_full_path_is_looked_at(root: Path) -> None:
    for pattern in ("../../{stem}.png", "../nothing/{stem}.png"):
        graph = graph_of(pattern=pattern)
        graph["1"]["inputs"]["recursive"] = True
        check(root, graph)
    graph["2"]["inputs"]["pattern"] = f"{root.parent}/{{stem}}.png"
    with pytest.raises(PathRefused):
        check(root, graph)


def test_only_what_are_files_of_their_own_have_files_beside_them(root: Path) -> None:
    graph = graph_of()
    graph["1"]["class_type"] = "BatchLoopRowIterator"
    with pytest.raises(InvalidSetting, match="loop of a Directory Iterator"):
        check(root, graph)
