"""The agreement as a document: what fits, what does not, and when it holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from billing.contracts.agreement import AgreementDocument, AgreementTerms, agreement_schema
from billing.contracts.fields import DocumentError
from tenants.kernel.canonical import digest
from tests.billing.contracts.test_wording import ENGINE, FLEET, NORTHWIND, a_contract, clause

PLANNED = clause(exclusions=[{"category": "planned", "allowance": None}])


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Uptime",
        "customer": NORTHWIND,
        "twin": FLEET,
        "effective": {"from": "2026-09-01"},
        "terms": {
            "currency": "EUR",
            "time_zone": "UTC",
            "correction_window": "P35D",
            "fee": {"kind": "flat", "minor": 1},
            "clauses": [PLANNED],
        },
    } | changes


def refused(value: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as error:
        AgreementTerms.read(value)
    return [(finding.code, finding.place) for finding in error.value.findings]


def test_reading_what_was_written_gives_the_same_document() -> None:
    contract = a_contract(PLANNED)
    written = contract.as_json()
    assert AgreementDocument.read(json.loads(json.dumps(written))) == contract
    assert contract.digest == digest(written)
    Draft202012Validator(agreement_schema()).validate(written)


def test_the_published_schema_is_the_generated_one() -> None:
    published = Path(settings.BASE_DIR) / "docs" / "schemas" / "contract.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == agreement_schema()


def test_what_is_left_out_has_a_default() -> None:
    written = AgreementTerms.read(terms()).as_json()
    assert (written["tax_percent"], written["payment_days"]) == ("0", 30)
    assert (written["preapproved"], written["assumptions"]) == ([], None)
    assert written["effective"] == {"from": "2026-09-01", "to": None}


LATER = {"acceptance": "required", "objection": "P14D", "year_cap_minor": 5_000_000}


def test_what_documents_of_before_did_not_have_is_written_only_where_it_says_something() -> None:
    before = a_contract(PLANNED)
    assert not LATER.keys() & before.as_json().keys()
    assert before.digest == "843b9ec46f62144ca8879a74d8ff1c26d772a303c58ac8ac80d37378b291044b"
    assert a_contract(PLANNED, outer=dict.fromkeys(LATER)).digest == before.digest
    after = a_contract(PLANNED, outer=LATER)
    assert after.as_json() == before.as_json() | LATER
    assert AgreementDocument.read(after.as_json()) == after
    Draft202012Validator(agreement_schema()).validate(after.as_json())


YEAR_CAP = terms()["terms"] | {"caps": {"period_percent": None, "year_remaining_minor": 5}}
BAD: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"title": ""}, ("document.empty", "title")),
    ({"customer": "Northwind"}, ("document.malformed", "customer")),
    ({"effective": {"from": "2026-09-31"}}, ("document.malformed", "effective/from")),
    ({"effective": {"from": "2026-09-01", "to": "2026-09-01"}}, ("contract.effective", "effective")),
    ({"preapproved": [{"category": "weather"}]}, ("contract.preapproved", "")),
    ({"preapproved": [{"category": "planned"}, {"category": "planned"}]}, ("document.repeated", "")),
    (
        {"assumptions": {"planned_visit": "P5D", "repair": "PT0S", "bays": 2}},
        ("document.out_of_range", "assumptions/repair"),
    ),
    (
        {"assumptions": {"planned_visit": "P5D", "repair": "P1D", "bays": 0}},
        ("document.out_of_range", "assumptions/bays"),
    ),
    ({"tax_percent": "101"}, ("document.out_of_range", "tax_percent")),
    ({"payment_days": 366}, ("document.out_of_range", "payment_days")),
    ({"terms": YEAR_CAP}, ("contract.year_cap", "")),
    ({"acceptance": "by letter"}, ("document.not_allowed", "acceptance")),
    ({"objection": "PT0S"}, ("document.out_of_range", "objection")),
    ({"objection": "two weeks"}, ("document.malformed", "objection")),
    ({"year_cap_minor": -1}, ("document.out_of_range", "year_cap_minor")),
    ({"year_cap_minor": "5000000"}, ("document.wrong_type", "year_cap_minor")),
    ({"colour": "blue"}, ("document.unknown_field", "colour")),
]


@pytest.mark.parametrize(("change", "finding"), BAD)
def test_what_does_not_fit_is_named(change: dict[str, Any], finding: tuple[str, str]) -> None:
    assert refused(terms(**change)) == [finding]


def test_a_clause_speaks_of_assets_of_the_contract_only() -> None:
    with pytest.raises(DocumentError) as error:
        a_contract(PLANNED, outer={"assets": {ENGINE: "Engine 081"}})
    assert error.value.findings[0].code == "contract.unknown_asset"
    with pytest.raises(DocumentError) as error:
        a_contract(outer={"assets": {}})
    assert error.value.findings[0].code == "contract.no_assets"


def test_it_holds_from_midnight_to_midnight_of_its_zone() -> None:
    contract = a_contract(PLANNED, outer={"effective": {"from": "2026-03-29", "to": "2026-11-01"}})
    start, end = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert (contract.effective_from, contract.effective_to) == (start, end)
    assert contract.covers(start, end)
    assert not contract.covers(datetime(2026, 3, 28, 22, tzinfo=UTC), end)
    assert not contract.covers(start, datetime(2026, 11, 1, tzinfo=UTC))
    assert a_contract(PLANNED).covers(datetime(2026, 9, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC))


def test_rules_of_approval_in_advance_are_found_by_category() -> None:
    contract = a_contract(PLANNED, outer={"preapproved": [{"category": "planned", "notice": None}]})
    rule = contract.preapproval("planned")
    assert rule is not None
    assert rule.notice is None
    assert contract.preapproval("weather") is None
