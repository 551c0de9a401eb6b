"""Batches that sites sealed, as a document that evidence rests on."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tenants.kernel.calendars import Span
from twins.evidence.domain.documents import moment_text
from twins.gateways.edge.signing import SiteSeal

Json = dict[str, Any]
KIND = "site_record"
"""Of its entry in the log."""


def site_record(seals: Iterable[SiteSeal], span: Span) -> Json:
    """The document of some seals: by gateway and key, each key's in the order of their numbers.

    Args:
        seals: Of any order, none twice.
        span: ``[start, end)`` in milliseconds, in which they gave readings.
    """
    gateways: defaultdict[str, defaultdict[str, list[SiteSeal]]] = defaultdict(lambda: defaultdict(list))
    for seal in seals:
        gateways[str(seal.gateway)][seal.fingerprint].append(seal)
    return {
        KIND: 1,
        "start": moment_text(span[0]),
        "end": moment_text(span[1]),
        "gateways": [
            {"gateway": gateway, "keys": [_key(name, keys[name]) for name in sorted(keys)]}
            for gateway, keys in sorted(gateways.items())
        ],
    }


def batch_count(record: Json) -> int:
    """How many batches a record names."""
    return sum(len(key["batches"]) for gateway in record["gateways"] for key in gateway["keys"])


def _key(fingerprint: str, seals: list[SiteSeal]) -> Json:
    return {
        "fingerprint": fingerprint,
        "public_key": base64.b64encode(seals[0].public_key).decode(),
        "batches": [
            {
                "sequence": seal.sequence,
                "previous": seal.previous,
                "body": seal.body,
                "signature": base64.b64encode(seal.signature).decode(),
            }
            for seal in sorted(seals, key=lambda seal: seal.sequence)
        ],
    }
