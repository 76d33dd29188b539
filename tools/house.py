"""The diagrams of docs/design.md, made from the code: folders, an item's life, a prompt's way.

`python -m tools.house` writes them; a test fails when they are out of date.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .layout import ROOT
from .pack import pack

DESIGN = ROOT / "docs" / "design.md"

FOLDERS = {
    "core/common": "helpers that know nothing of batches",
    "core/model": "items and their life, names, settings: records",
    "core/model/settings": "the inputs of the iterators",
    "core/graph": "questions about a prompt's graph",
    "core/media": "pixels, and what files say of them",
    "core/media/png": "the PNG format: filtered rows, compressed, in chunks",
    "core/media/formats": "reading and writing image files, by format",
    "core/films": "reading films, frame by frame, and sounds",
    "core/pictures": "a file as a page shows it: small, or whole",
    "core/files": "the allow-list, listing, writing",
    "core/tables/text": "the text of tables: encodings, lines, delimiters",
    "core/tables": "tables as rows, and any row by its key",
    "core/tables/formats": "what tables are written in: text lines, CSV, JSON, XLSX",
    "core/companions": "the files beside images: masks, captions",
    "core/results": "the names of results, and which are finished",
    "core/sources": "what loops take their items from",
    "core/sheets": "contact sheets: what a batch has made, side by side",
    "core/choosing": "choosing a folder in the page or in a dialog",
    "core/store": "what a store is, and the one in memory",
    "core/store/schema": "tables, statements, rows",
    "core/store/sql": "the store in a database",
    "core/store/databases": "SQLite and PostgreSQL",
    "core/engine/changes": "transactions, and what they change",
    "core/engine/outcomes": "how prompts ended, here and elsewhere",
    "core/engine/folders": "what lies in the folders of loops",
    "core/engine": "batches, and who gets which item",
    "core/background": "reading ahead, writing behind",
    "core/turn/openers": "how items are opened, by their kind",
    "core/turn": "one prompt with its image: asked for, read, saved",
    "core/assembling": "making a film of the results of a batch",
    "core/comfy": "the interface to ComfyUI, and what the process shares",
    "core/routes/sending": "sending files, whole or in parts",
    "core/routes/facts": "what pages are told of an item's files",
    "core/routes": "HTTP",
    "nodes/io": "the iterators, and the savers",
    "nodes/values": "Row Value, Companion Image, Companion Text, Variants, Variant Value",
    "nodes/loop": "Loop Start, Loop End, Batch Complete, End Queue, Contact Sheet, Assemble Video",
}
"""Every folder of the pack's Python, with its contents. Each imports only those above it."""

WAY = {
    "ComfyUI validates the prompt": """
        nodes/io/iterator core/turn/iterator_requests its settings, as a request
        core/turn/iterator_requests core/files/allowed_paths may the folder be read?
        nodes/io/iterator core/turn/saver_folders may results be written?
        nodes/io/iterator core/graph/loop_ends does a saver or Loop End follow?
    """,
    "Directory Iterator runs": """
        nodes/io/iterator core/graph/required_nodes do all outputs run?
        nodes/io/iterator core/engine/handing_out the next image, please
        core/engine/handing_out core/engine/folders/listings the folder is listed, where that is due
        core/engine/folders/listings core/sources/image_folder which images are there?
        core/engine/handing_out core/engine/outcomes/reconcile how earlier prompts ended
        core/engine/handing_out core/engine/batches does a batch begin?
        core/engine/handing_out core/store/sql/items PENDING to RUNNING
        nodes/io/iterator core/turn/reading read it, and the next one ahead
        core/turn/reading core/turn/openers/of_files open an image
        core/turn/openers/of_files core/background/read_ahead is it there already?
        core/turn/openers/of_files core/media/formats/decode pixels and mask
    """,
    "Save Image (Batch) runs": """
        nodes/io/save_image core/turn/saver which file is it to be?
        core/turn/saver core/model/result_names its name
        core/turn/result_files core/engine/changes/result_owners whose is the file that is there?
        core/turn/result_files core/turn/saved_result one result
        core/turn/saved_result core/background/write_behind the workflow goes on
    """,
    "A thread writes": """
        core/background/write_behind core/turn/saved_result encode and write
        core/turn/saved_result core/media/formats/encode bytes
        core/turn/saved_result core/files/atomic a whole file, or none
    """,
    "Loop End runs": """
        nodes/loop/loop_end core/engine/end_of_turn RUNNING to FINISHING
    """,
    "Batch Complete and End Queue run": """
        nodes/loop/batch_complete core/engine/questions how does the loop stand?
        nodes/loop/batch_complete core/model/go_or_stop what is next?
        nodes/loop/end_queue core/graph/links which loops does it end?
    """,
    "A thread sees that the prompt has ended": """
        core/engine/outcomes/poller core/engine/outcomes/reconcile look
        core/engine/outcomes/reconcile core/engine/outcomes/outcomes did it succeed?
        core/engine/outcomes/reconcile core/model/item_life FINISHING to DONE
    """,
}
"""The calls on a prompt's way that decide something, by what enters the pack: the calling file, the
called file, and what for."""


