"""What the verifier has found, as a page tells it: by the code of each finding, in the language of the page.

The verifier itself writes English, for it is one file that customers run where nothing else of ours is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from billing.reports.verifier import Found
from tenants.edge.formats import count_shown


def found_shown(found: str) -> str:
    """A finding in the language of the page; one without a code, or whose code is not known here, as it is."""
    if isinstance(found, Found) and found.code in TOLD:
        return TOLD[found.code](found.values)
    return str(found)


def _bytes(of: Mapping[str, Any]) -> str:
    return ngettext("%(count)s byte", "%(count)s bytes", of["count"]) % {"count": count_shown(of["count"])}


def _entries(count: int) -> str:
    return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": count_shown(count)}


def _handovers(of: Mapping[str, Any]) -> str:
    former = [
        ngettext("%(key)s up to %(count)s entry", "%(key)s up to %(count)s entries", count)
        % {"key": key, "count": count_shown(count)}
        for key, count in of["former"]
    ]
    return gettext("%(former)s, then %(last)s") % {"former": ", ".join(former), "last": of["last"]}


def _documents(of: Mapping[str, Any]) -> str:
    given, missing = of["given"], of["missing"]
    told = ngettext("%(count)s document", "%(count)s documents", given) % {"count": count_shown(given)}
    alone = ngettext(
        "%(count)s entry is given by its digest alone", "%(count)s entries are given by their digest alone", missing
    )
    return f"{told}; {alone % {'count': count_shown(missing)}}"


def _basis(of: Mapping[str, Any]) -> str:
    told = ngettext(
        "contract %(contracts)s; %(count)s evidence segment, %(given)s of them in the report",
        "contract %(contracts)s; %(count)s evidence segments, %(given)s of them in the report",
        of["count"],
    )
    values = {name: count_shown(of[name]) for name in ("count", "given")}
    return told % {"contracts": ", ".join(of["contracts"]), **values}


def _sites(of: Mapping[str, Any]) -> str:
    told = ngettext("%(count)s batch of the keys %(keys)s", "%(count)s batches of the keys %(keys)s", of["count"])
    told %= {"count": count_shown(of["count"]), "keys": ", ".join(of["keys"]) or "–"}
    if not of["missing"]:
        return told
    alone = ngettext(
        "%(count)s site record is given by its digest alone",
        "%(count)s site records are given by their digest alone",
        of["missing"],
    )
    return f"{told}; {alone % {'count': count_shown(of['missing'])}}"


def _witnessed(of: Mapping[str, Any]) -> str:
    names = [gettext("%(name)s with the key %(key)s") % {"name": name, "key": key} for name, key in of["witnesses"]]
    told = ngettext("%(count)s entry, by %(names)s", "%(count)s entries, by %(names)s", of["count"])
    return told % {"count": count_shown(of["count"]), "names": ", ".join(names) or "–"}


def _stamped(of: Mapping[str, Any]) -> str:
    told = gettext(
        "%(at)s, by %(authority)s: the head of %(count)s entries, %(algorithm)s %(imprint)s, and in it the statement. "
        "Not checked here is that the authority signed it; the verifier writes both files for openssl, with --stamp."
    )
    return told % {**of, "count": count_shown(of["count"])}


def _growth(of: Mapping[str, Any]) -> str:
    told = gettext("from %(old)s to %(new)s entries")
    return told % {"old": count_shown(of["old"]), "new": count_shown(of["count"])}


TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "kept": lambda of: gettext("SHA-256 %(digest)s") % of,
    "bytes": _bytes,
    "key_unknown": lambda of: (
        gettext("%(fingerprint)s; compare it with the one that you were told in another way") % of
    ),
    "key": lambda of: gettext("%(fingerprint)s, the one that is known here") % of,
    "key_after": lambda of: gettext("%(fingerprint)s, to which the one that is known here handed over") % of,
    "handovers": _handovers,
    "head": lambda of: f"{of['log']}, {_entries(of['count'])}",
    "entries": lambda of: _entries(of["count"]),
    "documents": _documents,
    "statement": lambda of: gettext("the statement is entry %(index)s") % of,
    "basis": _basis,
    "sites": _sites,
    "witnessed": _witnessed,
    "stamped": _stamped,
    "growth": _growth,
}
"""What tells each finding from its values."""
