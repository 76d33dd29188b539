"""Each error's exit code, and what counts as a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from batch_loop.batch_loop_cli.errors import (
    CommandError,
    ExitCode,
    NoDatabase,
    NodeMissing,
    RefusedByServer,
    SettingsRefused,
    WrongCall,
    naming,
)
from batch_loop.batch_loop_cli.refusals import refusal


def kinds(kind: type[CommandError]) -> Iterator[type[CommandError]]:
    for each in kind.__subclasses__():
        if "code" in vars(each):  # the others are base classes, or kinds of an error that has one
            yield each
        yield from kinds(each)


def test_each_error_has_its_own_exit_code() -> None:
    codes = [kind.code for kind in kinds(CommandError)]
    others = {ExitCode.DONE, ExitCode.SOME_FAILED, ExitCode.INTERRUPTED, ExitCode.OUTPUT_CLOSED}
    assert sorted(codes) == sorted(set(ExitCode) - others)


def at_fault(*class_types: str) -> dict[str, Any]:
    wrong = [{"message": "Value too small", "details": "limit"}, {"message": "and more"}]
    nodes = {
        str(number): {"class_type": class_type, "errors": wrong}
        for number, class_type in enumerate(class_types)
    }
    return {"error": {"message": "Prompt outputs failed validation"}, "node_errors": nodes}


@pytest.mark.parametrize(
    ("path", "status", "said", "kind", "message"),
    [
        (
            *("/prompt", 400, at_fault("BatchLoopDirectoryIterator"), SettingsRefused),
            "node 0 (BatchLoopDirectoryIterator): Value too small: limit",
        ),
        (
            *("/prompt", 400, at_fault("BatchLoopRowIterator"), SettingsRefused),
            "node 0 (BatchLoopRowIterator): Value too small: limit",
        ),
        (
            *("/prompt", 400, at_fault("KSampler", "SaveImage"), RefusedByServer),
            "node 0 (KSampler): Value too small: limit; node 1 (SaveImage): Value too small: limit",
        ),
        ("/prompt", 400, {"error": {"message": "No outputs"}}, RefusedByServer, "No outputs"),
        ("/batch_loop/loops", 503, {"error": "It is locked."}, NoDatabase, "It is locked."),
        ("/batch_loop/loops", 404, {"error": "No loop."}, RefusedByServer, "No loop."),
        ("/prompt", 503, {"error": "Busy."}, RefusedByServer, "Busy."),
    ],
)
def test_a_server_s_refusal_is_told_with_its_reason(
    path: str, status: int, said: dict[str, Any], kind: type[CommandError], message: str
) -> None:
    error = refusal(path, status, said)
    assert (type(error), str(error)) == (kind, message)


def named(error: CommandError) -> str:
    with pytest.raises(CommandError) as raised, naming("http://there"):
        raise error
    return str(raised.value)


def test_an_error_names_the_server() -> None:
    assert named(NodeMissing("it lacks one")) == "http://there: it lacks one"
    assert named(RefusedByServer("http://there is none", 200)) == "http://there is none"
    assert named(WrongCall("--set what?")) == "--set what?"
