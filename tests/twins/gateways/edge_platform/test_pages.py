"""The agent's pages: how it does, what it is to do, its keys and its seals."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.lists import page
from tests.twins.gateways.edge_platform.site import Site
from tests.twins.gateways.edge_platform.test_api import keep, speak
from twins.gateways.edge.bootstrap import bootstrap_from
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.models import SealState
from twins.gateways.models import Gateway
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ONE, TWO = {"store": {"limit": 1048576}}, {"store": {"limit": 2097152, "policy": "thin"}}


@pytest.fixture
def gateway(cast: Cast) -> Gateway:
    with scope(cast.meridian.id):
        return create_gateway(name="Hall 3", now=utc_now())[0]


@pytest.fixture
def path(gateway: Gateway) -> str:
    return f"/t/meridian/gateways/{gateway.id}/edge/"


@pytest.fixture
def client(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.engineer)


def save(cast: Cast, gateway: Gateway, document: Any) -> None:
    with scope(cast.meridian.id):
        services.save_configuration(gateway=gateway.id, document=document, by="ada", now=utc_now())


def test_without_an_agent_it_is_told_how_to_get_one(client: Client, gateway: Gateway, path: str) -> None:
    text = page(client, path)
    assert "No agent has spoken for this gateway yet" in text
    assert "python -m twins.gateways.edge edge.toml" in text
    assert "Set one up" in page(client, f"/t/meridian/gateways/{gateway.id}/")


def test_how_an_agent_does(client: Client, cast: Cast, gateway: Gateway, path: str) -> None:
    site = Site()
    save(cast, gateway, ONE)
    finding = {"code": "edge.limit", "place": "store/limit", "message": "the disk is smaller", "fix": "Take less."}
    said = {"digest": digest(ONE), "state": "refused", "findings": [finding]}
    dropped = {**site.status()["store"], "bytes": 7 << 19, "dropped_readings": 12_345, "dropped_batches": 3}
    speak(cast.meridian, gateway, site, configuration=said, store=dropped)
    keep(cast.meridian, gateway, site, b"{}")
    broken = {"state": SealState.BROKEN, "code": "seal.gap", "reason": "batches that were sealed before have not come"}
    keep(cast.meridian, gateway, site, b"{}", **broken)
    text = page(client, path)
    for told in (
        "edge 1.0", "12,345", "3.5\xa0MB of 4.0\xa0MB", 'value="88"', "quota-warning", "nobody answers", "Failing",
        "the disk is smaller", "store/limit", "Refused", "Batches that were sealed before have not come.",
        site.fingerprint[:4], "Approved",
    ):  # fmt: skip
        assert told in text, told
    assert page(client, f"{path}doing/").count("<section") == 1
    own = page(client, f"/t/meridian/gateways/{gateway.id}/")
    assert "1 kept, 1 broken" in own
    assert "Set one up" not in own


def test_the_agent_s_file_is_filled_in(client: Client, gateway: Gateway, path: str, tmp_path: Any) -> None:
    answer = client.get(f"{path}file/")
    assert answer["Content-Disposition"] == 'attachment; filename="edge.toml"'
    assert tomllib.loads(answer.content.decode())["server"] == settings.BASE_URL
    (tmp_path / "edge.toml").write_bytes(answer.content)
    assert bootstrap_from(tmp_path / "edge.toml").folder == tmp_path / "edge"


def test_a_configuration_is_saved_once_it_fits(client: Client, cast: Cast, gateway: Gateway, path: str) -> None:
    wrong = {"store": {"limit": 1}, "sources": [{"name": "A", "kind": "modbus", "settings": {}}]}
    for text, told in (
        ("{", "This is no JSON"), (json.dumps(wrong), "store/limit: "), (json.dumps(wrong), "sources/0/settings"),
        ("[]", "A configuration is an object of JSON"), ('{"a": NaN}', "NaN is no number of JSON"),
    ):  # fmt: skip
        answer = client.post(f"{path}configure/", {"document": text, "base": ""})
        assert answer.status_code == 400
        assert told in answer.content.decode(), told
    answer = client.post(f"{path}configure/", {"document": json.dumps(ONE), "base": ""}, follow=True)
    assert "Version 1 is saved" in answer.content.decode()
    assert "&quot;limit&quot;: 1048576" in page(client, f"{path}configure/")
    late = client.post(f"{path}configure/", {"document": json.dumps(TWO), "base": ""})
    assert (late.status_code, "stands at version 1 now" in late.content.decode()) == (400, True)
    with scope(cast.meridian.id):
        assert [row.document for row in selectors.configurations(gateway.id)] == [ONE]


def test_a_version_is_compared_with_the_one_that_runs(client: Client, cast: Cast, gateway: Gateway, path: str) -> None:
    save(cast, gateway, ONE)
    save(cast, gateway, TWO)
    speak(cast.meridian, gateway, Site(), configuration={"digest": digest(ONE), "state": "applied", "findings": []})
    text = page(client, f"{path}versions/2/")
    assert "How it differs from version 1, which is running" in text
    for told in ("store/limit", "1048576", "2097152", "store/policy", "&quot;thin&quot;"):
        assert told in text, told
    assert "The agent follows it." in page(client, f"{path}versions/1/")
    answer = client.post(f"{path}versions/1/restore/", follow=True)
    assert "Version 3 says what version 1 said" in answer.content.decode()
    assert client.get(f"{path}versions/9/").status_code == 404


def test_a_key_is_approved_by_the_beginning_of_its_fingerprint(
    client: Client, cast: Cast, gateway: Gateway, path: str
) -> None:
    speak(cast.meridian, gateway, Site(1))
    speak(cast.meridian, gateway, Site(2))
    with scope(cast.meridian.id):
        key = selectors.site_keys(gateway.id).get(fingerprint=Site(2).fingerprint)
    assert "Waits for you" in page(client, path)
    assert client.post(f"{path}keys/{key.id}/approve/", {"typed": "00000000"}).status_code == 400
    client.post(f"{path}keys/{key.id}/approve/", {"typed": Site(2).fingerprint[:8]})
    with scope(cast.meridian.id):
        states = {one.fingerprint: (one.state, one.approved_by) for one in selectors.site_keys(gateway.id)}
    assert states == {
        Site(1).fingerprint: ("retired", "Hall 3"),
        Site(2).fingerprint: ("approved", "engineer@meridian.example"),
    }


def test_all_seals_are_listed(client: Client, cast: Cast, gateway: Gateway, path: str) -> None:
    assert "No seal yet" in page(client, f"{path}seals/")
    keep(cast.meridian, gateway, Site(), b"{}", batch="batch-intact")
    keep(
        cast.meridian,
        gateway,
        Site(3),
        b"{}",
        batch="batch-broken",
        state=SealState.BROKEN,
        code="seal.gap",
        reason="gone",
    )
    assert all(name in page(client, f"{path}seals/") for name in ("batch-intact", "batch-broken"))
    text = page(client, f"{path}seals/?state=broken")
    assert "batch-broken" in text
    assert "batch-intact" not in text


def test_who_may_only_read_changes_nothing(cast: Cast, sign_in: SignIn, gateway: Gateway, path: str) -> None:
    viewer = sign_in(cast.viewer)
    text = page(viewer, path)
    assert "Configure" not in text.replace("Say under “Configure”", "")
    assert viewer.get(f"{path}configure/").status_code == 403
    assert viewer.post(f"{path}versions/1/restore/").status_code == 403
