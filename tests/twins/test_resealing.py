"""A change of OUTTURN_SECRET reaches what twins keep sealed: secrets of connections and of alarms' webhooks."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tenants.kernel.clock import utc_now
from tenants.kernel.sealing import unseal
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.alarms.delivering import PURPOSE
from twins.alarms.models import AlarmChannel
from twins.alarms.telling import save_channel
from twins.gateways.connections.services import change_connection, create_connection, plan_of
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
FORMER, NEW = "the former secret of this installation", "the new secret of this installation"


def test_secrets_of_connections_and_webhooks_open_without_the_former_secret(cast: Cast, settings: Any) -> None:
    settings.SEALING_KEYS, settings.OUTTURN_ALLOW_PRIVATE_HOSTS = [FORMER], ["hooks.example.com"]
    now = utc_now()
    with scope(cast.meridian.id):
        gateway, _ = create_gateway(name="Hall", now=now)
        where = {"url": "opc.tcp://plant.example:4840"}
        made = create_connection(gateway=gateway.id, name="PLC", kind="opcua", settings=where, now=now)
        change_connection(connection=made.id, secrets={"password": "open sesame"}, now=now)
        plan = plan_of(connection=made.id, now=now)
        hook, secret = save_channel(
            channel=None, name="Hook", addresses=[], url="https://hooks.example.com/", by="test", now=now
        )
    settings.SEALING_KEYS = [NEW, FORMER]
    out = StringIO()
    call_command("reseal", stdout=out)
    moved = json.loads(out.getvalue())["moved"]
    assert (moved["connections"], moved["alarm_channels"]) == (2, 1)
    settings.SEALING_KEYS = [NEW]
    with scope(cast.meridian.id):
        assert plan_of(connection=made.id, now=now) == plan
        sealed = bytes(AlarmChannel.objects.get(id=hook.id).sealed_secret)
        assert unseal(sealed, keys=[NEW], purpose=PURPOSE) == secret
