"""Somebody on the network, or a page of another site, tries to reach what is outside.

The kernel is asked whether anything outside was opened, read, listed or written.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.integration.test_names import unchanged
from batch_loop.tests.support.batches import (
    loop_state,
    refusal,
    run_until_stop,
    told,
    written,
)
from batch_loop.tests.support.graphs import END, ITERATOR, SAVE, Graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tests.support.watching import Watch
from batch_loop.tools.client import ComfyClient, PromptRejected
from batch_loop.tools.layout import ROOT, release
from batch_loop.tools.results import RunResult
from batch_loop.tools.server import ComfyServer

SECRET = (200, 30, 90)
SECONDS = 20
STATE = "what Batch Loop itself keeps"
PICTURES = ("thumbnail", "picture", "media")
SHOWN = (*PICTURES, "files")
"""The routes that show an image."""


@dataclass(frozen=True)
class Outside:
    """A folder that the server may not touch, with a secret in it."""

    folder: Path
    secret: Path
    missing: Path
    """A path in it that does not exist."""
    watch: Watch


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory, server: ComfyServer) -> Iterator[Outside]:
    """A folder that nothing may touch, whatever the test does.

    The helper nodes look for its name, and log who lists it.
    """
    folder = tmp_path_factory.mktemp("outside")
    secret = folder / "secret.png"
    Image.new("RGB", (8, 8), SECRET).save(secret)
    before = secret.read_bytes()
    # Nothing links to this one, so whoever touches it is not the server but something that walks
    # through the whole disk, such as a backup.
    beside = tmp_path_factory.mktemp("beside")
    (beside / secret.name).write_bytes(before)
    watch, walkers = Watch(folder), Watch(beside)
    # The watch does notice listing and reading.
    secret.read_bytes()
    list(folder.iterdir())
    seen = watch.accesses()
    assert "read secret.png" in seen
    assert "opened" in seen
    yield Outside(folder, secret, folder / "missing", watch)
    accesses = Counter(watch.accesses()) - Counter(walkers.accesses())
    watch.close()
    walkers.close()
    _, *stacks = server.log().split(f"{folder} is listed by\n")
    assert not accesses, "\n".join(stack.partition("\n\n")[0] for stack in stacks)
    assert [path.name for path in folder.iterdir()] == ["secret.png"]
    assert secret.read_bytes() == before


def answer_to(client: ComfyClient, graph: Graph) -> str:
    """The answer to a prompt that may succeed, as some of these paths are ordinary names."""
    try:
        result = client.run(graph)
    except PromptRejected as refused:
        return str(refused)
    return result.error.message if result.error else result.status


def spellings(path: Path, workspace: Workspace) -> dict[str, str]:
    """Ways to write a path to the outside."""
    up = "../" * 12
    plain = str(path)
    return {
        "absolute": plain,
        "double slash inside": plain.replace("/", "//").replace("//", "/", 1),
        "dots": f"{up}{plain[1:]}",
        "dots behind a folder": f"{workspace.name}/{up}{plain[1:]}",
        "dots behind an allowed path": f"{workspace.input}/{up}{plain[1:]}",
        "dots behind the examples": f"batch-loop/examples/images/{up}{plain[1:]}",
        "dots and backslashes": f"{up}{plain[1:]}".replace("/", "\\"),
        "in quotes": f'"{plain}"',
        "with spaces": f"  {plain}  ",
        "dot parts": plain.replace("/", "/./"),
        "through proc": f"/proc/self/root{plain}",
        "through a descriptor": f"/proc/self/cwd/{up}{plain[1:]}",
        "through a link": f"{workspace.name}/link",
        "through a link and back": f"{workspace.name}/link/../{path.name}",
        "through a link to a link": f"{workspace.name}/link-to-link",
        "UNC": f"\\\\localhost{plain}",
        "UNC with slashes": f"//localhost{plain}",
        "UNC, mixed": f"/\\localhost{plain}",
        "UNC in quotes": f"'\\\\localhost{plain}'",
        "long path": f"\\\\?\\{plain}",
        "long UNC": f"\\\\?\\UNC\\localhost{plain}",
        "device": f"\\\\.\\{plain}",
        "file URL": f"file://{plain}",
        "percent-encoded": plain.replace("/", "%2f"),
        "percent-encoded dots": f"%2e%2e/%2e%2e/%2e%2e{plain}",
        "NUL at the end": f"{plain}\0",
        "NUL before an extension": f"{plain}\0.png",
        "NUL behind an allowed folder": f"{workspace.input}\0{plain}",
        "half a surrogate pair": f"{plain}\ud800",
        "overlong part": f"{plain}/{'n' * 300}",
        "overlong path": f"{plain}/{'n/' * 5000}",
        "tilde": f"~/../..{plain}",
        "variable": f"$HOME/../..{plain}",
        "new line": f"{workspace.name}\n{plain}",
    }


SPELLINGS = list(spellings(Path("/x"), Workspace("", Path("/i"), Path("/o"), Path("/s"))))


def link_out(workspace: Workspace, path: Path) -> None:
    for folder in (workspace.input, workspace.output):
        (folder / "link").symlink_to(path)
        (folder / "link-to-link").symlink_to(folder / "link")


def without(text: str, *parts: str) -> str:
    """`text` without `parts`, in their JSON and Python forms too.

    Of a path that is too long, a refusal repeats the length and the beginning.
    """
    text = re.sub(r"is \d+ bytes long, and begins with '[^']+'", "is …", text)
    for part in parts:
        for form in (part, json.dumps(part)[1:-1], repr(part)[1:-1]):
            text = text.replace(form, "…")
    return text


# Through prompts.


@pytest.mark.parametrize("way", SPELLINGS)
def test_no_spelling_of_a_folder_leads_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside, way: str
) -> None:
    write_images(workspace.input, ["a.png"])
    answers = []
    for path in (outside.folder, outside.missing):
        link_out(workspace, path)
        named = spellings(path, workspace)[way]
        to_read = refusal(client, unchanged(named, workspace.name))
        finished_as = f"{named}/{{stem}}"
        finding = {"skip_finished": True, "finished_as": finished_as}
        to_find = answer_to(client, unchanged(workspace.name, workspace.name, **finding))
        answers.append([without(said, named, str(path), path.name) for said in (to_read, to_find)])
        graph = unchanged(workspace.name, named, loop_name=path.name)
        try:
            result = client.run(graph)
        except PromptRejected:
            pass
        else:
            # Taken literally, some are ordinary names.
            assert result.status == "error" or is_inside(told_path(result), workspace)
        for folder in (workspace.input, workspace.output):
            (folder / "link").unlink()
            (folder / "link-to-link").unlink()
    # The answer does not depend on what exists.
    assert answers[0] == answers[1]


def told_path(result: Any) -> Path:
    (entry,) = result.outputs[SAVE]["images"]
    return Path(entry["subfolder"]) / entry["filename"]


def is_inside(path: Path, workspace: Workspace) -> bool:
    return (workspace.output.parent / path).resolve().is_relative_to(workspace.output.parent)


@pytest.mark.parametrize("setting", ["prefix", "suffix"])
@pytest.mark.parametrize(
    "value", ["/../../{}/x", "\\..\\..\\x", "../", "a\0b", "\ud800", "a\nb", "\u202eb"]
)
def test_no_name_leads_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside, setting: str, value: str
) -> None:
    write_images(workspace.input, ["a.png"])
    graph = unchanged(workspace.name, workspace.name)
    graph[SAVE]["inputs"][setting] = value.format(outside.folder)
    assert refusal(client, graph)
    assert list(workspace.output.iterdir()) == []


def test_no_listed_file_leads_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    write_images(workspace.input, ["z.png"], (8, 8))
    links = {
        "absolute.png": outside.secret,
        "relative.png": Path("../" * 12) / str(outside.secret)[1:],
        "missing.png": outside.missing,
        "proc.png": Path("/proc/self/root") / str(outside.secret)[1:],
        "device.png": Path("/dev/zero"),
        "folder": outside.folder,
    }
    for name, target in links.items():
        (workspace.input / name).symlink_to(target)
    graph = unchanged(workspace.name, workspace.name, recursive=True)
    graph[ITERATOR]["inputs"]["error_handling"] = "Skip on error"
    results = run_until_stop(client, graph)
    state = loop_state(client, results[-1])
    assert written(state) == 1
    assert [path.name for path in workspace.output.iterdir()] == ["z.png"]
    # Links to nothing or to a device are not files; the others do not tell where they lead.
    reasons = {failure["path"]: failure["reason"] for failure in state["failures"]}
    assert reasons.keys() == {"absolute.png", "relative.png", "proc.png"}
    assert all("a link that leads out" in reason for reason in reasons.values())
    assert all(str(outside.folder) not in reason for reason in reasons.values())


def test_custom_patterns_do_not_lead_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    write_images(workspace.input, ["a.png"])
    patterns = (str(outside.secret), f"../{outside.folder.name}/*", "../*", f"{'../' * 12}**/*.png")
    for pattern in patterns:
        graph = unchanged(workspace.name, workspace.name, filter="Custom", custom_pattern=pattern)
        assert "matches no file" in refusal(client, graph)


def test_a_file_is_only_decoded_as_what_its_name_says(
    client: ComfyClient, workspace: Workspace
) -> None:
    """Pillow would hand such a file to another program, Ghostscript."""
    Image.new("RGB", (8, 8)).save(workspace.input / "a.png", "EPS")
    said = refusal(client, unchanged(workspace.name, workspace.name))
    assert "of a format that Batch Loop does not read" in said


@pytest.mark.parametrize("when_complete", ["Stop", "Watch"])
def test_a_pattern_that_is_too_long_is_refused_before_anything_runs(
    client: ComfyClient, workspace: Workspace, when_complete: str
) -> None:
    write_images(workspace.input, ["a.png"], (8, 8))
    settings = {"filter": "Custom", "custom_pattern": "*a*," * 16_000}
    finding = {"skip_finished": True, "finished_as": "{stem}" * 1_000}
    for pattern in (settings, finding):
        graph = unchanged(workspace.name, "", when_complete=when_complete, **pattern)
        with pytest.raises(PromptRejected, match="at most 4096 bytes"):
            client.run(graph)


@pytest.mark.one_release
def test_constantly_swapped_links_do_not_lead_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    """Images are read and written while folders turn into links to the outside and back."""
    write_images(workspace.input / "sub", ["secret.png"], (8, 8))
    (workspace.output / "sub").mkdir()
    swapped = [workspace.input / "sub", workspace.output / "sub"]
    graph = unchanged(workspace.name, workspace.name, recursive=True, when_complete="Start over")
    ended = threading.Event()
    swaps = 0

    def swap_without_end() -> None:
        nonlocal swaps
        while not ended.is_set():
            for folder in swapped:
                away = folder.with_name("away")
                try:
                    folder.rename(away)
                    folder.symlink_to(outside.folder)
                    swaps += 1
                    folder.unlink()
                    away.rename(folder)
                except OSError:
                    # The server has made the folder again in the meantime. If it still writes to
                    # the old one, that can only be removed in the next round.
                    shutil.rmtree(away, ignore_errors=True)

    swapper = threading.Thread(target=swap_without_end)
    swapper.start()
    succeeded = 0
    try:
        for _ in range(150):
            try:
                succeeded += client.run(graph).status == "success"
            except PromptRejected:
                continue
    finally:
        ended.set()
        swapper.join()
    assert swaps > 100
    assert succeeded
    for path in workspace.output.rglob("*.png"):
        with Image.open(path) as image:
            assert image.getpixel((0, 0)) != SECRET


def test_a_result_whose_folder_becomes_a_link_is_not_looked_at(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    """It becomes one before the end of the prompt, after which what was saved is noted."""
    write_images(workspace.input / "sub", ["a.png"], (8, 8))
    graph = unchanged(workspace.name, workspace.name, recursive=True)
    swapped = workspace.scratch / "swapped"
    graph["wait"] = node("TestWait", image=[SAVE, 0], until=str(swapped))
    graph[END]["inputs"]["after"] = ["wait", 0]
    prompt = client.submit(graph)
    folder = workspace.output / "sub"
    wait_for((folder / "a.png").exists, "the result")
    folder.rename(folder.with_name("away"))
    folder.symlink_to(outside.folder)
    swapped.touch()
    assert written(loop_state(client, client.wait(prompt))) == 1


# An allowed folder that contains ComfyUI itself.

LIST = "/etc\n/root\n"


@pytest.fixture
def around(server: ComfyServer) -> Iterator[Path]:
    """The server's base folder, which is allowed, together with its code and the pack's."""
    file = server.user / "batch_loop" / "allowed_dirs.txt"
    before = file.read_bytes() if file.exists() else None
    lines = f"{server.base}\n{release(server.version).tree}\n{ROOT}\n"
    file.write_text(lines, encoding="utf-8")
    yield server.base
    assert file.read_text(encoding="utf-8") == lines
    if before is None:
        file.unlink()
    else:
        file.write_bytes(before)


def writing(workspace: Workspace, folder: object, name: str) -> Graph:
    """A prompt that saves an image of that name, with a list of folders as its caption."""
    write_images(workspace.input, [f"{name}.png"], (8, 8))
    graph = unchanged(workspace.name, str(folder), recursive=True)
    graph[SAVE]["inputs"]["caption"] = LIST
    return graph


@pytest.mark.parametrize(
    ("folder", "name", "words"),
    [
        ("user/batch_loop", "allowed_dirs", STATE),
        ("{output}/link", "allowed_dirs", STATE),
        (".", "user/batch_loop/allowed_dirs", STATE),
        ("{output}", "link/allowed_dirs", STATE),
        ("user/default", "comfy.settings", "ComfyUI's user folder"),
        ("custom_nodes/other", "requirements", "ComfyUI's custom nodes"),
        (".", "custom_nodes/other/requirements", "ComfyUI's custom nodes"),
        ("custom_nodes/batch-loop", "requirements", "ComfyUI's custom nodes"),
        ("{pack}", "requirements", "ComfyUI's custom nodes"),
        ("models/loras", "a", "ComfyUI's models"),
        ("{comfyui}", "requirements", "ComfyUI's program files"),
    ],
)
def test_no_prompt_writes_to_what_is_comfyuis_own(  # noqa: PLR0913, PLR0917 - four are fixtures
    client: ComfyClient,
    server: ComfyServer,
    workspace: Workspace,
    around: Path,
    folder: str,
    name: str,
    words: str,
) -> None:
    other = around / "custom_nodes" / "other"
    other.mkdir(exist_ok=True)
    requirements = other / "requirements.txt"
    requirements.write_text("torch\n")
    (workspace.output / "link").symlink_to(around / "user" / "batch_loop")
    before = {path for path in around.rglob("*") if "link" not in path.parts}
    places = {"output": workspace.output, "pack": ROOT, "comfyui": release(server.version).tree}
    graph = writing(workspace, around / folder.format(**places), name)
    try:
        assert words in refusal(client, graph)
        assert requirements.read_text() == "torch\n"
        made = {path.name for path in around.rglob("*") if "link" not in path.parts} - {
            path.name for path in before
        }
        assert made <= {f"{name}.png".rpartition("/")[2], "link", *name.split("/")}
    finally:
        shutil.rmtree(other)
    assert "may not use the folder" in refusal(client, unchanged("/etc", workspace.name))


def test_the_packs_state_is_not_read(
    client: ComfyClient, workspace: Workspace, around: Path
) -> None:
    state = around / "user" / "batch_loop"
    secret = state / "secret.png"
    Image.new("RGB", (8, 8), SECRET).save(secret)
    (workspace.input / "link.png").symlink_to(secret)
    try:
        assert STATE in refusal(client, unchanged(str(state), workspace.name))
        assert STATE in refusal(client, unchanged(workspace.name, workspace.name))
        within = unchanged(str(around / "user"), workspace.name, recursive=True)
        assert STATE in refusal(client, within)
        finding = {"skip_finished": True, "finished_as": f"{state}/{{stem}}.png"}
        assert STATE in refusal(client, unchanged(workspace.name, workspace.name, **finding))
        for route, name in NAMING.items():
            url = f"{client.url}/batch_loop/{route}"
            answer = requests.post(url, json={name: str(state)}, timeout=SECONDS)
            assert answer.status_code == 403
            assert STATE in answer.json()["error"]
        url = f"{client.url}/batch_loop/folders/list"
        shown = requests.post(url, json={"path": str(around / "user")}, timeout=SECONDS).json()
        assert "batch_loop" not in {folder["name"] for folder in shown["folders"]}
    finally:
        secret.unlink()


def test_other_folders_beside_comfyui_may_be_written(
    client: ComfyClient, workspace: Workspace, around: Path
) -> None:
    results = around / workspace.name
    assert client.run(writing(workspace, results, "a")).status == "success"
    assert (results / "a.txt").read_text() == LIST
    assert (results / "a.png").exists()
    # A folder in the output folder is not one of ComfyUI's, though it also loads models from it.
    assert client.run(writing(workspace, "loras", workspace.name)).status == "success"


# Through routes.

CHANGING = ("reset", "retry", "watch", "forget")
NAMING = {
    **{f"loops/{route}": "directory" for route in CHANGING},
    "folder": "directory",
    "folders/list": "path",
    "items": "directory",
    "table": "file",
}
"""Routes whose body names a folder or a file, and the field that does."""
BAD_IDS = [
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5c",
    "%00",
    "%ff%fe",
    "%0d%0aX-Injected:%20yes",
    "%22%3b%20filename=%22x",
    "'%20OR%201=1%20--",
    "0123456789ABCDEF",
    "0123456789abcde%0a",
    "n" * 3000,
]


def refused(answer: requests.Response) -> bool:
    """Whether it is a proper refusal, and not an accident."""
    assert "X-Injected" not in answer.headers
    return 400 <= answer.status_code < 500 and len(answer.content) < 2000


@pytest.mark.parametrize(
    "end",
    ["", "/report.json", "/report.csv", "/items", *(f"/{shown}?path=a.png" for shown in SHOWN)],
)
@pytest.mark.parametrize("bad", BAD_IDS)
def test_no_id_in_a_url_leads_anywhere(client: ComfyClient, bad: str, end: str) -> None:
    answer = requests.get(f"{client.url}/batch_loop/loops/{bad}{end}", timeout=SECONDS)
    assert refused(answer)
    assert answer.status_code == 404


@pytest.mark.parametrize("route", NAMING)
@pytest.mark.parametrize("way", SPELLINGS)
def test_no_folder_in_a_body_leads_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside, way: str, route: str
) -> None:
    answers = []
    for path in (outside.folder, outside.missing):
        link_out(workspace, path)
        named = spellings(path, workspace)[way]
        url = f"{client.url}/batch_loop/{route}"
        answer = requests.post(url, json={NAMING[route]: named}, timeout=SECONDS)
        assert 400 <= answer.status_code < 500, answer.text
        error = answer.json()["error"]
        answers.append((answer.status_code, without(error, named, str(path), path.name)))
        for folder in (workspace.input, workspace.output):
            (folder / "link").unlink()
            (folder / "link-to-link").unlink()
    assert answers[0] == answers[1]


@pytest.mark.parametrize("route", CHANGING)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b"[]", 400),
        (b'"loop"', 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b'{"loop": 5}', 400),
        (b'{"loop": ["a"]}', 400),
        (b'{"loop": null}', 400),
        (b'{"loop": {"directory": "."}}', 400),
        (b'{"directory": 7}', 400),
        (b'{"directory": ".", "loop_name": {}}', 400),
        (b'{"loop": ""}', 404),
        (b'{"loop": "\\ud800"}', 404),
        (b'{"loop": "../../etc/passwd"}', 404),
        (b'{"directory": ".", "loop_name": "\\ud800"}', 404),
        (b'{"loop": "' + b"n" * 5_000_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_bodies_are_refused(
    client: ComfyClient, route: str, body: bytes, status: int
) -> None:
    check_body(client, f"loops/{route}", body, status)


def check_body(client: ComfyClient, route: str, body: bytes, status: int) -> None:
    """A route refuses a body, with a status."""
    url = f"{client.url}/batch_loop/{route}"
    headers = {"Content-Type": "application/json"}
    answer = requests.post(url, data=body, headers=headers, timeout=SECONDS)
    assert refused(answer)
    assert answer.status_code == status


@pytest.mark.parametrize("route", ["loops/skip", "folder", "folders/list", "folders/choose"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b'{"loop": 5, "directory": 5, "path": 5, "start": 5}', 400),
        (b'{"loop": "x", "directory": "' + b"n" * 5_000_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_bodies_are_refused_by_other_routes(
    client: ComfyClient, route: str, body: bytes, status: int
) -> None:
    check_body(client, route, body, status)


@pytest.fixture
def loop(client: ComfyClient, workspace: Workspace) -> dict[str, Any]:
    """A loop in mid batch, with one image done and one failed."""
    write_images(workspace.input, ["b.png", "c.png"], (8, 8))
    (workspace.input / "a.png").write_bytes(b"no image")
    graph = unchanged(workspace.name, workspace.name, error_handling="Skip on error")
    result = client.run(graph)
    state = wait_for(lambda: settled(client, result), "the image to be done")
    assert (state["failed"], state["pending"]) == (1, 1)
    return state


def settled(client: ComfyClient, result: RunResult) -> dict[str, Any]:
    """The loop's state once no image is in progress; {} before that."""
    state = loop_state(client, result)
    return {} if state["current"] else state


