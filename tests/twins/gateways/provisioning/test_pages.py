"""The pages of provisioning: keys, authorities, claims and gateways from a file."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.twins.gateways.provisioning.conftest import issue
from tests.twins.gateways.provisioning.test_possession import revoking
from twins.gateways.models import Authority, Gateway, ProvisioningKey
from twins.gateways.provisioning import authorities
from twins.gateways.provisioning.registration import register_device

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db
ROOT = "/t/meridian/gateways"


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_key_is_shown_once_and_revoked_by_its_name(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.engineer)
    assert "No provisioning key yet" in read(client, f"{ROOT}/keys/")
    assert "Holds for" in read(client, f"{ROOT}/keys/new/")
    assert client.post(f"{ROOT}/keys/new/", {"name": "", "allowed": "0"}).status_code == 400
    made = client.post(
        f"{ROOT}/keys/new/", {"name": "Line 4", "allowed": "2", "days": "7", "needs_claim": "on", "name_prefix": "H "}
    )
    secret = made.context["secret"]
    assert made["Cache-Control"] == "no-store"
    assert secret in made.content.decode()
    shown = read(client, f"{ROOT}/keys/")
    assert secret not in shown
    assert "Line 4" in shown
    device = register_device(key=secret, serial="PX-1", name="", version="9", now=utc_now())
    one = f"{ROOT}/{device.gateway}/"
    assert "To be claimed" in read(client, f"{ROOT}/?state=pending")
    assert "PX-1" in read(client, one)
    assert client.post(f"{one}claim/", {"code": "AAAA-AAAA"}).status_code == 400
    done = client.post(f"{one}claim/", {"code": device.claim_code}, follow=True).content.decode()
    assert "H PX-1 is yours" in done
    with scope(cast.meridian.id):
        key = ProvisioningKey.objects.get().id
    assert client.post(f"{ROOT}/keys/{key}/revoke/", {"typed": "else"}).status_code == 400
    gone = client.post(f"{ROOT}/keys/{key}/revoke/", {"typed": "Line 4"}, follow=True).content.decode()
    assert "Line 4 is revoked" in gone
    assert "Revoked" in read(client, f"{ROOT}/keys/?state=revoked")


def test_an_authority_is_proven_listed_and_withdrawn(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.engineer)
    root = issue("Meridian devices", is_authority=True)
    assert "No authority yet" in read(client, f"{ROOT}/authorities/")
    with scope(cast.meridian.id):
        code = authorities.proof_code()
    assert code in read(client, f"{ROOT}/authorities/new/")
    wanted = {"name": "Devices", "certificate": root.pem, "proof": root.pem, "allowed": "1"}
    refused = client.post(f"{ROOT}/authorities/new/", wanted)
    assert refused.status_code == 400
    done = client.post(f"{ROOT}/authorities/new/", wanted | {"proof": issue(code, root).pem}, follow=True)
    assert "Devices is trusted" in done.content.decode()
    with scope(cast.meridian.id):
        one = f"{ROOT}/authorities/{Authority.objects.get().id}"
    wrong = client.post(f"{one}/list/", {"list": SimpleUploadedFile("a.crl", b"x")})
    assert wrong.status_code == 400
    data = revoking(issue("PX", root), by=root)
    taken = client.post(f"{one}/list/", {"list": SimpleUploadedFile("a.crl", data)}, follow=True)
    assert "1 certificates of Devices are refused" in taken.content.decode()
    gone = client.post(f"{one}/withdraw/", {"typed": "Devices"}, follow=True).content.decode()
    assert "Devices is withdrawn" in gone


def test_gateways_from_a_file(cast: Cast, sign_in: SignIn) -> None:
    client, path = sign_in(cast.engineer), f"{ROOT}/many/"
    assert "Look at the file" in read(client, path)
    for wrong in (b"", b"\xff\xfe", b"colour\nred\n", b"x" * 600_000):
        assert client.post(path, {"file": SimpleUploadedFile("a.csv", wrong)}).status_code == 400
    broken = client.post(path, {"file": SimpleUploadedFile("a.csv", b"name\na\na\n")}).content.decode()
    assert "2 lines of 2 cannot become gateways" in broken
    assert 'name="make"' not in broken
    look = client.post(path, {"file": SimpleUploadedFile("a.csv", b"name,serial\n=a,PX-1\nb,\n")})
    assert "Make 2 gateways" in look.content.decode()
    with scope(cast.meridian.id):
        assert not Gateway.objects.exists()
    made = client.post(path, {"text": look.context["text"], "make": "yes"})
    assert made["Cache-Control"] == "no-store"
    rows = base64.b64decode(made.context["file"]).decode().splitlines()
    assert rows[0] == "name,serial,id,token"
    assert rows[1].startswith("'=a,PX-1,")
    assert made.context["made"][0]["token"] in rows[1]
    again = client.post(path, {"text": look.context["text"], "make": "yes"})
    assert again.status_code == 400
    with scope(cast.meridian.id):
        assert Gateway.objects.count() == 2


def test_a_viewer_sees_and_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    for part in ("keys/", "authorities/"):
        assert "/new/" not in read(client, f"{ROOT}/{part}")
    for part in ("keys/new/", "authorities/new/", "many/"):
        assert client.get(f"{ROOT}/{part}").status_code == 403
