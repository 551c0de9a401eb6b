"""The source that a connection's settings describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twins.gateways.connections.addresses import allowed_address
from twins.gateways.connections.models import Kind
from twins.gateways.connections.schemas import Plan
from twins.gateways.field.modbus import ModbusSource
from twins.gateways.field.opcua import OpcUaSource
from twins.gateways.field.opcua_settings import opcua_settings
from twins.gateways.field.registers import modbus_settings
from twins.gateways.field.samples import FieldSource


class PlacedSource(FieldSource, Protocol):
    """A source that knows which key each place of its troubles stands for."""

    @property
    def places(self) -> Mapping[str, str]:
        """The keys by place."""


def source_of(plan: Plan) -> PlacedSource:
    """What reads for a connection; it goes where the installation allows.

    Raises:
        FieldSettingsError: The settings do not fit.
    """
    if plan.kind == Kind.MODBUS:
        return ModbusSource(modbus_settings(plan.document), resolve=allowed_address)
    assert plan.application is not None
    return OpcUaSource(
        opcua_settings(plan.document), application=plan.application, secrets=plan.secrets, resolve=allowed_address
    )
