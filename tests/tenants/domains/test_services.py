from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection

from deploy.celery import app
from tenants.domains import hosts, selectors, services
from tenants.domains.domain import DomainNameError, Pointing, Result, Seen, State
from tenants.domains.models import Domain, ProvenHost
from tenants.domains.tasks import look_at_all, look_at_one
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.domains.nameserver import NameServer

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
BY = "ada@meridian.example"
NAME = "portal.meridian.example"
RIGHT = Seen(Result.RIGHT, ("outturn-domain-verification=…",), Pointing.HERE, "192.0.2.10")
GONE = Seen(Result.MISSING)
FAILED = Seen(Result.FAILED, ("the name servers did not answer in time",))


def claim(name: str = NAME, *, is_web: bool = True, is_mail: bool = False) -> Domain:
    return services.add_domain(name=name, is_web=is_web, is_mail=is_mail, by=BY, now=NOW)


def note(row: Domain, seen: Seen, *, days: float = 0) -> Domain:
    return services.note_look(domain_id=row.id, seen=seen, by=BY, now=NOW + timedelta(days=days))


def proven(tenant: Tenant, name: str = NAME, *, is_web: bool = True, is_mail: bool = False) -> Domain:
    with scope(tenant.id):
        return note(claim(name, is_web=is_web, is_mail=is_mail), RIGHT)


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="domain.").order_by("id").values_list("action", flat=True))


def asked_of(task: str) -> list[Any]:
    """With what a task was asked for; all that waits for a worker is taken away."""
    found = []
    with app.connection_for_read() as broker, broker.SimpleQueue("celery") as queue, suppress(queue.Empty):
        while True:
            message = queue.get(block=False)
            message.ack()
            if message.headers["task"] == task:
                found.append(message.payload[0])
    return found


