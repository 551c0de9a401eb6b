"""Networks as they are written (RFC 4632, RFC 4291), and whether an address lies in one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from tenants.kernel.errors import OutturnError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST = 50
"""Networks in one list."""
_MAPPED_BITS = 96


class NetworkError(OutturnError):
    """What is written is no network."""

    code = "network.invalid"


def read_networks(texts: Iterable[str], *, place: str = "networks") -> list[str]:
    """Networks as they are kept: in their shortest form, each once, in the order given.

    A single address is the network of itself; an IPv4 network in the form of IPv6 (``::ffff:10.0.0.0/104``) is told as
    IPv4.

    Raises:
        NetworkError: One is no network, or has digits beyond its own length, or there are too many.
    """
    found = list(dict.fromkeys(str(_read(text.strip(), place)) for text in texts if text.strip()))
    if len(found) > MOST:
        raise NetworkError(f"there are {len(found)} networks", place=place, fix=f"Name at most {MOST}, wider ones.")
    return found


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks; an IPv4 address in the form of IPv6 counts as IPv4.

    What is no address lies in none.
    """
    try:
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(each) for each in networks)


def neighbourhood(address: str, *, of_four: int = 24, of_six: int = 48) -> str:
    """The network an address lies in, as far as it names no household; empty for what is no address.

    Args:
        address: IPv4 or IPv6.
        of_four: How many bits of an IPv4 address are told.
        of_six: How many of an IPv6 address.
    """
    try:
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return ""
    bits = of_four if isinstance(found, ipaddress.IPv4Address) else of_six
    return str(ipaddress.ip_network(f"{found}/{bits}", strict=False))


def _read(text: str, place: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise NetworkError(f"“{text[:60]}” is no network", place=place, fix=_fix(text)) from None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _fix(text: str) -> str:
    try:
        return f"Did you mean {ipaddress.ip_network(text, strict=False)}?"
    except ValueError:
        return "Write it like 192.0.2.0/24 or 2001:db8::/32, or a single address."


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
