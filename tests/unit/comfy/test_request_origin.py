"""Which requests count as those of a page on this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from batch_loop.core.comfy.request_origin import is_on_this_machine


class Connection(asyncio.Transport):
    """A connection from an address."""

    def __init__(self, peer: object) -> None:
        super().__init__({"peername": peer})


def asked(peer: object, headers: dict[str, str]) -> bool:
    request = make_mocked_request(
        "POST", "/", headers={"Host": "127.0.0.1:8188", **headers}, transport=Connection(peer)
    )
    return is_on_this_machine(request)


HERE: Any = ("127.0.0.1", 5000)


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (HERE, {}),
        (("127.9.9.9", 1), {}),
        (("::1", 5000, 0, 0), {"Host": "[::1]:8188"}),
        (("::ffff:127.0.0.1", 5000, 0, 0), {"Host": "localhost:8188"}),
        (HERE, {"Host": "localhost"}),
        (HERE, {"Host": "LocalHost:8188", "Origin": "http://localhost:8188"}),
        (HERE, {"Origin": "http://127.0.0.1:8188", "Sec-Fetch-Site": "same-origin"}),
        (HERE, {"Origin": "https://127.0.0.1:8188"}),
        (HERE, {"Referer": "http://127.0.0.1:8188/?a=http://x", "Sec-Fetch-Site": "none"}),
    ],
)
def test_a_page_on_this_machine_is_local(peer: object, headers: dict[str, str]) -> None:
    assert asked(peer, headers)


@pytest.mark.parametrize("peer", [("192.168.1.7", 1), ("::ffff:10.0.0.1", 1, 0, 0), "", None])
def test_a_connection_from_elsewhere_is_not_local(peer: object) -> None:
    assert not asked(peer, {})


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8188",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8188",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "192.168.1.7:8188",
        "0.0.0.0:8188",
        "[::1",
        "[fe80::1]:8188",
        "2130706433",
    ],
)
def test_a_name_made_to_resolve_to_this_machine_is_not_local(host: str) -> None:
    assert not asked(HERE, {"Host": host})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:8188"},
        {"Origin": ""},
        {"Referer": "https://evil.example/127.0.0.1:8188"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_is_not_local(headers: dict[str, str]) -> None:
    assert not asked(HERE, headers)


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "x-forwarded-proto",
        "X-Forwarded-Anything",
        "Forwarded",
        "Via",
        "X-Real-IP",
    ],
)
def test_a_request_through_a_proxy_is_not_local(header: str) -> None:
    assert not asked(HERE, {header: "127.0.0.1"})
