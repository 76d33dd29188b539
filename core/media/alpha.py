"""The transparency that a mask gives an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

OPAQUE = 0.02
"""A mask's value that nobody can see."""

Convert = Callable[[torch.Tensor], npt.NDArray[Any]]


def split(
    image: torch.Tensor, mask: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The colours of an image [H,W,C] and its alpha [H,W,1], if a mask makes any of it transparent.

    The mask [h,w], 1 where the image is to be transparent, is brought to the image's size, as the
    image may have been enlarged. A mask of an image that is opaque throughout changes nothing.
    """
    if mask is None or not bool((mask > 0).any()):
        return image, None
    alpha = 1 - _sized(mask.float(), image.shape[:2]).to(image.device)
    if image.shape[2] == 1:
        image = image.expand(-1, -1, 3)
    if image.shape[2] == 4:  # noqa: PLR2004 - what was transparent remains so
        alpha = alpha * image[:, :, 3]
    return image[:, :, :3], alpha[:, :, None]


def is_transparent(images: torch.Tensor, masks: torch.Tensor | None) -> bool:
    """Whether any of the images [N,H,W,C] is transparent anywhere, by itself or by a mask."""
    if masks is not None and bool((masks > OPAQUE).any()):
        return True
    return images.shape[-1] == 4 and bool((images[..., 3] < 1 - OPAQUE).any())  # noqa: PLR2004


def joined(image: torch.Tensor, alpha: torch.Tensor | None, convert: Convert) -> npt.NDArray[Any]:
    """The pixels of colours and alpha together; converted first, as they are smaller then."""
    pixels = convert(image)
    return pixels if alpha is None else np.concatenate((pixels, convert(alpha)), axis=2)


def _sized(mask: torch.Tensor, size: torch.Size) -> torch.Tensor:
    if mask.shape == size:
        return mask
    scaled = torch.nn.functional.interpolate(mask[None, None], size=tuple(size), mode="bilinear")
    return scaled[0, 0]