def now(client: ComfyClient, loop: dict[str, Any]) -> dict[str, Any]:
    """What a request can change of the loop; all zeros if it is unknown."""
    known = client.get_json("/batch_loop/loops")["loops"]
    state = next((state for state in known if state["id"] == loop["id"]), {})
    return {name: state.get(name, 0) for name in ("batch", "failed", "pending", "total")}


FROM_ELSEWHERE = pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {},
        {"Content-Type": "application/json", "Origin": "http://elsewhere.example"},
        {"Content-Type": "application/json", "Origin": "null"},
        {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: " ".join(headers.values()) or "none",
)


@pytest.mark.parametrize("route", ["reset", "retry", "forget"])
@FROM_ELSEWHERE
def test_a_page_of_another_site_changes_nothing(
    client: ComfyClient, loop: dict[str, Any], route: str, headers: dict[str, str]
) -> None:
    before = now(client, loop)
    url = f"{client.url}/batch_loop/loops/{route}"
    body = json.dumps({"loop": loop["id"]}).encode()
    answer = requests.post(url, data=body, headers=headers, timeout=SECONDS)
    assert answer.status_code in {403, 415}
    assert now(client, loop) == before
    # The same request without the disguise does.
    as_json = {"Content-Type": "application/json"}
    assert requests.post(url, data=body, headers=as_json, timeout=SECONDS).ok
    assert now(client, loop) != before


