"""Trying a connection out while a person waits: whether it works, what there is to read, and what it says now.

What speaks the protocols is loaded when it is first needed: it takes a second, and most pages never need it.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from twins.gateways.connections.addresses import allowed_address
from twins.gateways.connections.schemas import Plan
from twins.gateways.field.errors import UnreachableError
from twins.gateways.field.opcua_found import Endpoint, Entries, Entry
from twins.gateways.field.opcua_settings import opcua_settings
from twins.gateways.field.registers import modbus_settings

if TYPE_CHECKING:
    from asyncua.client.client import Client

    from twins.gateways.field.modbus import Once

PATIENCE_S = 12.0
"""How long a person is kept waiting at most."""

T = TypeVar("T")


def offered(url: str) -> list[Endpoint]:
    """The ways to connect that an OPC UA server offers.

    Raises:
        FieldError: It cannot be reached, or may not be.
        FieldSettingsError: The address is none.
    """
    from twins.gateways.field.opcua_client import endpoints

    return _waited(endpoints(opcua_settings({"url": url}).url, resolve=allowed_address))


def try_device(document: dict[str, Any]) -> None:
    """See whether a Modbus device takes a connection.

    Raises:
        FieldError: It does not.
        FieldSettingsError: The settings do not fit.
    """
    from twins.gateways.field.modbus import connect

    async def go() -> None:
        (await connect(modbus_settings(document), allowed_address)).close()

    _waited(go())


def try_session(plan: Plan) -> list[str]:
    """See whether an OPC UA server lets us in; its namespaces.

    Raises:
        FieldError: It does not.
    """
    return _in_session(plan, lambda client: client.get_namespace_array())


def children(plan: Plan, node: str, *, skip: int) -> Entries:
    """A page of what is under a node.

    Raises:
        FieldError: The server does not say.
    """
    from twins.gateways.field import opcua_browse

    return _in_session(plan, lambda client: opcua_browse.children(client, node, skip=skip))


def found(plan: Plan, words: str) -> Entries:
    """Variables whose names have these words.

    Raises:
        FieldError: The server does not say.
    """
    from twins.gateways.field import opcua_browse

    return _in_session(plan, lambda client: opcua_browse.find(client, words))


def values(plan: Plan, nodes: Sequence[str]) -> dict[str, Entry]:
    """What nodes say now.

    Raises:
        FieldError: The server does not say.
    """
    from twins.gateways.field import opcua_browse

    return _in_session(plan, lambda client: opcua_browse.values(client, nodes))


def read_map(document: dict[str, Any]) -> Once:
    """Read a register map once.

    Raises:
        FieldError: The device does not answer.
        FieldSettingsError: The settings do not fit.
    """
    from twins.gateways.field.modbus import read_once

    return _waited(read_once(modbus_settings(document), resolve=allowed_address))


def _in_session(plan: Plan, ask: Callable[[Client], Awaitable[T]]) -> T:
    from twins.gateways.field.opcua_client import session

    assert plan.application is not None
    settings, application = opcua_settings({**plan.document, "points": []}), plan.application

    async def go() -> T:
        async with session(settings, application=application, secrets=plan.secrets, resolve=allowed_address) as client:
            return await ask(client)

    return _waited(go())


def _waited(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await work
        except TimeoutError:
            raise UnreachableError(
                f"there was no answer within {PATIENCE_S:.0f} s", place="url", fix="Try again in a moment."
            ) from None

    return asyncio.run(bounded())