def files_of(folder: str) -> list[Path]:
    """The modules directly in a folder."""
    return sorted(path for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py")


def imports_of(path: Path) -> Iterator[str]:
    """The folders that a file imports from, its own among them."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            parts = (*base, *(node.module or "").split("."))
            # `from ..common import pace` names a folder, `from ..common.pace import Pace` a file.
            yield "/".join(part for part in parts[:-1] if part)
            yield "/".join(part for part in parts if part)


def arrows() -> dict[str, set[str]]:
    """The other folders that each folder imports from."""
    found = {}
    for folder in FOLDERS:
        named = {name for path in files_of(folder) for name in imports_of(path)}
        found[folder] = (named & FOLDERS.keys()) - {folder}
    return found


def shortest(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows without those that follow from others."""

    def reached(folder: str) -> set[str]:
        return set().union(*({each} | reached(each) for each in arrows[folder]))

    return {
        folder: direct - set().union(*map(reached, direct)) for folder, direct in arrows.items()
    }


def folders_picture() -> str:
    """A flowchart of the folders; arrows point to what is imported."""
    lines = ["flowchart TD"]
    lines += (f'    {_id(folder)}["<b>{folder}</b><br>{what}"]' for folder, what in FOLDERS.items())
    for folder, imported in shortest(arrows()).items():
        lines += (f"    {_id(folder)} --> {_id(each)}" for each in sorted(imported))
    return _mermaid(lines)


def files_table() -> str:
    """Each folder with its files."""
    rows = ["| folder | what is in it | files |", "|---|---|---|"]
    for folder, what in FOLDERS.items():
        names = ", ".join(f"`{path.stem}`" for path in files_of(folder))
        rows.append(f"| `{folder}` | {what} | {names} |")
    return "\n".join(rows)


def life_picture() -> str:
    """A state diagram of an item: the transitions of `core/model/item_life.py`."""
    lines = ["stateDiagram-v2", "    [*] --> PENDING"]
    labels: dict[tuple[str, str], list[str]] = {}
    for move in pack("core.model.item_life").LIFE:
        event = move.on.name.lower().replace("_", " ")
        why = f"{event}, {move.condition}" if move.condition else event
        for state in sorted(state.name for state in move.before):
            labels.setdefault((state, move.after.name), []).append(why)
    lines += (f"    {old} --> {new}: {'<br>'.join(why)}" for (old, new), why in labels.items())
    return _mermaid(lines)


def steps(part: str) -> list[list[str]]:
    """The calls in a part of `WAY`: calling file, called file, what for."""
    return [line.split(maxsplit=2) for line in part.strip().splitlines()]


def way_picture() -> str:
    """A sequence of calls from folder to folder, with the file that is called."""
    calls, used = [], set()
    for entered, part in WAY.items():
        calls.append(f"    Note over {_id_of(steps(part)[0][0])}: {entered}")
        for caller, called, what in steps(part):
            used |= {_id_of(caller), _id_of(called)}
            arrow = f"{_id_of(caller)}->>{_id_of(called)}"
            calls.append(f"    {arrow}: {Path(called).name}: {what}")
    folders = (each for each in reversed(FOLDERS) if _id(each) in used)
    participants = (f"    participant {_id(each)} as {each}" for each in folders)
    return _mermaid(["sequenceDiagram", *participants, *calls])


def drawn(text: str) -> str:
    """The page with each picture made again, between the comments that name it."""
    pictures = {
        "folders": folders_picture,
        "files": files_table,
        "life": life_picture,
        "way": way_picture,
    }
    for name, make in pictures.items():
        start, end = f"<!-- {name}: python -m tools.house -->\n", f"<!-- {name} ends -->"
        between = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        text = between.sub((f"{start}{make()}\n{end}").replace("\\", r"\\"), text)
    return text


def _id_of(file: str) -> str:
    return _id(Path(file).parent.as_posix())


def _id(folder: str) -> str:
    return folder.replace("/", "_")


def _mermaid(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", *lines, "```"])


if __name__ == "__main__":
    DESIGN.write_text(drawn(DESIGN.read_text(encoding="utf-8")), encoding="utf-8")
