"""Gateways and their tokens: shown once, kept as digests, replaced, shut out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tenants.kernel.secrets import token_digest
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.gateways import selectors
from twins.gateways.errors import GatewayDisabledError, GatewayNameTakenError, GatewayNotFoundError
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.services import admit_token, create_gateway, disable_gateway, rotate_token

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


def test_a_token_is_kept_as_a_digest_and_says_whose_it_is(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
    assert token.text.startswith("ot_gateway_")
    assert token.text.startswith(gateway.token_prefix)
    kept = GatewayToken.objects.get()
    assert token.text not in str(vars(kept))
    held = selectors.holder(token.text)
    assert held is not None
    assert (held.source.tenant, held.source.gateway, held.is_revoked) == (tenant.id, gateway.id, False)
    assert selectors.holder_of(gateway.id) == held
    assert selectors.holder(token.text + "x") is None
    assert selectors.holder("") is None
    assert selectors.holder("x" * 10_000) is None
    assert selectors.holder_of(uuid4()) is None


def test_a_new_token_takes_the_place_of_the_old_one(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, old = create_gateway(name="hangar", now=NOW)
        renewed, new = rotate_token(gateway=gateway.id, now=NOW)
    assert renewed.token_prefix == new.prefix
    first, second = selectors.holder(old.text), selectors.holder(new.text)
    assert first is not None
    assert second is not None
    assert (first.is_revoked, second.is_revoked) == (True, False)
    held = selectors.holder_of(gateway.id)
    assert held is not None
    assert not held.is_revoked


def test_a_disabled_gateway_stays_out(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
        assert disable_gateway(gateway=gateway.id, now=NOW).disabled_at == NOW
        assert disable_gateway(gateway=gateway.id, now=NOW + timedelta(days=1)).disabled_at == NOW
        with pytest.raises(GatewayDisabledError):
            rotate_token(gateway=gateway.id, now=NOW)
    held, same = selectors.holder(token.text), selectors.holder_of(gateway.id)
    assert held is not None
    assert held.is_revoked
    assert same == held


def test_names_are_the_tenants_own(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        create_gateway(name="hangar", now=NOW)
        with pytest.raises(GatewayNameTakenError):
            create_gateway(name="hangar", now=NOW)
    with scope(stranger.id):
        theirs, _ = create_gateway(name="hangar", now=NOW)
    with scope(tenant.id):
        assert Gateway.objects.count() == 1
        for use in (rotate_token, disable_gateway):
            with pytest.raises(GatewayNotFoundError):
                use(gateway=theirs.id, now=NOW)
        with pytest.raises(GatewayNotFoundError):
            selectors.gateway(theirs.id)


def test_a_gateway_that_never_sent_anything(tenant: Tenant) -> None:
    with scope(tenant.id):
        create_gateway(name="b", now=NOW)
        disable_gateway(gateway=create_gateway(name="a", now=NOW)[0].id, now=NOW)
        states = selectors.states(selectors.gateways(), now=NOW)
    assert [(one.gateway.name, one.state, one.readings) for one in states] == [
        ("a", "disconnected", 0),
        ("b", "unknown", 0),
    ]


def test_a_token_survives_a_change_of_the_secret_and_moves_to_the_new_one(tenant: Tenant, settings: Any) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
    former = settings.SEALING_KEYS[0]
    settings.SEALING_KEYS = ["a new secret", former]
    held = admit_token(token.text)
    assert held is not None
    assert held.source.gateway == gateway.id
    assert GatewayToken.objects.get().digest == token_digest(token.text, secret="a new secret")
    settings.SEALING_KEYS = ["a new secret"]
    assert admit_token(token.text) == held
    settings.SEALING_KEYS = [former]
    assert admit_token(token.text) is None
