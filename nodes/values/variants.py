"""Variants: a list of values that each item of a batch is taken with."""

from __future__ import annotations

import contextlib
from typing import Any

from comfy_api.v0_0_2 import io as comfy_io

from ...core.comfy.model_files import files_of, kinds_of_files
from ...core.comfy.schema import VariantsSocket, built_once, schema
from ...core.common.errors import InvalidSetting
from ...core.common.names import node_id
from ...core.sources.variant_values import BY_ENTRY, BY_VALUE, VALUES, VariantValues, lines_of
from ...core.sources.variants import VariantLists


class Variants(comfy_io.ComfyNode):
    """The values that an iterator takes each of its items with."""

    @classmethod
    @built_once
    def define_schema(cls) -> comfy_io.Schema:
        return schema(
            node_id=node_id(cls.__name__),
            display_name="Variants",
            description=(
                "A list of values, such as prompts, strengths or LoRAs. Connect it to an "
                "iterator's variants: each of its items is then taken with each value, which "
                "Variant Value gives. Two of them, connected one to the other, cross."
            ),
            search_aliases=["sweep", "xy plot", "grid", "parameter study", "for each lora"],
            inputs=[
                comfy_io.String.Input(
                    "name",
                    default="value",
                    tooltip="By which Variant Value finds it, where there are several.",
                ),
                comfy_io.Combo.Input(
                    "kind",
                    options=[VALUES, *kinds_of_files()],
                    default=VALUES,
                    tooltip="What the values are: as written, or files that ComfyUI lists.",
                ),
                comfy_io.String.Input(
                    "values",
                    default="",
                    multiline=True,
                    tooltip="The values, one a line. A line such as 0.2 to 1 step 0.2 stands for "
                    "each of these numbers. Of files: names or patterns, such as * or style/*.",
                ),
                comfy_io.Combo.Input(
                    "run_order",
                    options=[BY_ENTRY, BY_VALUE],
                    default=BY_ENTRY,
                    tooltip="Each item with all values before the next, or all items with one "
                    "value before the next: a node that keeps what it has loaded, such as Load "
                    "LoRA, then loads each file once.",
                ),
                VariantsSocket.Input(
                    "variants",
                    optional=True,
                    tooltip="Another Variants that this one is crossed with; it changes slower.",
                ),
            ],
            outputs=[
                VariantsSocket.Output(
                    "crossed", display_name="variants", tooltip="Connect an iterator's variants."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, kind: str = VALUES) -> bool | str:
        """Check the kind; it may come from another node, and is then not given."""
        # Named, so that ComfyUI leaves checking to it: a saved workflow may have a kind of files
        # that only another pack's folders have.
        known = [VALUES, *kinds_of_files()]
        return kind in known or f"kind was {kind!r}. Choose one of {', '.join(known)}."

    @classmethod
    def fingerprint_inputs(cls, kind: str = "", values: str = "", **_others: Any) -> str:
        """Files that were added or removed change what the patterns match.

        What comes from other nodes is not given, so it may match any of the files.
        """
        if kind == VALUES:
            return ""
        kinds, patterns = [kind] if kind else kinds_of_files(), lines_of(values)
        found: list[tuple[str, ...]] = []
        for each in kinds:
            with contextlib.suppress(InvalidSetting):  # running says so
                found.append(files_of(each, patterns if kind and patterns else ["*"]))
        return repr(found)

    @classmethod
    def execute(
        cls, name: str, kind: str, values: str, run_order: str, variants: VariantLists | None = None
    ) -> comfy_io.NodeOutput:
        """Find the values; raises InvalidSetting where there are none, or too many."""
        own = VariantValues(name, kind, values, run_order).variants(files_of)
        return comfy_io.NodeOutput(own if variants is None else variants.crossed_with(own))
