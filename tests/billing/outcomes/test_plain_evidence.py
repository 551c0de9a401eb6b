"""Evidence read at once is what the forms make of it; what is not plain is left to them, and so are its findings."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from billing.contracts.fields import DocumentError
from billing.outcomes import intake
from billing.outcomes.assembly import rated
from billing.outcomes.domain.document import AssetEvidence, CounterReading, RateDocument, StateReport
from billing.outcomes.plain_evidence import plain_evidence
from tenants.kernel.calendars import parse_moment
from tenants.kernel.canonical import canonical_json
from tests.billing.outcomes.documents import Json, a_clause, a_document
from tests.billing.outcomes.drawn import drawn
from twins.evidence.domain.documents import moment_text

STATE = {
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-11-01T01:00:00Z",
    "state": "down",
    "received": "2026-11-02T00:00:00Z",
}
READING = {"id": "m1/1", "at": "2026-11-01T00:00:00.250Z", "value": "12.50", "received": "2026-11-02T00:00:00Z"}
NOVEMBER = 1_793_491_200_000
HOUR = 3_600_000


def sealed(seed: int) -> Json:
    """A drawn document with its evidence as seals have it: in UTC, with a measure and a condition, without rates."""
    document = drawn(seed)
    zone = ZoneInfo(document["contract"]["time_zone"])
    for known in document["evidence"].values():
        del known["rates"]
        known["measures"] = known.get("measures", {}) | {"moved": copy.deepcopy(known["counters"])}
        known["conditions"] = known.get("conditions", {}) | {"loaded": copy.deepcopy(known["states"])}
        _in_utc(known, zone)
    return document


def _in_utc(value: Any, zone: ZoneInfo) -> None:
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            _in_utc(inner, zone)
        elif name in {"from", "to", "at", "received"} and inner is not None:
            value[name] = moment_text(parse_moment(inner, zone))


def by_forms(monkeypatch: pytest.MonkeyPatch, document: Json) -> RateDocument:
    with monkeypatch.context() as only:
        only.setattr(intake, "plain_evidence", lambda _: {})
        return intake.rate_document_of(document)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_a_document_is_the_same_either_way(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, first + 50):
        document = sealed(seed)
        assert plain_evidence(document["evidence"]).keys() == document["evidence"].keys()
        quick = intake.rate_document_of(document)
        assert quick == by_forms(monkeypatch, document)
        assert list(quick.evidence) == list(document["evidence"])


def test_what_is_settled_is_what_the_published_document_gives(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    for seed in range(20):
        document = sealed(seed)
        file.write_text(json.dumps(document), encoding="utf-8")
        answer = StringIO()
        call_command("rate", str(file), stdout=answer)
        assert canonical_json(rated(document)).decode() + "\n" == answer.getvalue()


def test_what_is_read() -> None:
    service = {"from": None, "to": "2026-11-05T00:00:00Z"}
    evidence = {"m1": {"in_service": service, "initial": None, "states": [STATE], "counters": [READING]}, "m2": {}}
    received = NOVEMBER + 24 * HOUR
    assert plain_evidence(evidence) == {
        "m1": AssetEvidence(
            in_service=(None, NOVEMBER + 96 * HOUR),
            states=(StateReport(NOVEMBER, NOVEMBER + HOUR, "down", received),),
            counters=(CounterReading("m1/1", NOVEMBER + 250, (1250, 100), received),),
        ),
        "m2": AssetEvidence(),
    }


def in_state(**changes: Any) -> Callable[[Json], None]:
    return lambda known: known["states"][0].update(changes)


def in_reading(**changes: Any) -> Callable[[Json], None]:
    return lambda known: known["counters"][0].update(changes)


def of_asset(**changes: Any) -> Callable[[Json], None]:
    return lambda known: known.update(changes)


SPOILT = {
    "not a moment": in_state(**{"from": "2026-11-31T00:00:00Z"}),
    "a number for a moment": in_state(received=5),
    "backwards": in_state(to="2026-10-31T00:00:00Z"),
    "no time": in_state(to=STATE["from"]),
    "no such state": in_state(state="broken"),
    "a field too many": in_state(why="rain"),
    "a field too few": lambda known: known["states"][0].pop("received"),
    "another field": lambda known: known["states"].append({**STATE, "at": known["states"][0].pop("received")}),
    "an exponent": in_reading(value="1e3"),
    "a number": in_reading(value=12.5),
    "a negative one": in_reading(value="-1"),
    "too many digits": in_reading(value="1" * 19),
    "no name": in_reading(id=""),
    "a long name": in_reading(id="m" * 201),
    "a number for a name": in_reading(id=7),
    "not a list": of_asset(counters={}),
    "not an object": of_asset(states=["up"]),
    "nothing": of_asset(states=None),
    "a state that begins": of_asset(initial="new"),
    "service backwards": of_asset(in_service={"from": "2026-11-05T00:00:00Z", "to": "2026-11-04T00:00:00Z"}),
    "service of another kind": of_asset(in_service={"since": None}),
    "a measure without a name": of_asset(measures={"": []}),
    "measures in a list": of_asset(measures=[]),
    "a field that is unknown": of_asset(notes=[]),
    "a share above the whole": of_asset(rates=[{"from": STATE["from"], "to": STATE["to"], "value": "2"}]),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_does_not_fit_is_told_as_before(spoil: Callable[[Json], None], monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"states": [copy.deepcopy(STATE)], "counters": [copy.deepcopy(READING)]}
    document = a_document(a_clause(), evidence={"m0": {}, "m1": known, "m2": {"counters": [READING]}})
    spoil(known)
    assert plain_evidence(document["evidence"]).keys() == {"m0", "m2"}
    with pytest.raises(DocumentError) as quick:
        intake.rate_document_of(document)
    with pytest.raises(DocumentError) as slow:
        by_forms(monkeypatch, document)
    assert quick.value.findings == slow.value.findings
    assert all(finding.place.startswith("evidence/m1") for finding in quick.value.findings)


@pytest.mark.parametrize(
    "known",
    [
        {"states": [STATE | {"from": "2026-11-01"}]},
        {"states": [STATE | {"to": "2026-11-01T02:00+01:00"}]},
        {"counters": [READING | {"id": "Zähler"}]},
        {"rates": [{"from": STATE["from"], "to": STATE["to"], "value": "0.5"}]},
    ],
    ids=["local", "offset", "letters", "rates"],
)
def test_what_fits_and_is_not_plain_is_read_by_the_forms(known: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    document = a_document(a_clause(), evidence={"m1": known})
    assert plain_evidence(document["evidence"]) == {}
    assert intake.rate_document_of(document) == by_forms(monkeypatch, document)


@pytest.mark.parametrize("evidence", [None, [], "m1", {5: {}}, {"": {}}, {"m1": None}])
def test_what_is_no_evidence_at_all(evidence: Any) -> None:
    assert plain_evidence(evidence) == {}
