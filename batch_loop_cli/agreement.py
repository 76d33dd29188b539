"""What several servers have to agree on, before anything is sent to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .client import Client, Prompt
from .errors import RefusedByServer, SettingsRefused, WrongCall
from .workflow import ITERATOR, nodes_of

NOT_FOUND = 404
HELP = "docs/several_machines.md"
DATABASE_VARIABLE = "BATCH_LOOP_DATABASE"
ROOTS_VARIABLE = "BATCH_LOOP_ROOTS"

FOLDER_SETTINGS = (
    "directory",
    "loop_name",
    "filter",
    "custom_pattern",
    "recursive",
    "sort_by",
    "descending",
    "start_index",
    "limit",
)
"""The inputs of Directory Iterator that say which images there are."""


async def check_database(clients: Sequence[Client]) -> None:
    """Raise WrongCall unless all servers keep their batches in one database."""
    ids = {client.url: await _database_of(client) for client in clients}
    if len(set(ids.values())) > 1:
        raise WrongCall(
            f"{' and '.join(ids)} do not share a database, so each would work on all images. Set "
            f"{DATABASE_VARIABLE}, or give them one user folder: {HELP}."
        )


async def check_folders(clients: Sequence[Client], prompts: Sequence[Prompt]) -> None:
    """Raise WrongCall unless each Directory Iterator's folder is the same batch on all servers.

    `prompts` has the prompt of each client. SettingsRefused if a server refuses the settings.
    """
    loops = {
        client.url: [await _loop_of(client, asked) for asked in questions(prompt)]
        for client, prompt in zip(clients, prompts, strict=True)
    }
    first, *others = loops.values()
    if any(other != first for other in others):
        raise WrongCall(
            f"{' and '.join(loops)} have the folder at different places, so each would work on "
            f"all images. Set {ROOTS_VARIABLE}: {HELP}."
        )


def questions(prompt: Prompt) -> list[Mapping[str, Any]]:
    """What to ask `/batch_loop/folder` for each Directory Iterator whose folder is known.

    Inputs that are links to other nodes are left out: only the run will tell.
    """
    settings = [
        {
            name: node["inputs"][name]
            for name in FOLDER_SETTINGS
            if name in node["inputs"] and not isinstance(node["inputs"][name], list)
        }
        for node in nodes_of(prompt, ITERATOR)
    ]
    return [given for given in settings if "directory" in given]


async def _database_of(client: Client) -> str:
    try:
        answer = await client.get("/batch_loop/store")
    except RefusedByServer as error:
        if error.status != NOT_FOUND:
            raise
        raise WrongCall(
            f"{client.url} cannot tell which database it has, which several servers have to "
            "share. Update the pack there."
        ) from error
    return str(answer["id"])


async def _loop_of(client: Client, settings: Mapping[str, Any]) -> str:
    try:
        answer = await client.post("/batch_loop/folder", settings)
    except RefusedByServer as error:
        raise SettingsRefused(f"{client.url}: {error}") from error
    return str(answer["loop"])
