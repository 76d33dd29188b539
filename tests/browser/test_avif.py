"""A workflow in an AVIF file, which ComfyUI's page opens like one in any other image."""

from __future__ import annotations

import base64

import torch

from batch_loop.core.media.formats.encode import encode
from batch_loop.core.model.formats import Format
from batch_loop.tests.browser.comfy_page import ComfyPage
from batch_loop.tests.support.graphs import node


def test_the_page_opens_the_workflow_of_a_result(comfy: ComfyPage) -> None:
    image = node("EmptyImage", width=8, height=8, batch_size=1, color=0)
    comfy.load({"1": image, "2": node("PreviewImage", images=["1", 0])})
    workflow = comfy.page.evaluate("JSON.parse(JSON.stringify(app.graph.serialize()))")
    picture = torch.rand(9, 17, 3)
    data = encode(picture, format=Format.AVIF, quality=90, metadata={"workflow": workflow})
    comfy.page.evaluate("app.graph.clear()")
    comfy.page.evaluate(
        """data => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          void app.handleFile(new File([bytes], "result.avif", { type: "image/avif" }));
        }""",
        base64.b64encode(data).decode(),
    )
    comfy.page.wait_for_function(
        "count => app.graph._nodes.length === count", arg=len(workflow["nodes"])
    )
