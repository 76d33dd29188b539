"""What the columns of the tables hold that no database holds as it is."""

from __future__ import annotations

import json

from sqlalchemy import LargeBinary, String, Text, TypeDecorator

from ...common.sight import Sight, Sights


class PathText(TypeDecorator[str]):
    """A path or name as bytes, as a file's name may contain bytes that are not valid text."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> bytes | None:  # noqa: ARG002, D102
        return None if value is None else path_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        return None if value is None else path_text(value)


def path_bytes(path: str) -> bytes:
    """A path as it is stored in the tables."""
    return path.encode("utf-8", "surrogatepass")


def path_text(value: bytes) -> str:
    """A path from its stored form."""
    return str(value, "utf-8", "surrogatepass")


_ENCODED = "\x01"
"""Prefix of text that is stored as JSON; text that itself begins with it is stored so, too."""


class AnyText(TypeDecorator[str]):
    """Any text that Python can hold, unchanged.

    PostgreSQL accepts no NUL and nothing that its encoding lacks, and no database accepts what
    cannot be encoded (lone surrogates), but a node's error may contain any of these. So ASCII is
    stored as it is, and everything else as JSON.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        return value if value is None or _is_plain(value) else _ENCODED + json.dumps(value)

    def process_result_value(self, value: str | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        if value is None or not value.startswith(_ENCODED):
            return value
        found: str = json.loads(value.removeprefix(_ENCODED))
        return found


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and not text.startswith(_ENCODED)


class SightsText(TypeDecorator[Sights]):
    """Sights as text: `modified/size/digest` of each, without what is not known."""

    impl = String(200)
    cache_ok = True

    def process_bind_param(self, value: Sights | None, dialect: object) -> str | None:  # noqa: ARG002, D102
        if not value:
            return None
        return " ".join(
            "/".join("" if part is None else str(part) for part in each) for each in value
        )

    def process_result_value(self, value: str | None, dialect: object) -> Sights:  # noqa: ARG002, D102
        found = (each.split("/") for each in (value or "").split())
        return tuple(
            Sight(int(modified), *(int(part) if part else None for part in rest))
            for modified, *rest in found
        )
