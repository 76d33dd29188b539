"""What a route raises to refuse a request."""

from __future__ import annotations

_BAD_REQUEST = 400


class Refused(Exception):
    """Raised when a request is not taken as it is; the message is for a person."""

    def __init__(self, message: str, status: int = _BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