class TestClaims:
    def test_a_claim_counts_for_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            row = claim("Portal.MERIDIAN.example.")
            assert (row.name, row.state, len(row.token), row.created_by) == (NAME, "pending", 40, BY)
            assert [(each.kind, each.name, each.text) for each in selectors.records(row)] == [
                ("TXT", f"_outturn-challenge.{NAME}", f"outturn-domain-verification={row.token}"),
                ("CNAME", NAME, "localhost"),
            ]
            assert actions() == ["domain.added"]
        assert hosts.home_of(NAME) is None
        assert not ProvenHost.objects.exists()

    def test_two_organisations_claim_one_name_and_neither_learns_of_the_other(
        self, tenant: Tenant, stranger: Tenant
    ) -> None:
        rows = []
        for each in (tenant, stranger):
            with scope(each.id):
                rows.append(claim())
                assert selectors.domains().count() == 1
        assert rows[0].token != rows[1].token

    def test_twice_is_once_too_often(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            claim()
            with pytest.raises(services.DomainThereError, match="in the list already"):
                claim(f"{NAME}.")

    def test_fifty_are_enough(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            for number in range(services.MOST):
                claim(f"a{number}.example")
            with pytest.raises(services.DomainThereError, match="50 domains"):
                claim("one-more.example")

    @pytest.mark.parametrize("name", ["testserver", "localhost", "app.outturn.example", "outturn.example"])
    def test_our_own_hosts_are_nobodys(self, tenant: Tenant, settings: Any, name: str) -> None:
        settings.BASE_URL = "https://app.outturn.example"
        with scope(tenant.id), pytest.raises(DomainNameError):
            claim(name)

    def test_the_name_above_ours_may_be_a_domain_of_mail(self, tenant: Tenant, settings: Any) -> None:
        settings.BASE_URL = "https://app.outturn.example"
        with scope(tenant.id):
            row = claim("outturn.example", is_web=False, is_mail=True)
            with pytest.raises(DomainNameError):
                services.change_uses(domain_id=row.id, is_web=True, is_mail=True, by=BY, now=NOW)

    def test_for_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id), pytest.raises(services.NoUseError):
            claim(is_web=False)

    @pytest.mark.parametrize(("plan", "web", "mail_"), [("team", False, False), ("business", True, True)])
    def test_what_the_plan_has(self, tenant: Tenant, plan: str, web: bool, mail_: bool) -> None:
        Tenant.objects.filter(id=tenant.id).update(plan=plan)
        with scope(tenant.id):
            for is_web, is_mail, may in ((True, False, web), (False, True, mail_)):
                if may:
                    claim(f"a{is_web}.example", is_web=is_web, is_mail=is_mail)
                else:
                    with pytest.raises(services.DomainNotInPlanError):
                        claim(is_web=is_web, is_mail=is_mail)


class TestProving:
    def test_by_dns(self, tenant: Tenant, names: NameServer) -> None:
        with scope(tenant.id):
            row = claim()
            row = services.check_domain(domain_id=row.id, by=BY, now=NOW)
            assert (row.state, row.result) == (State.PENDING, Result.MISSING)
            assert "There is no TXT record at _outturn-challenge.portal.meridian.example" in selectors.told(row)
            names.prove(NAME, row.token)
            names.say("localhost", "A", "127.0.0.1")
            names.say(NAME, "A", "198.51.100.1")
            row = services.check_domain(domain_id=row.id, by=BY, now=NOW)
            assert (row.state, row.result, row.proven_at, row.checked_at) == (State.PROVEN, Result.RIGHT, NOW, NOW)
            assert selectors.told_of_traffic(row) == (
                f"{NAME} does not lead here yet but to 198.51.100.1: set the second record."
            )
            assert actions() == ["domain.added", "domain.proven"]

    def test_the_first_to_prove_has_it_and_the_other_learns_nothing_of_who(
        self, tenant: Tenant, stranger: Tenant
    ) -> None:
        with scope(stranger.id):
            theirs = claim()
        proven(tenant)
        with scope(stranger.id):
            row = note(theirs, RIGHT)
            assert (row.state, row.result) == (State.PENDING, Result.TAKEN)
            assert "in use as an address already" in selectors.told(row)
            assert "eridian Engines" not in selectors.told(row)
            assert actions() == ["domain.added"]
        assert ProvenHost.objects.get().tenant_id == tenant.id

    def test_it_is_free_again_once_it_is_removed(self, tenant: Tenant, stranger: Tenant) -> None:
        mine = proven(tenant)
        with scope(tenant.id):
            services.remove_domain(domain_id=mine.id, by=BY, now=NOW)
            assert actions() == ["domain.added", "domain.proven", "domain.removed"]
        assert proven(stranger).state == State.PROVEN
        assert ProvenHost.objects.get().tenant_id == stranger.id

    def test_domains_of_mail_may_be_several_organisations(self, tenant: Tenant, stranger: Tenant) -> None:
        for each in (tenant, stranger):
            assert proven(each, "meridian.example", is_web=False, is_mail=True).state == State.PROVEN
            with scope(each.id):
                assert selectors.proven_mail_domains() == {"meridian.example"}
        assert not ProvenHost.objects.exists()

    def test_uses_change_and_the_proof_goes_on(self, tenant: Tenant, stranger: Tenant) -> None:
        row = proven(tenant, is_web=False, is_mail=True)
        with scope(tenant.id):
            services.change_uses(domain_id=row.id, is_web=True, is_mail=True, by=BY, now=NOW)
        assert ProvenHost.objects.get().tenant_id == tenant.id
        with scope(tenant.id):
            services.change_uses(domain_id=row.id, is_web=False, is_mail=True, by=BY, now=NOW)
        assert not ProvenHost.objects.exists()
        proven(stranger)
        with scope(tenant.id), pytest.raises(services.DomainThereError, match="in use as an address"):
            services.change_uses(domain_id=row.id, is_web=True, is_mail=True, by=BY, now=NOW)


class TestLapsing:
    def test_seven_days_without_the_record(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
        row = proven(cast.meridian, is_mail=True)
        with django_capture_on_commit_callbacks(execute=True), scope(cast.meridian.id):
            row = note(row, GONE, days=1)
            assert (row.state, selectors.state_of(row)) == (State.PROVEN, "missing")
            assert selectors.lapses_at(row) == NOW + timedelta(days=8)
        assert [message.subject for message in mail.outbox] == [f"The record of {NAME} is gone"]
        assert mail.outbox[0].to == ["owner@meridian.example"]
        assert f"outturn-domain-verification={row.token}" in mail.outbox[0].body
        assert "2026-11-29 09:00 UTC" in mail.outbox[0].body
        with django_capture_on_commit_callbacks(execute=True), scope(cast.meridian.id):
            assert note(row, GONE, days=7).state == State.PROVEN
            assert note(row, FAILED, days=9).state == State.PROVEN
        assert len(mail.outbox) == 1
        with django_capture_on_commit_callbacks(execute=True), scope(cast.meridian.id):
            assert note(row, GONE, days=9).state == State.LAPSED
            assert actions() == ["domain.added", "domain.proven", "domain.missing", "domain.lapsed"]
            assert selectors.proven_mail_domains() == set()
        assert [message.subject for message in mail.outbox[1:]] == [f"{NAME} has lapsed"]
        assert not ProvenHost.objects.exists()
        with scope(cast.meridian.id):
            assert note(row, RIGHT, days=10).state == State.PROVEN
        assert ProvenHost.objects.exists()

    def test_the_record_comes_back_in_time(self, tenant: Tenant) -> None:
        row = proven(tenant)
        with scope(tenant.id):
            note(row, GONE, days=1)
            assert note(row, RIGHT, days=5).missing_since is None
            assert note(row, GONE, days=10).state == State.PROVEN

    def test_what_is_due(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            waiting, old, fresh = claim("a.example"), claim("b.example"), claim("c.example")
            Domain.objects.filter(id=old.id).update(created_at=NOW - timedelta(days=15))
            note(fresh, RIGHT)
            assert selectors.due_domains(now=NOW) == [waiting.id]
            assert set(selectors.due_domains(now=NOW + timedelta(days=1))) == {waiting.id, fresh.id}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_who_prove_at_once_one_has_it(tenant: Tenant, stranger: Tenant) -> None:
    rows = {}
    for each in (tenant, stranger):
        with scope(each.id):
            rows[each.id] = claim()
    results: list[str] = []

    def prove(whose: UUID) -> None:
        with scope(whose):
            results.append(note(rows[whose], RIGHT).result)
        connection.close()

    threads = [threading.Thread(target=prove, args=(whose,)) for whose in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["right", "taken"]
    assert ProvenHost.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestTasks:
    def test_the_daily_round(self, tenant: Tenant, names: NameServer) -> None:
        with scope(tenant.id):
            waiting = claim("new.meridian.example")
        names.prove("new.meridian.example", waiting.token)
        look_at_all.run()
        assert asked_of("domains.look_at_one") == [[str(tenant.id), str(waiting.id)]]
        look_at_one.run(str(tenant.id), str(waiting.id))
        with scope(tenant.id):
            row = selectors.domain(waiting.id)
            assert (row.state, row.result) == (State.PROVEN, Result.RIGHT)

    def test_one_that_is_gone_meanwhile(self, tenant: Tenant) -> None:
        look_at_one.run(str(tenant.id), str(UUID(int=1)))
