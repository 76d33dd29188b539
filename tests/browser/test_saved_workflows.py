"""The command converts a saved workflow to the same prompt that the page submits.

Workflows are made in the real page and saved by each frontend in its own way; the prompt that it
would submit is the expected result.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from batch_loop.batch_loop_cli.page_format.controls import change_for_next_run
from batch_loop.batch_loop_cli.page_format.prompt import as_prompt
from batch_loop.tests.support.earlier_workflows import EARLIER
from batch_loop.tests.support.images import write_images
from batch_loop.tools.layout import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch_loop.tests.browser.comfy_page import ComfyPage
    from batch_loop.tools.server import ComfyServer

TEMPLATE = json.loads((EXAMPLES / "Upscale folder.json").read_text(encoding="utf-8"))
SCALE, SHARPEN, SAVE = "ImageScaleBy", "ImageSharpen", "BatchLoopSaveImage"
"""The template's operations on an image, in order."""

WORDS = f"""
    const SCALE = "{SCALE}", SHARPEN = "{SHARPEN}", SAVE = "{SAVE}";
    const root = () => app.rootGraph ?? app.graph;
    const copy = (value) => JSON.parse(JSON.stringify(value));
    const find = (graph, type) => [...graph.nodes].find((node) => node.type === type);
    const add = (graph, type) => {{
        const node = LiteGraph.createNode(type);
        graph.add(node);
        return node;
    }};
    const slot = (node, name) => node.inputs.findIndex((input) => input.name === name);
    const link = (from, to, name) => from.connect(0, to, slot(to, name));
    const wrap = (graph, ...types) =>
        graph.convertToSubgraph(new Set(types.map((type) => find(graph, type))));
    const show = (subgraph, node, name) => {{
        const input = node.inputs[slot(node, name)];
        subgraph.addInput(name, String(input.type)).connect(input, node);
    }};
    const set = (node, name, value) => {{
        node.widgets.find((widget) => widget.name === name).value = value;
    }};
    const press = (node, command) => {{
        app.canvas.deselectAll();
        app.canvas.selectItems([node]);
        const id = `Comfy.Canvas.ToggleSelectedNodes.${{command}}`;
        return app.extensionManager.command.execute(id);
    }};
    const take = async () => {{
        const {{ workflow, output }} = await app.graphToPrompt();
        return copy({{ workflow, output, saved: root().serialize() }});
    }};
"""
"""Helpers in JavaScript that the scenes use."""

