"""Gateways and their tokens: shown once, kept as digests, replaced, shut out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tenants.kernel.secrets import token_digest
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.services import raise_limit
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.gateways import selectors
from twins.gateways.errors import (
    GatewayDisabledError,
    GatewayNameTakenError,
    GatewayNotFoundError,
    OverlapError,
    SerialTakenError,
    SiteNotFoundError,
)
from twins.gateways.models import Gateway, GatewayToken
from twins.gateways.schemas import Standing
from twins.gateways.services import admit_tokens, create_gateway, disable_gateway, enable_gateway, rotate_token

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


def test_a_token_is_kept_as_a_digest_and_says_whose_it_is(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
    assert token.text.startswith("ot_gateway_")
    assert token.text.startswith(gateway.token_prefix)
    kept = GatewayToken.objects.get()
    assert token.text not in str(vars(kept))
    held = selectors.holders([token.text], now=NOW).get(token.text)
    assert held is not None
    assert (held.source.tenant, held.source.gateway, held.is_revoked) == (tenant.id, gateway.id, False)
    assert selectors.holders_of([gateway.id], now=NOW).get(gateway.id) == held
    assert selectors.holders([token.text + "x", "", "x" * 10_000], now=NOW) == {}
    assert selectors.holders_of([uuid4()], now=NOW) == {}


def test_a_new_token_takes_the_place_of_the_old_one(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, old = create_gateway(name="hangar", now=NOW)
        renewed, new = rotate_token(gateway=gateway.id, now=NOW)
    assert renewed.token_prefix == new.prefix
    first, second = (
        selectors.holders([old.text], now=NOW).get(old.text),
        selectors.holders([new.text], now=NOW).get(new.text),
    )
    assert first is not None
    assert second is not None
    assert (first.is_revoked, second.is_revoked) == (True, False)
    held = selectors.holders_of([gateway.id], now=NOW).get(gateway.id)
    assert held is not None
    assert not held.is_revoked


def test_a_disabled_gateway_stays_out(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
        assert disable_gateway(gateway=gateway.id, now=NOW).disabled_at == NOW
        assert disable_gateway(gateway=gateway.id, now=NOW + timedelta(days=1)).disabled_at == NOW
        with pytest.raises(GatewayDisabledError):
            rotate_token(gateway=gateway.id, now=NOW)
    held, same = (
        selectors.holders([token.text], now=NOW).get(token.text),
        selectors.holders_of([gateway.id], now=NOW).get(gateway.id),
    )
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
    held = admit_tokens([token.text], now=NOW).get(token.text)
    assert held is not None
    assert held.source.gateway == gateway.id
    assert GatewayToken.objects.get().digest == token_digest(token.text, secret="a new secret")
    settings.SEALING_KEYS = ["a new secret"]
    assert admit_tokens([token.text], now=NOW).get(token.text) == held
    settings.SEALING_KEYS = [former]
    assert admit_tokens([token.text], now=NOW).get(token.text) is None


def test_a_former_token_goes_on_for_a_while_when_that_is_asked_for(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, old = create_gateway(name="hangar", now=NOW)
        _, new = rotate_token(gateway=gateway.id, overlap=timedelta(hours=2), now=NOW)
        for wrong in (timedelta(seconds=-1), timedelta(days=31)):
            with pytest.raises(OverlapError):
                rotate_token(gateway=gateway.id, overlap=wrong, now=NOW)
    just_before, then = NOW + timedelta(hours=2) - timedelta(microseconds=1), NOW + timedelta(hours=2)
    assert standing(old.text, just_before) is Standing.IN_FORCE
    assert standing(old.text, then) is Standing.EXPIRED
    assert standing(new.text, then) is Standing.IN_FORCE
    with scope(tenant.id):
        assert selectors.tokens_in_force(gateway.id, now=just_before) == 2
        rotate_token(gateway=gateway.id, now=NOW + timedelta(hours=1))
        assert selectors.tokens_in_force(gateway.id, now=just_before) == 1
    assert standing(old.text, NOW + timedelta(hours=1)) is Standing.REVOKED


def test_a_gateway_that_is_enabled_again_goes_on_with_its_token(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, token = create_gateway(name="hangar", now=NOW)
        disable_gateway(gateway=gateway.id, now=NOW)
    assert standing(token.text, NOW) is Standing.DISABLED
    with scope(tenant.id):
        assert enable_gateway(gateway=gateway.id, now=NOW).disabled_at is None
        assert enable_gateway(gateway=gateway.id, now=NOW).disabled_at is None
    assert standing(token.text, NOW) is Standing.IN_FORCE


def test_enabling_takes_room(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway, _ = create_gateway(name="hangar", now=NOW)
        disable_gateway(gateway=gateway.id, now=NOW)
        create_gateway(name="other", now=NOW)
        raise_limit(meter=Meter.GATEWAYS, value=1, until=None, reason="test", by="operator", now=NOW)
        with pytest.raises(LimitReachedError):
            enable_gateway(gateway=gateway.id, now=NOW)


def test_a_serial_is_one_gateways(tenant: Tenant, stranger: Tenant) -> None:
    with scope(tenant.id):
        made, _ = create_gateway(name="one", serial="PX-1", now=NOW)
        with pytest.raises(SerialTakenError):
            create_gateway(name="two", serial="PX-1", now=NOW)
        create_gateway(name="three", now=NOW)
        create_gateway(name="four", now=NOW)
        with pytest.raises(SiteNotFoundError):
            create_gateway(name="five", site=uuid4(), now=NOW)
        assert made.serial == "PX-1"
    with scope(stranger.id):
        create_gateway(name="one", serial="PX-1", now=NOW)


def standing(token: str, now: datetime) -> Standing:
    held = selectors.holders([token], now=now).get(token)
    assert held is not None
    return held.standing
