"""Checks, before anything is sent, that several servers will work on one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .api_format import ITERATOR, Prompt, nodes_of
from .client import Client
from .errors import RefusedByServer, SettingsRefused, WrongCall

HELP = "docs/several_machines.md"
DATABASE_VARIABLE = "BATCH_LOOP_DATABASE"
ROOTS_VARIABLE = "BATCH_LOOP_ROOTS"


async def check_same_database(clients: Sequence[Client]) -> None:
    """Raise WrongCall unless all servers keep their batches in one database."""
    ids = {client.url: await client.database_id() for client in clients}
    if len(set(ids.values())) > 1:
        raise WrongCall(
            f"{' and '.join(ids)} do not share a database, so each would work on all images. Set "
            f"{DATABASE_VARIABLE}, or give them one user folder: {HELP}."
        )


async def check_same_folders(clients: Sequence[Client], prompts: Sequence[Prompt]) -> None:
    """Raise WrongCall unless each Directory Iterator's folder is the same batch on all servers.

    `prompts` has the prompt of each client. SettingsRefused if a server refuses the settings.
    """
    ids = {
        client.url: await _loop_ids_of(client, prompt)
        for client, prompt in zip(clients, prompts, strict=True)
    }
    first, *others = ids.values()
    if any(other != first for other in others):
        raise WrongCall(
            f"{' and '.join(ids)} have the folder at different places, so each would work on "
            f"all images. Set {ROOTS_VARIABLE}: {HELP}."
        )


def known_settings(prompt: Prompt) -> list[Mapping[str, Any]]:
    """Return the inputs of each Directory Iterator whose folder is known before the run.

    Inputs that are links to other nodes are left out.
    """
    settings = [
        {name: value for name, value in node["inputs"].items() if not isinstance(value, list)}
        for node in nodes_of(prompt, ITERATOR)
    ]
    return [each for each in settings if "directory" in each]


async def _loop_ids_of(client: Client, prompt: Prompt) -> list[str]:
    try:
        return [await client.loop_id_of(settings) for settings in known_settings(prompt)]
    except RefusedByServer as error:
        raise SettingsRefused(f"{client.url}: {error}") from error
