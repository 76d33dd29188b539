"""What the example workflows hold, and where each node stands on the canvas."""

from __future__ import annotations

from .example_parts import (
    END_HEIGHT,
    FRAME_HEIGHT,
    NARROWEST,
    ON_EACH,
    SAVED_LOOP,
    Example,
    Node,
    ending,
    frames,
    iterator,
    note_below,
    note_beside,
    saver,
    shown,
    start,
)

SMALLEST_LOOP = Example(
    name="smallest_loop",
    nodes={
        "iterator": iterator("smallest_loop"),
        "start": start(420),
        "invert": Node("ImageInvert", (420, 300), (NARROWEST, 26)),
        "save": Node(
            "SaveImage", (700, 360), (300, 280), values={"filename_prefix": "smallest_loop/image"}
        ),
        **ending(1080),
        "note": note_below(
            1080,
            "Every image of the folder goes through, one in each run. At the end, End Queue "
            "switches Run (Instant) off. The results are in ComfyUI's output folder, in "
            "*smallest_loop*.",
            "",
            "- **Directory Iterator** hands out the next image",
            "- **Loop Start** and **Loop End** stand around the work on it",
            "- **Batch Complete** knows whether an image is left, and tells **End Queue**",
            "",
            "Put your own nodes in the place of Invert Image. For your own images, put a folder "
            "into ComfyUI's input folder, and write its name into *directory*.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> invert.image",
        "invert.IMAGE -> save.images",
        "start.loop -> end.loop",
        "invert.IMAGE -> end.after",
        "end.loop -> complete.loop",
        "complete.complete -> stop.stop",
    ),
    groups=frames(ON_EACH, 620, END_HEIGHT),
)

SAVE_BATCH = Example(
    name="save_batch",
    nodes={
        "iterator": iterator("save_batch", recursive=True),
        "start": start(420),
        "comic": Node(
            "ImageSharpen",
            (420, 300),
            (NARROWEST, 106),
            title="Comic look",
            values={"sharpen_radius": 8, "sigma": 4.0, "alpha": 3.0},
        ),
        "save": saver(700, "save_batch", suffix="_comic"),
        **ending(1080),
        "status": shown(1080, 190, 130, "Progress"),
        "report": shown(1080, 390, 470, "What failed"),
        "note": note_beside(
            1080,
            "The results are in ComfyUI's output folder, in *save_batch*, under the names and in "
            "the subfolders of their sources.",
            "",
            "One of the images is broken. **Skip on error** passes it over, and Batch Complete "
            "reports it.",
            "",
            "Put your own nodes in the place of Comic look.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> comic.image",
        "comic.IMAGE -> save.image",
        "save.image -> end.after",
        *SAVED_LOOP,
        "complete.status -> status.source",
        "complete.report -> report.source",
    ),
    groups=frames(ON_EACH, 620, FRAME_HEIGHT),
)

UPSCALE_FOLDER = Example(
    name="upscale_folder",
    nodes={
        "iterator": iterator("upscale_folder", recursive=True),
        "start": start(420),
        "scale": Node(
            "ImageScaleBy",
            (420, 300),
            (NARROWEST, 82),
            values={"upscale_method": "lanczos", "scale_by": 2.0},
        ),
        "sharpen": Node(
            "ImageSharpen",
            (685, 300),
            (NARROWEST, 106),
            values={"sharpen_radius": 1, "sigma": 0.6, "alpha": 0.5},
        ),
        "save": saver(965, "upscale_folder", suffix="_2x", format="same as source"),
        **ending(1345),
        "note": note_below(
            1345,
            "Each image becomes twice as large, and is sharpened a little. The results are in "
            "ComfyUI's output folder, in *upscale_folder*, in the format of their sources.",
            "",
            "Set *scale_by* to what you need. For more detail, put **Upscale Image (using Model)** "
            "in the place of Upscale Image By.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> scale.image",
        "scale.IMAGE -> sharpen.image",
        "sharpen.IMAGE -> save.image",
        "save.image -> end.after",
        *SAVED_LOOP,
    ),
    groups=frames(ON_EACH, 885, FRAME_HEIGHT),
)

CAPTIONS = Example(
    name="captions",
    nodes={
        "iterator": iterator("captions"),
        "start": start(420),
        "scale": Node(
            "ImageScale",
            (420, 240),
            (NARROWEST, 130),
            values={"upscale_method": "lanczos", "width": 512, "height": 512, "crop": "center"},
        ),
        "text": Node(
            "StringReplace",
            (420, 430),
            (NARROWEST, 210),
            title="The text",
            values={"string": "A drawing of balloons, NAME", "find": "NAME"},
        ),
        "save": saver(700, "captions"),
        **ending(1080),
        "note": note_below(
            1080,
            "Each image is saved in 512 x 512, and beside it a text file of the same name, as "
            "programs for training want them. Both are in ComfyUI's output folder, in *captions*.",
            "",
            "Here the text is a sentence with the image's name in it. Connect the text of your own "
            "captioning node to *caption* of **Save Image (Batch)** in its place.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> scale.image",
        "iterator.stem -> text.replace",
        "scale.IMAGE -> save.image",
        "text.STRING -> save.caption",
        "save.image -> end.after",
        *SAVED_LOOP,
    ),
    groups=frames("2 · The work on each image, and its text", 620, FRAME_HEIGHT),
)

FEEDBACK_LOOP = Example(
    name="feedback_loop",
    nodes={
        "iterator": iterator("feedback_loop"),
        "start": start(480),
        "blend": Node(
            "ImageBlend",
            (760, 400),
            (NARROWEST, 102),
            title="Blend",
            values={"blend_factor": 0.5},
        ),
        "save": saver(1040, "feedback_loop"),
        **ending(1420),
        "note": note_below(
            1420,
            "Each image is blended with the result of the image before it:",
            "",
            "- **Loop End** keeps what it is given as *value*",
            "- **Loop Start** gives it out as *value* in the next run; in the first run, which "
            "has none before it, it gives *initial_value*",
            "",
            "The results are in ComfyUI's output folder, in *feedback_loop*.",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> start.initial_value",
        "iterator.image -> blend.image1",
        "start.value -> blend.image2",
        "blend.IMAGE -> save.image",
        "save.image -> end.value",
        *SAVED_LOOP,
    ),
    groups=frames("2 · The work on each image, with the result before", 960, END_HEIGHT),
)


def _inverting(name: str, *lines: str, **values: object) -> Example:
    """An example in which the settings of Directory Iterator are what it is about."""
    return Example(
        name=name,
        nodes={
            "iterator": iterator(name, **values),
            "start": start(420),
            "invert": Node("ImageInvert", (420, 300), (NARROWEST, 26)),
            "save": saver(700, name),
            **ending(1080),
            "note": note_below(1080, *lines),
        },
        links=(
            "iterator.loop -> start.loop",
            "iterator.image -> invert.image",
            "invert.IMAGE -> save.image",
            "save.image -> end.after",
            *SAVED_LOOP,
        ),
        groups=frames(ON_EACH, 620, FRAME_HEIGHT),
    )


SKIP_FINISHED = _inverting(
    "skip_finished",
    "Images whose result is in *skip_finished*, in ComfyUI's output folder, are left out.",
    "",
    "To see it, delete some of the results when all is done, and press Run again: only these are "
    "made. The same goes for images that you add to the folder, and for results that come from "
    "another machine.",
    skip_finished=True,
    when_complete="Start over",
)

WATCH_A_FOLDER = _inverting(
    "watch_a_folder",
    "When every image is done, the page waits for more: a new image in the folder is processed by "
    "itself. Press **Stop watching** on Directory Iterator to end it.",
    "",
    "To see it, put a folder into ComfyUI's input folder, write its name into *directory*, press "
    "Run, and copy an image into it when the first ones are done.",
    when_complete="Watch",
)

RETRY_FAILED = _inverting(
    "retry_failed",
    "One image is broken on purpose: it is passed over, and **Batch Complete** says why.",
    "",
    "When the batch is done, mend what was wrong, in the file or in the workflow, and press Run "
    "again. Only what failed is taken again; what is done is left alone.",
    iteration_mode="Retry failed",
)

LOOPS_WITHIN_A_RUN = Example(
    name="loops_within_a_run",
    nodes={
        "iterator": iterator("loops_within_a_run"),
        "start": start(420),
        "again": Node("StartLoop", (420, 300), (290, 190), values={"mode.num_iterations": 3}),
        "sharpen": Node(
            "ImageSharpen",
            (750, 300),
            (NARROWEST, 106),
            values={"sharpen_radius": 2, "sigma": 1.0, "alpha": 0.4},
        ),
        "save": saver(1015, "loops_within_a_run"),
        "until": Node("EndLoop", (1355, 300), (235, 140)),
        **ending(1670),
        "note": note_below(
            1670,
            "Each image is sharpened three times, and each of the three results is kept, under "
            "the name of its source with a number. They are in ComfyUI's output folder, in "
            "*loops_within_a_run*.",
            "",
            "- **Start Loop** and **End Loop** are ComfyUI's own: what stands between them is "
            "repeated within one run. Batch Loop has one run for each image",
            "- *next_iteration_value* of End Loop is *current_iteration_value* of Start Loop in "
            "the next repetition",
            "- **Save Image (Batch)** stands inside, so its *image* leads to a *termination* of "
            "End Loop",
        ),
    },
    links=(
        "iterator.loop -> start.loop",
        "iterator.image -> again.initial_iteration_value",
        "again.current_iteration_value -> sharpen.image",
        "sharpen.IMAGE -> save.image",
        "sharpen.IMAGE -> until.output_value",
        "sharpen.IMAGE -> until.next_iteration_value",
        "save.image -> until.terminations.termination0",
        "until.outputs -> end.after",
        *SAVED_LOOP,
    ),
    groups=frames("2 · The work on each image, three times over", 1210, FRAME_HEIGHT),
    native_loops=True,
)

EXAMPLES = (
    SMALLEST_LOOP,
    SAVE_BATCH,
    UPSCALE_FOLDER,
    CAPTIONS,
    FEEDBACK_LOOP,
    SKIP_FINISHED,
    WATCH_A_FOLDER,
    RETRY_FAILED,
    LOOPS_WITHIN_A_RUN,
)
