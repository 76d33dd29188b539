"""`batch-loop` with real servers: what it does, what it prints, and its exit codes."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from batch_loop.tests.integration.conftest import Workspace
from batch_loop.tests.support.batches import busy, recorded, records, run_until_stop
from batch_loop.tests.support.graphs import ITERATOR, SAVE, Graph, batch_graph, node
from batch_loop.tests.support.images import write_images
from batch_loop.tests.support.small_batches import ITEMS, KINDS, slow, titles_in
from batch_loop.tests.support.waiting import wait_for
from batch_loop.tools.client import ComfyClient
from batch_loop.tools.graphs import filled_in
from batch_loop.tools.layout import EXAMPLES, ROOT, SIX_NODES
from batch_loop.tools.programs import free_port
from batch_loop.tools.server import ComfyServer

NAMES = [f"img{number}.png" for number in range(1, 6)]
SECONDS = 60


def start(server: str, *arguments: object) -> subprocess.Popen[str]:
    command, *rest = map(str, arguments)
    return subprocess.Popen(
        [sys.executable, "-m", "batch_loop_cli", command, "--server", server, *rest],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def batch_loop(server: str, *arguments: object) -> tuple[int, str, str]:
    """The command's exit code, standard output and standard error."""
    with start(server, *arguments) as process:
        out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in err, err
    return process.returncode, out, err


@dataclass(frozen=True)
class Case:
    """A batch of five images, whose workflow records each that it works on."""

    client: ComfyClient
    workspace: Workspace

    @property
    def record(self) -> Path:
        return self.workspace.scratch / "record"

    @property
    def ran(self) -> list[str]:
        return records(self.record)

    @property
    def workflow(self) -> Path:
        return self.workspace.scratch / "workflow.json"

    def write(self, work: Graph | None = None) -> None:
        """Write the workflow, with `work` for each image."""
        name = self.workspace.name
        graph = recorded(batch_graph(name, name, work), self.record)
        self.workflow.write_text(json.dumps(filled_in(self.client, graph)), encoding="utf-8")

    def command(self, *arguments: object) -> tuple[int, str, str]:
        return batch_loop(self.client.url, *arguments)

    def run(self, *arguments: object) -> tuple[int, str, str]:
        return self.command("run", self.workflow, *arguments)


@pytest.fixture
def case(client: ComfyClient, workspace: Workspace) -> Case:
    write_images(workspace.input, NAMES)
    case = Case(client, workspace)
    case.write()
    return case


def test_each_image_is_done_once(case: Case, tmp_path: Path) -> None:
    report, table, sheet = (tmp_path / name for name in ("r.json", "r.csv", "sheet.png"))
    code, out, _ = case.run("--report", report, "--contact-sheet", sheet)
    assert (code, case.ran) == (0, NAMES)
    assert out.startswith("5 of 5 done, complete")
    loop = json.loads(report.read_text(encoding="utf-8"))
    assert [item["state"] for item in loop["items"]] == ["done"] * len(NAMES)
    with Image.open(sheet) as picture:
        picture.load()
    # Once more: it is complete already.
    assert case.run()[0] == 0
    assert case.ran == NAMES
    assert case.workspace.name in case.command("status")[1]
    assert case.command("report", loop["id"], table)[0] == 0
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["path"] for row in rows] == NAMES
    url = f"{case.client.url}/batch_loop/loops/{loop['id']}/report.csv"
    assert table.read_bytes() == requests.get(url, timeout=SECONDS).content
    assert case.command("reset", case.workspace.name)[0] == 0
    assert case.run()[0] == 0
    assert case.ran == NAMES + NAMES


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_every_kind_runs_to_its_end(
    server: ComfyServer, client: ComfyClient, workspace: Workspace, kind: str
) -> None:
    batch = KINDS[kind](f"{workspace.name}-batch", server)
    record, workflow = workspace.scratch / "record", workspace.scratch / "workflow.json"
    graph = batch.graph(client, partial(slow, 0.0), record)
    graph[ITERATOR]["inputs"][batch.place] = "elsewhere"
    workflow.write_text(json.dumps(graph), encoding="utf-8")
    source = f"{graph[ITERATOR]['class_type']}.{batch.place}={batch.source}"
    code, out, err = batch_loop(server.url, "run", workflow, "--set", source)
    assert (code, titles_in(records(record))) == (0, batch.titles()), err
    assert out.startswith(f"{ITEMS} of {ITEMS} done, complete")
    batch.wait_until_done(client)
    batch.check()