@pytest.mark.parametrize("route", ["loops/skip", "folder", "folders/list", "folders/choose"])
@FROM_ELSEWHERE
def test_a_page_of_another_site_is_told_nothing(
    client: ComfyClient, route: str, headers: dict[str, str]
) -> None:
    body = {"loop": "0123456789abcdef", "path": "", "directory": "."}
    url = f"{client.url}/batch_loop/{route}"
    answer = requests.post(url, data=json.dumps(body), headers=headers, timeout=SECONDS)
    assert answer.status_code in {403, 415}
    if answer.content:
        assert "folders" not in answer.json()


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_a_page_of_another_site_is_shown_no_picture(
    client: ComfyClient, loop: dict[str, Any], header: dict[str, str]
) -> None:
    for shown in SHOWN:
        url = f"{client.url}/batch_loop/loops/{loop['id']}/{shown}?path=b.png"
        assert requests.get(url, headers=header, timeout=SECONDS).status_code == 403
        assert requests.get(url, timeout=SECONDS).ok


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_a_page_of_another_site_is_shown_no_loop(
    client: ComfyClient, loop: dict[str, Any], header: dict[str, str]
) -> None:
    one = f"loops/{loop['id']}"
    routes = ["loops", one, f"{one}/items", f"{one}/report.json", f"{one}/report.csv"]
    own = {"Sec-Fetch-Site": "same-origin"}
    for route in (*routes, "store", "memory", "folders/chooser"):
        url = f"{client.url}/batch_loop/{route}"
        assert requests.get(url, headers=header, timeout=SECONDS).status_code == 403
        # ComfyUI's own page, and a script.
        assert requests.get(url, headers=own, timeout=SECONDS).ok
        assert requests.get(url, timeout=SECONDS).ok


