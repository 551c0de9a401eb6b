"""What people ask about on the edges of time and of what is kept; docs/outcomes.md says where each is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.contracts.periods import month
from billing.reports.services import settle_period
from billing.reports.verifier import verify_report
from tenants.custody.services import TrashRefusedError, put_in_trash
from tenants.kernel.calendars import time_zone
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.outcomes.misfits import changed, findings
from tests.billing.world import BY, House, a_fleet, agreement, at, body, published, visit
from tests.conftest import Cast
from twins.composer.models import Twin

SignIn = Callable[[User], Client]


class TestLeapSeconds:
    @pytest.mark.parametrize(
        "place",
        ["as_of", "period/start", "evidence/m1/states/0/from", "evidence/m1/states/0/received", "exclusions/0/to"],
    )
    @pytest.mark.parametrize("value", ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00", "2016-12-31T23:59:60.500Z"])
    def test_a_document_with_one_is_refused_at_its_place(self, place: str, value: str) -> None:
        (found,) = findings(json.dumps(changed(place, value)).encode())
        assert (found.code, found.place) == ("document.malformed", place)
        assert found.message == (
            f"{value} is a leap second, which the calendar that both sides reckon with does not have."
        )
        assert found.fix.startswith("Write the last millisecond of the minute, such as 23:59:59.999, or")

    @pytest.mark.django_db
    def test_a_claim_with_one_is_refused_and_nothing_is_kept(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        with scope(cast.meridian.id):
            before = AuditEntry.objects.count()
        claim: dict[str, Any] = {
            "contract": str(house.contract.id), "category": "planned", "assets": house.fleet.ids,
            "start": "2026-11-20T00:00:00Z", "end": "2016-12-31T23:59:60Z",
        }  # fmt: skip
        answer = client.post("/t/meridian/api/v1/exclusions/", claim, content_type="application/json")
        told = answer.json()
        assert (answer.status_code, told["code"]) == (400, "request.invalid")
        assert [each["place"] for each in told["findings"]] == ["end"]
        with scope(cast.meridian.id):
            assert AuditEntry.objects.count() == before


@pytest.mark.django_db
class TestOtherZones:
    def test_the_contracts_zone_decides_where_the_month_ends(self, cast: Cast, sign_in: SignIn) -> None:
        """An engine told of in UTC, a customer in Tokyo: half of an hour in the shop lies in their November."""
        start, end = month("2026-11", time_zone("Asia/Tokyo"))
        assert (start, end) == (at("2026-10-31T15:00"), at("2026-11-30T15:00"))
        with scope(cast.meridian.id):
            fleet = a_fleet("2026-10-29", "2026-12-01")
            visit(fleet.engines[0], "2026-11-30T14:30", "2026-11-30T15:30", told="2026-11-30T16:00")
            clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS])
            wanted = agreement(fleet, clause, time_zone="Asia/Tokyo") | {"customer": str(cast.northwind)}
            done = settle_period(contract=published(wanted).id, start=start, end=end, by=BY, now=at("2026-12-05"))
        (clause_found,) = done.statement.document["clauses"]
        assert (clause_found["down_s"], clause_found["committed_s"]) == (1800, 30 * 86_400)
        assert done.statement.document["period"] == {
            "start": "2026-10-31T15:00:00Z", "end": "2026-11-30T15:00:00Z", "time_zone": "Asia/Tokyo",
        }  # fmt: skip
        page = body(sign_in(cast.reader), f"/t/meridian/reports/{done.report.id}/")
        for words in ("November 2026", "Asia/Tokyo", "30 Nov 2026 23:30 to 1 Dec 2026 00:00"):
            assert words in page, words


@pytest.mark.django_db
class TestDeletedTwins:
    def test_a_twin_under_a_contract_is_not_deleted(self, cast: Cast, house: House) -> None:
        with scope(cast.meridian.id):
            with pytest.raises(TrashRefusedError, match="there is a contract about it: “Uptime”") as refused:
                put_in_trash(kind="twin", thing=house.fleet.twin, by=BY, now=at("2026-12-08"))
            assert Twin.objects.filter(id=house.fleet.twin).exists()
        assert refused.value.status == 409
        assert refused.value.fix == "Let the contract go for good first, or keep it."

    def test_one_that_is_gone_all_the_same_leaves_its_statements_readable(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            Twin.everything.filter(id=house.fleet.twin).update(trashed_at=at("2026-12-08"))
        owner, reader, done = sign_in(cast.owner), sign_in(cast.reader), house.done
        assert done.invoice is not None
        assert "99.88" in body(owner, f"/t/meridian/statements/{done.statement.id}/")
        assert owner.get(f"/t/meridian/api/v1/statements/{done.statement.id}/").json()["total_minor"] == 1_080_000
        for path in (f"reports/{done.report.id}/", f"invoices/{done.invoice.id}/", "reports/", "agreed/"):
            body(reader, f"/t/meridian/{path}")
        assert reader.get(f"/t/meridian/reports/{done.report.id}/report.pdf").content == bytes(done.report.pdf)
        proof = reader.get(f"/t/meridian/reports/{done.report.id}/report.json").content
        checks = verify_report(proof, trusted=done.report.fingerprint, figures=True)
        assert [check.claim for check in checks if not check.holds] == []
