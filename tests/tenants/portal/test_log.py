"""The page of the log: what it says, and who may do what on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from tenants.jobs.models import Job
from tenants.kernel.clock import utc_now
from tenants.people.models import Membership, User
from tenants.record.domain.cosignatures import WitnessKey, cosign
from tenants.record.models import KeyHandover, Witness
from tenants.record.monitoring import keep_check, watch_log
from tenants.record.selectors import log_verifier
from tenants.record.services import record_audit, seal_head
from tenants.record.verification import Findings
from tenants.record.witnesses import add_cosignatures, register_witness
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.proving import prove

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/t/meridian/admin/log/"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"w").digest())
WITNESS = WitnessKey("witness.northwind.example", KEY.public_key().public_bytes_raw())


def sealed(cast: Cast) -> int:
    with scope(cast.meridian.id):
        record_audit(action="plan.approved", subject="plan/1", by="x", now=utc_now())
        return seal_head(now=utc_now()).size


def shown(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_anything_is_logged(cast: Cast, sign_in: SignIn) -> None:
    page = shown(sign_in(cast.owner))
    for sentence in (
        "No head has been signed yet", "None yet; the first one comes within six hours",
        "The log has had one key since it began.", "The whole log is checked some times a day",
    ):  # fmt: skip
        assert sentence in page


def test_it_tells_when_the_log_was_last_checked_and_what_was_found(cast: Cast, sign_in: SignIn) -> None:
    size = sealed(cast)
    client = sign_in(cast.owner)
    watch_log(tenant=cast.meridian.id)
    page = shown(client)
    assert "Nothing was changed" in page
    assert f"{size} entries" in page
    with scope(cast.meridian.id):
        assert log_verifier().fingerprint in page
        now = utc_now() + timedelta(seconds=1)
        keep_check(Findings(faults=["Entry <7> of the log was changed."]), by="Outturn", began=now, now=now)
    page = shown(client)
    assert "The last check found what should not be" in page
    assert "Entry &lt;7&gt; of the log was changed." in page
    assert "Something was changed" in page


def test_it_shows_who_cosigned_the_newest_head(cast: Cast, sign_in: SignIn) -> None:
    size = sealed(cast)
    with scope(cast.meridian.id):
        register_witness(verifier=str(WITNESS), by="x", now=utc_now())
        text = seal_head(now=utc_now()).note.rpartition("\n\n")[0] + "\n"
        size = int(text.split("\n")[1])
        line = cosign(text, WITNESS.name, KEY, int(utc_now().timestamp()))
        add_cosignatures(size=size, signatures=line, now=utc_now())
    page = shown(sign_in(cast.owner))
    assert "<dd>witness.northwind.example</dd>" in page
    assert WITNESS.fingerprint in page


def test_a_check_that_is_asked_for_here_comes_back_here(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.owner).post("/t/meridian/admin/audit/verify/", {"next": "log"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    with scope(cast.meridian.id):
        assert Job.objects.get().params == {"by": "owner@meridian.example"}


class TestNewKey:
    def test_an_owner_who_has_just_proved_who_they_are_makes_it(self, cast: Cast, sign_in: SignIn) -> None:
        sealed(cast)
        client = prove(sign_in(cast.owner), minutes=9)
        assert "Reports that were made before still verify" in client.get(f"{PAGE}key/").content.decode()
        wrong = client.post(f"{PAGE}key/", {"typed": "Meridian"})
        assert wrong.status_code == 400
        with scope(cast.meridian.id):
            former = log_verifier().fingerprint
            assert not KeyHandover.objects.exists()
        assert client.post(f"{PAGE}key/", {"typed": "Meridian Engines"}).status_code == 302
        with scope(cast.meridian.id):
            assert KeyHandover.objects.get().by == "owner@meridian.example"
            fingerprint = log_verifier().fingerprint
        page = shown(client)
        assert f"The log signs with the key {fingerprint} now." in page
        assert former in page

    @pytest.mark.parametrize("minutes", [None, 11])
    def test_others_are_asked_who_they_are_first(self, cast: Cast, sign_in: SignIn, minutes: float | None) -> None:
        cast.owner.set_password("correct horse battery staple")
        cast.owner.save()
        client = sign_in(cast.owner)
        if minutes is not None:
            prove(client, minutes)
        asked = client.get(f"{PAGE}key/")
        assert asked.status_code == 302
        assert asked["Location"] == "/account/reauthenticate/?next=%2Ft%2Fmeridian%2Fadmin%2Flog%2Fkey%2F"
        assert client.post(f"{PAGE}key/", {"typed": "Meridian Engines"}).status_code == 302
        with scope(cast.meridian.id):
            assert not KeyHandover.objects.exists()

    def test_administrators_do_not(self, cast: Cast, sign_in: SignIn) -> None:
        Membership.objects.filter(user=cast.viewer).update(role=Role.ADMINISTRATOR)
        client = prove(sign_in(cast.viewer))
        assert f"{PAGE}key/" not in shown(client)
        assert client.post(f"{PAGE}key/", {"typed": "Meridian Engines"}).status_code == 403


class TestWitnesses:
    def test_one_is_registered_and_ended(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.owner)
        assert client.post(f"{PAGE}witnesses/new/", {"verifier": f" {WITNESS} "})["Location"] == PAGE
        with scope(cast.meridian.id):
            row = Witness.objects.get()
        again = client.post(f"{PAGE}witnesses/new/", {"verifier": str(WITNESS)})
        assert (again.status_code, "This key is registered" in again.content.decode()) == (400, True)
        end = f"{PAGE}witnesses/{row.id}/end/"
        assert end in shown(client)
        assert client.post(end, {"typed": "x"}).status_code == 400
        assert client.post(end, {"typed": WITNESS.name}).status_code == 302
        assert end not in shown(client)

    def test_what_is_no_key_is_told_at_its_field(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.owner).post(f"{PAGE}witnesses/new/", {"verifier": "x"})
        assert answer.status_code == 400
        assert "This is not base64" in answer.content.decode()

    def test_an_auditor_sees_them_and_registers_none(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.viewer)
        assert client.get(PAGE).status_code == 403
        assert client.get(f"{PAGE}witnesses/new/").status_code == 403