@pytest.mark.parametrize("folder", ["/etc", "../..", "none", "{name}/link"])
def test_a_page_on_another_machine_is_told_no_path_of_this_one(
    client: ComfyClient, server: ComfyServer, workspace: Workspace, outside: Outside, folder: str
) -> None:
    link_out(workspace, outside.folder)
    named = folder.format(name=workspace.name)
    linked = unchanged(workspace.name, workspace.name)
    linked["text"] = node("PrimitiveString", value=named)
    linked[ITERATOR]["inputs"]["directory"] = ["text", 0]
    for graph in (unchanged(named, workspace.name), linked):
        for headers, is_told in (({}, True), ({"X-Forwarded-For": "192.0.2.7"}, False)):
            body = {"prompt": graph, "client_id": workspace.name}
            sent = requests.post(
                f"{client.url}/prompt", json=body, headers=headers, timeout=SECONDS
            )
            said = sent.text
            if sent.ok:
                path = f"/history/{sent.json()['prompt_id']}"
                ended = wait_for(lambda path=path: client.get_json(path), "the prompt to end")
                (entry,) = ended.values()
                messages = dict(entry["status"]["messages"])
                said = messages["execution_error"]["exception_message"]
            assert (str(server.base) in said) == is_told
    for route, name in NAMING.items():
        url = f"{client.url}/batch_loop/{route}"
        headers = {"X-Forwarded-For": "192.0.2.7"}
        answer = requests.post(url, json={name: named}, headers=headers, timeout=SECONDS)
        assert not answer.ok
        assert str(server.base) not in answer.text


