"""The pages and the API of disputes: who may open, answer and decide, and what is refused."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from billing.disputes import selectors
from billing.disputes.deciding import decline
from billing.disputes.models import Dispute, DisputeFile
from billing.outcomes.models import Correction
from billing.reports.tasks import RESTATE
from billing.statements.services import restate_statement
from tenants.customers.services import create_customer
from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.disputes.world import FINANCE, PDF, Disputed, disputed
from tests.billing.world import BY, SIGNED, at, body
from tests.billing.world import say as record
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
HOUSE = "/t/meridian/"
API = f"{HOUSE}api/v1/disputes/"


@pytest.fixture
def house(cast: Cast) -> Disputed:
    with scope(cast.meridian.id):
        return disputed(customer=cast.northwind)


@pytest.fixture
def row(cast: Cast, house: Disputed) -> Dispute:
    with scope(cast.meridian.id):
        return house.open(now=utc_now())


@pytest.fixture
def other(cast: Cast) -> User:
    """A reader of another customer."""
    with scope(cast.meridian.id):
        southwind = create_customer(name="Southwind Air", now=SIGNED).id
    reader = User.objects.create_user("reader@southwind.example")
    add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=southwind, now=SIGNED)
    return reader


@pytest.fixture
def finance(cast: Cast) -> User:
    user = User.objects.create_user(FINANCE)
    add_member(tenant=cast.meridian.id, user=user.id, role=Role.FINANCE, now=SIGNED)
    return user


def given(house: Disputed, **more: Any) -> dict[str, Any]:
    """What a browser in Berlin sends for the morning of the twentieth."""
    return {
        "assets": house.fleet.ids, "start": "2026-11-20T01:00:00", "end": "2026-11-20T13:00:00", "held": "down",
        "clause": "", "reason": "It stood in Hamburg.", "zone": "Europe/Berlin",
    } | more  # fmt: skip


def new(house: Disputed) -> str:
    return f"{HOUSE}disputes/new/{house.statement.id}/"


class TestOpening:
    def test_a_reader_opens_one_from_the_report(self, cast: Cast, house: Disputed, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        assert "Nothing is disputed" in body(client, f"{HOUSE}disputes/")
        report = body(client, f"{HOUSE}reports/{house.done.report.id}/")
        pointed = (
            f"{new(house)}?asset={house.fleet.ids[0]}&amp;from=2026-11-10T12%3A00%3A00Z&amp;to=2026-11-10T12%3A50%3A00Z"
        )
        assert pointed in report
        form = body(client, pointed.replace("&amp;", "&"))
        assert 'data-instant="2026-11-10T12:00:00Z"' in form
        assert 'value="2026-11-10T12:50:00"' in form
        file = SimpleUploadedFile("../log.pdf", PDF, "text/html")
        answer = client.post(new(house), given(house) | {"attached": [file]})
        with scope(cast.meridian.id):
            row = Dispute.objects.get()
            kept = DisputeFile.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, f"{HOUSE}disputes/{row.id}/")
        assert (row.start, row.end, row.customer_id) == (at("2026-11-20T00:00"), at("2026-11-20T12:00"), cast.northwind)
        assert (kept.name, kept.media_type, bytes(kept.content)) == ("log.pdf", "application/pdf", PDF)
        page = body(client, answer["Location"])
        for words in (
            "It stood in Hamburg.", "log.pdf", "Withdraw the dispute", "It was down", "20 Nov 2026 00:00", row.digest,
        ):  # fmt: skip
            assert words in page, words
        assert "Uphold" not in page
        listed = body(client, f"{HOUSE}disputes/")
        assert f"{HOUSE}disputes/{row.id}/" in listed
        assert "November 2026, version 1" in listed

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"start": "2026-12-02T01:00:00", "end": "2026-12-02T02:00:00"}, "not within the period"),
            ({"assets": [str(new_id())]}, "Select a valid choice"),
            ({"reason": ""}, "This field is required"),
            ({"zone": "Mars/Base"}, "zone"),
            ({"held": "broken"}, "Select a valid choice"),
            ({"attached": [SimpleUploadedFile("a.html", b"<script>")]}, "of no kind that is taken"),
            ({"attached": [SimpleUploadedFile("a.pdf", b"MZ")]}, "not what its name says"),
            ({"attached": [SimpleUploadedFile("a.txt", b"x" * (5 * 2**20 + 1))]}, "more than 5 MB"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, cast: Cast, house: Disputed, sign_in: SignIn, wrong: dict[str, Any], words: str
    ) -> None:
        answer = sign_in(cast.reader).post(new(house), given(house, **wrong))
        assert answer.status_code == 400
        assert words in answer.content.decode()
        with scope(cast.meridian.id):
            assert not Dispute.objects.exists()

    def test_an_old_version_leads_to_the_newest(self, cast: Cast, house: Disputed, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            record(house.fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-06")
            second = restate_statement(statement=house.statement.id, by=BY, now=at("2026-12-07"))
        assert second is not None
        answer = sign_in(cast.reader).get(f"{new(house)}?asset=1")
        assert (answer.status_code, answer["Location"]) == (302, f"{HOUSE}disputes/new/{second.id}/?asset=1")

    def test_others_find_nothing(self, cast: Cast, house: Disputed, row: Dispute, other: User, sign_in: SignIn) -> None:
        client = sign_in(other)
        assert client.post(new(house), given(house)).status_code == 404
        for path in (new(house), f"{HOUSE}disputes/{row.id}/", f"{HOUSE}disputes/{row.id}/files/{new_id()}/"):
            body(client, path, 404)
        assert client.post(f"{HOUSE}disputes/{row.id}/", {"act": "say", "text": "x"}).status_code == 404
        assert str(row.id) not in body(client, f"{HOUSE}disputes/")
        assert client.get(API).json()["results"] == []
        assert sign_in(cast.outsider).get(f"{HOUSE}disputes/{row.id}/").status_code == 404
        assert sign_in(cast.outsider).get(f"/t/stranger/disputes/{row.id}/").status_code == 404

    def test_who_only_reads_opens_nothing(self, cast: Cast, house: Disputed, row: Dispute, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        body(client, new(house), 403)
        assert client.post(new(house), given(house)).status_code == 403
        page = body(client, f"{HOUSE}disputes/{row.id}/")
        assert "Answer" not in page
        assert client.post(f"{HOUSE}disputes/{row.id}/", {"act": "say", "text": "x"}).status_code == 403


class TestTalkingAndDeciding:
    def test_the_provider_answers_and_upholds(
        self, cast: Cast, house: Disputed, row: Dispute, finance: User, sign_in: SignIn
    ) -> None:
        client, path = sign_in(finance), f"{HOUSE}disputes/{row.id}/"
        page = body(client, path)
        for words in ("Northwind Air", "Uphold it", "Offer a middle way", "Decline it", "What the statement counted"):
            assert words in page, words
        assert client.post(path, {"act": "say", "text": "<script>alert(1)</script>"}).status_code == 302
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body(client, path)
        answer = client.post(path, {"act": "upheld", "why": ""})
        assert answer.status_code == 400
        assert "Not decided yet" in answer.content.decode()
        assert client.post(path, {"act": "upheld", "why": "The hangar says so."}).status_code == 302
        page = body(client, path)
        assert "Upheld" in page
        assert "The period is rated again" in page
        assert "Uphold it" not in page
        with scope(cast.meridian.id):
            assert Correction.objects.get().decided_by == FINANCE
            assert Job.objects.get(kind=RESTATE).params == {"statement": str(house.statement.id), "by": FINANCE}

    def test_a_middle_way_by_both(self, cast: Cast, row: Dispute, finance: User, sign_in: SignIn) -> None:
        path = f"{HOUSE}disputes/{row.id}/"
        offered = {
            "act": "offered", "held": "down", "start": "2026-11-20T01:00:00", "end": "2026-11-20T05:00:00",
            "zone": "Europe/Berlin", "why": "Four hours of it.", "category": "",
        }  # fmt: skip
        late = offered | {"end": "2026-11-21T05:00:00"}
        answer = sign_in(finance).post(path, late)
        assert answer.status_code == 400
        assert "not within the interval" in answer.content.decode()
        assert sign_in(finance).post(path, offered).status_code == 302
        client = sign_in(cast.reader)
        page = body(client, path)
        assert "Agree to the middle way" in page
        assert "Four hours of it." in page
        assert client.post(path, {"act": "upheld", "why": "x"}).status_code == 404
        assert client.post(path, {"act": "agreed", "why": "Agreed."}).status_code == 302
        with scope(cast.meridian.id):
            correction = Correction.objects.get()
        assert (correction.start, correction.end) == (at("2026-11-20T00:00"), at("2026-11-20T04:00"))

    def test_who_operates_answers_and_does_not_decide(self, cast: Cast, row: Dispute, sign_in: SignIn) -> None:
        client, path = sign_in(cast.engineer), f"{HOUSE}disputes/{row.id}/"
        assert "Uphold it" not in body(client, path)
        assert client.post(path, {"act": "say", "text": "I look."}).status_code == 302
        assert client.post(path, {"act": "declined", "why": "x"}).status_code == 403
        assert client.post(path, {"act": "nothing"}).status_code == 403

    def test_what_was_decided_meanwhile_is_said(self, cast: Cast, row: Dispute, finance: User, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            decline(dispute=row.id, why="x", by=FINANCE, now=utc_now())
        client, path = sign_in(finance), f"{HOUSE}disputes/{row.id}/"
        assert client.post(path, {"act": "upheld", "why": "y"}).status_code == 302
        assert "The dispute is declined" in body(client, path)

    def test_a_file_is_given_to_keep_and_never_shown(self, cast: Cast, row: Dispute, sign_in: SignIn) -> None:
        client, path = sign_in(cast.reader), f"{HOUSE}disputes/{row.id}/"
        file = SimpleUploadedFile("prüf\u202e.txt", b"<script>alert(1)</script>", "text/html")
        client.post(path, {"act": "say", "text": "See.", "attached": [file]})
        with scope(cast.meridian.id):
            kept = DisputeFile.objects.get().id
        answer = client.get(f"{path}files/{kept}/")
        assert answer.content == b"<script>alert(1)</script>"
        assert answer["Content-Type"] == "text/plain"
        assert answer["Content-Disposition"] == "attachment; filename*=utf-8''pr%C3%BCf.txt"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in answer["Cache-Control"]
        body(client, f"{path}files/{new_id()}/", 404)


class TestWhereFiguresStand:
    def test_statement_invoice_and_report_say_what_is_open(
        self, cast: Cast, house: Disputed, row: Dispute, sign_in: SignIn
    ) -> None:
        assert house.done.invoice is not None
        places = [
            f"{HOUSE}statements/{house.statement.id}/", f"{HOUSE}invoices/{house.done.invoice.id}/",
            f"{HOUSE}reports/{house.done.report.id}/",
        ]  # fmt: skip
        client = sign_in(cast.owner)
        for place in places:
            page = body(client, place)
            assert "Disputed: 1 is open" in page
            assert f"{HOUSE}disputes/{row.id}/" in page
        assert body(client, places[0]).count('data-status="pending"') == 1
        with scope(cast.meridian.id):
            decline(dispute=row.id, why="x", by=FINANCE, now=utc_now())
        for place in places:
            assert "Disputed:" not in body(client, place)


def told(house: Disputed, **more: Any) -> dict[str, Any]:
    return {
        "statement": str(house.statement.id), "assets": house.fleet.ids, "start": "2026-11-20T00:00:00Z",
        "end": "2026-11-20T12:00:00Z", "held": "down", "reason": "It stood in Hamburg.",
        "files": [{"name": "log.pdf", "content": b64encode(PDF).decode()}],
    } | more  # fmt: skip


def post(client: Client, path: str, document: dict[str, Any]) -> Any:
    return client.post(path, json.dumps(document), content_type="application/json")


class TestApi:
    def test_from_the_opening_to_the_end(self, cast: Cast, house: Disputed, sign_in: SignIn, with_key: WithKey) -> None:
        customer, provider = sign_in(cast.reader), with_key(cast.meridian, Role.FINANCE)
        opened = post(customer, API, told(house))
        assert opened.status_code == 201, opened.content
        row = opened.json()
        assert (row["state"], row["side"], row["document"]["held"]) == ("open", "customer", "down")
        (entry,) = row["conversation"]
        (file,) = entry["files"]
        assert (file["name"], file["media_type"], file["size"]) == ("log.pdf", "application/pdf", len(PDF))
        own, path = f"{API}{row['id']}/", f"/api/v1/disputes/{row['id']}/"
        assert customer.get(f"{own}files/{file['id']}/").content == PDF
        assert provider.get("/api/v1/disputes/").json()["results"][0]["id"] == row["id"]
        assert provider.post(f"{path}say/", {"text": "Which hangar?"}, format="json").status_code == 200
        middle = {"held": "down", "start": "2026-11-20T00:00:00Z", "end": "2026-11-20T04:00:00Z", "why": "Half."}
        assert provider.post(f"{path}offer/", middle, format="json").json()["state"] == "offered"
        assert post(customer, f"{own}uphold/", {"why": "x"}).status_code == 403
        assert provider.post(f"{path}agree/", {"why": "x"}, format="json").status_code == 409
        assert post(customer, f"{own}refuse/", {"why": "Twelve hours."}).json()["state"] == "open"
        assert provider.post(f"{path}decline/", {"why": "No."}, format="json").json()["state"] == "declined"
        assert post(customer, f"{own}reopen/", {"why": "Look again."}).json()["state"] == "open"
        done = provider.post(f"{path}uphold/", {"why": "Seen."}, format="json").json()
        assert done["state"] == "upheld"
        assert [one["verdict"] for one in done["conversation"]] == [
            "", "", "offered", "refused", "declined", "reopened", "upheld",
        ]  # fmt: skip
        again = provider.post(f"{path}uphold/", {"why": "Seen."}, format="json")
        assert (again.status_code, again.json()["code"]) == (409, "dispute.step")
        with scope(cast.meridian.id):
            assert Correction.objects.count() == 1

    @pytest.mark.parametrize(
        ("wrong", "status", "code"),
        [
            ({"end": "2026-12-20T12:00:00Z"}, 422, "dispute.invalid"),
            ({"assets": ["01920000-0000-7000-8000-000000000000"]}, 422, "dispute.invalid"),
            ({"statement": "01920000-0000-7000-8000-000000000000"}, 404, "statement.not_found"),
            ({"files": [{"name": "a.pdf", "content": "no base64!"}]}, 400, "request.invalid"),
            ({"files": [{"name": "a.svg", "content": "AAAA"}]}, 400, "request.invalid"),
            ({"held": "broken"}, 400, "request.invalid"),
        ],
    )
    def test_what_is_refused(
        self, cast: Cast, house: Disputed, sign_in: SignIn, wrong: dict[str, Any], status: int, code: str
    ) -> None:
        answer = post(sign_in(cast.reader), API, told(house, **wrong))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        with scope(cast.meridian.id):
            assert not Dispute.objects.exists()

    def test_the_organisation_disputes_for_its_customer(self, cast: Cast, house: Disputed, with_key: WithKey) -> None:
        answer = with_key(cast.meridian, Role.FINANCE).post("/api/v1/disputes/", told(house), format="json")
        assert (answer.status_code, answer.json()["side"]) == (201, "provider")
        assert answer.json()["customer"] == str(cast.northwind)
        assert with_key(cast.meridian, Role.VIEWER).post("/api/v1/disputes/", {}, format="json").status_code == 403
        with scope(cast.meridian.id):
            (notice,) = selectors.disputes(cast.northwind)
        assert UUID(answer.json()["id"]) == notice.id


class TestOwnFavour:
    """What the provider asks for itself: offered, or recorded as agreed, and never just upheld."""

    @pytest.fixture
    def own(self, cast: Cast, house: Disputed) -> Dispute:
        span = {"start": at("2026-11-10T12:00"), "end": at("2026-11-10T12:50")}
        with scope(cast.meridian.id):
            return house.open(customer=None, by=FINANCE, held="up", now=utc_now(), **span)

    def test_on_the_page(self, cast: Cast, own: Dispute, finance: User, sign_in: SignIn) -> None:
        client, path = sign_in(finance), f"{HOUSE}disputes/{own.id}/"
        page = body(client, path)
        for words in (
            "it counts once the customer agrees",
            "Record that the customer agreed",
            "Offer it to the customer",
        ):
            assert words in page, words
        assert "Uphold it" not in page
        refused = client.post(path, {"act": "upheld", "why": "It ran."})
        assert refused.status_code == 400
        assert "This field is required" in refused.content.decode()
        told = {"who": "Jo Smith", "on": "2199-01-01", "how": "by telephone"}
        refused = client.post(path, {"act": "upheld", "why": "It ran.", **told})
        assert "Nobody can have agreed on that day." in refused.content.decode()
        with scope(cast.meridian.id):
            assert not Correction.objects.exists()
        told["on"] = "2026-11-23"
        assert client.post(path, {"act": "upheld", "why": "It ran.", **told}).status_code == 302
        words = f"Agreed by Jo Smith on 2026-11-23 (by telephone), on the word of {FINANCE}."
        assert words in body(client, path)
        theirs = body(sign_in(cast.reader), path)
        assert words in theirs
        assert "If nobody of your company agreed to it, dispute the newest version" in theirs

    def test_over_the_api(self, cast: Cast, own: Dispute, with_key: WithKey) -> None:
        client, path = with_key(cast.meridian, Role.FINANCE), f"/api/v1/disputes/{own.id}/"
        refused = client.post(f"{path}uphold/", {"why": "It ran."})
        assert (refused.status_code, refused.json()["code"], refused.json()["place"]) == (
            403, "dispute.other_side", "consent",
        )  # fmt: skip
        consent = {"who": "Jo Smith", "on": "2026-11-23", "how": "by telephone"}
        vague = client.post(f"{path}uphold/", {"why": "It ran.", "consent": consent | {"how": "ok"}}, format="json")
        assert (vague.status_code, vague.json()["code"]) == (422, "consent.invalid")
        done = client.post(f"{path}uphold/", {"why": "It ran.", "consent": consent}, format="json").json()
        assert (done["state"], done["conversation"][-1]["consent"]) == ("upheld", consent)
        assert done["conversation"][0]["consent"] is None
