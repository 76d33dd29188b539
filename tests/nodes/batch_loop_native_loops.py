"""Stand-ins for ComfyUI's own Start Loop and End Loop, for releases that do not have them yet.

Inputs and outputs are those of ComfyUI 0.36 and later, so that workflows made with the stand-ins
open there too. Only the mode `simple` is implemented, without `accumulate`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from comfy_execution.graph_utils import GraphBuilder, is_link

COUNT = "mode.num_iterations"
INDEX, FIRST, LAST, VALUE = 0, 1, 2, 4
"""Outputs of Start Loop."""

ANY = ("*", {})


class AnyType(str):
    """A type that matches any input: older releases compare types with `!=`."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __eq__ = str.__eq__
    __hash__ = str.__hash__


def matching(template: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """An input of any type, the same for all inputs of one template."""
    declared = {"template": {"template_id": template, "allowed_types": "*"}, **options}
    return "COMFY_MATCHTYPE_V3", declared


class StartLoop:
    """Starts the first iteration, in which the nodes after it run as they are, unexpanded."""

    CATEGORY = "utilities/looping"
    FUNCTION = "run"
    RETURN_TYPES = ("INT", "BOOLEAN", "BOOLEAN", AnyType("*"), AnyType("*"))
    RETURN_NAMES = (
        "iteration_index",
        "is_first",
        "is_last",
        "list_item",
        "current_iteration_value",
    )

    @classmethod
    def GET_SCHEMA(cls) -> SimpleNamespace:
        """Tells ComfyUI and Batch Loop which nodes a loop begins and ends at."""
        return SimpleNamespace(loop_boundary="start")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        options = {
            "simple": {"num_iterations": ("INT", {"default": 4, "min": 0})},
            "For": {
                "start_iteration_index": ("INT", {"default": 0}),
                "max_iteration": ("INT", {"default": 4}),
                "step": ("INT", {"default": 1, "min": 1}),
            },
            "List": {"list": matching("list_item")},
        }
        modes = [{"key": key, "inputs": {"required": each}} for key, each in options.items()]
        return {
            "required": {
                "mode": ("COMFY_DYNAMICCOMBO_V3", {"options": modes}),
                "cache_iterations": ("BOOLEAN", {"default": False, "advanced": True}),
            },
            "optional": {
                "parent_iteration": ("INT", {"forceInput": True}),
                "initial_iteration_value": matching("carried_value"),
            },
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, input_types: dict[str, str]) -> bool:
        del input_types  # taking it turns off ComfyUI's type check, which older releases would fail
        return True

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> float:
        return float("nan")

    def run(
        self,
        dynprompt: Any,
        unique_id: str,
        initial_iteration_value: object = None,
        **_unused: Any,
    ) -> tuple[object, ...]:
        count = dynprompt.get_node(unique_id)["inputs"][COUNT]
        return 0, True, count == 1, None, initial_iteration_value


class EndLoop:
    """Expands into the iterations after the first."""

    CATEGORY = "utilities/looping"
    FUNCTION = "run"
    RETURN_TYPES = (AnyType("*"),)
    RETURN_NAMES = ("outputs",)

    @classmethod
    def GET_SCHEMA(cls) -> SimpleNamespace:
        return SimpleNamespace(loop_boundary="end")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        termination = {"input": {"required": {"termination": ANY}}, "prefix": "termination"}
        return {
            "required": {"accumulate": ("BOOLEAN", {"default": False})},
            "optional": {
                "output_value": matching("output_value", rawLink=True),
                "next_iteration_value": matching("carried_value", rawLink=True),
                "terminations": (
                    "COMFY_AUTOGROW_V3",
                    {"template": {**termination, "min": 0, "max": 50}},
                ),
            },
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, input_types: dict[str, str]) -> bool:
        del input_types  # as above
        return True

    @classmethod
    def IS_CHANGED(cls, **_inputs: Any) -> float:
        return float("nan")

    def run(self, dynprompt: Any, unique_id: str, **_unused: Any) -> dict[str, Any]:
        ending = dynprompt.get_node(unique_id)["inputs"]
        body: list[str] = []
        start = _walk_back(dynprompt, unique_id, body)
        body.remove(unique_id)
        count = dynprompt.get_node(start)["inputs"][COUNT]
        graph = GraphBuilder()
        nodes = {node_id: dynprompt.get_node(node_id) for node_id in body}
        carried, output = ending["next_iteration_value"], ending["output_value"]
        for index in range(1, count):
            given = {INDEX: index, FIRST: False, LAST: index == count - 1, VALUE: carried}
            copies = {
                node_id: graph.node(node["class_type"], f"{index}_{node_id}")
                for node_id, node in nodes.items()
            }

            def inside(value: Any, given: Any = given, copies: Any = copies) -> Any:
                if not is_link(value):
                    return value
                if value[0] == start:
                    return given[value[1]]
                return copies[value[0]].out(value[1]) if value[0] in copies else value

            for node_id, node in nodes.items():
                copies[node_id].set_override_display_id(node_id)
                for name, value in node["inputs"].items():
                    copies[node_id].set_input(name, inside(value))
            carried = inside(ending["next_iteration_value"])
            output = inside(ending["output_value"])
        return {"result": (output,), "expand": graph.finalize()}


def _walk_back(dynprompt: Any, node_id: str, body: list[str]) -> str | None:
    """The Start Loop before a node; the nodes between them are added to `body`, in order."""
    node = dynprompt.get_node(node_id)
    if node["class_type"] == "StartLoop":
        return node_id
    found = None
    for value in node["inputs"].values():
        if is_link(value):
            found = _walk_back(dynprompt, value[0], body) or found
    if found and node_id not in body:
        body.append(node_id)
    return found


NODE_CLASS_MAPPINGS = {"StartLoop": StartLoop, "EndLoop": EndLoop}
NODE_DISPLAY_NAME_MAPPINGS = {"StartLoop": "Start Loop", "EndLoop": "End Loop"}
