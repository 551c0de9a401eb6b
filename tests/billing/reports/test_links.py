"""Links for guests: one report and its files, until they expire or are revoked; each opening is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from billing.reports import guest_pages
from billing.reports.links import (
    KIND,
    MOST_DAYS,
    MOST_LINKS,
    LinkNotFoundError,
    LinkTermsError,
    NotSharerError,
    followed,
    link_in_force,
    links_told,
    make_link,
    may_share,
    note_opening,
    openings_told,
    revoke_link,
)
from billing.reports.models import ReportLink, ReportLinkDigest, ReportOpening
from billing.reports.selectors import ReportNotFoundError
from deploy.logging import JsonFormatter
from tenants.customers.services import create_customer
from tenants.domains import hosts
from tenants.domains.models import ProvenHost
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.kernel.secrets import is_token, masked, new_token
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState
from tests.billing.world import SIGNED, House, body
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture(autouse=True)
def _unhurried() -> None:
    cache.clear()


def actor(cast: Cast, role: Role = Role.OWNER, customer: UUID | None = None, name: str = "owner") -> Actor:
    return Actor(
        tenant=cast.meridian.id, slug="meridian", role=role, permissions=PERMISSIONS[role], name=name, customer=customer
    )


def made(cast: Cast, house: House, *, days: int = 14, now: datetime | None = None, by: Actor | None = None) -> str:
    """The path of a new link."""
    with scope(cast.meridian.id):
        _link, address = make_link(
            report=house.done.report.id, name="Leasing bank", days=days, by=by or actor(cast), now=now or utc_now()
        )
    return urlsplit(address).path


class TestMaking:
    def test_a_link_is_a_token_of_256_bits_of_which_a_digest_is_kept(self, cast: Cast, house: House) -> None:
        path = made(cast, house)
        token = path.split("/")[-2]
        assert path == f"/shared/reports/{token}/"
        assert is_token(token, KIND)
        assert len(token) == len("ot_report_") + 43 + 6
        kept = str(list(ReportLinkDigest.objects.values())) + self._links(cast)
        assert token not in kept
        assert token.removeprefix("ot_report_")[:20] not in kept
        with scope(cast.meridian.id):
            (entry,) = AuditEntry.objects.filter(action="report.shared")
            assert token not in str(entry.details) + str(entry.changes)
            assert entry.subject == f"report/{house.done.report.id}"
            assert entry.details["name"] == "Leasing bank"

    @staticmethod
    def _links(cast: Cast) -> str:
        with scope(cast.meridian.id):
            return str(list(ReportLink.objects.values()))

    @pytest.mark.parametrize(
        ("name", "days", "place"),
        [("", 14, "name"), ("  ", 14, "name"), ("x" * 121, 14, "name"), ("Bank", 0, "days"), ("Bank", 91, "days")],
    )
    def test_terms_that_do_not_fit(self, cast: Cast, house: House, name: str, days: int, place: str) -> None:
        with scope(cast.meridian.id):
            with pytest.raises(LinkTermsError) as refused:
                make_link(report=house.done.report.id, name=name, days=days, by=actor(cast), now=utc_now())
            assert (refused.value.code, refused.value.place) == ("report_link.terms", place)
            assert refused.value.fix
            assert not ReportLink.objects.exists()

    def test_there_are_only_so_many_in_force(self, cast: Cast, house: House) -> None:
        now = utc_now()
        with scope(cast.meridian.id):
            report = house.done.report
            ReportLink.objects.bulk_create(
                ReportLink(report=report, name=str(each), made_by="owner", made_at=now, expires_at=now + timedelta(1))
                for each in range(MOST_LINKS)
            )
            with pytest.raises(LinkTermsError, match="50 links in force"):
                make_link(report=report.id, name="Bank", days=1, by=actor(cast), now=now)
            make_link(report=report.id, name="Bank", days=1, by=actor(cast), now=now + timedelta(1))

    def test_who_may(self, cast: Cast, house: House) -> None:
        roles = {role for role in Role if role is not Role.CUSTOMER and may_share(actor(cast, role))}
        assert roles == {Role.OWNER, Role.ADMINISTRATOR, Role.ENGINEER, Role.FINANCE}
        northwind, report = actor(cast, Role.CUSTOMER, cast.northwind), house.done.report.id
        assert may_share(northwind)
        with scope(cast.meridian.id):
            other = create_customer(name="Southwind Air", now=SIGNED).id
            with pytest.raises(NotSharerError):
                make_link(report=report, name="Bank", days=1, by=actor(cast, Role.VIEWER), now=utc_now())
            with pytest.raises(ReportNotFoundError):
                make_link(report=report, name="Bank", days=1, by=actor(cast, Role.CUSTOMER, other), now=utc_now())
            with pytest.raises(ReportNotFoundError):
                make_link(report=new_id(), name="Bank", days=1, by=actor(cast), now=utc_now())
            assert make_link(report=report, name="Bank", days=1, by=northwind, now=utc_now())[0].customer_id == (
                cast.northwind
            )


class TestGuests:
    def test_a_guest_reads_the_report_and_takes_its_files(self, cast: Cast, house: House) -> None:
        path, guest = made(cast, house), Client()
        page = guest.get(path)
        text = page.content.decode()
        for words in (
            "Outcome report of Meridian Engines for Northwind Air",
            "99.88 %",
            "10,800.00 USD",
            'name="robots"',
        ):
            assert words in text, words
        assert "/t/meridian/" not in text
        report = house.done.report
        for name, kind, content in (
            ("report.pdf", "application/pdf", bytes(report.pdf)),
            ("report.json", "application/json", bytes(report.bundle)),
        ):  # fmt: skip
            answer = guest.get(path + name)
            assert (answer.status_code, answer["Content-Type"], answer.content) == (200, kind, content)
        assert guest.get(path + "verifier.py").content.startswith(b'"""Check an outcome report')
        assert guest.get(path + "rate.json").json()["rate"] == 1
        for answer in (page, guest.get(path + "report.pdf"), guest.get(path + "style.css")):
            assert answer["Cache-Control"] == "private, no-store"
            assert answer["Referrer-Policy"] == "no-referrer"
            assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert guest.get("/t/meridian/reports/").status_code == 302
        assert guest.post(path).status_code == 405

    def test_each_opening_is_told_to_the_maker(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        path = made(cast, house)
        guest = Client(HTTP_USER_AGENT=CHROME, REMOTE_ADDR="203.0.113.77")
        guest.get(path)
        guest.get(path + "report.pdf")
        guest.get(path + "style.css")
        guest.get(path + "nothing.txt")
        with scope(cast.meridian.id):
            told = openings_told(actor(cast), house.done.report.id, 50)
            assert [(row.what, row.network, row.program) for row in told] == [
                ("report.pdf", "203.0.113.0/24", "Chrome on Linux"), ("page", "203.0.113.0/24", "Chrome on Linux"),
            ]  # fmt: skip
        page = body(sign_in(cast.owner), f"/t/meridian/reports/{house.done.report.id}/share/")
        for words in ("Leasing bank", "203.0.113.0/24", "Chrome on Linux", "report.pdf"):
            assert words in page
        assert path.split("/")[-2] not in page

    @pytest.mark.parametrize("name", ["nothing.txt", "%00.json", "report.json%00", "%00", "report.xx.pdf", "x" * 400])
    def test_a_name_that_no_file_has_leads_nowhere_and_is_not_noted(self, cast: Cast, house: House, name: str) -> None:
        path = made(cast, house)
        for where in (path + name, f"{path}%00/", f"/shared/reports/%00/{name}"):
            assert Client().get(where).status_code == 404, where
        with scope(cast.meridian.id):
            assert not ReportOpening.objects.exists()

    def test_whatever_leads_nowhere_is_told_alike(self, cast: Cast, house: House) -> None:
        now, guest = utc_now(), Client()
        revoked, expired = made(cast, house), made(cast, house, days=1, now=now - timedelta(days=2))
        with scope(cast.meridian.id):
            link = next(row for row in links_told(actor(cast), house.done.report.id) if row.expires_at > now)
            revoke_link(link=link.id, by=actor(cast), now=now)
            revoke_link(link=link.id, by=actor(cast), now=now)
            assert AuditEntry.objects.filter(action="report.unshared").count() == 1
        unknown = f"/shared/reports/{new_token(KIND).text}/"
        answers = {
            (answer.status_code, answer.content.split(b"<body>")[1], answer["Cache-Control"])
            for path in (revoked, expired, unknown, "/shared/reports/x/")
            for name in ("", "report.pdf", "style.css", "logo", "verifier.py", "head.json?known=1")
            for answer in [guest.get(path + name)]
        }
        ((status, content, kept),) = answers
        assert (status, kept) == (404, "private, no-store")
        assert b"This link leads nowhere" in content
        assert b"Meridian" not in content
        with scope(cast.meridian.id):
            assert not ReportOpening.objects.exists()

    def test_nothing_of_an_organisation_that_is_closed_or_suspended(self, cast: Cast, house: House) -> None:
        path = made(cast, house)
        for state, status in (
            (TenantState.PAST_DUE, 200), (TenantState.SUSPENDED, 404), (TenantState.CLOSED, 404),
            (TenantState.ACTIVE, 200),
        ):  # fmt: skip
            Tenant.objects.filter(id=cast.meridian.id).update(state=state)
            assert Client().get(path).status_code == status, state

    def test_the_organisations_look_is_shown(self, cast: Cast, house: House) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(
            brand={
                "product_name": "Meridian Care", "accent_light": "#1c5d99", "on_accent_light": "#ffffff",
                "accent_dark": "#8fc1ee", "on_accent_dark": "#000000",
            }
        )  # fmt: skip
        path = made(cast, house)
        page = Client().get(path).content.decode()
        assert "Meridian Care" in page
        assert f'href="{path}style.css?v=' in page
        assert b"#1c5d99" in Client().get(path + "style.css").content
        assert Client().get(path + "logo").status_code == 404

    def test_at_an_organisations_own_host_its_links_alone_lead_somewhere(self, cast: Cast, house: House) -> None:
        ours = made(cast, house)
        for host, tenant, status in (
            ("portal.meridian.example", cast.meridian, 200), ("portal.stranger.example", cast.stranger, 404),
        ):  # fmt: skip
            ProvenHost.objects.create(host=host, tenant=tenant, proven_at=utc_now())
            hosts._kept.cache_clear()
            answer = Client(HTTP_HOST=host).get(ours)
            assert answer.status_code == status, host
            assert (b"Northwind" in answer.content) is (status == 200)
        assert urlsplit(self._address(cast, house)).netloc.startswith("portal.meridian.example")
        hosts._kept.cache_clear()

    @staticmethod
    def _address(cast: Cast, house: House) -> str:
        with scope(cast.meridian.id):
            return make_link(report=house.done.report.id, name="Bank", days=1, by=actor(cast), now=utc_now())[1]

    def test_too_many_from_one_place_are_refused(
        self, cast: Cast, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guest_pages, "MOST_A_MINUTE", 2)
        path = made(cast, house)
        near, far = Client(REMOTE_ADDR="2001:db8:1:2::3"), Client(REMOTE_ADDR="2001:db8:1:3::3")
        assert [near.get(path + "style.css").status_code for _ in range(3)] == [200, 200, 429]
        assert near.get("/shared/reports/x/").status_code == 429
        assert far.get(path + "style.css").status_code == 200

    def test_a_token_of_another_secret_is_found_and_kept_under_the_newest(
        self, cast: Cast, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = made(cast, house).split("/")[-2]
        monkeypatch.setattr(settings, "SEALING_KEYS", ["another secret of the house", *settings.SEALING_KEYS])
        before = ReportLinkDigest.objects.get().digest
        found = followed(token)
        assert found is not None
        assert found.tenant == cast.meridian.id
        assert ReportLinkDigest.objects.get().digest != before
        assert followed(token) == found

    def test_a_customer_in_the_trash_takes_its_links_along(self, cast: Cast, house: House) -> None:
        path, now = made(cast, house), utc_now()
        with scope(cast.meridian.id):
            link = ReportLink.objects.get()
            assert link_in_force(link.id, now=now) == link
            type(house.done.report.customer).everything.filter(id=cast.northwind).update(trashed_at=now)
            assert link_in_force(link.id, now=now) is None
        assert Client().get(path).status_code == 404


class TestSides:
    """An organisation's people see all links, those of a customer theirs; nobody sees what the other side's opened."""

    def test_each_side_is_told_of_its_own(self, cast: Cast, house: House) -> None:
        ours, theirs = actor(cast), actor(cast, Role.CUSTOMER, cast.northwind, "reader")
        report, now = house.done.report.id, utc_now()
        for by in (ours, theirs):
            made(cast, house, by=by)
        with scope(cast.meridian.id):
            by_maker = {row.made_by: row for row in ReportLink.objects.all()}
            for link in by_maker.values():
                note_opening(link=link, what="page", address="", program="", now=now)
            assert [row.made_by for row in links_told(ours, report)] == ["reader", "owner"]
            assert [row.made_by for row in links_told(theirs, report)] == ["reader"]
            for side, maker in ((ours, "owner"), (theirs, "reader")):
                assert [row.link.made_by for row in openings_told(side, report, 9)] == [maker]
            with pytest.raises(LinkNotFoundError):
                revoke_link(link=by_maker["owner"].id, by=theirs, now=now)
            with pytest.raises(NotSharerError):
                revoke_link(link=by_maker["owner"].id, by=actor(cast, Role.VIEWER), now=now)
            assert revoke_link(link=by_maker["reader"].id, by=ours, now=now).revoked_by == "owner"
            assert ReportLinkDigest.objects.count() == 1

    def test_the_page_makes_a_link_and_shows_it_once(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        path = f"/t/meridian/reports/{house.done.report.id}/share/"
        assert f'href="{path}"' in body(client, path.removesuffix("share/"))
        assert client.post(path, {"name": "Auditor", "days": MOST_DAYS + 1}).status_code == 400
        page = client.post(path, {"name": "Auditor", "days": 30})
        assert page.status_code == 200
        address = page.content.decode().split('id="secret">')[1].split("<")[0]
        assert Client().get(urlsplit(address).path).status_code == 200
        assert address not in body(client, path)
        with scope(cast.meridian.id):
            link = ReportLink.objects.get()
            assert (link.expires_at - link.made_at, link.made_by) == (timedelta(days=30), "reader@meridian.example")
        assert client.post(f"/t/meridian/reports/links/{link.id}/revoke/").status_code == 302
        assert Client().get(urlsplit(address).path).status_code == 404
        assert client.post(f"/t/meridian/reports/links/{new_id()}/revoke/").status_code == 404

    def test_who_may_not_share_is_not_offered_it(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        client, path = sign_in(cast.viewer), f"/t/meridian/reports/{house.done.report.id}/"
        assert "/share/" not in body(client, path)
        assert client.get(f"{path}share/").status_code == 403


def test_tokens_do_not_stand_in_logs() -> None:
    token = new_token(KIND).text
    assert masked(f"Too Many Requests: /shared/reports/{token}/report.pdf") == (
        "Too Many Requests: /shared/reports/ot_report_…/report.pdf"
    )
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "GET /shared/%s/", (token,), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "GET /shared/ot_report_…/"
