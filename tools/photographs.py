"""Pictures of a page, for the documentation."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import FloatRect, Page


def photograph(page: Page, *, clip: FloatRect | None = None, width: int = 0) -> Image.Image:
    """What is on the page, or on a part of it; made smaller where a `width` is named."""
    taken = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    if not width:
        return taken
    height = round(taken.height * width / taken.width)
    return taken.resize((width, height), Image.Resampling.LANCZOS)
