"""A document that fits, ways to change it, and what is told of one that no longer does."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from billing.contracts.fields import DocumentError
from billing.outcomes.intake import read_rate_document
from tenants.kernel.errors import Finding
from tests.billing.outcomes.documents import Json, a_clause, a_document, a_state, seen

CLAUSE = "contract/clauses/0"
REMEDIES = [
    {"kind": "steps", "above": "98.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"},
    {"kind": "tiers", "tiers": [{"below": "97.0", "credit": "10"}]},
]
TIERS = [{"to": "100", "price": "1"}, {"to": None, "price": "0.5"}]
WINDOW = {"days": ["mon"], "from": "06:00", "to": "22:00"}
COUNTER = {"id": "e1", "at": "2026-11-02", "value": "10", "received": "2026-11-02"}
RATE = {"from": "2026-11-02", "to": "2026-11-03", "value": "0.5"}

MISSING = object()


def base() -> Json:
    return a_document(
        a_clause(remedies=copy.deepcopy(REMEDIES)),  # tests change what they get
        time_zone="Europe/Berlin",
        evidence={"m1": seen(a_state("2026-11-10T05:00", "2026-11-10T12:00"), in_service={"from": None, "to": None})},
        exclusions=[
            {"category": "planned", "assets": ["m1"], "from": "2026-11-03", "to": "2026-11-04", "approved": None}
        ],
    )


def changed(place: str, value: object) -> Json:
    """The base document with one place changed, added or removed."""
    document: Any = base()
    *way, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    part = document
    for step in way:
        part = part[step]
    if value is MISSING:
        del part[last]
    else:
        part[last] = value
    return document  # type: ignore[no-any-return]


def findings(text: bytes) -> list[Finding]:
    with pytest.raises(DocumentError) as refused:
        read_rate_document(text)
    assert refused.value.status == 422
    for finding in refused.value.findings:
        assert finding.message
        assert finding.fix
        json.dumps(finding.as_dict()).encode()
    return list(refused.value.findings)


def told(document: Json) -> list[tuple[str, str]]:
    return [(one.code, one.place) for one in findings(json.dumps(document).encode())]
