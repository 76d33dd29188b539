"""Where a request, and a prompt sent by it, comes from: another site, or this very machine.

Only requests from this machine are told where its files are.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from ..common.errors import BatchLoopError, Refused

_from_here: ContextVar[bool] = ContextVar("batch_loop_from_here", default=False)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OF_A_PROXY = ("x-forwarded", "forwarded", "via", "x-real-ip")
"""Prefixes of headers that a proxy adds."""


def refuse_other_sites(request: web.Request) -> None:
    """Raise Refused if the browser says that a page of another site sent the request."""
    headers = request.headers
    if headers.get("Sec-Fetch-Site") == "cross-site" or headers.get("Origin") == "null":
        raise Refused("A page of another site may not do this. Use ComfyUI's own page.", 403)


def is_on_this_machine(request: web.Request) -> bool:
    """Whether a request comes from this server's own page, or a script, on this very machine.

    The connection has to come from here, and the name by which the page knows the server has to
    mean this machine: otherwise a page of another site, whose name was made to resolve to this
    machine, would pass for ours. Behind a proxy every connection comes from here, so a request that
    went through one never counts as one from this machine.
    """
    if any(name.lower().startswith(_OF_A_PROXY) for name in request.headers):
        return False
    peer = request.transport.get_extra_info("peername") if request.transport else None
    # A Unix socket's peer is not an address.
    if not isinstance(peer, tuple) or not _is_loopback(str(peer[0])):
        return False
    hosts = request.headers.getall("Host", [])
    return len(hosts) == 1 and _names_this_machine(hosts[0]) and _is_of_the_page_of(request)


@web.middleware
async def notes_where_from(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Remember for the duration of a request whether it comes from this machine."""
    _from_here.set(is_on_this_machine(request))
    return await handler(request)


def is_from_here() -> bool:
    """Whether the request that is being answered comes from this machine."""
    return _from_here.get()


def told(error: BatchLoopError) -> str:
    """The message of an error for the sender of the current request."""
    return str(error) if is_from_here() else error.elsewhere


def _is_of_the_page_of(request: web.Request) -> bool:
    """Whether a request comes from this server's own page, or from no page."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        return False
    # A proxy that adds no header may have changed the host, but it leaves these as they are.
    pages = [*request.headers.getall("Origin", []), *request.headers.getall("Referer", [])]
    return all(_parts(page).netloc.lower() == request.host.lower() for page in pages)


def _names_this_machine(host: str) -> bool:
    parts = _parts(f"//{host}")
    if parts.username is not None:
        return False
    return parts.hostname == "localhost" or _is_loopback(parts.hostname or "")


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
