"""Heads that an authority stamps with the time: a real server on loopback, honest, wrong, late and silent."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from deploy.celery import app
from tenants.edge.outgoing import ForbiddenAddressError, OutgoingError
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.people.models import User
from tenants.record.models import AuditEntry, HeadStamp, StampAuthority
from tenants.record.selectors import head_stamps, stamp_authority
from tenants.record.services import record_audit, seal_head
from tenants.record.tasks import stamp_log, stamp_logs
from tenants.record.timestamps import AuthorityError, StampError, choose_authority, end_authority, stamp_newest
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.record.authority import Authority, serving

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
WithKey = Callable[[Tenant, Role], APIClient]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY = "owner@meridian.example"
PAGE = "/t/meridian/admin/log/"


@pytest.fixture
def authority(settings: Any) -> Iterator[Authority]:
    settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    with serving(NOON) as made:
        yield made


def grow(cast: Cast, now: datetime = NOON) -> str:
    """One more entry under a new head; the head's note."""
    with scope(cast.meridian.id):
        record_audit(action="plan.approved", subject="plan/1", by=BY, now=now)
        return seal_head(now=now).note


def choose(cast: Cast, url: str, roots: str, now: datetime = NOON, by: str = BY) -> HeadStamp:
    with scope(cast.meridian.id):
        return choose_authority(url=url, roots=roots, by=by, now=now)


def chosen(cast: Cast, authority: Authority, now: datetime = NOON) -> HeadStamp:
    return choose(cast, authority.url, authority.roots, now)


def stamped(cast: Cast, now: datetime) -> HeadStamp | None:
    return stamp_newest(tenant=cast.meridian.id, now=now)


def stamps(cast: Cast) -> list[Any]:
    with scope(cast.meridian.id):
        return list(head_stamps())


def present(cast: Cast) -> StampAuthority | None:
    with scope(cast.meridian.id):
        return stamp_authority()


class TestStamps:
    def test_a_stamp_is_of_the_bytes_of_the_head(self, cast: Cast, authority: Authority) -> None:
        note = grow(cast)
        row = chosen(cast, authority)
        assert (row.service, row.stamped_at, row.received_at) == (authority.url, NOON, NOON)
        verifier = VerifierBuilder().add_root_certificate(authority.root).build()
        assert verifier.verify_message(decode_timestamp_response(bytes(row.token)), note.encode())
        assert [each.note for each in stamps(cast)] == [note]
        with scope(cast.meridian.id):
            told = AuditEntry.objects.get(action="log.authority_chosen")
        assert told.details == {"url": authority.url}

    def test_one_head_a_day_is_stamped(self, cast: Cast, authority: Authority) -> None:
        grow(cast)
        assert stamped(cast, NOON) is None
        first = chosen(cast, authority)
        authority.at = later = NOON + timedelta(hours=25)
        assert stamped(cast, later) is None
        grow(cast, NOON + timedelta(hours=1))
        assert stamped(cast, NOON + timedelta(hours=23)) is None
        row = stamped(cast, later)
        assert row is not None
        assert (row.size > first.size, row.stamped_at) == (True, later)
        assert stamped(cast, later + timedelta(hours=25)) is None
        assert len(authority.asked) == 2

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({"garbles": True}, "Mismatch between messages"), ({"status": 503}, "answers with status 503"),
            ({"at": NOON + timedelta(hours=30)}, "when it cannot have been made"),
            ({"at": NOON - timedelta(hours=1)}, "when it cannot have been made"),
        ],
    )  # fmt: skip
    def test_a_stamp_that_does_not_hold_is_none(
        self, cast: Cast, authority: Authority, wrong: dict[str, Any], why: str
    ) -> None:
        grow(cast)
        chosen(cast, authority)
        grow(cast, NOON + timedelta(hours=1))
        authority.at = later = NOON + timedelta(hours=25)
        for name, value in wrong.items():
            setattr(authority, name, value)
        with pytest.raises(StampError, match=why):
            choose(cast, authority.url, authority.roots, later, by="other")
        assert stamped(cast, later) is None
        row = present(cast)
        assert row is not None
        assert (row.chosen_by, row.failed_at) == (BY, later)
        assert why in row.failure
        assert len(stamps(cast)) == 1
        authority.garbles, authority.status, authority.at = False, 200, later
        assert stamped(cast, later) is not None
        mended = present(cast)
        assert mended is not None
        assert (mended.failure, mended.failed_at) == ("", None)

    def test_another_root_is_not_believed(self, cast: Cast, authority: Authority) -> None:
        grow(cast)
        with pytest.raises(StampError, match="no time-stamp that holds"):
            choose(cast, authority.url, Authority().roots)
        assert present(cast) is None

    def test_what_is_no_authority_is_refused(self, cast: Cast, authority: Authority, settings: Any) -> None:
        with pytest.raises(NotFoundError, match="No head"):
            chosen(cast, authority)
        grow(cast)
        with pytest.raises(AuthorityError) as error:
            choose(cast, authority.url, "-----BEGIN NOTHING-----")
        assert (error.value.place, error.value.status) == ("roots", 422)
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = []
        for url in (authority.url, "https://127.0.0.1/tsa", "file:///etc/passwd"):
            with pytest.raises(ForbiddenAddressError):
                choose(cast, url, authority.roots)
        settings.OUTTURN_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
        with pytest.raises(OutgoingError):
            choose(cast, "http://127.0.0.1:9/tsa", authority.roots)
        assert authority.asked == []

    def test_when_it_is_ended_stamps_stay(self, cast: Cast, authority: Authority) -> None:
        def end() -> None:
            with scope(cast.meridian.id):
                end_authority(by=BY, now=NOON)

        with pytest.raises(NotFoundError):
            end()
        grow(cast)
        chosen(cast, authority)
        end()
        authority.at = later = NOON + timedelta(hours=30)
        grow(cast, later)
        assert stamped(cast, later) is None
        assert (len(stamps(cast)), present(cast)) == (1, None)
        assert chosen(cast, authority, later).stamped_at == later


