from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.reports.verifier import verify_report
from tenants.kernel.canonical import digest
from tenants.kernel.errors import NotFoundError
from tenants.record.domain.tree import LogRangeError
from tenants.record.models import LogLeaf
from tenants.record.schemas import NewEntry
from tenants.record.selectors import (
    NotSealedError,
    growth_between,
    head_of_size,
    latest_head,
    log_verifier,
    logged_leaves,
    node_place,
    proof_bundle,
)
from tenants.record.services import append_leaves, seal_head
from tenants.scope.context import scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def statement_of(segments: int) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """Log a contract, evidence among that of others, a run and a statement; what a report on it needs."""
    contract = {"currency": "EUR"}
    evidence = [{"asset": "m1", "hour": hour} for hour in range(segments)]
    append_leaves(entries=[NewEntry.of("contract_version", contract)], now=NOON)
    for segment in evidence:
        others = [NewEntry.of("evidence_segment", {"asset": f"x{number}", **segment}) for number in range(3)]
        append_leaves(entries=[NewEntry.of("evidence_segment", segment), *others], now=NOON)
    run = {
        "relies_on": {
            "contract_version": [digest(contract)],
            "evidence_segment": [digest(segment) for segment in evidence],
        }
    }
    statement = {"relies_on": {"contract_version": [digest(contract)], "outcome_run": [digest(run)]}}
    append_leaves(entries=[NewEntry.of("outcome_run", run), NewEntry.of("statement", statement)], now=NOON)
    documents: dict[tuple[str, str], Any] = {
        ("statement", digest(statement)): None,
        ("outcome_run", digest(run)): run,
        ("contract_version", digest(contract)): contract,
    }
    return statement, documents | {("evidence_segment", digest(segment)): segment for segment in evidence}


def test_places_of_nodes_are_unique() -> None:
    places = [node_place(level, index) for level in range(11) for index in range(1024 >> level)]
    assert sorted(places) == list(range(2047))
    assert [node_place(0, 5), node_place(1, 0), node_place(2, 0), node_place(3, 1)] == [10, 1, 3, 23]


def test_a_bundle_from_the_database_is_verified(tenant: Tenant) -> None:
    with scope(tenant.id):
        append_leaves(entries=[NewEntry.of("contract_version", {"other": True})], now=NOON)
        previous = seal_head(now=NOON)
        statement, documents = statement_of(24)
        head = seal_head(now=NOON)
        bundle = proof_bundle(statement=statement, documents=documents, previous_size=previous.size)
        verifier = log_verifier()
    assert bundle.head == head.note
    checks = verify_report(bundle.to_bytes(), trusted=verifier.fingerprint, kept=previous.note.encode())
    assert [check for check in checks if not check.holds] == []
    assert len(checks) == 10


@pytest.mark.parametrize("segments", [1, 50])
def test_a_bundle_takes_eight_queries(tenant: Tenant, segments: int) -> None:
    with scope(tenant.id):
        append_leaves(entries=[NewEntry.of("contract_version", {"other": number}) for number in range(3)], now=NOON)
        previous = seal_head(now=NOON)
        statement, documents = statement_of(segments)
        seal_head(now=NOON)
        with CaptureQueriesContext(connection) as queries:
            proof_bundle(statement=statement, documents=documents, previous_size=previous.size)
        assert len(queries) == 8


def test_a_document_logged_twice_is_known_by_its_first_entry(tenant: Tenant) -> None:
    name = ("statement", digest({"number": 1}))
    with scope(tenant.id):
        append_leaves(entries=[NewEntry("contract_version", name[1]), NewEntry(*name), NewEntry(*name)], now=NOON)
        assert logged_leaves([name])[name].index == 1
        assert logged_leaves([("outcome_run", name[1])]) == {}
        assert logged_leaves([]) == {}


def test_before_the_first_entry(tenant: Tenant) -> None:
    with scope(tenant.id):
        assert latest_head() is None
        with pytest.raises(NotFoundError):
            log_verifier()
        with pytest.raises(NotFoundError):
            head_of_size(0)


def test_what_cannot_be_proven(tenant: Tenant) -> None:
    with scope(tenant.id):
        statement, documents = statement_of(2)
        with pytest.raises(NotSealedError) as refused:
            proof_bundle(statement=statement, documents=documents)
        assert (refused.value.code, refused.value.status) == ("record.not_sealed", 409)
        head = seal_head(now=NOON)
        append_leaves(entries=[NewEntry.of("statement", {"late": True})], now=NOON)
        late = {**documents, ("statement", digest({"late": True})): None}
        with pytest.raises(NotSealedError):
            proof_bundle(statement=statement, documents=late)
        with pytest.raises(NotFoundError, match="never logged"):
            proof_bundle(statement=statement, documents={**documents, ("dispute", digest({})): None})
        with pytest.raises(NotFoundError, match="No head of 1 entries"):
            proof_bundle(statement=statement, documents=documents, previous_size=1)
        with pytest.raises(LogRangeError):
            growth_between(head.size, 3)


def test_a_stranger_finds_nothing(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        statement, documents = statement_of(2)
        seal_head(now=NOON)
    with scope(stranger.id):
        assert logged_leaves(documents.keys()) == {}
        assert latest_head() is None
        assert not LogLeaf.objects.exists()
        with pytest.raises(NotFoundError):
            proof_bundle(statement=statement, documents=documents)