@pytest.mark.parametrize("route", CHANGING)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_change_nothing(
    client: ComfyClient, loop: dict[str, Any], route: str, method: str
) -> None:
    before = now(client, loop)
    url = f"{client.url}/batch_loop/loops/{route}"
    for query in ("", f"?loop={loop['id']}"):
        answer = requests.request(method, url + query, json={"loop": loop["id"]}, timeout=SECONDS)
        assert answer.status_code in {404, 405}
    assert now(client, loop) == before


@pytest.mark.parametrize("route", ["reset", "watch"])
def test_a_folder_that_has_become_a_link_is_not_listed(
    client: ComfyClient, workspace: Workspace, outside: Outside, route: str
) -> None:
    folder = workspace.input / "sub"
    write_images(folder, ["a.png"], (8, 8))
    result = run_until_stop(client, unchanged(f"{workspace.name}/sub", workspace.name))[-1]
    loop = loop_state(client, result)
    folder.rename(folder.with_name("away"))
    folder.symlink_to(outside.folder)
    url = f"{client.url}/batch_loop/loops/{route}"
    answer = requests.post(url, json={"loop": loop["id"]}, timeout=SECONDS)
    assert refused(answer)
    assert outside.secret.name not in answer.text
    report = client.get_json(f"/batch_loop/loops/{loop['id']}/report.json")
    assert [item["path"] for item in report["items"]] == ["a.png"]
    assert told(result, ITERATOR)["loop"] == loop["id"]


