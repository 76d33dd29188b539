"""Hundreds of odd and broken files in one batch, compared with Load Image."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import loop_state, run_until_stop
from batch_loop.tests.support.graphs import (
    COMPLETE,
    END,
    ITERATOR,
    START,
    STOP,
    Graph,
    iterator,
    node,
)
from batch_loop.tests.support.load_image import load_image, load_image_reads_with_pillow
from batch_loop.tests.support.odd_images import Grey, OddFile, write_odd_files
from batch_loop.tools.client import ComfyClient

Digest = dict[str, Any]


def digest_node(image: list[Any], mask: list[Any], text: Any, path: Path) -> dict[str, Any]:
    return node("TestDigest", image=image, mask=mask, text=text, path=str(path))


def batch(directory: str, path: Path) -> Graph:
    """A batch over every file, whose pixels are recorded and not saved."""
    return {
        ITERATOR: iterator(
            directory,
            filter="Custom",
            custom_pattern="*",
            sort_by="name",
            error_handling="Skip on error",
        ),
        START: node("BatchLoopLoopStart", loop=[ITERATOR, 0]),
        "digest": digest_node([ITERATOR, 1], [ITERATOR, 2], [ITERATOR, 3], path),
        END: node("BatchLoopLoopEnd", loop=[START, 0]),
        COMPLETE: node("BatchLoopBatchComplete", loop=[END, 0]),
        STOP: node("BatchLoopEndQueue", stop=[COMPLETE, 0]),
    }


def load_all(client: ComfyClient, folder: str, files: list[OddFile], path: Path) -> None:
    """Have ComfyUI's own node load each of them, in a prompt of its own."""
    for file in files:
        graph = {
            "load": node("LoadImage", image=f"{folder}/{file.name}"),
            "digest": digest_node(["load", 0], ["load", 1], file.name, path),
        }
        client.submit(graph)
    client.wait_until_idle()


def own_digests(folder: Path, files: list[OddFile]) -> dict[str, Digest]:
    """What Load Image makes of each of them, if it reads with Pillow."""
    by_name = {}
    for file in files:
        try:
            loaded = load_image(folder / file.name)
        except Exception:  # noqa: BLE001, S112 - of any type, as the damage is
            continue
        by_name[file.name] = {
            "name": file.name,
            "image": hashlib.sha256(loaded.image.tobytes()).hexdigest(),
            "shape": list(loaded.image.shape),
            "mask": hashlib.sha256(loaded.mask.tobytes()).hexdigest(),
            "mask_shape": list(loaded.mask.shape),
            "is_clear": bool(loaded.mask.any()),
            "least": float(loaded.image.min()),
            "most": float(loaded.image.max()),
        }
    return by_name


def digests(path: Path) -> dict[str, Digest]:
    """What was recorded, by file; each file at most once."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    by_name = {entry["name"]: entry for entry in entries}
    assert len(by_name) == len(entries)
    return by_name


def difference(file: OddFile, ours: Digest | None, own: Digest | None) -> str:
    """What is wrong with how a file was decoded; "" if nothing is."""
    if ours is None:
        return "sound, and not decoded" if file.is_sound else ""
    if not 0 <= ours["least"] <= ours["most"] <= 1 or ours["mask_shape"] != ours["shape"][:2]:
        return "not an image with its mask"
    if file.grey is not None and is_grey(ours, file.grey, exactly=file.is_sound):
        return ""
    if own is None:
        # Load Image reads every frame, and one after the first is broken.
        return "" if file.is_animated else "decoded, where Load Image gives up"
    if ours["image"] != own["image"]:
        return "other pixels than Load Image's"
    # Without transparency, Load Image's mask is always 64x64.
    same_mask = ours["mask"] == own["mask"] or not (ours["is_clear"] or own["is_clear"])
    return "" if same_mask else "another mask than Load Image's"


def is_grey(ours: Digest, grey: Grey, *, exactly: bool) -> bool:
    """Whether an image is the grey that was written; if not `exactly`, it may be smaller."""
    if not exactly:
        return np.allclose([ours["least"], ours["most"]], [grey.min(), grey.max()])
    expected = np.repeat(grey[:, :, None], 3, axis=2).astype(np.float32)
    is_same: bool = ours["image"] == hashlib.sha256(expected.tobytes()).hexdigest()
    return is_same


def test_odd_and_broken_files_are_read_like_by_load_image_or_fail(
    client: ComfyClient, workspace: Workspace
) -> None:
    files = write_odd_files(workspace.input)
    assert len(files) >= 300
    ours_path, own_path = workspace.scratch / "ours", workspace.scratch / "own"
    last = run_until_stop(client, batch(workspace.name, ours_path), most=len(files) + 1)[-1]
    loop = loop_state(client, last)
    report = client.get_json(f"/batch_loop/loops/{loop['id']}/report.json")
    items = {item["path"]: item for item in report["items"]}
    assert items.keys() == {file.name for file in files}
    ours, own = digests(ours_path), own_digests(workspace.input, files)
    if load_image_reads_with_pillow():
        load_all(client, workspace.name, files, own_path)
        assert digests(own_path) == own
    assert {name for name, item in items.items() if item["state"] == "done"} == ours.keys()
    failed = {name for name, item in items.items() if item["state"] == "failed"}
    assert failed == items.keys() - ours.keys()
    assert [name for name in failed if not 3 < len(items[name]["reason"]) < 300] == []
    wrong = {file.name: difference(file, ours.get(file.name), own.get(file.name)) for file in files}
    assert {name: words for name, words in wrong.items() if words} == {}
    # There was at least one of each kind.
    assert len(ours) > 150
    assert len(failed) > 100
    # Load Image fills missing parts with grey; here they are an error.
    assert failed & own.keys()
