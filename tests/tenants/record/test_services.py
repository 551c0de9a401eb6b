from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.kernel.canonical import digest
from tenants.record.domain.heads import check_growth, open_head
from tenants.record.domain.keys import KeyUnreadableError
from tenants.record.domain.leaves import Leaf, LeafError
from tenants.record.domain.tree import LogDamagedError, MemoryStore, append, root
from tenants.record.models import AuditEntry, Log, LogLeaf, LogNode, TreeHead
from tenants.record.schemas import NewEntry
from tenants.record.selectors import LogNodes, growth_between, log_verifier, logged_leaves
from tenants.record.services import (
    NoSecretError,
    append_leaves,
    appended_together,
    audit_document,
    record_audit,
    seal_head,
    seal_news,
)
from tenants.scope.context import NoScopeError, scope
from tenants.scope.models import Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entries(count: int, first: int = 0) -> list[NewEntry]:
    return [NewEntry.of("evidence_segment", {"hour": first + number}) for number in range(count)]


def test_entries_get_the_next_indexes_and_salts_of_their_own(tenant: Tenant) -> None:
    with scope(tenant.id):
        first = append_leaves(entries=entries(3), now=NOON)
        second = append_leaves(entries=entries(2), now=NOON + HOUR)
        assert [logged.index for logged in first + second] == [0, 1, 2, 3, 4]
        assert [logged.leaf.digest for logged in second] == [digest({"hour": 0}), digest({"hour": 1})]
        assert len({logged.leaf.salt for logged in first + second}) == 5
        row = LogLeaf.objects.get(id=3)
        assert (row.kind, row.logged_at) == ("evidence_segment", NOON + HOUR)
        assert bytes(row.hash) == second[0].leaf.hash
        assert bytes(row.digest).hex() == second[0].leaf.digest


@pytest.mark.parametrize("batches", [[1] * 9, [9], [4, 4, 1], [3, 0, 6], [8, 1]])
def test_the_stored_tree_is_the_one_of_the_domain(tenant: Tenant, batches: list[int]) -> None:
    with scope(tenant.id):
        for batch in batches:
            append_leaves(entries=entries(batch), now=NOON)
        memory = MemoryStore()
        hashes = [bytes(value) for value in LogLeaf.objects.order_by("id").values_list("hash", flat=True)]
        append(memory, 0, hashes)
        for size in range(10):
            assert root(LogNodes(), size) == root(memory, size)
        assert LogNode.objects.count() == 7


