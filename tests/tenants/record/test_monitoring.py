"""The watch over the log: by schedule, kept, and told to owners once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.record import monitoring, verification
from tenants.record.models import AuditEntry, LogCheck, LogLeaf
from tenants.record.monitoring import keep_check, verify_log, watch_log
from tenants.record.schemas import NewEntry
from tenants.record.selectors import log_checks
from tenants.record.services import append_leaves, record_audit, seal_head
from tenants.record.tasks import check_log
from tenants.record.verification import Findings
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.record.test_verification import Listener

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SignIn = Callable[[User], Client]
Tamper = Callable[..., None]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEAF = "UPDATE tenants_logleaf SET kind = 'other' WHERE id = 0"
WHOLE = "UPDATE tenants_logleaf SET kind = 'evidence_segment' WHERE id = 0"
FAULT = "Entry 0 of the log was changed."


def a_log(tenant: Tenant, entries: int = 3, evidence: int = 0) -> None:
    """So many pieces of evidence and then entries of the audit, under one head."""
    with scope(tenant.id):
        append_leaves(entries=[NewEntry.of("evidence_segment", {"hour": hour}) for hour in range(evidence)], now=NOON)
        for number in range(entries):
            record_audit(action="thing.done", subject=f"thing/{number}", by="owner@x.example", now=utc_now())
        seal_head(now=utc_now())


def checks(tenant: Tenant) -> list[LogCheck]:
    with scope(tenant.id):
        return list(log_checks().order_by("id"))


def test_a_check_is_kept_with_what_it_saw(cast: Cast) -> None:
    a_log(cast.meridian)
    row = watch_log(tenant=cast.meridian.id)
    assert row is not None
    with scope(cast.meridian.id):
        size, audited = LogLeaf.objects.count(), AuditEntry.objects.count()
    assert (row.size, row.heads, row.audit_entries, row.faults, row.by) == (size, 1, audited, [], "Outturn")
    assert row.started_at <= row.finished_at
    assert checks(cast.meridian) == [row]
    assert mail.outbox == []


def test_a_tenant_without_a_log_has_no_checks(tenant: Tenant) -> None:
    assert watch_log(tenant=tenant.id) is None
    assert checks(tenant) == []


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 8, 2000])
def test_slices_of_any_length_find_the_same(
    tenant: Tenant, tamper: Tamper, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(verification, "AT_ONCE", at_once)
    for _ in range(4):
        a_log(tenant, 4)
    first = watch_log(tenant=tenant.id)
    assert first is not None
    assert (first.size, first.heads, first.audit_entries, first.faults) == (16, 4, 16, [])
    tamper(
        tenant.id,
        "UPDATE tenants_logleaf SET hash = sha256('x') WHERE id = 5",
        "UPDATE tenants_lognode SET hash = sha256('x') WHERE id = 17",
        "DELETE FROM tenants_auditentry WHERE id = (SELECT max(id::text)::uuid FROM tenants_auditentry)",
    )
    second = watch_log(tenant=tenant.id)
    assert second is not None
    assert set(second.faults) == {
        FAULT.replace("0", "5"),
        *(f"The head of {size} entries does not fit them." for size in (8, 12, 16)),
        "The node over the entries 4 to 5 was changed.", "The node over the entries 4 to 7 was changed.",
        "The node over the entries 0 to 7 was changed.", "The node over the entries 8 to 9 was changed.",
        "The node over the entries 0 to 15 was changed.",
        f"The first 16 entries are others than on {first.finished_at:%Y-%m-%d}.",
        "1 audit entries that the log vouches for are gone.",
    }  # fmt: skip


def test_owners_are_mailed_of_a_fault_once_and_everybody_sees_it(
    cast: Cast, tamper: Tamper, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    a_log(cast.meridian, evidence=1)
    tamper(cast.meridian.id, LEAF)
    with caplog.at_level(logging.ERROR, logger="outturn.record"):
        check_log(str(cast.meridian.id))
        check_log(str(cast.meridian.id))
    first, second = checks(cast.meridian)
    assert (first.faults, first.is_told, second.faults, second.is_told) == ([FAULT], True, [FAULT], False)
    assert [record.getMessage() for record in caplog.records if record.name == "outturn.record"] == [
        f"the log of {cast.meridian.id} does not verify (1 faults): {FAULT}"
    ] * 2
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["owner@meridian.example"], "The log of Meridian Engines does not verify")
    assert f"- {FAULT}" in sent.body
    assert "/t/meridian/admin/log/" in sent.body
    with scope(cast.meridian.id):
        (entry,) = AuditEntry.objects.filter(action="log.fault_found")
    assert (entry.details, entry.by) == ({"faults": [FAULT]}, "Outturn")
    page = sign_in(cast.owner).get("/t/meridian/admin/audit/").content.decode()
    assert "The tamper-evident log does not verify" in page
    assert "does not verify" not in sign_in(cast.viewer).get("/t/meridian/").content.decode()


def test_what_fits_again_is_told_in_the_audit_and_not_above_the_pages(
    cast: Cast, tamper: Tamper, sign_in: SignIn
) -> None:
    a_log(cast.meridian, evidence=1)
    for statement in (LEAF, WHOLE):
        tamper(cast.meridian.id, statement)
        check_log(str(cast.meridian.id))
    assert [row.faults for row in checks(cast.meridian)] == [[FAULT], []]
    with scope(cast.meridian.id):
        assert AuditEntry.objects.filter(action="log.found_whole").count() == 1
    assert "does not verify" not in sign_in(cast.owner).get("/t/meridian/admin/audit/").content.decode()


def test_owners_are_mailed_again_after_a_week_and_of_other_faults_at_once(cast: Cast) -> None:
    for now, fault in ((NOON, "a"), (NOON + timedelta(days=6), "a"), (NOON + timedelta(days=6), "b")):
        with scope(cast.meridian.id):
            keep_check(Findings(faults=[fault]), by="Outturn", began=now, now=now)
    assert len(mail.outbox) == 2
    with scope(cast.meridian.id):
        keep_check(Findings(faults=["a"]), by="Outturn", began=NOON, now=NOON + timedelta(days=7))
    assert [("- a" in each.body, "- b" in each.body) for each in mail.outbox] == [
        (True, False), (False, True), (True, False),
    ]  # fmt: skip


def test_a_log_that_was_cut_short_with_all_that_vouched_for_it_is_found_by_the_last_check(
    tenant: Tenant, tamper: Tamper
) -> None:
    with scope(tenant.id):
        append_leaves(entries=[NewEntry.of("evidence_segment", {"hour": hour}) for hour in range(4)], now=NOON)
        seal_head(now=NOON)
        append_leaves(entries=[NewEntry.of("evidence_segment", {"hour": 4})], now=NOON)
        seal_head(now=NOON)
    assert watch_log(tenant=tenant.id) is not None
    tamper(
        tenant.id,
        "DELETE FROM tenants_logleaf WHERE id = 4",
        "DELETE FROM tenants_treehead WHERE size = 5",
        "UPDATE tenants_log SET size = 4",
    )
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert found.faults == [f"The last check, of {found.finished_at:%Y-%m-%d}, has seen 5 entries; 4 are left."]


def test_a_head_that_is_gone_is_missed(tenant: Tenant, tamper: Tamper) -> None:
    a_log(tenant)
    a_log(tenant)
    assert watch_log(tenant=tenant.id) is not None
    tamper(tenant.id, "DELETE FROM tenants_treehead WHERE size = 3")
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert found.faults == ["1 heads that the last check has seen are gone."]


def test_entries_of_the_audit_that_retention_may_have_dropped_are_not_missed(tenant: Tenant, tamper: Tamper) -> None:
    with scope(tenant.id):
        record_audit(action="thing.done", subject="thing/1", by="x", now=NOON)
        seal_head(now=utc_now() - timedelta(days=301))
    tamper(tenant.id, "DELETE FROM tenants_auditentry")
    found = watch_log(tenant=tenant.id)
    assert found is not None
    assert (found.faults, found.audit_entries, found.size) == ([], 0, 1)


def test_who_asked_for_a_check_is_kept(tenant: Tenant) -> None:
    a_log(tenant)
    verify_log(Listener(tenant.id), {"by": "owner@x.example"})
    assert [row.by for row in checks(tenant)] == ["owner@x.example"]


def test_at_most_so_many_faults_are_kept(tenant: Tenant) -> None:
    with scope(tenant.id):
        row = keep_check(Findings(faults=["x"] * 50), by="Outturn", began=NOON, now=NOON)
    assert len(row.faults) == monitoring.MOST_FAULTS
