"""A device that registers itself with a provisioning key."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from tenants.kernel.secrets import is_token, token_digests
from tenants.lifecycle.domain import TAKES_READINGS, State, StateRefusedError
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant, scope
from tenants.scope.models import Tenant
from twins.gateways.models import Gateway, ProvisioningDigest, ProvisioningKey
from twins.gateways.provisioning.claiming import code_digest, new_code
from twins.gateways.provisioning.errors import KeyEndedError, KeyUsedUpError, SerialInUseError, UnknownKeyError
from twins.gateways.provisioning.keys import state_of
from twins.gateways.schemas import Admission, GatewayTerms, Origin
from twins.gateways.services import add_gateway, end_tokens, give_token
from twins.telemetry.selectors import traffic


def register_device(*, key: str, serial: str, name: str, version: str, now: datetime) -> Admission:
    """Make a gateway of a device, or tell one that is not in use yet its token anew; outside any scope.

    A device that never got its answer registers again: as long as nobody has claimed its gateway, or, where nobody
    needs to, as long as it has sent nothing, it gets the same gateway with a new token and a new code. One that is in
    use is never taken over.

    Args:
        key: The provisioning key.
        serial: What the device calls itself; the same at every registration.
        name: What people are to call it; its serial when empty.
        version: Of its program.
        now: When.

    Raises:
        GatewayNameTakenError: The tenant has a gateway of this name.
        KeyEndedError: The key is revoked or has expired.
        KeyUsedUpError: It has made as many gateways as it may.
        LimitReachedError: The tenant, or the customer, may have no more gateways.
        SerialInUseError: A gateway of this serial is in use.
        StateRefusedError: The organisation takes no readings at present.
        UnknownKeyError: Nobody has this key.
    """
    found = _digest(key)
    with scope(found.tenant_id):
        check_state(now=now)
        row = ProvisioningKey.objects.select_for_update().filter(id=found.key).first()
        if row is None:
            raise UnknownKeyError
        if (state := state_of(row, now=now)) in ("revoked", "expired"):
            raise KeyEndedError(
                f"the provisioning key is {state}", place="key", fix="Make a new one, and give it to the device."
            )
        gateway = Gateway.objects.select_for_update().filter(serial=serial).first()
        if gateway is None:
            gateway = _made(
                row, GatewayTerms(_name(row, serial, name), serial, row.customer_id, row.site_id), version, now
            )
        elif _is_in_use(gateway, row):
            raise SerialInUseError(serial)
        return _admitted(gateway, row, now)


def check_state(*, now: datetime) -> None:
    """Let nothing in for an organisation that takes no readings.

    Raises:
        StateRefusedError: It is suspended or closed.
    """
    tenant = Tenant.objects.get(id=required_tenant("a gateway"))
    state = State(tenant.state)
    if state not in TAKES_READINGS:
        raise StateRefusedError(
            state, f"the organisation is {state} and takes no gateways", "Its owners can choose a plan."
        )


def _digest(key: str) -> ProvisioningDigest:
    """Whose key it is; one kept under a former secret of the installation is kept under the newest from now on."""
    if not is_token(key, "provision"):
        raise UnknownKeyError
    digests = token_digests(key, keys=settings.SEALING_KEYS)
    found = ProvisioningDigest.objects.filter(digest__in=digests).first()
    if found is None:
        raise UnknownKeyError
    if found.digest != digests[0]:
        ProvisioningDigest.objects.filter(digest=found.digest).update(digest=digests[0])
    return found


def _made(key: ProvisioningKey, terms: GatewayTerms, version: str, now: datetime) -> Gateway:
    if key.made >= key.allowed:
        raise KeyUsedUpError(
            f"the provisioning key has made {key.made} gateways, as many as it may", place="key",
            fix="Make a new key, and give it to the device.",
        )  # fmt: skip
    gateway = add_gateway(terms=terms, origin=Origin.KEY, made_with=key.id, version=version, now=now)
    ProvisioningKey.objects.filter(id=key.id).update(made=F("made") + 1)
    return gateway


def _is_in_use(gateway: Gateway, key: ProvisioningKey) -> bool:
    if gateway.made_with != key.id or gateway.disabled_at is not None:
        return True
    return not gateway.is_pending and (key.needs_claim or gateway.id in traffic([gateway.id]))


def _admitted(gateway: Gateway, key: ProvisioningKey, now: datetime) -> Admission:
    with transaction.atomic():
        code = new_code() if key.needs_claim else ""
        gateway.claim_digest = code_digest(gateway.id, code) if code else ""
        gateway.save(update_fields=["claim_digest"])
        end_tokens(gateway=gateway.id, at=now, now=now)
        token = give_token(gateway=gateway, now=now)
        record_audit(
            action="gateway.registered", subject=f"gateway/{gateway.id}", by=f"Provisioning key {key.name}", now=now,
            details={"name": gateway.name, "serial": gateway.serial, "needs_claim": key.needs_claim},
        )  # fmt: skip
    return Admission(gateway.id, gateway.name, token, claim_code=code)


def _name(key: ProvisioningKey, serial: str, name: str) -> str:
    return f"{key.name_prefix}{name or serial}"[:120]