FORMULA, AFTER_A_SEPARATOR, NO_UTF8 = "=1+1.png", "a;@b.png", os.fsdecode(b"caf\xe9.png")


def test_names_that_are_not_text_or_look_like_formulas_are_reported(
    case: Case, tmp_path: Path
) -> None:
    for name in NAMES:
        (case.workspace.input / name).unlink()
    write_images(case.workspace.input, [FORMULA, AFTER_A_SEPARATOR, NO_UTF8])
    graph = batch_graph(case.workspace.name, case.workspace.name)
    case.workflow.write_text(json.dumps(filled_in(case.client, graph)), encoding="utf-8")
    report, table, sheet = (tmp_path / name for name in ("r.json", "r.csv", "sheet.png"))
    code, _, err = case.run("--report", report, "--contact-sheet", sheet)
    assert code == 0, err
    loop = json.loads(report.read_text(encoding="utf-8"))
    assert {item["path"] for item in loop["items"]} == {FORMULA, AFTER_A_SEPARATOR, NO_UTF8}
    assert case.command("report", loop["id"], table)[0] == 0
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert {row["path"] for row in rows} == {"'=1+1.png", "a;'@b.png", r"caf\udce9.png"}
    assert list(tmp_path.glob(".*")) == []


def test_json_prints_what_happens_in_lines_for_programs(case: Case) -> None:
    code, out, _ = case.run("--json")
    lines = [json.loads(line) for line in out.splitlines()]
    *images, end = lines
    assert {line["event"] for line in images} == {"item"}
    assert images[0]["filename"] == NAMES[0]
    assert (end["event"], end["exit_code"], end["done"]) == ("end", code, len(NAMES))


@pytest.mark.parametrize("late", [False, True])
def test_a_workflow_of_which_the_server_would_leave_out_a_part_is_not_run(
    case: Case, *, late: bool
) -> None:
    graph = json.loads(case.workflow.read_text(encoding="utf-8"))
    never = case.workspace.scratch / "never"
    # The server would leave out the second saver, and the rest of the prompt would never end: nor
    # if it is interrupted once, before it has started.
    graph["wait"] = node("TestWait", image=[ITERATOR, 1], until=str(never), late=late)
    graph["other"] = node("PreviewImage", images=["wait", 0])
    graph["second"] = node("SaveImage", filename_prefix="second")
    case.workflow.write_text(json.dumps(graph), encoding="utf-8")
    code, _, err = case.run("--json")
    assert code == 5
    assert "node second (SaveImage): Required input is missing: images" in the_line_of(err)
    assert not case.client.queue().running
    # A folder that cannot be saved to.
    case.write()
    code, _, err = case.run("--json", "--set", f"{SAVE}.folder=../../elsewhere")
    assert code == 10
    assert f"node {SAVE} (BatchLoopSaveImage): " in the_line_of(err)
    assert "does not accept its folder" in err
    assert case.command("status", case.workspace.name)[1] == ""