SCENES = {
    "nothing": "",
    "a subgraph": "wrap(root(), SCALE, SHARPEN);",
    "everything in a subgraph": "wrap(root(), ...root().nodes.map(({ type }) => type));",
    "a subgraph in a subgraph": """
        const { subgraph } = wrap(root(), SCALE, SHARPEN, SAVE);
        wrap(subgraph, SCALE, SHARPEN);
    """,
    "an input without a link": "wrap(root(), SCALE, SHARPEN).node.disconnectInput(0);",
    "a subgraph is bypassed": 'await press(wrap(root(), SCALE, SHARPEN).node, "Bypass");',
    "a subgraph is muted": 'await press(wrap(root(), SCALE, SHARPEN).node, "Mute");',
    "a subgraph in a bypassed one": """
        const { subgraph, node } = wrap(root(), SCALE, SHARPEN);
        wrap(subgraph, SCALE);
        await press(node, "Bypass");
    """,
    "a node in it is muted": """
        const { subgraph } = wrap(root(), SCALE, SHARPEN);
        await press(find(subgraph, SHARPEN), "Mute");
    """,
    "a node in it is bypassed": """
        const { subgraph } = wrap(root(), SCALE, SHARPEN);
        await press(find(subgraph, SCALE), "Bypass");
    """,
    "a reroute in it": """
        const reroute = add(root(), "Reroute");
        find(root(), SCALE).connect(0, reroute, 0);
        reroute.connect(0, find(root(), SHARPEN), 0);
        wrap(root(), SCALE, "Reroute", SHARPEN);
    """,
    "a reroute at its edge": """
        const reroute = add(root(), "Reroute");
        find(root(), SCALE).connect(0, reroute, 0);
        reroute.connect(0, find(root(), SHARPEN), 0);
        wrap(root(), SCALE, "Reroute");
    """,
    "a widget with a link from outside": """
        const float = add(root(), "PrimitiveFloat");
        set(float, "value", 1.25);
        link(float, find(root(), SCALE), "scale_by");
        wrap(root(), SCALE, SHARPEN);
    """,
    "a widget whose link was cut": """
        const float = add(root(), "PrimitiveFloat");
        link(float, find(root(), SCALE), "scale_by");
        set(wrap(root(), SCALE, SHARPEN).node, "scale_by", 3.5);
        root().remove(float);
    """,
    "a widget whose link leads to nothing": """
        const float = add(root(), "PrimitiveFloat");
        link(float, find(root(), SCALE), "scale_by");
        set(wrap(root(), SCALE, SHARPEN).node, "scale_by", 3.5);
        await press(float, "Bypass");
    """,
    "shown widgets": """
        const { subgraph, node } = wrap(root(), SCALE, SHARPEN);
        show(subgraph, find(subgraph, SHARPEN), "sigma");
        show(subgraph, find(subgraph, SCALE), "scale_by");
        set(node, "scale_by", 3.5);
        set(node, "sigma", 0.9);
    """,
    "shown widgets, opened again": """
        const { subgraph, node } = wrap(root(), SCALE, SHARPEN);
        show(subgraph, find(subgraph, SHARPEN), "sigma");
        show(subgraph, find(subgraph, SCALE), "scale_by");
        set(node, "scale_by", 3.5);
        await app.loadGraphData(copy(root().serialize()));
    """,
    "a shown seed": """
        add(root(), "KSampler");
        const { subgraph, node } = wrap(root(), SHARPEN, "KSampler");
        for (const name of ["seed", "steps"]) show(subgraph, find(subgraph, "KSampler"), name);
        set(node, "seed", 3);
        set(node, "steps", 9);
    """,
    "a shown widget of a subgraph in a subgraph": """
        const { subgraph, node } = wrap(root(), SCALE, SHARPEN, SAVE);
        const inner = wrap(subgraph, SCALE, SHARPEN);
        show(inner.subgraph, find(inner.subgraph, SCALE), "scale_by");
        show(subgraph, inner.node, "scale_by");
        set(node, "scale_by", 3.5);
    """,
    "a widget shown by the inner subgraph alone": """
        const { subgraph } = wrap(root(), SCALE, SHARPEN, SAVE);
        const inner = wrap(subgraph, SCALE, SHARPEN);
        show(inner.subgraph, find(inner.subgraph, SCALE), "scale_by");
        set(inner.node, "scale_by", 3.5);
    """,
    "the same subgraph twice": """
        const { subgraph, node } = wrap(root(), SCALE);
        show(subgraph, find(subgraph, SCALE), "scale_by");
        const other = add(root(), subgraph.id);
        node.connect(0, other, 0);
        other.connect(0, find(root(), SHARPEN), 0);
        set(node, "scale_by", 3.5);
        set(other, "scale_by", 4.5);
    """,
    "widgets shown in the way of 1.32": """
        const { subgraph, node } = wrap(root(), SCALE, SHARPEN);
        const [scale, sharpen] = [find(subgraph, SCALE), find(subgraph, SHARPEN)];
        show(subgraph, scale, "scale_by");
        show(subgraph, sharpen, "sigma");
        set(node, "scale_by", 3.5);
        if (node.properties.proxyWidgets) {
            const [one, other] = [String(scale.id), String(sharpen.id)];
            node.properties.proxyWidgets = [
                [other, "alpha"], ["-1", "sigma"], [one, "upscale_method"], ["-1", "scale_by"],
            ];
            set(node, `${other}: alpha`, 0.9);
            set(node, `${one}: upscale_method`, "bicubic");
        }
    """,
    "a Primitive": """
        const primitive = add(root(), "PrimitiveNode");
        link(primitive, find(root(), SCALE), "scale_by");
        primitive.widgets[0].value = 1.75;
    """,
    "a Primitive behind a reroute": """
        const reroute = add(root(), "Reroute");
        link(reroute, find(root(), SCALE), "scale_by");
        add(root(), "PrimitiveNode").connect(0, reroute, 0);
    """,
    "a link to nothing": """
        link(add(root(), "Reroute"), find(root(), SCALE), "scale_by");
        const text = add(root(), "StringConcatenate");
        link(add(root(), "PrimitiveString"), text, "string_b");
        link(text, find(root(), SAVE), "prefix");
        await press(text, "Bypass");
    """,
    "a bypassed node with several inputs of a type": """
        const blend = add(root(), "ImageCompositeMasked");
        find(root(), SCALE).connect(0, blend, slot(blend, "source"));
        blend.connect(0, find(root(), SHARPEN), 0);
        await press(blend, "Bypass");
    """,
    "a bypassed node whose input is in another place": """
        const sampler = add(root(), "KSampler");
        link(add(root(), "EmptyLatentImage"), sampler, "latent_image");
        link(sampler, add(root(), "VAEDecode"), "samples");
        await press(sampler, "Bypass");
    """,
    "texts": """
        const text = add(root(), "CLIPTextEncode");
        set(text, "text", String.raw`a {b {c}} // d ${"\\n"}e /* f */ \\{g\\|h\\} (i \\(j\\))`);
        const image = add(root(), "SaveImage");
        const sharpen = find(root(), SHARPEN);
        sharpen.title = "It: sharper";
        const places = ["%date:d-M-yy/yyyy-MM-dd%", "%Upscale Image By.upscale_method%",
            `%${SCALE}.scale_by%`, `%${sharpen.title}.sigma%`, `%${SAVE}.keep_subfolders%`,
            `%${SHARPEN}.nothing%`, "%Nothing.sigma%", "%width%", "100%"];
        set(image, "filename_prefix", places.join("_"));
        set(find(root(), SAVE), "prefix", "%date:yyyy%");
    """,
}


