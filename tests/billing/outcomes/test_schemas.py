from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from billing.outcomes.schemas import rate_schema
from tests.billing.outcomes.documents import Json, a_clause, a_document, rate_documents

PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas" / "rate.schema.json"
VALIDATOR = Draft202012Validator(rate_schema())


def test_the_published_schema_is_up_to_date() -> None:
    """``manage.py rate --schema > docs/schemas/rate.schema.json`` brings it up to date."""
    printed = StringIO()
    call_command("rate", "--schema", stdout=printed)
    assert printed.getvalue() == PUBLISHED.read_text(encoding="utf-8")
    assert json.loads(printed.getvalue()) == rate_schema()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(rate_schema())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rate_documents())
def test_the_schema_takes_what_the_engine_takes(document: Json) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        a_document() | {"rate": 2},
        a_document() | {"extra": 1},
        a_document(fee={"kind": "free"}),
        a_document(correction_window="P1M"),
        a_document(a_clause(minimum_coverage=98)),
        a_document(a_clause(assets=[])),
        a_document(evidence={"": {}}),
    ],
)
def test_the_schema_refuses_what_has_not_the_form(document: Json) -> None:
    assert not VALIDATOR.is_valid(document)
