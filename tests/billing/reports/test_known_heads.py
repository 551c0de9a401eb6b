"""A report reaches back to the head that its reader kept, whichever report that came with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from billing.reports import services
from billing.reports.models import Report
from billing.reports.selectors import HeadUnknownError, delivered_bundle
from billing.reports.services import make_report, settle_period
from billing.reports.verifier import read_head, verify_report
from billing.statements.services import settle_statement
from tenants.people.models import User
from tenants.record.models import TreeHead
from tenants.record.rotation import rotate_key
from tenants.record.schemas import SignedHead
from tenants.record.services import seal_head
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.reports.test_links import made
from tests.billing.world import BY, NOVEMBER, House, a_fleet, agreement, at, body, published
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
OCTOBER = at("2026-10-01"), at("2026-11-01")
KEPT = "The head you kept is one of those in the report"
SIGNED_NEVER = "No head of 1 entries was signed."


@pytest.fixture
def later(cast: Cast, house: House) -> Report:
    """The next report on the contract in the house; before it came one on another contract of the same customer."""
    with scope(cast.meridian.id):
        other = published(agreement(house.fleet, title="Second") | {"customer": str(cast.northwind)})
        settle_period(contract=other.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-06"))
        done = settle_period(contract=house.contract.id, start=OCTOBER[0], end=OCTOBER[1], by=BY, now=at("2026-12-07"))
    return done.report


def delivered(cast: Cast, row: Report, known: int | None = None) -> bytes:
    with scope(cast.meridian.id):
        return delivered_bundle(row, known)


def failed(data: bytes, row: Report, kept: Report) -> list[tuple[str, str]]:
    checks = verify_report(data, trusted=row.fingerprint, kept=bytes(kept.bundle), figures=True)
    assert KEPT in [check.claim for check in checks]
    return [(check.claim, str(check.found)) for check in checks if not check.holds]


def reached(data: bytes) -> int | None:
    """The size of the earlier head in a report."""
    previous: dict[str, Any] | None = json.loads(data)["previous"]
    return None if previous is None else read_head(previous["head"]).size


class TestTheProof:
    def test_who_follows_one_of_two_contracts_asks_for_a_report_from_their_head(
        self, cast: Cast, house: House, later: Report
    ) -> None:
        kept = house.done.report
        ((claim, found),) = failed(bytes(later.bundle), later, kept)
        assert claim == KEPT
        assert found == (
            f"this report does not reach back to your head of {kept.head_size} entries; "
            f"ask for one that does: report.json?known={kept.head_size}"
        )
        data = delivered(cast, later, kept.head_size)
        assert failed(data, later, kept) == []
        assert reached(data) == kept.head_size

    def test_nothing_else_in_it_is_another(self, cast: Cast, house: House, later: Report) -> None:
        before, after = (json.loads(delivered(cast, later, known)) for known in (None, house.done.report.head_size))
        assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {"previous"}
        assert delivered(cast, later) == bytes(later.bundle)

    def test_from_the_head_of_the_report_itself(self, cast: Cast, house: House) -> None:
        kept = house.done.report
        data = delivered(cast, kept, kept.head_size)
        assert failed(data, kept, kept) == []
        assert json.loads(data)["previous"] == {"consistency": [], "head": json.loads(data)["head"]}

    def test_a_head_that_a_former_key_signed(self, cast: Cast, house: House) -> None:
        with scope(cast.meridian.id):
            rotate_key(by=BY, now=at("2026-12-06"))
            newer = seal_head(now=at("2026-12-06T01:00"))
            done = settle_period(
                contract=house.contract.id, start=OCTOBER[0], end=OCTOBER[1], by=BY, now=at("2026-12-07")
            )
        assert newer.size > house.done.report.head_size
        assert done.report.fingerprint != house.done.report.fingerprint
        for size in (house.done.report.head_size, newer.size):
            data = delivered(cast, done.report, size)
            checks = verify_report(data, trusted=done.report.fingerprint, kept=newer.note.encode(), figures=True)
            assert [check.claim for check in checks if not check.holds] == ([KEPT] if size != newer.size else [])
            assert reached(data) == size

    @pytest.mark.parametrize("more", [1, 10**12])
    def test_a_head_that_is_newer_than_the_report(self, cast: Cast, house: House, more: int) -> None:
        size = house.done.report.head_size
        with scope(cast.meridian.id), pytest.raises(HeadUnknownError) as refused:
            delivered_bundle(house.done.report, size + more)
        error = refused.value
        assert (error.code, error.status, error.place) == ("report.head_unknown", 422, "known")
        assert error.message == (
            f"Your head of {size + more} entries is newer than that of this report, which has {size}."
        )
        assert error.fix == "Check the newer report, and give this one as the earlier."
        assert error.kept == "The report as it was made. Keep your head too."


class TestWhereItIsTaken:
    def test_pages_links_and_api_deliver_the_same(
        self, cast: Cast, house: House, later: Report, sign_in: SignIn, with_key: WithKey
    ) -> None:
        size = house.done.report.head_size
        data, query = delivered(cast, later, size), {"known": size}
        assert reached(data) == size
        with scope(cast.meridian.id):
            assert not TreeHead.objects.filter(size=1).exists()
        page = sign_in(cast.reader).get(f"/t/meridian/reports/{later.id}/report.json", query)
        api = with_key(cast.meridian, Role.OWNER).get(f"/api/v1/reports/{later.id}/proof/", query)
        own = sign_in(cast.reader).get(f"/t/meridian/api/v1/reports/{later.id}/proof/", query)
        guest = Client().get(f"{made(cast, house)}report.json", query)
        assert {answer.status_code for answer in (page, api, own, guest)} == {200}
        assert page.content == api.content == own.content == data
        assert page["Content-Disposition"].endswith('-2026-10-01-v1-report.json"')
        assert guest.content == delivered(cast, house.done.report, size)

    @pytest.mark.parametrize("known", ["", "0", "-1", "x", "1.5", "9" * 30])
    def test_the_api_refuses_what_is_no_size(self, cast: Cast, house: House, with_key: WithKey, known: str) -> None:
        client = with_key(cast.meridian, Role.OWNER)
        answer = client.get(f"/api/v1/reports/{house.done.report.id}/proof/", {"known": known})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        (finding,) = answer.json()["findings"]
        assert finding["place"] == "known"

    def test_the_api_refuses_a_head_that_was_never_signed(self, cast: Cast, house: House, with_key: WithKey) -> None:
        client = with_key(cast.meridian, Role.OWNER)
        answer = client.get(f"/api/v1/reports/{house.done.report.id}/proof/?known=1")
        told = answer.json()
        assert (answer.status_code, told["code"], told["place"]) == (422, "report.head_unknown", "known")
        assert (told["detail"], told["kept"]) == (SIGNED_NEVER, "The report as it was made. Keep your head too.")
        assert told["fix"].startswith("Take the number from the second line of the head that you kept. If it stands")

    @pytest.mark.parametrize(
        ("known", "told"),
        [
            ("1", SIGNED_NEVER),
            ("", "“” is no number of entries."),
            ("0", "“0” is no number of entries."),
            ("4 711", "“4 711” is no number of entries."),
            ("\x00", "is no number of entries."),
            ("9" * 16, "is no number of entries."),
            ("9" * 15, f"Your head of {'9' * 15} entries is newer than that of this report"),
        ],
    )
    def test_pages_say_why_there_is_none(
        self, cast: Cast, house: House, sign_in: SignIn, known: str, told: str
    ) -> None:
        for client, path in (
            (sign_in(cast.reader), f"/t/meridian/reports/{house.done.report.id}/"),
            (Client(), made(cast, house)),
        ):
            answer = client.get(f"{path}report.json", {"known": known})
            assert (answer.status_code, answer["Content-Type"]) == (422, "text/html; charset=utf-8")
            text = answer.content.decode()
            assert told in text
            assert "The report as it was made. Keep your head too." in text
            assert 'href="./"' in text

    def test_they_say_it_in_german(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        User.objects.filter(id=cast.reader.id).update(language="de")
        client, path = sign_in(cast.reader), f"/t/meridian/reports/{house.done.report.id}/"
        text = client.get(f"{path}report.json?known=1").content.decode()
        for words in (
            "Der Bericht reicht nicht bis zu diesem Protokollkopf zurück",
            "Ein Protokollkopf mit 1 Einträgen wurde nie signiert.",
            "Nehmen Sie die Zahl aus der zweiten Zeile des Protokollkopfs",
            "Zum Bericht",
        ):
            assert words in text, words
        assert "Einträge Ihres Protokollkopfs" in body(client, path)

    def test_the_page_of_a_report_asks_for_the_head(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        path = f"/t/meridian/reports/{house.done.report.id}/"
        for client, where in ((sign_in(cast.reader), path), (Client(), made(cast, house))):
            page = body(client, where)
            assert f'method="get" action="{where}report.json"' in page
            assert '<label for="known">Entries of your head</label>' in page


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_reports_made_at_once_the_second_reaches_back_to_the_first(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope(tenant.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        statements = [
            settle_statement(
                contract=published(agreement(fleet, title=f"Contract {number}")).id, start=NOVEMBER[0],
                end=NOVEMBER[1], by=BY, now=at("2026-12-05"),
            ).id
            for number in range(2)
        ]  # fmt: skip
    ready, failures = threading.Barrier(2), list[BaseException]()

    def seal_together(*, now: Any) -> SignedHead:
        ready.wait(timeout=30)  # both are about to lock the log, and what they read before is the same
        return seal_head(now=now)

    def report_it(statement: UUID) -> None:
        try:
            with scope(tenant.id):
                make_report(statement=statement, by=BY, now=at("2026-12-06"))
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(services, "seal_head", seal_together)
    threads = [threading.Thread(target=report_it, args=(each,)) for each in statements]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    with scope(tenant.id):
        first, second = Report.objects.order_by("head_size")
    assert first.head_size < second.head_size
    assert (reached(bytes(first.bundle)), reached(bytes(second.bundle))) == (None, first.head_size)