@pytest.mark.django_db(transaction=True)
def test_logs_are_stamped_by_schedule(cast: Cast, authority: Authority) -> None:
    now = utc_now()
    authority.at = now
    grow(cast, now - timedelta(hours=2))
    with scope(cast.meridian.id):
        StampAuthority.objects.create(url=authority.url, roots=authority.roots, chosen_by=BY, chosen_at=now)
    for tenant in (cast.meridian, cast.stranger):
        stamp_log(str(tenant.id))
    with scope(cast.meridian.id):
        assert HeadStamp.objects.count() == 1
    with scope(cast.stranger.id):
        assert HeadStamp.objects.count() == 0
    assert stamp_logs.name in {each["task"] for each in app.conf.beat_schedule.values()}


class TestPages:
    @pytest.fixture
    def head(self, cast: Cast, authority: Authority) -> str:
        authority.at = now = utc_now()
        return grow(cast, now)

    def test_it_is_chosen_shown_and_ended(self, cast: Cast, sign_in: SignIn, authority: Authority, head: str) -> None:
        client, form = sign_in(cast.owner), f"{PAGE}time-stamps/"
        assert "Choose an authority" in client.get(PAGE).content.decode()
        refused = client.post(form, {"url": authority.url, "roots": "none"})
        assert refused.status_code == 400
        assert "These are no certificates." in refused.content.decode()
        assert client.post(form, {"url": authority.url, "roots": authority.roots})["Location"] == PAGE
        page = client.get(PAGE).content.decode()
        assert authority.url in page
        assert "Change the authority" in page
        with scope(cast.meridian.id):
            row = head_stamps().get()
        answer = client.get(f"{form}{row.id}/head.txt")
        assert (answer.content.decode(), answer["Content-Disposition"]) == (
            row.note, f'attachment; filename="head-{row.size}.txt"'
        )  # fmt: skip
        token = client.get(f"{form}{row.id}/head.tsr")
        assert (token.content, token["Content-Type"]) == (bytes(row.token), "application/timestamp-reply")
        assert client.post(f"{form}end/", {"typed": "127.0.0.1"})["Location"] == PAGE
        assert client.get(f"{form}end/").status_code == 404
        assert authority.url in client.get(PAGE).content.decode()

    def test_a_failure_is_told_on_the_page(self, cast: Cast, sign_in: SignIn, authority: Authority, head: str) -> None:
        with scope(cast.meridian.id):
            now = utc_now()
            StampAuthority.objects.create(
                url=authority.url, roots=authority.roots, chosen_by=BY, chosen_at=now, failed_at=now,
                failure="<b>answers with status 503</b>",
            )  # fmt: skip
        page = sign_in(cast.owner).get(PAGE).content.decode()
        assert "&lt;b&gt;answers with status 503&lt;/b&gt;" in page
        assert "It is tried again every hour." in page

    def test_only_who_administers_chooses(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        assert [client.get(f"{PAGE}time-stamps/{each}").status_code for each in ("", "end/")] == [403, 403]

    def test_over_the_api(self, cast: Cast, with_key: WithKey, authority: Authority, head: str) -> None:
        row = chosen(cast, authority, utc_now())
        answer = with_key(cast.meridian, Role.OWNER).get("/api/v1/log/time-stamps/").json()["results"]
        assert [(each["size"], each["head"], base64.b64decode(each["token"])) for each in answer] == [
            (row.size, head, bytes(row.token))
        ]  # fmt: skip
        assert with_key(cast.stranger, Role.OWNER).get("/api/v1/log/time-stamps/").json()["results"] == []
