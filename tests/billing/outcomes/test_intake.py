"""Every way in which a document does not fit: its code, the exact place, and nothing rated."""

from __future__ import annotations

import json

import pytest

from billing.outcomes.intake import read_rate_document
from tests.billing.outcomes.documents import read
from tests.billing.outcomes.misfits import (
    CLAUSE,
    MISSING,
    base,
    changed,
    findings,
    told,
)


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
        ("exclusions/0/withdrawn", "2026-02-30"),
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