@pytest.fixture(scope="module")
def types(server: ComfyServer) -> dict[str, Any]:
    with server.client() as client:
        found: dict[str, Any] = client.get_json("/object_info")
    return found


Prompt = dict[str, tuple[str, dict[str, Any]]]


def inputs_of(prompt: Mapping[str, Any], types: Mapping[str, Any]) -> Prompt:
    """Type and inputs of each node, without additions by the page's own extensions."""
    found = {}
    for key, node in prompt.items():
        declared = types[node["class_type"]]["input"]
        known = {*declared.get("required", ()), *declared.get("optional", ())}
        inputs = node["inputs"].items()
        kept = {
            name: without_type(value) for name, value in inputs if name.partition(".")[0] in known
        }
        found[key] = node["class_type"], kept
    return found


def without_type(value: Any) -> Any:
    """A value without the type that frontend 1.58 adds, and that the server removes."""
    return value["__value__"] if isinstance(value, dict) and "__type__" in value else value


def check(made: Mapping[str, Any], types: Mapping[str, Any], scene: str = "") -> None:
    """Compare the command's result with the page's, for workflows saved as files and in images."""
    wanted = inputs_of(made["output"], types)
    for workflow in (made["workflow"], made["saved"]):
        assert inputs_of(as_prompt(workflow, types), types) == wanted, scene


def test_the_command_converts_a_workflow_to_what_the_page_submits(
    comfy: ComfyPage, types: dict[str, Any]
) -> None:
    # All in one test: cleaning up after each scene would take longer than the scene.
    for name, scene in SCENES.items():
        made = comfy.page.evaluate(
            f"""async (template) => {{
                {WORDS}
                await app.loadGraphData(template);
                {scene}
                return take();
            }}""",
            TEMPLATE,
        )
        assert made["output"], name
        check(made, types, name)


def test_a_workflow_of_an_earlier_version_opens_as_it_was_saved(
    comfy: ComfyPage, types: dict[str, Any]
) -> None:
    for earlier in EARLIER:
        made = comfy.page.evaluate(
            f"""async (workflow) => {{
                {WORDS}
                await app.loadGraphData(workflow);
                return take();
            }}""",
            earlier.workflow,
        )
        assert inputs_of(made["output"], types) == earlier.meant(types), earlier
        check(made, types, str(earlier))


NEEDS_MORE = re.compile(r"upload|remote|WEBCAM|LOAD_3D|PREVIEW_3D")
"""Parts of the input types that need a file, a camera or a scene as soon as the node exists."""


def test_each_type_of_node_is_converted(comfy: ComfyPage, types: dict[str, Any]) -> None:
    names = [name for name, each in types.items() if not NEEDS_MORE.search(json.dumps(each))]
    made = comfy.page.evaluate(
        f"""async (names) => {{
            {WORDS}
            root().clear();
            for (const name of names) add(root(), name);
            return take();
        }}""",
        names,
    )
    assert len(made["output"]) == len(names)
    check(made, types)


IMAGE = "saved_workflows.png"


def made_up(name: str, **inputs: Any) -> dict[str, Any]:
    """A node type that the page is told about but the server does not have."""
    return {
        "name": name,
        "display_name": name,
        "description": "",
        "category": "tests",
        "python_module": "nodes",
        "input": {"required": inputs},
        "input_order": {"required": list(inputs)},
        "output": ["FLOAT"],
        "output_name": ["FLOAT"],
        "output_is_list": [False],
        "output_node": False,
    }


