"""Questions to DNS about a domain: is its challenge answered, and does its traffic come here.

All questions about one domain take five seconds at most, so that a request may ask them.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
from django.conf import settings

from tenants.domains.domain import Pointing, Result, Seen, challenge_name, judged

WHOLE_S = 5.0
"""How long all questions about one domain may take together."""
ONE_S = 2.0
MOST_TEXTS, MOST_LETTERS = 10, 255


class _DnsFailedError(Exception):
    """DNS gave no answer that could be used; the text says why."""


def look(name: str, token: str, *, is_web: bool) -> Seen:
    """What DNS says of a domain now.

    Args:
        name: A clean name.
        token: What the challenge has to say.
        is_web: Whether to ask, too, where the name leads.
    """
    asking = _Asking()
    try:
        texts = asking.texts(challenge_name(name))
        result = judged(texts, token)
        found = tuple(each[:MOST_LETTERS] for each in texts[:MOST_TEXTS])
    except _DnsFailedError as error:
        result, found = Result.FAILED, (str(error),)
    pointing, leads_to = _pointing(asking, name) if is_web else (Pointing.UNSEEN, "")
    return Seen(result, found, pointing, leads_to)


def own_host() -> str:
    """The host that people know the product by: what a custom host's CNAME names."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _pointing(asking: _Asking, name: str) -> tuple[Pointing, str]:
    try:
        theirs = asking.addresses(name)
        if not theirs:
            return Pointing.NOWHERE, ""
        ours = asking.addresses(own_host())
    except _DnsFailedError as error:
        return Pointing.FAILED, str(error)[:300]
    pointing = Pointing.HERE if set(theirs) & set(ours) else Pointing.ELSEWHERE
    return pointing, ", ".join(theirs)[:300]


class _Asking:
    """The questions about one domain, which share one stretch of time."""

    def __init__(self) -> None:
        self._until = time.monotonic() + WHOLE_S
        try:
            self._resolver = dns.resolver.Resolver(configure=not settings.OUTTURN_DNS)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.resolver.Resolver(configure=False)
        if settings.OUTTURN_DNS:
            self._resolver.nameservers = [dns_server(each) for each in settings.OUTTURN_DNS]
        self._resolver.timeout = ONE_S / 2

    def texts(self, name: str) -> list[str]:
        """The texts at a name; what is no ASCII in them is replaced."""
        answers = self._ask(name, dns.rdatatype.TXT)
        return [b"".join(each.strings).decode("ascii", "replace").replace("\x00", "\ufffd") for each in answers]

    def addresses(self, host: str) -> list[str]:
        """The addresses that a host leads to, over as many aliases as there are."""
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            return [each.to_text() for kind in (dns.rdatatype.A, dns.rdatatype.AAAA) for each in self._ask(host, kind)]

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        left = min(ONE_S, self._until - time.monotonic())
        if left <= 0:
            raise _DnsFailedError(f"DNS did not answer within {WHOLE_S:.0f} seconds")
        try:
            asked = dns.name.from_text(name)
            return list(self._resolver.resolve(asked, kind, lifetime=left, search=False, raise_on_no_answer=False))
        except dns.resolver.NXDOMAIN:
            return []
        except dns.resolver.LifetimeTimeout as error:
            raise _DnsFailedError(f"the name servers for {name} did not answer in time") from error
        except dns.resolver.NoNameservers as error:
            raise _DnsFailedError(f"the name servers for {name} gave no answer that could be used") from error
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise _DnsFailedError(f"DNS could not be asked for {name}") from error


def dns_server(text: str) -> dns.nameserver.Do53Nameserver:
    """A name server as the setting names it: an address, or an address and a port as in 127.0.0.1:5353, [::1]:5353."""
    parts = urlsplit(f"//{text if text.count(':') < 2 or text.startswith('[') else f'[{text}]'}")
    return dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(parts.hostname or "")), parts.port or 53)
