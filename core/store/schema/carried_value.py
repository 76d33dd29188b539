"""Serialization of carried values.

Supported are tensors, numbers, text, lists, tuples, and dicts with text keys, in any nesting. That
includes latents, which are dicts of tensors, but not models. The format is `safetensors`, which
holds data and no code, with the nesting as JSON in its header.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import torch
from safetensors.torch import load, save

from ...model.records import Several

_HEADER = "batch_loop"
"""Key of the nesting in the header."""


_MOST_PARTS = 1_000_000


class CannotKeep(Exception):
    """Raised when a value contains something that no file can hold; the message names its type."""


def encode(value: Any) -> bytes:
    """Serialize `value`, with its tensors on the CPU; raises CannotKeep, and nothing else.

    The result is decoded as a check, as a node may carry over anything: text with half a surrogate
    pair, a tensor of a future kind.
    """
    try:
        tensors: dict[str, torch.Tensor] = {}
        outline = _outline(value, tensors, itertools.count(1))
        data = save(tensors, metadata={_HEADER: json.dumps(outline)})
        decode(data)
    except CannotKeep:
        raise
    except Exception as error:  # of any type: parts of the value may raise anything
        raise CannotKeep(type(value).__name__) from error
    return data


def decode(data: bytes) -> Any:
    """The value that `data` was encoded from, with its tensors on the CPU."""
    # A JSON header, after its length in eight bytes.
    length = int.from_bytes(data[:8], "little")
    outline = json.loads(data[8 : 8 + length])["__metadata__"][_HEADER]
    return _value(json.loads(outline), load(data).__getitem__)


def _outline(value: Any, tensors: dict[str, torch.Tensor], parts: Iterator[int]) -> Any:
    """`value` as JSON: plain values as they are, everything else as `[kind, content]`.

    `parts` counts the parts: a list that contains another twice, which contains another twice, and
    so on, would fit in no file.
    """
    if next(parts) > _MOST_PARTS:
        raise CannotKeep(type(value).__name__)
    # Not isinstance, as a subclass may hold more than JSON would keep.
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is torch.Tensor and _is_plain(value):
        name = str(len(tensors))
        # A copy, as the format refuses tensors that share memory.
        tensors[name] = value.detach().to("cpu").clone().contiguous()
        return ["tensor", name]
    if isinstance(value, Several):
        return ["several", [_outline(part, tensors, parts) for part in value.values]]
    if type(value) in (list, tuple):
        return [type(value).__name__, [_outline(part, tensors, parts) for part in value]]
    if type(value) is dict and all(type(name) is str for name in value):
        return ["dict", {name: _outline(part, tensors, parts) for name, part in value.items()}]
    raise CannotKeep(type(value).__name__)


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor is only numbers in a shape, of a kind that the format supports."""
    return (
        tensor.layout is torch.strided
        and not (tensor.is_complex() or tensor.is_quantized or tensor.is_meta)
        and not tensor.is_nested
    )


def _value(outline: Any, tensor: Any) -> Any:
    if not isinstance(outline, list):
        return outline
    kind, content = outline
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {name: _value(part, tensor) for name, part in content.items()}
    parts = [_value(part, tensor) for part in content]
    if kind == "several":
        return Several(tuple(parts))
    return tuple(parts) if kind == "tuple" else parts
