"""The whole log checked against itself, and against somebody who can write to the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.record.domain.tree import GrowingRoot, MemoryStore, append, leaf_hash, root
from tenants.record.models import AuditEntry
from tenants.record.monitoring import verify_log
from tenants.record.selectors import latest_head
from tenants.record.services import record_audit, seal_head
from tenants.record.verification import head_fault, is_unchanged
from tenants.scope.context import scope
from tenants.scope.models import Tenant

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
database = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


class Listener:
    """Takes what the check reports."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant, self.said = tenant, ""

    def progress(self, share: float, message: str) -> None:
        assert 0 <= share <= 1
        self.said = message

    def cancelled(self) -> bool:
        return False


@given(st.integers(0, 40))
def test_the_growing_root_is_the_trees(size: int) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(size)]
    store, growing = MemoryStore(), GrowingRoot()
    append(store, 0, hashes)
    for value in hashes:
        growing.add(value)
    assert growing.root() == root(store, size)


def written(tenant: Tenant, count: int = 5) -> None:
    for number in range(count):
        with scope(tenant.id):
            at = NOON + timedelta(minutes=number)
            record_audit(action="thing.done", subject=f"thing/{number}", by="owner@x.example", now=at)
        if number % 2:
            with scope(tenant.id):
                seal_head(now=NOON + timedelta(minutes=number))


@database
def test_an_honest_log_verifies(tenant: Tenant) -> None:
    written(tenant)
    listener = Listener(tenant.id)
    assert verify_log(listener, {}) == {"entries": 9, "heads": 2, "faults": []}
    assert listener.said == "9 entries and 2 heads checked: nothing was changed"
    with scope(tenant.id):
        assert head_fault(latest_head()) == ""
        assert all(map(is_unchanged, AuditEntry.objects.all()))


Tamper = Callable[..., None]
LONG_AGO = "01900000-0000-7000-8000-000000000000"
A_NODE = "UPDATE tenants_lognode SET hash = sha256('x') WHERE id = 1"


@database
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (A_NODE, "The node over the entries 0 to 1 was changed."),
        ("DELETE FROM tenants_lognode WHERE id = 3", "The node over the entries 0 to 3 was changed."),
        ("UPDATE tenants_logleaf SET hash = sha256('x') WHERE id = 2", "Entry 2 of the log was changed."),
        ("UPDATE tenants_logleaf SET digest = sha256('x') WHERE id = 2", "Entry 2 of the log was changed."),
        ("UPDATE tenants_logleaf SET kind = 'No kind' WHERE id = 2", "Entry 2 of the log was changed."),
        ("UPDATE tenants_treehead SET note = replace(note, '— ', '— x') WHERE size = 2", "is not signed by"),
        ("UPDATE tenants_treehead SET size = 3 WHERE size = 2", "The head of 3 entries does not fit them."),
        ("UPDATE tenants_log SET size = 3", "The log has 3 entries, and others stand behind its end."),
        ("UPDATE tenants_log SET size = 3", "The head of 4 entries has lost some of them."),
        ("UPDATE tenants_log SET size = 5", "Entry 4 is missing from the log; what follows it was not checked."),
        ("UPDATE tenants_log SET public_key = sha256('x')", "The public key of the log is not that of the key"),
        ("UPDATE tenants_log SET wrapped_key = sha256('x')", "cannot be read with this secret"),
        ("DELETE FROM tenants_log", "others stand behind its end"),
        (
            "UPDATE tenants_auditentry SET digest = sha256('x') WHERE subject = 'thing/1'",
            "1 audit entries that the log vouches for",
        ),
        (
            f"UPDATE tenants_auditentry SET id = '{LONG_AGO}', digest = sha256('x') WHERE subject = 'thing/4'",
            f"Audit entry {LONG_AGO} was left out of the log.",
        ),
        ("DELETE FROM tenants_auditentry WHERE subject = 'thing/1'", "1 audit entries that the log vouches for"),
        ("UPDATE tenants_auditentry SET details = '{\"x\": 1}' WHERE subject = 'thing/4'", "was changed."),
        ("UPDATE tenants_auditentry SET by = 'nobody' WHERE subject = 'thing/1'", "was changed"),
        ("DELETE FROM tenants_logleaf WHERE id = 1", "Entry 1 is missing"),
        ("UPDATE tenants_logleaf SET kind = 'other' WHERE id = 2", "Entry 2 of the log was changed"),
        ("DELETE FROM tenants_logleaf WHERE id = 3", "Entry 3 is missing"),
        ("UPDATE tenants_treehead SET root = sha256('x') WHERE size = 2", "The head of 2 entries does not fit"),
    ],
)
def test_what_was_changed_is_found(tenant: Tenant, tamper: Tamper, statement: str, fault: str) -> None:
    written(tenant)
    tamper(tenant.id, statement)
    found = verify_log(Listener(tenant.id), {})["faults"]
    assert any(fault in each for each in found), found


@database
def test_a_head_that_does_not_fit_is_told_on_the_page(tenant: Tenant, tamper: Tamper) -> None:
    written(tenant)
    tamper(tenant.id, "UPDATE tenants_treehead SET root = sha256('x') WHERE size = 4")
    with scope(tenant.id):
        assert head_fault(latest_head()) == "The newest head does not fit the entries under it."
