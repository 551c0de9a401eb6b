"""A key in use: from where, how often it is told, what is refused and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import Token, new_token, token_digest
from tenants.keys import selectors, uses
from tenants.keys.models import ApiKey, KeyDigest
from tenants.keys.schemas import AccountTerms, KeyTerms
from tenants.keys.services import admit_token, create_key, issue_key, revoke_key, rotate_key
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs/"


def owner_of(cast: Cast) -> Actor:
    permissions = PERMISSIONS[Role.OWNER]
    return Actor(tenant=cast.meridian.id, slug="meridian", role="owner", permissions=permissions, name="owner")


@pytest.fixture
def make(cast: Cast) -> Callable[..., tuple[ApiKey, Token]]:
    """A key of Meridian's with a viewer's account."""

    def made(*, now: datetime | None = None, **terms: Any) -> tuple[ApiKey, Token]:
        now = now or utc_now()
        with scope(cast.meridian.id):
            account = create_key(name="historian", role=Role.VIEWER, now=now)[0].account_id
            return issue_key(account=account, terms=KeyTerms(name="one", **terms), by=owner_of(cast), now=now)

    return made


def ask(token: Token | str, address: str = "192.0.2.7", **headers: Any) -> Any:
    text = token if isinstance(token, str) else token.text
    return APIClient().get(JOBS, HTTP_AUTHORIZATION=f"Bearer {text}", REMOTE_ADDR=address, **headers)


def key_of(cast: Cast, key: ApiKey) -> ApiKey:
    with scope(cast.meridian.id):
        return ApiKey.objects.get(id=key.id)


def entries(cast: Cast, action: str) -> list[tuple[str, str]]:
    with scope(cast.meridian.id):
        return list(AuditEntry.objects.filter(action=action).order_by("id").values_list("by", "address"))


class TestNetworks:
    def test_a_key_is_taken_from_its_networks_only(self, cast: Cast, make: Any) -> None:
        key, token = make(networks=("192.0.2.0/24", "2001:db8::/48"))
        assert ask(token, "192.0.2.255").status_code == 200
        assert ask(token, "::ffff:192.0.2.1").status_code == 200
        assert ask(token, "2001:db8:0:1::7").status_code == 200
        for address in ("192.0.3.0", "2001:db8:1::7", "::ffff:192.0.3.1"):
            refused = ask(token, address)
            assert (refused.status_code, refused.json()["code"]) == (403, "key.network")
            assert refused.json()["detail"] == f"this key is not taken from {address}"
        assert entries(cast, "key.refused")[0] == ("key historian: one", "192.0.3.0")
        assert key_of(cast, key).last_used_from == "192.0.2.255"

    def test_what_a_caller_says_of_themselves_is_not_looked_at(self, make: Any, settings: Any) -> None:
        _, token = make(networks=("192.0.2.0/24",))
        forged = {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}
        assert ask(token, "203.0.113.9", **forged).status_code == 403
        settings.OUTTURN_PROXIES = 1
        assert ask(token, "10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7, 203.0.113.9").status_code == 403
        assert ask(token, "10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7").status_code == 200
        assert ask(token, "10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7, " + "x" * 500).status_code == 403
        settings.OUTTURN_PROXIES = 2
        assert ask(token, "10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7").status_code == 403
        assert ask(token, "10.0.0.1", HTTP_X_FORWARDED_FOR="9.9.9.9, 192.0.2.7, 10.0.0.2").status_code == 200


class TestRefusals:
    def test_a_malformed_token_costs_no_query(self, make: Any) -> None:
        _, token = make()
        other = "A" if token.text[-1] != "A" else "B"
        for text in ("ot_key_wrong", token.text[:-1], token.text[:-1] + other, new_token("gateway").text, "x" * 10_000):
            with CaptureQueriesContext(connection) as queries:
                assert ask(text).status_code == 401
            assert queries.captured_queries == []

    def test_an_unknown_token_and_a_wrong_one_cost_the_same(self, make: Any) -> None:
        _, token = make()
        old_form = token.text[:-6]
        counts = []
        for text in (new_token("key").text, old_form, new_token("key").text[:-6]):
            with CaptureQueriesContext(connection) as queries:
                assert ask(text).status_code == 401
            counts.append(len(queries))
        assert counts == [1, 1, 1]

    def test_every_refusal_reads_the_same(self, cast: Cast, make: Any) -> None:
        now = utc_now()
        _, expired = make(now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
        revoked, withdrawn = make()
        with scope(cast.meridian.id):
            revoke_key(key=revoked.id, now=now)
        bodies = []
        for text in (expired.text, withdrawn.text, new_token("key").text, "nonsense"):
            answer = ask(text)
            assert answer.status_code == 401
            bodies.append({name: value for name, value in answer.json().items() if name != "request_id"})
        assert all(body == bodies[0] for body in bodies)

    def test_a_key_revoked_while_two_secrets_hold_is_refused_with_both(self, cast: Cast, make: Any) -> None:
        key, first = make()
        with scope(cast.meridian.id):
            _, second = rotate_key(key=key.id, overlap=timedelta(days=30), by=owner_of(cast), now=utc_now())
        assert (ask(first).status_code, ask(second).status_code) == (200, 200)
        with scope(cast.meridian.id):
            revoke_key(key=key.id, now=utc_now())
        assert (ask(first).status_code, ask(second).status_code) == (401, 401)
        assert not KeyDigest.objects.filter(key=key.id).exists()


class TestTimes:
    def test_the_end_of_a_key_is_no_part_of_it(self, cast: Cast, make: Any) -> None:
        end = utc_now() + timedelta(days=1)
        key, _ = make(expires_at=end)
        with scope(cast.meridian.id):
            assert selectors.key_in_force(key.id, now=end - timedelta(microseconds=1)) is not None
            assert selectors.key_in_force(key.id, now=end) is None

    def test_the_end_of_an_overlap_is_no_part_of_it(self, cast: Cast, make: Any) -> None:
        now = utc_now()
        key, token = make(now=now)
        with scope(cast.meridian.id):
            rotate_key(key=key.id, overlap=timedelta(days=7), by=owner_of(cast), now=now)
        end = now + timedelta(days=7)
        assert selectors.holder(token.text, now=end - timedelta(microseconds=1)) is not None
        assert selectors.holder(token.text, now=end) is None

    def test_a_former_secret_does_not_outlive_the_end_its_key_had(self, cast: Cast, make: Any) -> None:
        now = utc_now()
        key, token = make(now=now, expires_at=now + timedelta(days=3))
        with scope(cast.meridian.id):
            row, _ = rotate_key(key=key.id, overlap=timedelta(days=30), by=owner_of(cast), now=now + timedelta(days=2))
            assert selectors.former_secrets([key.id], now=now) == {key.id: now + timedelta(days=3)}
        assert row.expires_at == now + timedelta(days=5)
        assert selectors.holder(token.text, now=now + timedelta(days=3)) is None

    def test_a_second_rotation_does_not_lengthen_the_first_overlap(self, cast: Cast, make: Any) -> None:
        now = utc_now()
        key, first = make(now=now)
        with scope(cast.meridian.id):
            _, second = rotate_key(key=key.id, overlap=timedelta(days=1), by=owner_of(cast), now=now)
            rotate_key(key=key.id, overlap=timedelta(days=30), by=owner_of(cast), now=now)
        later = now + timedelta(days=1)
        assert selectors.holder(first.text, now=later) is None
        assert selectors.holder(second.text, now=later) is not None

    @pytest.mark.parametrize(
        ("days", "state"), [(31, "in_force"), (30, "ending"), (1, "ending"), (0, "expired"), (-1, "expired")]
    )
    def test_a_key_is_shown_as_ending_for_its_last_30_days(self, cast: Cast, make: Any, days: int, state: str) -> None:
        now = utc_now()
        key, _ = make(now=now - timedelta(days=9), expires_at=now + timedelta(days=days))
        with scope(cast.meridian.id):
            row = selectors.key(key.id)
            assert selectors.state_of(row, now=now) == state
            one = selectors.keys().filter(id=key.id)
            states = ("in_force", "ending", "expired", "disabled", "revoked")
            assert [each for each in states if selectors.keys_in_state(one, each, now=now).exists()] == [state]


class TestSecretsOfTheInstallation:
    def test_a_key_survives_a_change_of_the_secret_and_moves_to_the_new_one(self, make: Any, settings: Any) -> None:
        key, token = make()
        former = settings.SEALING_KEYS[0]
        settings.SEALING_KEYS = ["a new secret", former]
        assert ask(token).status_code == 200
        assert KeyDigest.objects.get(key=key.id).digest == token_digest(token.text, secret="a new secret")
        settings.SEALING_KEYS = ["a new secret"]
        assert ask(token).status_code == 200

    def test_a_key_kept_under_a_lost_secret_is_refused(self, make: Any, settings: Any) -> None:
        _, token = make()
        settings.SEALING_KEYS = ["another secret"]
        assert ask(token).status_code == 401

    def test_a_token_of_the_old_form_is_still_taken(self, cast: Cast) -> None:
        with scope(cast.meridian.id):
            key, token = create_key(name="old", role=Role.VIEWER, now=utc_now())
        old = token.text[:-6]
        KeyDigest.objects.filter(key=key.id).update(digest=token_digest(old, secret=_newest()))
        assert ask(old).status_code == 200
        assert ask(token).status_code == 401

    def test_admitting_needs_no_scope_and_tells_whose_it_is(self, cast: Cast, make: Any) -> None:
        key, token = make()
        holder = admit_token(text=token.text, now=utc_now())
        assert holder is not None
        assert (holder.tenant, holder.slug, holder.key) == (cast.meridian.id, "meridian", key.id)


def _newest() -> str:
    from django.conf import settings

    return str(settings.SEALING_KEYS[0])


class TestLastUse:
    def test_the_audit_gets_one_entry_for_each_address_and_hour(self, cast: Cast, make: Any) -> None:
        _, token = make()
        for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.7"):
            assert ask(token, address).status_code == 200
        told = [("key historian: one", "192.0.2.7"), ("key historian: one", "192.0.2.8")]
        assert entries(cast, "key.used") == told
        uses._told.clear()  # another process, or this one started anew
        assert ask(token, "192.0.2.8").status_code == 200
        assert entries(cast, "key.used") == told

    def test_the_next_hour_has_an_entry_of_its_own(self, cast: Cast, make: Any) -> None:
        key, _ = make()
        hour = datetime.fromisoformat("2031-05-06T10:00:00+00:00")
        for moment in (hour - timedelta(microseconds=1), hour, hour + timedelta(minutes=59)):
            uses.note_use(key=key, by=owner_of(cast), now=moment)
        with scope(cast.meridian.id):
            found = AuditEntry.objects.filter(action="key.used").order_by("id").values_list("at", flat=True)
            assert list(found) == [hour - timedelta(microseconds=1), hour]

    def test_the_last_use_is_written_at_most_once_a_minute(self, cast: Cast, make: Any) -> None:
        key, _ = make()
        first = datetime.fromisoformat("2031-05-06T10:00:00+00:00")
        for seconds, expected in ((0, 0), (59, 0), (60, 60)):
            uses.note_use(key=key_of(cast, key), by=owner_of(cast), now=first + timedelta(seconds=seconds))
            assert key_of(cast, key).last_used_at == first + timedelta(seconds=expected)

    def test_a_request_within_the_minute_writes_nothing(self, make: Any) -> None:
        _, token = make()
        assert ask(token).status_code == 200
        with CaptureQueriesContext(connection) as queries:
            assert ask(token).status_code == 200
        assert [each["sql"] for each in queries.captured_queries if each["sql"].startswith(("UPDATE", "INSERT"))] == []

    def test_a_refused_use_is_no_use(self, cast: Cast, make: Any) -> None:
        key, token = make(networks=("192.0.2.0/24",))
        assert ask(token, "203.0.113.9").status_code == 403
        assert ask(token, "203.0.113.9").status_code == 403
        assert key_of(cast, key).last_used_at is None
        assert entries(cast, "key.used") == []
        assert entries(cast, "key.refused") == [("key historian: one", "203.0.113.9")]


def test_an_account_of_terms_with_a_role_keeps_no_permissions_beside_it(cast: Cast) -> None:
    from tenants.keys.accounts import open_account

    with scope(cast.meridian.id):
        terms = AccountTerms(name="x", role="viewer", permissions=PERMISSIONS[Role.ENGINEER])
        row = open_account(terms=terms, by=owner_of(cast), now=utc_now())
        assert (row.role, row.permissions) == ("viewer", [])