def picture(
    client: ComfyClient, loop_id: str, shown: str = "thumbnail", **query: Any
) -> requests.Response:
    url = f"{client.url}/batch_loop/loops/{loop_id}/{shown}"
    return requests.get(url, query, timeout=SECONDS)


@pytest.mark.parametrize("way", SPELLINGS)
def test_no_path_of_a_picture_leads_outside(
    client: ComfyClient,
    workspace: Workspace,
    loop: dict[str, Any],
    outside: Outside,
    way: str,
) -> None:
    link_out(workspace, outside.folder)
    for path in (outside.secret, outside.missing):
        named = spellings(path, workspace)[way].encode("utf-8", "surrogatepass")
        for query in ({"path": named}, {"path": b"../" + named}, {"path": named, "output": "0"}):
            for shown in SHOWN:
                answer = picture(client, loop["id"], shown, **query)
                assert answer.status_code in {204, 404, 414, 400}
                assert outside.secret.name not in answer.text


def test_no_picture_shows_what_is_behind_a_link(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    (workspace.input / "sub").mkdir()
    (workspace.input / "a.png").symlink_to(outside.secret)
    write_images(workspace.input, ["b.png", "sub/secret.png"], (8, 8))
    graph = unchanged(workspace.name, workspace.name, recursive=True)
    graph[ITERATOR]["inputs"]["error_handling"] = "Skip on error"
    loop_id = told(run_until_stop(client, graph)[-1], ITERATOR)["loop"]
    assert picture(client, loop_id, path="sub/secret.png").ok
    assert picture(client, loop_id, path="sub/secret.png", output=0).ok
    for folder in (workspace.input / "sub", workspace.output / "sub"):
        folder.rename(folder.with_name("away"))
        folder.symlink_to(outside.folder)
    (workspace.output / "b.png").unlink()
    (workspace.output / "b.png").symlink_to(outside.secret)
    for query in (
        {"path": "a.png"},
        {"path": "sub/secret.png"},
        {"path": "sub/secret.png", "output": 0},
        {"path": "b.png", "output": 0},
    ):
        for shown in PICTURES:
            answer = picture(client, loop_id, shown, **query)
            assert refused(answer)
            assert answer.status_code == 403
            assert str(outside.folder) not in answer.text
        files = picture(client, loop_id, "files", path=query["path"])
        assert str(outside.folder) not in files.text
        file = files.json()["results"][0] if "output" in query else files.json()["source"]
        assert (file["shows"], file["bytes"], file["width"]) == ("nothing", 0, 0)
        assert "Batch Loop may not use" in file["reason"]


@pytest.mark.one_release
def test_pictures_of_constantly_swapped_links_show_nothing_outside(
    client: ComfyClient, workspace: Workspace, outside: Outside
) -> None:
    write_images(workspace.input / "sub", ["secret.png"], (8, 8))
    graph = unchanged(workspace.name, workspace.name, recursive=True)
    loop_id = told(run_until_stop(client, graph)[-1], ITERATOR)["loop"]
    folder, away = workspace.input / "sub", workspace.input / "away"
    ended = threading.Event()

    def swap_without_end() -> None:
        while not ended.is_set():
            folder.rename(away)
            folder.symlink_to(outside.folder)
            folder.unlink()
            away.rename(folder)

    swapper = threading.Thread(target=swap_without_end)
    swapper.start()
    statuses: Counter[int] = Counter()
    try:
        # The folder is there for a moment at a time, and on a busy machine that is rarely seen.
        while statuses.total() < 300 or (statuses[200] == 0 and statuses.total() < 5_000):
            shown = PICTURES[statuses.total() % len(PICTURES)]
            statuses[picture(client, loop_id, shown, path="sub/secret.png").status_code] += 1
    finally:
        ended.set()
        swapper.join()
    assert statuses[200] > 0
    assert statuses.keys() <= {200, 204, 403}
