"""Where connections may go: the public internet, and those private networks that the installation names.

Whoever configures a connection must not reach the installation's own network with it. So a name is resolved here, every
time anew, each of its addresses is looked at, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from django.conf import settings

from tenants.edge.outgoing import IPAddress, is_public
from twins.gateways.connections.errors import ForbiddenNetworkError
from twins.gateways.field.errors import UnreachableError


async def allowed_address(host: str, port: int) -> str:
    """The network address of a host to connect to.

    Raises:
        UnreachableError: The name is not known.
        ForbiddenNetworkError: One of its addresses lies in a network that connections may not reach.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(f"the name {host} is not known", place="host", fix="Check its spelling.") from None
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        if not is_reachable(address):
            raise ForbiddenNetworkError(
                f"{host} leads to {address}, where connections of this installation may not go", place="host",
                fix="Its operator can allow the network with OUTTURN_CONNECT_NETWORKS; else use an edge agent there.",
            )  # fmt: skip
    return str(addresses[0])


def is_reachable(address: IPAddress) -> bool:
    """Whether connections may go to an address; an IPv4 address in the clothes of an IPv6 one is judged as itself."""
    plain = getattr(address, "ipv4_mapped", None) or address
    return is_public(plain) or any(plain in network for network in _networks())


def _networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(each, strict=False) for each in settings.OUTTURN_CONNECT_NETWORKS]