LAST = ("FLOAT", {"default": 2.5})
"""A widget that comes last: it gets a wrong value if the widgets before it are miscounted."""
CONTROL = {"control_after_generate": True}

MADE_UP = [
    made_up("AnUpload", image=([IMAGE], {"image_upload": True}), last=LAST),
    made_up("AVideo", file=([IMAGE], {"video_upload": True}), last=LAST),
    made_up("ACombo", one=(["a", "b"], CONTROL), two=("COMBO", {"options": ["c"], **CONTROL})),
    made_up("AControlledCombo", one=("COMBO", {"options": ["c"], **CONTROL}), last=LAST),
    # Only the newest frontend has a control for it, so no widget can come after it.
    made_up("ANumber", number=("FLOAT", {"default": 1.5, **CONTROL})),
    made_up("AWord", number=("INT", {"control_after_generate": "fixed"}), last=LAST),
    made_up("ASeed", noise_seed=("INT", {"default": 4}), last=LAST),
    made_up("APlainSeed", seed=("INT", {"control_after_generate": False}), last=LAST),
    made_up("AFloatSeed", seed=("FLOAT", {"default": 4}), last=LAST),
    made_up("ASocket", text=("STRING", {"forceInput": True}), last=LAST),
    made_up("AColour", colour=("COLOR", {"default": "#ff0000"}), last=LAST),
    made_up("AMarkdown", text=("MARKDOWN", {}), last=LAST),
    made_up("AList", names=(["a", "b"], {"multiselect": True, "default": ["a"]}), last=LAST),
    made_up("AText", text=("STRING", {"default": "a // b", "dynamicPrompts": True}), last=LAST),
    made_up(
        "ADynamicCombo",
        mode=(
            "COMFY_DYNAMICCOMBO_V3",
            {
                "options": [
                    {"key": "first", "inputs": {"required": {"x": LAST, "image": ("IMAGE", {})}}},
                    {"key": "second", "inputs": {"required": {"y": ("STRING", {})}}},
                ]
            },
        ),
        last=LAST,
    ),
]


def test_each_kind_of_widget_is_converted(
    comfy: ComfyPage, server: ComfyServer, types: dict[str, Any]
) -> None:
    write_images(server.input, [IMAGE])
    made = comfy.page.evaluate(
        f"""async (made_up) => {{
            {WORDS}
            root().clear();
            for (const each of made_up) {{
                await app.registerNodeDef(each.name, each);
                add(root(), each.name);
            }}
            return take();
        }}""",
        MADE_UP,
    )
    assert len(made["output"]) == len(MADE_UP)
    known = {**types, **{each["name"]: each for each in MADE_UP}}
    check(made, known)
    # The form in which older frontends save it.
    for node in (*made["workflow"]["nodes"], *made["saved"]["nodes"]):
        node.pop("widgets_values_named", None)
    check(made, known)


COUNTING = """
    root().clear();
    const number = (graph, value, control) => {
        const node = add(graph, "PrimitiveInt");
        node.widgets[0].value = value;
        node.widgets[1].value = control;
        link(node, add(graph, "PreviewAny"), "source");
        return node;
    };
    const [fixed, ...counting] = ["fixed", "increment", "decrement"]
        .map((control) => number(root(), 5, control));
    number(root(), 2 ** 53 - 1, "increment");
    const primitive = add(root(), "PrimitiveNode");
    primitive.connect(0, fixed, slot(fixed, "value"));
    primitive.widgets[0].value = 7;
    primitive.widgets[1].value = "increment";
    const inside = number(root(), 9, "increment");
    app.canvas.deselectAll();
    root().convertToSubgraph(new Set([inside]));
"""


def test_numbers_change_between_runs_as_in_the_page(
    comfy: ComfyPage, types: dict[str, Any]
) -> None:
    runs = comfy.page.evaluate(
        f"""async () => {{
            {WORDS}
            {COUNTING}
            const runs = [await take()];
            for (let number = 0; number < 2; number += 1) {{
                await app.queuePrompt(0, 1);
                runs.push(await take());
            }}
            return runs;
        }}"""
    )
    workflow = runs[0]["workflow"]
    outputs = [inputs_of(run["output"], types) for run in runs]
    assert outputs[0] != outputs[1] != outputs[2]
    for wanted in outputs:
        assert inputs_of(as_prompt(workflow, types), types) == wanted
        change_for_next_run(workflow, types)