@pytest.mark.parametrize("command", ["status", "run"])
def test_output_that_nobody_reads_ends_the_command_quietly(case: Case, command: str) -> None:
    assert case.run()[0] == 0
    assert case.command("reset", case.workspace.name)[0] == 0
    reading, writing = os.pipe()
    os.close(reading)
    call = [sys.executable, "-m", "batch_loop_cli", command, "--server", case.client.url]
    call += [str(case.workflow), "--json"] if command == "run" else []
    ended = subprocess.run(
        call,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # so status is written at the end only
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
    case.client.wait_until_idle()
    assert len(case.ran) < 2 * len(NAMES)


BROKEN = "img2.png"


@pytest.fixture
def broken(case: Case) -> Case:
    """One of the images is broken."""
    (case.workspace.input / BROKEN).write_bytes(b"no image")
    return case


def test_it_stops_at_an_error(broken: Case) -> None:
    code, out, err = broken.run("--json")
    assert (code, broken.ran) == (3, NAMES[:1])
    assert json.loads(out.splitlines()[-1])["problem"].startswith("BatchLoopDirectoryIterator")
    assert BROKEN in the_line_of(err)


def the_line_of(err: str) -> str:
    """The only line on standard error."""
    (line,) = err.splitlines()
    return line


@pytest.mark.parametrize("how", ["skip", "retry"])
def test_it_can_go_on_after_an_error(broken: Case, tmp_path: Path, how: str) -> None:
    report = tmp_path / "report.json"
    code, out, _ = broken.run("--on-error", how, "--report", report)
    assert (code, broken.ran) == (1, [name for name in NAMES if name != BROKEN])
    assert f"{BROKEN}: " in out
    items = json.loads(report.read_text(encoding="utf-8"))["items"]
    assert [item["path"] for item in items if item["state"] == "failed"] == [BROKEN]


def test_an_image_is_tried_three_times(case: Case, tmp_path: Path) -> None:
    fail_list, report = case.workspace.scratch / "fail", tmp_path / "report.json"
    fail_list.write_text(BROKEN, encoding="utf-8")
    work = node("TestRaise", image=[ITERATOR, 1], filename=[ITERATOR, 3], fail_list=str(fail_list))
    case.write(work)
    code, out, _ = case.run("--on-error", "retry", "--report", report)
    assert (code, sorted(case.ran)) == (1, [name for name in NAMES if name != BROKEN])
    assert "asked to fail" in out
    items = json.loads(report.read_text(encoding="utf-8"))["items"]
    attempts = {item["path"]: item["attempts"] for item in items if item["state"] == "failed"}
    assert attempts == {BROKEN: 3}


def test_the_status_says_how_many_images_were_left_out(
    client: ComfyClient, workspace: Workspace
) -> None:
    write_images(workspace.input, ["a.png", "b.png", "c.png", "c_mask.png", "d.png", "d_mask.png"])
    graph = batch_graph(workspace.name, workspace.name)
    graph["companion"] = node(
        "BatchLoopCompanionImage",
        loop=[ITERATOR, 0],
        pattern="{stem}_mask.png",
        when_missing="Leave the image out",
        mask_from="auto",
    )
    graph["preview"] = node("PreviewImage", images=["companion", 0])
    write_images(workspace.output, ["c.png"])
    graph[ITERATOR]["inputs"]["skip_finished"] = True
    run_until_stop(client, graph)
    (said,) = [
        line for line in batch_loop(client.url, "status")[1].splitlines() if workspace.name in line
    ]
    assert "  1 of 1 done, complete, 1 finished before, 2 without a companion  " in said


def test_failed_images_can_be_retried(broken: Case) -> None:
    assert broken.run("--on-error", "skip")[0] == 1
    write_images(broken.workspace.input, [BROKEN])
    code, out, _ = broken.command("retry", broken.workspace.name)
    assert (code, out) == (0, "4 of 5 done, 1 left: the next run goes on from there.\n")
    assert broken.run()[0] == 0
    assert broken.ran[-1] == BROKEN
    code, out, _ = broken.command("retry", broken.workspace.name)
    assert (code, out) == (0, "5 of 5 done, complete: nothing has failed.\n")


def test_a_failed_image_that_is_gone_is_not_to_be_retried(broken: Case) -> None:
    assert broken.run("--on-error", "skip")[0] == 1
    (broken.workspace.input / BROKEN).unlink()
    code, out, _ = broken.command("retry", broken.workspace.name)
    assert (code, out) == (0, "4 of 4 done, complete: what had failed is no longer there.\n")


def test_inputs_can_be_set(case: Case) -> None:
    limit = "DirectoryIterator.limit=2"
    order = f"{ITERATOR}.descending=true"
    code, _, _ = case.run("--set", limit, "--set", order)
    assert (code, case.ran) == (0, NAMES[::-1][:2])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "limit"], 2, "NODE.INPUT=VALUE"),
        (["--set", "Nothing.limit=2"], 2, "no node is called 'Nothing'"),
        (["--set", "DirectoryIterator.nothing=2"], 2, "has no input 'nothing'. It has these"),
        (["--set", "DirectoryIterator.directory=/etc"], 10, "BatchLoopDirectoryIterator"),
        (["--set", "DirectoryIterator.filter=all"], 10, "BatchLoopDirectoryIterator"),
        (["--set", "4.quality=1000"], 5, "BatchLoopSaveImage"),
        (["--report", "report.txt"], 2, "ends in .json or .csv"),
        (["--contact-sheet", "sheet.txt"], 2, "end in .png or .jpg"),
        (["--report", "nowhere/report.csv"], 2, "there is no such folder"),
        (["--no-such-option"], 2, "--no-such-option. See batch-loop"),
    ],
    ids=[
        *("no value", "no node", "no input", "not allowed", "no such filter", "no such quality"),
        *("no report", "no picture", "no folder", "no option"),
    ],
)
def test_a_wrong_command_line_says_what_to_do(
    case: Case, arguments: list[str], code: int, words: str
) -> None:
    found, _, err = case.run(*arguments)
    assert (found, case.ran) == (code, [])
    # A progress bar leaves its line behind.
    assert words in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 6, "it is not JSON"),
        ("[]", 6, "is not a ComfyUI workflow"),
        ('{"nodes": [{}]}', 6, "is not a workflow as ComfyUI saves it"),
        ('{"1": {"class_type": "NoSuchNode", "inputs": {}}}', 7, "does not have: NoSuchNode"),
        ('{"1": {"class_type": "LoadImage", "inputs": {}}}', 8, "has none of Directory Iterator"),
    ],
)
def test_a_file_that_is_not_a_workflow_is_refused(
    case: Case, text: str, code: int, words: str
) -> None:
    case.workflow.write_text(text, encoding="utf-8")
    found, _, err = case.run()
    assert found == code
    assert words in the_line_of(err)


