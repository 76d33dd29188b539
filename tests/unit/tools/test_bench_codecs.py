from __future__ import annotations

from batch_loop.tests.support.drawings import DRAWINGS
from batch_loop.tools.bench.codecs import COMFYUI, OURS, measure_codecs


def test_it_measures_each_kind_of_file_and_lossless_results_are_identical() -> None:
    images = {name: DRAWINGS[name](60, 80) for name in ("photo", "noise", "flat")}
    rows = measure_codecs(images, runs=1)
    assert {row.image for row in rows} == set(images)
    ours = [row for row in rows if row.codec == OURS]
    assert {row.operation for row in ours} == {
        "to uint8",
        "to float",
        "PNG write",
        "PNG read",
        "JPEG write",
        "JPEG read",
        "WebP write",
        "WebP lossless",
    }
    lossy = {"JPEG write", "WebP write"}
    for row in ours:
        assert row.difference == (None if row.operation in lossy else 0), row
        assert (row.bytes is None) is row.operation.startswith("to ")
        assert row.milliseconds > 0
    # Each of ours is paired with ComfyUI's.
    assert {(row.image, row.operation) for row in ours} == {
        (row.image, row.operation) for row in rows if row.codec == COMFYUI
    }
