"""Whether a prompt only tries one image: the page says so in Directory Iterator's inputs."""

from __future__ import annotations

from collections.abc import Mapping

from .links import Graph

CARD_INPUT = "batch_loop_card"
"""The widget of Directory Iterator's card, which is in a prompt only to say what is different."""

TRY_IMAGE = "try_image"
"""Key, in the value of that input, of the path of the image to try; "" for the next.

Where an image of another Directory Iterator was chosen, the page adds its path under `beside`, so
that ComfyUI does not take an output from its cache that goes with another image.
"""


def tried(graph: Graph, unique_id: str) -> str | None:
    """The image that a Directory Iterator is to try; None in a prompt of the batch."""
    said = graph.get(unique_id, {}).get("inputs", {}).get(CARD_INPUT)
    path = said.get(TRY_IMAGE) if isinstance(said, Mapping) else None
    return path if isinstance(path, str) else None
