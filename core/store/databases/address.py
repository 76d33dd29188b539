"""Parsing the address of a database, and keeping its secrets out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, make_url

DRIVER = "postgresql+psycopg"

_SCHEME = r"postgresql(?:\+psycopg)?://"
# No / or ? before the @, as that @ might belong to what follows them.
_LOGIN = r"(?:[^:/?#@]*(?::[^/?#@]*)?@)?"
_NAME = r"[\w.,-]*"
_NUMBER = r"\[[0-9A-Fa-f:.]+\]"
_PORT = r"(?::[0-9]{1,5})?"
_MACHINE = rf"(?P<machine>{_NAME}|{_NUMBER}){_PORT}"
_DATABASE = r"(?:/(?P<database>[^@/?#]*))?"
_OPTIONS = r"(?:\?[^@]*)?"
_SHAPE = _SCHEME + _LOGIN + _MACHINE + _DATABASE + _OPTIONS
_HIDDEN = "***"
_SHORT = 3
"""A shorter secret is hidden only as a word of its own: inside a word it reveals nothing."""


class Malformed(Exception):
    """Raised when an address cannot be parsed; the message repeats no part of it."""


@dataclass(frozen=True)
class Address:
    """Where a database is, and how to log in."""

    arguments: Mapping[str, Any] = field(repr=False)
    """Arguments for the driver."""
    shown: str
    """Driver, machine and database: the only parts that messages may show."""
    _secrets: tuple[str, ...] = field(repr=False)
    """All other parts, both decoded and as they were written; the longest first."""

    def hidden_in(self, text: str) -> str:
        """`text` with the secret parts of the address hidden."""
        for secret in self._secrets:
            pattern = re.escape(secret)
            if len(secret) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, _HIDDEN, text, flags=re.IGNORECASE)
        return text


def address_of(text: str) -> Address:
    """Parse an address such as `postgresql://name:password@machine/database`.

    Raises:
        Malformed: it is not an address, or is ambiguous.
        ImportError: the driver is not installed.

    """
    if not re.match(r"postgresql(\+psycopg)?://", text):
        raise Malformed(f"it does not begin with {DRIVER}://")
    if text.count("@") > 1:
        raise Malformed(
            "it has more than one @. In the name and the password write %40 for @, %3A for :, and "
            "%2F for /"
        )
    parts = re.fullmatch(_SHAPE, text, re.DOTALL)
    if parts is None:
        raise Malformed(
            "it is not a valid address. In the name and the password write %40 for @, %3A for :, "
            "and %2F for /, and after the machine write a : only before a port number"
        )
    try:
        url = make_url(text).set(drivername=DRIVER)
        unknown = url.query.keys() - _options()
        _, arguments = url.get_dialect()().create_connect_args(url)
        secrets = {part for part in _secrets(text, url) if part}
        readable = all(secret.isprintable() for secret in secrets)
    except ImportError:
        raise
    except Exception:  # noqa: BLE001 - its message would repeat the address
        raise Malformed("it is not a valid address") from None
    if unknown:
        raise Malformed("after its ? is an option that PostgreSQL does not have")
    if not readable:
        raise Malformed("it contains a character that cannot be printed")
    shown = f"{DRIVER}://{parts['machine']}/{parts['database'] or ''}"
    return Address(arguments, shown, tuple(sorted(secrets, key=len, reverse=True)))


def _options() -> set[str]:
    """The names of the options that may follow the `?`."""
    from psycopg.pq import Conninfo  # noqa: PLC0415 - it may not be installed

    return {option.keyword.decode() for option in Conninfo.get_defaults()}


def _secrets(text: str, url: URL) -> Iterator[str]:
    """Each part that must not be shown, and of a list also each member."""
    before, _, _ = text.rpartition("@")
    yield from before.partition("://")[2].partition(":")[::2]
    yield from (str(part) for part in (url.username, url.password, url.port) if part is not None)
    for written in text.partition("?")[2].split("&"):
        yield written.partition("=")[2]
    for values in url.query.values():
        for value in (values,) if isinstance(values, str) else values:
            yield value
            yield from re.split(r"[,:\s]+", value)
