"""Checks, before anything is sent, that several servers will work on one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .api_format import Prompt, iterators_of
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
            f"{' and '.join(ids)} do not share a database, so each would work on all items. Set "
            f"{DATABASE_VARIABLE}, or give them one user folder: {HELP}."
        )


async def check_same_places(clients: Sequence[Client], prompts: Sequence[Prompt]) -> None:
    """Raise WrongCall unless each iterator's folder or file is the same batch on all servers.

    `prompts` has the prompt of each client. SettingsRefused if a server refuses the settings.
    """
    ids = {
        client.url: await _loop_ids_of(client, prompt)
        for client, prompt in zip(clients, prompts, strict=True)
    }
    first, *others = ids.values()
    if any(other != first for other in others):
        raise WrongCall(
            f"{' and '.join(ids)} have the folder or file at different places, so each would "
            f"work on all items. Set {ROOTS_VARIABLE}: {HELP}."
        )


def known_settings(prompt: Prompt) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the inputs of each iterator whose folder or file is known before the run.

    Each comes with the route to ask about it. Inputs that are links to other nodes are left out.
    Items that are typed into a node are the same on all servers.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []
    for kind, node in iterators_of(prompt):
        inputs: Mapping[str, Any] = node["inputs"]
        settings = {key: value for key, value in inputs.items() if not isinstance(value, list)}
        is_typed = kind.typed and not str(settings.get(kind.named, "")).strip()
        if kind.named in settings and not is_typed:
            # With its type: the route serves several.
            found.append((kind.route, {**settings, "iterator": node["class_type"]}))
    return found


async def _loop_ids_of(client: Client, prompt: Prompt) -> list[str]:
    try:
        return [await client.loop_id_of(*asked) for asked in known_settings(prompt)]
    except RefusedByServer as error:
        raise SettingsRefused(f"{client.url}: {error}") from error
