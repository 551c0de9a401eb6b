"""What a request knows about itself."""

from __future__ import annotations

from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("outturn_request_id", default="")
_client_address: ContextVar[str] = ContextVar("outturn_client_address", default="")


def request_id() -> str:
    """The id of the request being answered, or nothing outside one."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Name the request being answered, for logs, audit entries and error pages."""
    _request_id.set(value)


def client_address() -> str:
    """The network address that the request being answered came from, or nothing outside one."""
    return _client_address.get()


def set_client_address(value: str) -> None:
    """Say where the request being answered came from."""
    _client_address.set(value)
