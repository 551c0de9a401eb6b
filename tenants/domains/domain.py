"""The rules of an organisation's own domains: which names can be one, what proves them, and when a proof lapses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import idna

from tenants.kernel.errors import OutturnError

LABEL = "_outturn-challenge"
"""In front of a name stands its challenge, where nothing but the challenge is looked for."""
CLAIM = "outturn-domain-verification="
MOST_LETTERS = 253 - len(LABEL) - 1
"""A name in DNS has 253 characters at most (RFC 1035, section 2.3.4), that of its challenge too."""
GRACE = timedelta(days=7)
"""So long a proven domain may be without its record before it lapses."""
_SUFFIX = re.compile(r"(ac|co|com|edu|gov|mil|net|org|or|ne|go)\.[a-z]{2}")
_SHARED = frozenset({
    "appspot.com", "azurewebsites.net", "blogspot.com", "cloudfront.net", "fly.dev", "github.io", "gitlab.io",
    "herokuapp.com", "netlify.app", "ngrok.io", "onrender.com", "pages.dev", "vercel.app", "web.app", "workers.dev",
})  # fmt: skip
_NOBODYS = frozenset({"arpa", "invalid", "localhost", "onion"})
"""Last labels that no resolver answers for everybody (RFC 6761, RFC 7686)."""


class DomainNameError(OutturnError):
    """A text that cannot be an organisation's domain."""

    code = "domain.name"


class State(StrEnum):
    """How far the proof of a domain is."""

    PENDING = "pending"
    PROVEN = "proven"
    LAPSED = "lapsed"


class Result(StrEnum):
    """What the last look at the record came to."""

    UNSEEN = "unseen"
    """Nobody has looked yet."""
    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"
    FAILED = "failed"
    """DNS gave no answer, which says nothing about the record."""
    TAKEN = "taken"
    """The record is right, but the name is in use here as an address."""


class Pointing(StrEnum):
    """Where the traffic of a name goes."""

    UNSEEN = "unseen"
    HERE = "here"
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at DNS found.

    Attributes:
        result: Whether the record is there and right.
        found: The texts at the challenge's name, or in one line why there are none.
        pointing: Where the name leads, `UNSEEN` when that was not asked.
        leads_to: The addresses it leads to, or why that could not be told.
    """

    result: Result
    found: tuple[str, ...] = ()
    pointing: Pointing = Pointing.UNSEEN
    leads_to: str = ""


def clean_name(text: str) -> str:
    """A domain in lower case and its ASCII form (IDNA 2008), without the dot at its end.

    Raises:
        DomainNameError: It is none, or none that an organisation can own.
    """
    name = text.strip()
    if not name:
        raise _refused("no domain is named", "Write it as in addresses: portal.example.com.")
    if _is_address(name):
        raise _refused(f"{name[:60]} is an IP address", "Name a domain; its records in DNS say where it leads.")
    if "*" in name:
        raise _refused("a wildcard cannot be proven", "Name each domain by itself.")
    if re.search(r"[/:@?#\s\\]", name):
        raise _refused(f"“{name[:60]}” is more than a domain", "Leave out https://, paths, ports and what is before @.")
    name = _ascii(name)
    labels = name.split(".")
    if len(labels) < 2:
        raise _refused(f"{name} is a single label", "Name a domain of your own below it: example.com.")
    if labels[-1] in _NOBODYS or labels[-1].isdigit():
        raise _refused(f"names under .{labels[-1]} belong to nobody", "Name a domain that you have registered.")
    if name in _SHARED or _SUFFIX.fullmatch(name):
        raise _refused(f"{name} is a suffix that many share", f"Name a domain of your own below it: example.{name}.")
    return name


def shown_name(name: str) -> str:
    """A domain as people write it; for one in other scripts with the form that DNS knows behind it."""
    try:
        readable = idna.decode(name)
    except idna.IDNAError:
        return name
    return name if readable == name else f"{readable} ({name})"


def check_not_ours(name: str, ours: Iterable[str]) -> None:
    """Refuse the product's own host, what is below it, and what it is below.

    Args:
        name: A clean name.
        ours: The installation's hosts; one with a dot in front stands for all below it.

    Raises:
        DomainNameError: The name is one of these.
    """
    for each in ours:
        own = each.lower().strip(".")
        if own not in ("", "*") and (name == own or name.endswith(f".{own}") or own.endswith(f".{name}")):
            raise _refused(f"{name} belongs to this installation", "Name a domain of your own.")


def challenge_name(name: str) -> str:
    """Where the record that proves a domain has to stand."""
    return f"{LABEL}.{name}"


def challenge_text(token: str) -> str:
    """What the record that proves a domain has to say."""
    return f"{CLAIM}{token}"


def judged(texts: Sequence[str], token: str) -> Result:
    """Whether one of the texts at a challenge's name proves it; others may stand beside it."""
    if challenge_text(token) in (each.strip().strip('"') for each in texts):
        return Result.RIGHT
    return Result.WRONG if texts else Result.MISSING


def missing_since(before: datetime | None, result: Result, *, now: datetime) -> datetime | None:
    """Since when a record is gone: a right one ends that, and an answer that failed neither begins nor ends it."""
    if result is Result.FAILED:
        return before
    return None if result in (Result.RIGHT, Result.TAKEN) else before or now


def next_state(state: State, result: Result, since: datetime | None, *, now: datetime) -> State:
    """The state after a look.

    Args:
        state: The state before.
        result: What the look came to.
        since: Since when the record is gone, this look included.
        now: The moment.
    """
    if result is Result.RIGHT:
        return State.PROVEN
    is_gone = result in (Result.MISSING, Result.WRONG) and since is not None and now - since >= GRACE
    return State.LAPSED if state is State.PROVEN and is_gone else state


def _ascii(name: str) -> str:
    name = name.removesuffix(".")
    if len(name) > 4 * MOST_LETTERS:
        raise _too_long()
    try:
        found = idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError as error:
        if len(name) > MOST_LETTERS:
            raise _too_long() from error
        raise _refused(f"“{name[:60]}” is no domain", "Write it as in addresses: portal.example.com.") from error
    if len(found) > MOST_LETTERS:
        raise _too_long()
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]").removesuffix("."))
    except ValueError:
        return False
    return True


def _too_long() -> DomainNameError:
    return _refused(
        f"the name has more than {MOST_LETTERS} characters", "Its challenge would not fit into DNS: use a shorter one."
    )


def _refused(message: str, fix: str) -> DomainNameError:
    return DomainNameError(message, place="name", fix=fix)
