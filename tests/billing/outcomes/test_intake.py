"""Every way in which a document does not fit: its code, the exact place, and nothing rated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.contracts.fields import DocumentError
from billing.outcomes.intake import read_rate_document
from tenants.kernel.canonical import canonical_json
from tenants.kernel.errors import Finding
from tests.billing.outcomes.documents import Json, a_clause, a_document, a_state, rated, read, seen

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
        a_clause(remedies=REMEDIES),
        time_zone="Europe/Berlin",
        evidence={"m1": seen(a_state("2026-11-10T05:00", "2026-11-10T12:00"), in_service={"from": None, "to": None})},
        exclusions=[
            {"category": "planned", "assets": ["m1"], "from": "2026-11-03", "to": "2026-11-04", "approved": None}
        ],
    )


def changed(place: str, value: object) -> Json:
    """The base document with one place changed, added or removed."""
    document: Any = json.loads(json.dumps(base()))
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


def test_the_base_document_fits() -> None:
    read(base())


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (b"", "document.unreadable", "line 1, column 1"),
        (b'{"rate": 1,\n "period": }', "document.unreadable", "line 2, column 12"),
        (b'{"rate": 1} {}', "document.unreadable", "line 1, column 13"),
        (b'\xff{"rate": 1}', "document.unreadable", "byte 0"),
        (b"[" * 100_000, "document.unreadable", ""),
        (b'{"rate": ' + b"1" * 5000 + b"}", "document.unreadable", ""),
        (b'{"rate": NaN}', "document.not_a_number", "rate"),
        (b'{"a": [1, {"b": -Infinity}]}', "document.not_a_number", "a/1/b"),
        (b'{"rate": 1, "rate": 1}', "document.repeated_key", "rate"),
        (b'{"a": [{"b": 1, "c": 2, "b": 1}]}', "document.repeated_key", "a/0/b"),
        (b'{"a": "\\ud800"}', "document.malformed", "a"),
        (b'{"\\uDFFF": 1}', "document.malformed", "\\udfff"),
        (b"[]", "document.wrong_type", ""),
        (b"null", "document.wrong_type", ""),
        (b'"rate"', "document.wrong_type", ""),
    ],
    ids=lambda value: value.decode(errors="replace")[:30] if isinstance(value, bytes) else "",
)
def test_text_that_is_no_document(text: bytes, code: str, place: str) -> None:
    assert [(one.code, one.place) for one in findings(text)] == [(code, place)]


def test_a_byte_order_mark_and_paired_surrogates_are_text() -> None:
    text = json.dumps(base() | {"exclusions": []}).replace("uptime", "\\ud83d\\ude00")
    assert read_rate_document(b"\xef\xbb\xbf" + text.encode()).contract.clauses[0].id == "\U0001f600"


@pytest.mark.parametrize(
    "place",
    [
        "rate",
        "period",
        "as_of",
        "contract",
        "evidence",
        "period/start",
        "period/end",
        "contract/currency",
        "contract/time_zone",
        "contract/correction_window",
        "contract/fee",
        "contract/fee/kind",
        "contract/fee/minor",
        "contract/clauses",
        f"{CLAUSE}/id",
        f"{CLAUSE}/indicator",
        f"{CLAUSE}/indicator/kind",
        f"{CLAUSE}/assets",
        f"{CLAUSE}/aggregate",
        f"{CLAUSE}/gaps",
        f"{CLAUSE}/gaps/policy",
        f"{CLAUSE}/remedies",
        f"{CLAUSE}/remedies/0/per",
        f"{CLAUSE}/remedies/0/step",
        f"{CLAUSE}/remedies/1/tiers",
        f"{CLAUSE}/remedies/1/tiers/0/credit",
        "evidence/m1/states/0/from",
        "evidence/m1/states/0/to",
        "evidence/m1/states/0/state",
        "evidence/m1/states/0/received",
        "exclusions/0/category",
        "exclusions/0/assets",
        "exclusions/0/approved",
    ],
)
def test_missing_fields(place: str) -> None:
    assert told(changed(place, MISSING)) == [("document.missing", place)]


@pytest.mark.parametrize(
    "place",
    [
        "contract/rounding",
        "contract/caps",
        f"{CLAUSE}/calendar",
        f"{CLAUSE}/outages",
        f"{CLAUSE}/minimum_coverage",
        f"{CLAUSE}/exclusions",
        f"{CLAUSE}/remedies/0/cap",
        "evidence/m1/in_service",
        "evidence/m1/initial",
        "evidence/m1/states",
        "exclusions",
    ],
)
def test_what_may_be_left_out(place: str) -> None:
    read(changed(place, MISSING))


@pytest.mark.parametrize(
    "place",
    [
        "extra",
        "period/extra",
        "contract/extra",
        "contract/fee/extra",
        f"{CLAUSE}/extra",
        f"{CLAUSE}/indicator/target",
        f"{CLAUSE}/gaps/carry",
        f"{CLAUSE}/remedies/0/tiers",
        f"{CLAUSE}/remedies/1/extra",
        f"{CLAUSE}/remedies/1/tiers/0/above",
        "evidence/m1/extra",
        "evidence/m1/states/0/start",
        "exclusions/0/extra",
    ],
)
def test_unknown_fields(place: str) -> None:
    assert told(changed(place, "x")) == [("document.unknown_field", place)]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("rate", True),
        ("rate", "1"),
        ("rate", 1.0),
        ("period", "2026-11"),
        ("as_of", 1793491200),
        ("contract", []),
        ("contract/fee", 5),
        ("contract/fee/minor", "5"),
        ("contract/fee/minor", 5.0),
        ("contract/fee/minor", True),
        ("contract/fee/minor", None),
        ("contract/clauses", {}),
        ("contract/caps/period_percent", 20),
        ("contract/caps/year_remaining_minor", "20"),
        (f"{CLAUSE}/id", 7),
        (f"{CLAUSE}/assets", "m1"),
        (f"{CLAUSE}/calendar", "always"),
        (f"{CLAUSE}/minimum_coverage", 98),
        (f"{CLAUSE}/remedies/0/above", 98.5),
        (f"{CLAUSE}/remedies/1/tiers/0/below", 97),
        ("evidence", []),
        ("evidence/m1", None),
        ("evidence/m1/states", None),
        ("evidence/m1/in_service", "always"),
        ("exclusions", {}),
        ("exclusions/0/assets", None),
    ],
)
def test_wrong_types(place: str, value: object) -> None:
    assert told(changed(place, value)) == [("document.wrong_type", place)]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("contract/fee/kind", "free"),
        ("contract/rounding", "nearest"),
        (f"{CLAUSE}/aggregate", "median"),
        (f"{CLAUSE}/indicator/kind", "uptime"),
        (f"{CLAUSE}/gaps/policy", "ignore"),
        (f"{CLAUSE}/remedies/0/kind", "bonus"),
        (f"{CLAUSE}/remedies/0/step", "half"),
        ("evidence/m1/initial", "DOWN"),
        ("evidence/m1/states/0/state", "idle"),
    ],
)
def test_words_that_mean_nothing(place: str, value: str) -> None:
    assert told(changed(place, value)) == [("document.not_allowed", place)]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("contract/correction_window", "P1M"),
        ("contract/correction_window", "P1Y"),
        ("contract/correction_window", "35"),
        ("contract/correction_window", "-P35D"),
        ("contract/correction_window", "P"),
        ("contract/correction_window", "PT"),
        (f"{CLAUSE}/outages/minimum", "5M"),
        (f"{CLAUSE}/minimum_coverage", "98%"),
        (f"{CLAUSE}/minimum_coverage", "-1"),
        (f"{CLAUSE}/minimum_coverage", "9,5"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "9.7e1"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "097"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "NaN"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "Infinity"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", " 97"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "97\n"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "\u0669\u0667"),
        ("period/start", "2026-11"),
        ("period/start", "2026-02-30"),
        ("as_of", "2027-02-01T24:00:00Z"),
        ("as_of", "2027-02-01T00:00:00+01:00Z"),
        ("as_of", "2027-02-01T00:00:00+25:00"),
        ("as_of", "2027-02-01T00:00:00.0001Z"),
        ("as_of", "2027-02-01 00:00:00Z"),
        ("as_of", "9999-12-31T23:59:59Z"),
        ("evidence/m1/states/0/from", "2026-11-10T05"),
        ("evidence/m1/states/0/from", "2026-13-01T05:00"),
        ("evidence/m1/states/0/received", "yesterday"),
        ("exclusions/0/approved", ""),
    ],
)
def test_malformed_values(place: str, value: str) -> None:
    assert told(changed(place, value)) == [("document.malformed", place)]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("rate", 2, "rate.unknown_version"),
        ("contract/currency", "eur", "contract.unknown_currency"),
        ("contract/currency", "XBT", "contract.unknown_currency"),
        ("contract/time_zone", "Mars/Olympus", "contract.unknown_zone"),
        ("contract/time_zone", "../UTC", "contract.unknown_zone"),
        ("contract/time_zone", "localtime", "contract.unknown_zone"),
        ("contract/time_zone", "", "contract.unknown_zone"),
        ("contract/time_zone", "+01:00", "contract.unknown_zone"),
        ("contract/fee/minor", -1, "document.out_of_range"),
        ("contract/fee/minor", 2**53, "document.out_of_range"),
        ("contract/caps/year_remaining_minor", -1, "document.out_of_range"),
        (f"{CLAUSE}/minimum_coverage", "100.1", "document.out_of_range"),
        (f"{CLAUSE}/remedies/0/per", "0.0", "document.out_of_range"),
        (f"{CLAUSE}/remedies/1/tiers/0/below", "0", "document.out_of_range"),
        (f"{CLAUSE}/id", "x" * 201, "document.out_of_range"),
        (f"{CLAUSE}/id", "", "document.empty"),
        (f"{CLAUSE}/assets", [], "document.empty"),
        (f"{CLAUSE}/remedies/1/tiers", [], "document.empty"),
        ("exclusions/0/assets", [], "document.empty"),
        (f"{CLAUSE}/assets", ["m1", "m1"], "document.repeated"),
        ("exclusions/0/assets", ["m1", "m1"], "document.repeated"),
        (f"{CLAUSE}/remedies/0/below", "97", "contract.steps_unclear"),
        (f"{CLAUSE}/remedies/0/credit", "1", "contract.steps_unclear"),
        (f"{CLAUSE}/remedies/0/bonus", None, "contract.steps_unclear"),
    ],
    ids=str,
)
def test_values_out_of_bounds(place: str, value: object, code: str) -> None:
    steps = code == "contract.steps_unclear"
    assert told(changed(place, value)) == [(code, f"{CLAUSE}/remedies/0" if steps else place)]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            f"{CLAUSE}/remedies/1/tiers",
            [{"below": "97", "credit": "5"}, {"below": "97.0", "credit": "6"}],
            ("contract.tiers_overlap", f"{CLAUSE}/remedies/1"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": [TIERS[0], TIERS[0], TIERS[1]]},
            ("contract.tiers_overlap", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": TIERS[:1]},
            ("contract.tiers_open", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "metered", "unit": "m3", "mode": "volume", "tiers": [TIERS[1], TIERS[1]]},
            ("contract.tiers_open", "contract/fee"),
        ),
        (
            "contract/fee",
            {"kind": "per_asset", "minor": 5, "prorate": "days"},
            ("document.not_allowed", "contract/fee/prorate"),
        ),
        ("contract/clauses/1", a_clause(), ("document.repeated", "contract")),
        (
            f"{CLAUSE}/exclusions",
            [{"category": "planned", "allowance": None}, {"category": "planned", "allowance": "PT1H"}],
            ("document.repeated", CLAUSE),
        ),
        (
            f"{CLAUSE}/gaps",
            {"policy": "carry_forward", "carry": "PT1H", "then": "unknown"},
            ("document.not_allowed", f"{CLAUSE}/gaps/then"),
        ),
        (f"{CLAUSE}/gaps", {"policy": "carry_forward", "then": "up"}, ("document.missing", f"{CLAUSE}/gaps/carry")),
        (f"{CLAUSE}/calendar", {"weekly": []}, ("document.empty", f"{CLAUSE}/calendar/weekly")),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW], "holidays": ["2026-02-29"]},
            ("document.malformed", f"{CLAUSE}/calendar/holidays/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"to": "06:00"}]},
            ("contract.window_empty", f"{CLAUSE}/calendar/weekly/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"to": "25:00"}]},
            ("document.malformed", f"{CLAUSE}/calendar/weekly/0/to"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"from": "24:00"}]},
            ("contract.window_opens", f"{CLAUSE}/calendar/weekly/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"days": ["monday"]}]},
            ("document.not_allowed", f"{CLAUSE}/calendar/weekly/0/days/0"),
        ),
        (
            f"{CLAUSE}/calendar",
            {"weekly": [WINDOW | {"days": []}]},
            ("document.empty", f"{CLAUSE}/calendar/weekly/0/days"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "mean_rate", "interval": "PT0S"},
            ("document.out_of_range", f"{CLAUSE}/indicator/interval"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "0", "per": "h", "hours": "committed"},
            ("document.out_of_range", f"{CLAUSE}/indicator/target"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "all"},
            ("document.malformed", f"{CLAUSE}/indicator/hours"),
        ),
        (
            f"{CLAUSE}/indicator",
            {"kind": "throughput", "unit": "m3", "target": "1", "per": "day", "hours": "1"},
            ("document.not_allowed", f"{CLAUSE}/indicator/per"),
        ),
        ("evidence/", seen(), ("document.empty", "evidence/")),
        ("evidence/m1/counters", [COUNTER | {"value": "-1"}], ("document.malformed", "evidence/m1/counters/0/value")),
        ("evidence/m1/counters", [COUNTER | {"value": 1}], ("document.wrong_type", "evidence/m1/counters/0/value")),
        ("evidence/m1/counters", [COUNTER | {"at": "x"}], ("document.malformed", "evidence/m1/counters/0/at")),
        ("evidence/m1/rates", [RATE | {"value": "1.01"}], ("document.out_of_range", "evidence/m1/rates/0/value")),
        ("evidence/m1/rates", [RATE | {"to": RATE["from"]}], ("evidence.reversed", "evidence/m1/rates/0/to")),
    ],
)
def test_parts_that_do_not_fit_together(place: str, value: object, expected: tuple[str, str]) -> None:
    document = base()
    if place == "contract/clauses/1":
        document["contract"]["clauses"].append(value)
    else:
        document = changed(place, value)
    assert told(document) == [expected]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("period/end", "2026-11-01", ("rate.period", "period/end")),
        ("period/end", "2026-10-01", ("rate.period", "period/end")),
        ("period/end", "2036-12-01", ("rate.period", "period/end")),
        ("evidence/m1/states/0/to", "2026-11-10T04:59", ("evidence.reversed", "evidence/m1/states/0/to")),
        ("evidence/m1/states/0/to", "2026-11-10T05:00", ("evidence.reversed", "evidence/m1/states/0/to")),
        ("evidence/m1/states/0/to", "2026-11-10T03:59:59Z", ("evidence.reversed", "evidence/m1/states/0/to")),
        (
            "evidence/m1/in_service",
            {"from": "2026-11-02", "to": "2026-11-01"},
            ("evidence.reversed", "evidence/m1/in_service/to"),
        ),
        ("exclusions/0/to", "2026-11-02", ("evidence.reversed", "exclusions/0/to")),
        (f"{CLAUSE}/assets", ["m1", "m2"], ("evidence.unknown_asset", f"{CLAUSE}/assets/1")),
        ("exclusions/0/assets", ["m9"], ("evidence.unknown_asset", "exclusions/0/assets/0")),
    ],
)
def test_meaning(place: str, value: object, expected: tuple[str, str]) -> None:
    assert told(changed(place, value)) == [expected]


def test_a_span_reversed_by_the_clocks_needs_its_offset() -> None:
    evidence = {"m1": seen(a_state("2026-10-25T02:50", "2026-10-25T02:10"))}
    period = {"start": "2026-10-01", "end": "2026-11-01"}
    document = a_document(evidence=evidence, period=period, time_zone="Europe/Berlin")
    assert told(document) == [("evidence.reversed", "evidence/m1/states/0/to")]
    evidence["m1"]["states"][0]["to"] = "2026-10-25T02:10+01:00"
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 20 * 60_000


def test_a_span_inside_the_gap_of_the_clocks_is_empty() -> None:
    evidence = {"m1": seen(a_state("2026-03-29T02:00", "2026-03-29T03:00"))}
    period = {"start": "2026-03-01", "end": "2026-04-01"}
    (state,) = read(a_document(evidence=evidence, period=period, time_zone="Europe/Berlin")).evidence["m1"].states
    assert state.start == state.end


def rates_document(*rates: Json) -> Json:
    clause = a_clause(indicator={"kind": "mean_rate", "interval": "PT1H"})
    return a_document(clause, evidence={"m1": seen(rates=list(rates))})


def test_rates_that_contradict_each_other() -> None:
    other = RATE | {"from": "2026-11-02T12:00", "value": "0.25"}
    assert told(rates_document(RATE, other)) == [("evidence.rates_overlap", "evidence/m1/rates/1")]
    read(rates_document(RATE, RATE, other | {"value": "0.50"}))
    read(rates_document(RATE, other | {"received": "2026-11-04"}))
    read(rates_document(RATE, RATE | {"from": "2026-11-03", "to": "2026-11-04", "value": "0"}))


def test_rates_of_parts_of_an_interval() -> None:
    assert told(rates_document(RATE | {"to": "2026-11-02T00:30"})) == [
        ("evidence.rate_interval", "evidence/m1/rates/0")
    ]


def test_counters_have_one_unit() -> None:
    indicator = {"kind": "throughput", "unit": "m3", "target": "1", "per": "h", "hours": "1"}
    clauses = [a_clause(indicator=indicator), a_clause(id="energy", indicator=indicator | {"unit": "kW.h"})]
    expected = [("contract.mixed_units", "contract/clauses/1/indicator/unit")]
    assert told(a_document(*clauses)) == expected
    fee = {"kind": "metered", "unit": "L", "mode": "volume", "tiers": TIERS}
    assert told(a_document(clauses[0], fee=fee)) == [("contract.mixed_units", "contract/clauses/0/indicator/unit")]
    clauses[1]["assets"] = ["m2"]
    read(a_document(*clauses, evidence={"m1": seen(), "m2": seen()}))


def test_all_findings_are_told_at_once() -> None:
    document = base()
    document["contract"]["currency"], document["extra"] = "EURO", 1
    document["evidence"]["m1"]["states"][0]["state"] = "off"
    assert sorted(told(document)) == [
        ("contract.unknown_currency", "contract/currency"),
        ("document.not_allowed", "evidence/m1/states/0/state"),
        ("document.unknown_field", "extra"),
    ]


def test_times_are_local_to_the_contract_unless_they_say_otherwise() -> None:
    document = base()
    document["contract"]["time_zone"] = "Asia/Tokyo"
    document["evidence"]["m1"]["states"][0] |= {"from": "2026-11-10T05:00", "to": "2026-11-10T05:00Z"}
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 9 * 3_600_000
    document["evidence"]["m1"]["states"][0]["to"] = "2026-11-10T05:00-03:30"
    (state,) = read(document).evidence["m1"].states
    assert state.end - state.start == 12.5 * 3_600_000


PIECES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "0", "97", "PT0S", "P1D", "2026-11-05", "2026-11-05T00:00Z", "down", [], {}, "m1"]
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_is_rated_or_told(data: st.DataObject) -> None:
    """Some places of a document replaced or removed: an outcome or findings, and never anything else."""
    document = base()
    for _ in range(data.draw(st.integers(1, 3))):
        part: Any = document
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if not isinstance(part[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
                if data.draw(st.booleans()) and isinstance(part, dict):
                    del part[key]
                else:
                    part[key] = data.draw(PIECES)
                break
            part = part[key]
    try:
        rated(document)
    except DocumentError as error:
        told_of = error.findings
    else:
        return
    assert told_of
    canonical_json([finding.as_dict() for finding in told_of])
