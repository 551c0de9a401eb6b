"""Names of organisations and the addresses they make, and what a browser is called; pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import timedelta

MOST_LETTERS = 50
TRIAL_LASTS = timedelta(days=30)
"""How long a new organisation may try everything before it has to choose a plan."""
RESERVED = frozenset(
    {
        "account", "accounts", "admin", "api", "help", "ingest", "invitations", "login", "new", "outturn", "scim",
        "sso", "static", "status", "support", "www",
    }
)  # fmt: skip
"""Addresses that would be taken for ours."""
_ADDRESS = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SPELT = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d",
     "þ": "th", "Þ": "th", "ð": "d", "Ð": "d", "ı": "i", "&": " and "}
)  # fmt: skip
"""Latin letters that do not come apart into a base letter and an accent."""
_TURNING = frozenset("\u200e\u200f\u061c" + "\u202a\u202b\u202c\u202d\u202e" + "\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing: they make a name look like another."""


def clean_name(text: str) -> str:
    """A name as it is kept: composed (NFC), single blanks, nothing that cannot be seen or turns the writing round."""
    seen = "".join(" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text)
    return " ".join("".join(each for each in unicodedata.normalize("NFC", seen) if each not in _TURNING).split())


def is_name(text: str) -> bool:
    """Whether something could be a name: it has a letter, a digit or a symbol of any script."""
    return any(unicodedata.category(each)[0] in "LNS" for each in text)


def address_of_name(name: str) -> str:
    """The address that a name makes: its Latin letters and digits, without accents; empty when it makes none."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPELT)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MOST_LETTERS].strip("-")


def suggested_address(name: str) -> str:
    """An address for a name, the same each time; one that says nothing for a name that has no Latin letters."""
    address = address_of_name(name)
    fits = is_address(address) and not address.isdigit()
    return address if fits else f"organisation-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def is_address(text: str) -> bool:
    """Whether something could be an organisation's address: small Latin letters, digits and single hyphens."""
    return 2 <= len(text) <= MOST_LETTERS and text not in RESERVED and _ADDRESS.fullmatch(text) is not None


# What stands in a browser's own description of itself; the first that does counts, since each names those before it.
_BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "FxiOS": "Firefox", "Firefox": "Firefox",
    "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "CrOS": "ChromeOS",
    "Mac OS X": "macOS", "Linux": "Linux",
}  # fmt: skip


def browser_name(description: str) -> str:
    """What people call a browser that describes itself so: ``Firefox on Linux``; else what it says of itself."""
    browser = next((name for word, name in _BROWSERS.items() if word in description), "")
    system = next((name for word, name in _SYSTEMS.items() if word in description), "")
    return f"{browser} on {system}" if browser and system else description[:90]
