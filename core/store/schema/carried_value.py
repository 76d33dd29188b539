"""Carried values as files: what outlives a restart, and how it is written down.

Tensors, numbers, text, lists, tuples and dicts with text for keys, in any nesting. A latent is a
dict of tensors, so it is among them; a model is not. The file is one of the `safetensors` format,
which holds data and no code, with the nesting as JSON in its header.
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
"""Key of the nesting in the file's header."""


_MOST_PARTS = 1_000_000


class CannotKeep(Exception):
    """Raised when a value holds something that no file can keep; the message names its type."""


def encode(value: Any) -> bytes:
    """Write `value` as the content of a file. Tensors go to the CPU; CannotKeep, and nothing else.

    What is written is read back before it counts as kept, as there is no end to what a node may
    carry: text of half a character, a tensor of a kind that is yet to come.
    """
    try:
        tensors: dict[str, torch.Tensor] = {}
        outline = _outline(value, tensors, itertools.count(1))
        data = save(tensors, metadata={_HEADER: json.dumps(outline)})
        decode(data)
    except CannotKeep:
        raise
    except Exception as error:  # of any type: what its parts raise is theirs
        raise CannotKeep(type(value).__name__) from error
    return data


def decode(data: bytes) -> Any:
    """The value that a file's content keeps, its tensors on the CPU."""
    # A header of JSON, behind its length in eight bytes.
    length = int.from_bytes(data[:8], "little")
    outline = json.loads(data[8 : 8 + length])["__metadata__"][_HEADER]
    return _value(json.loads(outline), load(data).__getitem__)


def _outline(value: Any, tensors: dict[str, torch.Tensor], parts: Iterator[int]) -> Any:
    """`value` as JSON: what JSON has is itself, the rest is `[kind, content]`.

    `parts` counts: a list in which another stands twice, in which another stands twice, and so on,
    has more of them than any file.
    """
    if next(parts) > _MOST_PARTS:
        raise CannotKeep(type(value).__name__)
    # Not isinstance for the plain ones: a subclass may be more than what JSON keeps of it.
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is torch.Tensor and _is_plain(value):
        name = str(len(tensors))
        # A copy of its own: the format refuses tensors that share their memory.
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
    """Whether a tensor is no more than numbers in a shape, of a kind that the format has."""
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