def test_a_server_that_does_not_answer_is_an_error() -> None:
    code, _, err = batch_loop("http://127.0.0.1:9", "status")
    assert code == 4
    assert "does not answer" in err


def on_a_terminal(case: Case, *arguments: object) -> tuple[int, str]:
    """The command's exit code, and what a terminal shows of its standard error."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    command = [sys.executable, "-m", "batch_loop_cli", "run", str(case.workflow)]
    command += ["--server", case.client.url, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=its) as process:
        os.close(its)
        shown = b""
        # The terminal ends with an error once nobody writes to it.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                shown += part
        process.wait(SECONDS)
    os.close(ours)
    return process.returncode, shown.decode("utf-8")


def test_the_batch_and_its_contact_sheet_have_a_bar_and_a_refused_run_has_none(
    case: Case, tmp_path: Path
) -> None:
    code, shown = on_a_terminal(case, "--contact-sheet", tmp_path / "sheet.png")
    assert code == 0
    assert "5/5" in shown
    assert "Contact sheet:" in shown.partition("5/5")[2]
    code, shown = on_a_terminal(case, "--set", f"{SAVE}.folder=../../elsewhere")
    assert code == 10
    assert shown.startswith("batch-loop: ")
    assert "%" not in shown


@dataclass(frozen=True)
class Waiting:
    """The command in the first of five images, which ends once the file `until` exists."""

    case: Case
    process: subprocess.Popen[str]
    until: Path

    def press_ctrl_c(self) -> None:
        """Also wait until it has taken the waiting prompt off the queue."""
        self.process.send_signal(signal.SIGINT)
        queue = self.case.client.queue
        wait_for(lambda: not queue().pending, "the waiting prompt to be taken back")


@pytest.fixture
def waiting(case: Case) -> Iterator[Waiting]:
    until = case.workspace.scratch / "go on"
    case.write(node("TestWait", image=[ITERATOR, 1], until=str(until)))
    queue = case.client.queue
    with start(case.client.url, "run", case.workflow) as process:
        wait_for(lambda: queue().running and queue().pending, "two prompts")
        yield Waiting(case, process, until)
        process.kill()


def test_ctrl_c_lets_the_running_image_finish(waiting: Waiting) -> None:
    waiting.press_ctrl_c()
    assert waiting.case.client.queue().running
    waiting.until.touch()
    out, err = waiting.process.communicate(timeout=SECONDS)
    assert (waiting.process.returncode, waiting.case.ran) == (130, NAMES[:1]), err
    assert out.startswith("1 of 5 done, 4 left")


def test_a_second_ctrl_c_interrupts_it(waiting: Waiting) -> None:
    waiting.press_ctrl_c()
    waiting.process.send_signal(signal.SIGINT)
    out, err = waiting.process.communicate(timeout=SECONDS)
    assert (waiting.process.returncode, waiting.case.ran) == (130, []), err
    assert out.startswith("0 of 5 done, 5 left")


def test_it_goes_on_after_its_prompts_were_deleted(case: Case) -> None:
    queue = case.client.queue
    with busy(case.client, case.workspace.scratch):
        process = start(case.client.url, "run", case.workflow)
        wait_for(lambda: len(queue().pending) > 1, "two prompts")
        case.client.clear_queue()
        wait_for(lambda: len(queue().pending) > 1, "two others")
    with process:
        _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, case.ran) == (0, NAMES), err


@pytest.mark.parametrize("kind", ["images", "rows"])
def test_a_server_that_restarts_is_waited_for(
    start_server: Callable[..., ComfyServer], tmp_path: Path, kind: str
) -> None:
    server = start_server(port=free_port())
    batch, record, path = KINDS[kind]("batch", server), tmp_path / "record", tmp_path / "w.json"
    with server.client() as client:
        # So slow that the result of one item is written while the next is worked on.
        path.write_text(json.dumps(batch.graph(client, partial(slow, 0.3), record)), "utf-8")
    with start(server.url, "run", path) as process:
        wait_for(lambda: len(records(record)) > 3, "some items")
        server.kill()
        assert process.poll() is None
        server.start()
        _, err = process.communicate(timeout=SECONDS * 2)
    assert process.returncode == 0, err
    assert "is back" in err
    done = titles_in(records(record))
    assert list(dict.fromkeys(done)) == batch.titles()
    assert len(done) <= ITEMS + 1
    batch.check()


def test_it_goes_on_if_the_last_result_is_lost_with_its_server(
    start_server: Callable[..., ComfyServer], tmp_path: Path
) -> None:
    port, until, record = free_port(), tmp_path / "until", tmp_path / "record"
    server = start_server(port=port, env={"BATCH_LOOP_TESTS_HOLD_AFTER": str(len(NAMES))})
    write_images(server.input / "batch", NAMES)
    named = {"image": [ITERATOR, 1], "filename": [ITERATOR, 3], "held": NAMES[-1]}
    path = tmp_path / "workflow.json"
    with server.client() as client:
        graph = batch_graph("batch", "batch", node("TestHold", **named, until=str(until)))
        path.write_text(json.dumps(filled_in(client, recorded(graph, record))), encoding="utf-8")
        with start(server.url, "run", path) as process:
            wait_for(Path(f"{until}.held").exists, "the last image")
            wait_for(lambda: client.queue().pending, "a prompt behind it")
            until.touch()
            # The command then knows that the batch is complete.
            wait_for(lambda: not client.queue().pending, "that prompt to be taken back")
            server.kill()
            server.start()
            out, err = process.communicate(timeout=SECONDS * 2)
    assert process.returncode == 0, err
    assert out.startswith("5 of 5 done, complete")
    assert "The last results are lost. Going on" in err
    assert records(record) == [*NAMES, NAMES[-1]]
    assert sorted(each.name for each in (server.output / "batch").iterdir()) == NAMES


def test_results_hold_the_workflow_like_those_of_the_page(case: Case) -> None:
    workflow = json.loads((EXAMPLES / f"{SIX_NODES}.json").read_text(encoding="utf-8"))
    widgets = {node["type"]: node.get("widgets_values") for node in workflow["nodes"]}
    widgets[ITERATOR_TYPE][0] = widgets[SAVER_TYPE][0] = case.workspace.name
    case.workflow.write_text(json.dumps(workflow), encoding="utf-8")
    assert case.run()[0] == 0
    assert held_by(case, "img1_comic.png") == workflow
    # It would show what did not run.
    assert case.command("reset", case.workspace.name)[0] == 0
    assert case.run("--set", "ImageSharpen.sigma=2")[0] == 0
    assert held_by(case, "img1_comic.png") is None


ITERATOR_TYPE, SAVER_TYPE = "BatchLoopDirectoryIterator", "BatchLoopSaveImage"


def held_by(case: Case, result: str) -> dict[str, Any] | None:
    """The workflow in a result."""
    with Image.open(case.workspace.output / result) as image:
        held = image.info.get("workflow")
    return held and json.loads(held)
