"""The address of a database: what is wrong with it is told, and what it holds is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, make_url

DRIVER = "postgresql+psycopg"

_SCHEME = r"postgresql(?:\+psycopg)?://"
# No / and ? before the @: it might be one that belongs to what comes behind them.
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
"""What has fewer letters is hidden only where it stands by itself: in a word it tells nothing."""


class Malformed(Exception):
    """Raised when an address has not the form of one; the message repeats no part of it."""


@dataclass(frozen=True)
class Address:
    """Where a database is, and how to get in."""

    arguments: Mapping[str, Any] = field(repr=False)
    """What the driver is given."""
    shown: str
    """Driver, machine and database: all that may be said of it."""
    _secrets: tuple[str, ...] = field(repr=False)
    """All else that it holds, as it is and as it was written; the longest first."""

    def hidden_in(self, text: str) -> str:
        """`text` without anything of the address that may not be said."""
        for secret in self._secrets:
            pattern = re.escape(secret)
            if len(secret) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, _HIDDEN, text, flags=re.IGNORECASE)
        return text


def address_of(text: str) -> Address:
    """The parts of an address such as `postgresql://name:password@machine/database`.

    Raises:
        Malformed: it is none, or may be read in two ways.
        ImportError: the driver is not there.

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
            "it has not the form of an address. In the name and the password write %40 for @, %3A "
            "for :, and %2F for /, and behind the machine a : only before the number of a port"
        )
    try:
        url = make_url(text).set(drivername=DRIVER)
        unknown = url.query.keys() - _options()
        _, arguments = url.get_dialect()().create_connect_args(url)
        secrets = {part for part in _secrets(text, url) if part}
        readable = all(secret.isprintable() for secret in secrets)
    except ImportError:
        raise
    except Exception:  # noqa: BLE001 - it would tell what it was given
        raise Malformed("it has not the form of an address") from None
    if unknown:
        raise Malformed("behind its ? is an option that PostgreSQL does not have")
    if not readable:
        raise Malformed("it holds a character that cannot be printed")
    shown = f"{DRIVER}://{parts['machine']}/{parts['database'] or ''}"
    return Address(arguments, shown, tuple(sorted(secrets, key=len, reverse=True)))


def _options() -> set[str]:
    """What may stand behind the `?`."""
    from psycopg.pq import Conninfo  # noqa: PLC0415 - it may not be there

    return {option.keyword.decode() for option in Conninfo.get_defaults()}


def _secrets(text: str, url: URL) -> Iterator[str]:
    """Each part that is not shown; what is a list, also by its members."""
    before, _, _ = text.rpartition("@")
    yield from before.partition("://")[2].partition(":")[::2]
    yield from (str(part) for part in (url.username, url.password, url.port) if part is not None)
    for written in text.partition("?")[2].split("&"):
        yield written.partition("=")[2]
    for values in url.query.values():
        for value in (values,) if isinstance(values, str) else values:
            yield value
            yield from re.split(r"[,:\s]+", value)
