"""Devices that register themselves with a provisioning key, from the key's making to their first reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from tenants.custody.services import put_in_trash
from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import Token, token_digest
from tenants.limits.domain.plans import Meter
from tenants.limits.services import raise_limit
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState
from twins.gateways.errors import CustomerNotFoundError, GatewayNotFoundError, SiteNotFoundError
from twins.gateways.http import PATH
from twins.gateways.models import Gateway, ProvisioningDigest, ProvisioningKey
from twins.gateways.provisioning import keys, routes
from twins.gateways.provisioning.claiming import MOST_TRIES, claim_gateway, new_code
from twins.gateways.provisioning.errors import (
    KeyNotFoundError,
    NotPendingError,
    TermsError,
    TooManyTriesError,
    WrongClaimCodeError,
)
from twins.gateways.schemas import KeyTerms
from twins.gateways.services import create_gateway, disable_gateway

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
PROVISION = "/ingest/v1/provision"
BATCH = {"batch": "b1", "readings": [{"key": "PT", "at": "2025-01-01T00:00:00Z", "value": 1.0}]}


def make_key(tenant: Tenant, **terms: Any) -> tuple[ProvisioningKey, Token]:
    now = utc_now()
    with scope(tenant.id):
        wanted = replace(KeyTerms("line 4", 3), **terms)
        return keys.make_provisioning_key(terms=wanted, by="owner@meridian.example", now=now)


async def registered(client: httpx.AsyncClient, key: str, serial: str = "PX-1", **more: Any) -> httpx.Response:
    return await client.post(PROVISION, json={"key": key, "serial": serial, **more})


async def sends(client: httpx.AsyncClient, token: str) -> tuple[int, str]:
    answer = await client.post(PATH, json=BATCH, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("code", "")


async def claim(tenant: Tenant, gateway: str, code: str, now: datetime | None = None) -> Gateway:
    def enter() -> Gateway:
        with scope(tenant.id):
            return claim_gateway(gateway=UUID(gateway), code=code, by="owner", now=now or utc_now())

    return await sync_to_async(enter)()


async def test_a_device_registers_is_claimed_and_sends(client: httpx.AsyncClient, tenant: Tenant) -> None:
    key, secret = await sync_to_async(make_key)(tenant, name_prefix="Hall 4 ")
    answer = await registered(client, secret.text, name="press", version="1.2")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    told = answer.json()
    assert (told["name"], told["expires_at"]) == ("Hall 4 press", None)
    assert await sends(client, told["token"]) == (403, "gateway.pending")

    def look() -> Any:
        with scope(tenant.id):
            row = Gateway.objects.get(id=told["gateway"])
            entry = AuditEntry.objects.get(action="gateway.registered")
            return row, entry, ProvisioningKey.objects.get().made

    row, entry, made = await sync_to_async(look)()
    assert (row.serial, row.version, row.origin, row.made_with, made) == ("PX-1", "1.2", "key", key.id, 1)
    assert told["claim_code"].replace("-", "") not in str(vars(row))
    assert (entry.by, entry.address) == ("Provisioning key line 4", "192.0.2.7")
    await claim(tenant, told["gateway"], f" {told['claim_code'].lower().replace('-', ' ')} ")
    assert (await sends(client, told["token"]))[0] == 200


async def test_without_a_claim_it_sends_at_once(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant, needs_claim=False)
    told = (await registered(client, secret.text)).json()
    assert (told["name"], told["claim_code"]) == ("PX-1", None)
    assert (await sends(client, told["token"]))[0] == 200


async def test_registering_again_while_nobody_has_claimed_it(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant, allowed=1)
    first = (await registered(client, secret.text)).json()
    second = (await registered(client, secret.text)).json()
    assert first["gateway"] == second["gateway"]
    assert await sends(client, first["token"]) == (401, "gateway.token_revoked")
    with pytest.raises(WrongClaimCodeError):
        await claim(tenant, first["gateway"], first["claim_code"])
    await claim(tenant, first["gateway"], second["claim_code"])
    again = await registered(client, secret.text)
    assert (again.status_code, again.json()["code"]) == (409, "provisioning.serial_in_use")
    assert (await sends(client, second["token"]))[0] == 200, "it goes on"


async def test_nobody_takes_over_a_gateway_in_use(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, free = await sync_to_async(make_key)(tenant, needs_claim=False, name="free")
    _, other = await sync_to_async(make_key)(tenant, name="other")
    told = (await registered(client, free.text)).json()
    assert (await registered(client, free.text)).json()["gateway"] == told["gateway"], "it has sent nothing yet"

    def make() -> None:
        with scope(tenant.id):
            create_gateway(name="by hand", serial="BY-HAND", now=utc_now())

    await sync_to_async(make)()
    for key, serial in ((other, "PX-1"), (free, "BY-HAND")):
        refused = await registered(client, key.text, serial)
        assert (refused.status_code, refused.json()["code"]) == (409, "provisioning.serial_in_use")

    def shut() -> None:
        with scope(tenant.id):
            disable_gateway(gateway=UUID(told["gateway"]), now=utc_now())

    await sync_to_async(shut)()
    assert (await registered(client, free.text)).status_code == 409

    def trash() -> None:
        with scope(tenant.id):
            put_in_trash(kind="gateway", thing=UUID(told["gateway"]), by="owner", now=utc_now())

    await sync_to_async(trash)()
    anew = (await registered(client, free.text)).json()
    assert anew["gateway"] != told["gateway"]


async def test_what_is_sent_makes_it_in_use(client: httpx.AsyncClient, tenant: Tenant) -> None:
    from tests.twins.gateways.plant import wait_for
    from twins.telemetry.selectors import traffic

    _, secret = await sync_to_async(make_key)(tenant, needs_claim=False)
    told = (await registered(client, secret.text)).json()
    assert (await sends(client, told["token"]))[0] == 200

    def is_noted() -> bool:
        with scope(tenant.id):
            return bool(traffic([UUID(told["gateway"])]))

    def wait() -> None:
        try:
            wait_for(is_noted)
        finally:
            connection.close()

    await sync_to_async(wait, thread_sensitive=False)()
    assert (await registered(client, secret.text)).json()["code"] == "provisioning.serial_in_use"


async def test_a_key_makes_so_many_and_no_more(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant, allowed=2)
    answers = [await registered(client, secret.text, f"PX-{number}") for number in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "provisioning.key_used_up"


async def test_the_quota_of_gateways_holds(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant)

    def hold() -> None:
        with scope(tenant.id):
            raise_limit(meter=Meter.GATEWAYS, value=1, until=None, reason="test", by="operator", now=utc_now())

    await sync_to_async(hold)()
    assert (await registered(client, secret.text, "PX-1")).status_code == 201
    refused = await registered(client, secret.text, "PX-2")
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (409, "limit.reached", "gateways")


@pytest.mark.parametrize(
    ("ended", "code"), [("revoked", "provisioning.key_ended"), ("expired", "provisioning.key_ended")]
)
async def test_a_key_that_ended(client: httpx.AsyncClient, tenant: Tenant, ended: str, code: str) -> None:
    key, secret = await sync_to_async(make_key)(tenant)

    def end() -> None:
        with scope(tenant.id):
            if ended == "revoked":
                keys.revoke_provisioning_key(key=key.id, by="owner", now=utc_now())
            else:
                ProvisioningKey.objects.update(expires_at=utc_now() - timedelta(seconds=1))

    await sync_to_async(end)()
    refused = await registered(client, secret.text)
    assert (refused.status_code, refused.json()["code"]) == (403, code)


async def test_keys_that_nobody_has(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant)
    other = "y" if secret.text.endswith("x") else "x"
    for wrong in ("", "x", secret.text[:-1] + other, "ot_provision_" + "x" * 43):
        refused = await registered(client, wrong)
        assert (refused.status_code, refused.json()["code"]) == (401, "provisioning.unknown_key")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"key": "k"}', b'{"key": "k", "serial": ""}', b'{"key": "k", "serial": " "}',
     b'{"key": "k", "serial": 4}', b'{"key": "k", "serial": "s", "more": 1}', b'{"key": "k", "serial": "a\\u0000"}',
     b'{"key": "k", "serial": "%b"}' % (b"s" * 121), b'{"key": "k", "serial": "s", "version": "%b"}' % (b"v" * 61),
     b"\xff\xfe", b" " * 70_000],
)  # fmt: skip
async def test_bodies_that_do_not_fit(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(PROVISION, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "provisioning.bad_request")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_other_methods(client: httpx.AsyncClient) -> None:
    assert (await client.get(PROVISION)).status_code == 405


async def test_a_suspended_organisation(client: httpx.AsyncClient, tenant: Tenant) -> None:
    _, secret = await sync_to_async(make_key)(tenant)
    await Tenant.objects.filter(id=tenant.id).aupdate(state=TenantState.SUSPENDED)
    refused = await registered(client, secret.text)
    assert (refused.status_code, refused.json()["code"]) == (403, "organisation.suspended")


async def test_an_address_that_asks_too_often(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "TRIES_PER_MINUTE", 1)
    assert (await registered(client, "x")).status_code == 401
    refused = [(await registered(client, "x")) for _ in range(2)]  # a minute may end between two of them
    assert "provisioning.too_often" in {one.json()["code"] for one in refused}
    assert refused[-1].headers.get("retry-after") == "60"


class TestKeys:
    def test_a_key_is_kept_as_a_digest(self, tenant: Tenant) -> None:
        key, secret = make_key(tenant)
        assert secret.text.startswith("ot_provision_")
        assert secret.text.startswith(key.prefix)
        kept = ProvisioningDigest.objects.get()
        assert secret.text not in str(vars(kept)) + str(vars(key))

    def test_a_key_survives_a_change_of_the_secret(self, tenant: Tenant, settings: Any) -> None:
        from twins.gateways.provisioning.registration import register_device

        _, secret = make_key(tenant)
        settings.SEALING_KEYS = ["a new secret", settings.SEALING_KEYS[0]]
        register_device(key=secret.text, serial="PX", name="", version="", now=utc_now())
        assert ProvisioningDigest.objects.get().digest == token_digest(secret.text, secret="a new secret")

    def test_terms_that_cannot_be(self, tenant: Tenant) -> None:
        for wrong in ({"allowed": 0}, {"allowed": 10_001}, {"expires_at": utc_now()}):
            with pytest.raises(TermsError):
                make_key(tenant, **wrong)
        with pytest.raises(CustomerNotFoundError):
            make_key(tenant, customer=uuid4())
        with pytest.raises(SiteNotFoundError):
            make_key(tenant, site=uuid4())

    def test_states(self, tenant: Tenant) -> None:
        now = utc_now()
        key, _ = make_key(tenant, expires_at=now + timedelta(days=1))
        assert keys.state_of(key, now=now) == "in_force"
        assert keys.state_of(key, now=now + timedelta(days=1)) == "expired"
        key.made = 3
        assert keys.state_of(key, now=now) == "used_up"
        with scope(tenant.id):
            assert keys.revoke_provisioning_key(key=key.id, by="owner", now=now).revoked_at == now
            assert keys.revoke_provisioning_key(key=key.id, by="owner", now=now + timedelta(1)).revoked_at == now
            found = {
                state: keys.in_state(keys.provisioning_keys(), state, now=now).count()
                for state in ("in_force", "expired", "used_up", "revoked")
            }
        assert found == {"in_force": 0, "expired": 0, "used_up": 0, "revoked": 1}

    def test_another_tenants(self, tenant: Tenant, stranger: Tenant) -> None:
        key, _ = make_key(stranger)
        with scope(tenant.id):
            with pytest.raises(KeyNotFoundError):
                keys.provisioning_key(key.id)
            with pytest.raises(KeyNotFoundError):
                keys.revoke_provisioning_key(key=key.id, by="owner", now=utc_now())

    def test_what_it_makes_stands_at_its_customers(self, tenant: Tenant) -> None:
        from twins.gateways.provisioning.registration import register_device

        with scope(tenant.id):
            customer = create_customer(name="Northwind", now=utc_now()).id
        _, secret = make_key(tenant, customer=customer)
        made = register_device(key=secret.text, serial="PX", name="", version="", now=utc_now())
        with scope(tenant.id):
            assert Gateway.objects.get(id=made.gateway).customer_id == customer


class TestClaiming:
    def test_a_code(self) -> None:
        codes = {new_code() for _ in range(200)}
        assert len(codes) == 200
        assert all(len(code) == 9 and not set(code) & set("01ILO") for code in codes)

    def test_tries_are_counted(self, tenant: Tenant) -> None:
        from twins.gateways.provisioning.registration import register_device

        _, secret = make_key(tenant)
        made = register_device(key=secret.text, serial="PX", name="", version="", now=utc_now())
        for _ in range(MOST_TRIES):
            with scope(tenant.id), pytest.raises(WrongClaimCodeError):
                claim_gateway(gateway=made.gateway, code="AAAA-AAAA", by="owner", now=utc_now())
        with scope(tenant.id), pytest.raises(TooManyTriesError):
            claim_gateway(gateway=made.gateway, code=made.claim_code, by="owner", now=utc_now())

    def test_what_waits_for_nobody(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id):
            gateway, _ = create_gateway(name="hangar", now=utc_now())
            with pytest.raises(NotPendingError):
                claim_gateway(gateway=gateway.id, code="AAAA-AAAA", by="owner", now=utc_now())
        with scope(stranger.id), pytest.raises(GatewayNotFoundError):
            claim_gateway(gateway=gateway.id, code="AAAA-AAAA", by="owner", now=utc_now())