def test_appending_takes_five_queries_at_most(
    tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with scope(tenant.id):
        append_leaves(entries=entries(7), now=NOON)
        # lock, entries, edge, nodes, size
        for count in (1, 5, 300):
            with django_assert_max_num_queries(5):
                append_leaves(entries=entries(count), now=NOON)
        with django_assert_max_num_queries(0):
            assert append_leaves(entries=[], now=NOON) == []


def test_entries_belong_to_the_transaction_that_writes_them(tenant: Tenant) -> None:
    def fail() -> None:
        with scope(tenant.id):
            append_leaves(entries=entries(3), now=NOON)
            raise ZeroDivisionError

    with scope(tenant.id):
        append_leaves(entries=entries(2), now=NOON)
    with pytest.raises(ZeroDivisionError):
        fail()
    with scope(tenant.id):
        assert Log.objects.get().size == LogLeaf.objects.count() == 2
        assert append_leaves(entries=entries(1), now=NOON)[0].index == 2


def test_what_is_logged_together_is_one_batch_at_the_end(
    tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with scope(tenant.id):
        append_leaves(entries=entries(2), now=NOON)
        with appended_together(now=NOON + HOUR):
            assert append_leaves(entries=entries(2, first=5), now=NOON) == []
            with appended_together(now=NOON):
                append_leaves(entries=entries(1, first=7), now=NOON)
            assert append_leaves(entries=entries(1, first=8), now=NOON) == []
            assert LogLeaf.objects.count() == 2
        rows = LogLeaf.objects.filter(id__gte=2).order_by("id").values_list("digest", "logged_at")
        assert [(bytes(name).hex(), at) for name, at in rows] == [
            (digest({"hour": hour}), NOON + HOUR) for hour in (5, 6, 7, 8)
        ]
        with django_assert_max_num_queries(0), appended_together(now=NOON):
            pass


def test_nothing_is_logged_of_work_that_fails(tenant: Tenant) -> None:
    def fail() -> None:
        with appended_together(now=NOON):
            append_leaves(entries=entries(3), now=NOON)
            raise ZeroDivisionError

    with scope(tenant.id):
        with pytest.raises(ZeroDivisionError):
            fail()
        assert not LogLeaf.objects.exists()
        assert append_leaves(entries=entries(1), now=NOON)[0].index == 0


def test_rows_beyond_the_end_of_the_log_are_noticed(tenant: Tenant) -> None:
    with scope(tenant.id):
        append_leaves(entries=entries(3), now=NOON)
        Log.objects.update(size=2)
        with pytest.raises(LogDamagedError, match="1 rows stand where"):
            append_leaves(entries=entries(1), now=NOON)


def test_a_log_needs_a_scope(tenant: Tenant) -> None:
    with pytest.raises(NoScopeError):
        append_leaves(entries=entries(1), now=NOON)


def test_a_kind_that_names_nothing_is_refused(tenant: Tenant) -> None:
    with scope(tenant.id):
        with pytest.raises(LeafError):
            append_leaves(entries=[NewEntry("Not a kind", digest({}))], now=NOON)
        assert not LogLeaf.objects.exists()


def test_heads_are_signed_and_consistent(tenant: Tenant) -> None:
    with scope(tenant.id):
        append_leaves(entries=entries(5), now=NOON)
        older = seal_head(now=NOON)
        append_leaves(entries=entries(6), now=NOON + HOUR)
        newer = seal_head(now=NOON + HOUR)
        verifier = log_verifier()
        heads = [open_head(head.note, verifier) for head in (older, newer)]
        assert [head.size for head in heads] == [5, 11]
        assert heads[0].origin == f"localhost:8000/log/{tenant.id}"
        growth = growth_between(5, 11)
        assert growth.head == older.note
        check_growth(heads[0], heads[1], growth.consistency)


def test_a_log_that_did_not_grow_keeps_its_head(tenant: Tenant) -> None:
    with scope(tenant.id):
        append_leaves(entries=entries(5), now=NOON)
        assert seal_head(now=NOON) == seal_head(now=NOON + HOUR)
        assert TreeHead.objects.get().sealed_at == NOON


def test_an_empty_log_may_be_sealed(tenant: Tenant) -> None:
    with scope(tenant.id):
        head = seal_head(now=NOON)
        assert open_head(head.note, log_verifier()).size == 0


def test_two_tenants_have_two_keys(tenant: Tenant, stranger: Tenant) -> None:
    keys = set()
    for each in (tenant, stranger):
        with scope(each.id):
            seal_head(now=NOON)
            keys.add(log_verifier().public_key)
    assert len(keys) == 2


def test_the_key_is_kept_under_the_secret(tenant: Tenant, settings: Settings) -> None:
    with scope(tenant.id):
        seal_head(now=NOON)
        append_leaves(entries=entries(1), now=NOON)
        settings.SEALING_KEYS = ["another secret"]
        with pytest.raises(KeyUnreadableError):
            seal_head(now=NOON)
        assert TreeHead.objects.count() == 1


def test_no_log_is_begun_without_a_lasting_secret(tenant: Tenant, settings: Settings) -> None:
    settings.SECRET_IS_EPHEMERAL = True
    with scope(tenant.id):
        with pytest.raises(NoSecretError) as refused:
            append_leaves(entries=entries(1), now=NOON)
        assert (refused.value.code, refused.value.place) == ("record.no_secret", "OUTTURN_SECRET")
        assert not Log.objects.exists()


def audit(now: datetime) -> AuditEntry:
    return record_audit(
        action="contract.published",
        subject="contract/7",
        by="owner@meridian.example",
        details={"version": 3},
        now=now,
    )


def test_audit_entries_are_in_the_next_head(tenant: Tenant) -> None:
    with scope(tenant.id):
        entry = audit(NOON)
        assert not LogLeaf.objects.exists()
        assert seal_head(now=NOON).size == 1
        stored = AuditEntry.objects.get()
        assert (stored.by, stored.action, stored.subject) == (
            "owner@meridian.example",
            "contract.published",
            "contract/7",
        )
        assert (stored.at, stored.details) == (NOON, {"version": 3})
        name = ("audit_entry", digest(audit_document(stored)))
        assert bytes(stored.digest).hex() == name[1]
        assert logged_leaves([name])[name].index == 0
        assert audit_document(entry) == {
            "id": str(entry.id),
            "at": "2026-11-20T12:00:00Z",
            "by": "owner@meridian.example",
            "action": "contract.published",
            "subject": "contract/7",
            "details": {"version": 3},
        }


def test_an_audit_entry_committed_after_a_head_that_is_later_is_found_by_the_next(tenant: Tenant) -> None:
    with scope(tenant.id):
        seal_head(now=NOON)
        audit(NOON - HOUR)
        audit(NOON + HOUR)
        assert seal_head(now=NOON + HOUR).size == 2
        assert seal_head(now=NOON + 2 * HOUR).size == 2


def test_an_audit_entry_of_a_moment_long_ago_is_in_the_next_head(tenant: Tenant) -> None:
    with scope(tenant.id):
        seal_head(now=NOON)
        audit(NOON - 9000 * HOUR)
        assert seal_head(now=NOON + HOUR).size == 1


def test_a_seal_of_news_is_made_when_there_is_any(tenant: Tenant) -> None:
    with scope(tenant.id):
        assert seal_news(now=NOON) is None
        assert not Log.objects.exists()
        audit(NOON)
        first = seal_news(now=NOON)
        assert first is not None
        assert first.size == 1
        assert seal_news(now=NOON + HOUR) is None
        append_leaves(entries=entries(2), now=NOON + HOUR)
        second = seal_news(now=NOON + HOUR)
        assert second is not None
        assert second.size == 3
        assert seal_news(now=NOON + 2 * HOUR) is None
        assert TreeHead.objects.count() == 2


def test_a_log_without_news_is_looked_at_and_not_locked(
    tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with scope(tenant.id):
        audit(NOON)
        seal_head(now=NOON)
        with django_assert_num_queries(4) as queries:
            assert seal_news(now=NOON + HOUR) is None
        assert not any("FOR UPDATE" in query["sql"] for query in queries.captured_queries)


def test_an_entry_holds_its_document_only_by_digest_and_salt(tenant: Tenant) -> None:
    with scope(tenant.id):
        (logged,) = append_leaves(entries=[NewEntry.of("statement", {"total_minor": 1})], now=NOON)
        row = LogLeaf.objects.get()
        assert Leaf(row.kind, bytes(row.digest).hex(), bytes(row.salt)) == logged.leaf


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_writers_at_the_same_time_take_turns(tenant: Tenant) -> None:
    start = threading.Barrier(4)
    indexes: list[int] = []

    def work() -> None:
        start.wait()
        for _ in range(5):
            with scope(tenant.id):
                indexes.extend(logged.index for logged in append_leaves(entries=entries(3), now=NOON))
        connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(indexes) == list(range(60))
    with scope(tenant.id):
        assert Log.objects.get().size == 60
        memory = MemoryStore()
        append(memory, 0, [bytes(value) for value in LogLeaf.objects.order_by("id").values_list("hash", flat=True)])
        assert root(LogNodes(), 60) == root(memory, 60)
