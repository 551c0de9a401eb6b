"""Connections to servers and devices at sites, how each goes, and who runs it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from tenants.scope.models import PerTenant, TenantKey, UniquePerTenant
from tenants.scope.tables import ReferenceTable
from twins.gateways.field.certificates import fingerprint
from twins.gateways.models import Gateway


class Kind(models.TextChoices):
    """What is spoken."""

    OPCUA = "opcua", "OPC UA"
    MODBUS = "modbus", "Modbus TCP"


class Going(models.TextChoices):
    """How a connection goes."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILING = "failing"


class Connection(PerTenant):
    """One server or device that we read, in the name of a gateway.

    `settings` is the document that ``twins.gateways.field`` checks, without secrets; those are sealed. `revision` grows
    with every change that whoever runs it must notice.
    """

    gateway = TenantKey(Gateway, models.CASCADE)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    settings = models.JSONField(default=dict)
    sealed_secrets = models.BinaryField(null=True, max_length=100_000)
    revision = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_secrets"})

    class Meta:
        ordering = ("name",)
        constraints = (UniquePerTenant(fields=("gateway", "name"), name="connection_name_per_gateway"),)

    def __str__(self) -> str:
        return self.name


class ConnectionState(PerTenant):
    """How a connection goes, as whoever runs it noted last.

    `since` is when it began to go like this. `troubles` are the points that cannot be read, each with its place, key,
    code, message and fix; `events` the last things that happened, newest first.
    """

    connection = TenantKey(Connection, models.CASCADE)
    state = models.CharField(max_length=10, choices=Going.choices, default=Going.CONNECTING)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    fix = models.CharField(max_length=500, blank=True)
    since = models.DateTimeField()
    noted_at = models.DateTimeField(null=True)
    last_sample_at = models.DateTimeField(null=True)
    samples = models.BigIntegerField(default=0)
    trouble_count = models.IntegerField(default=0)
    troubles = models.JSONField(default=list)
    events = models.JSONField(default=list)

    audited: ClassVar[bool] = False

    class Meta:
        constraints = (UniquePerTenant(fields=("connection",), name="one_state_per_connection"),)

    def __str__(self) -> str:
        return self.state


class ClientCertificate(PerTenant):
    """Who we are to OPC UA servers when we act for the organisation: a certificate, and its key under seal."""

    uri = models.CharField(max_length=120)
    certificate = models.BinaryField(max_length=10_000)
    sealed_key = models.BinaryField(max_length=20_000)
    made_at = models.DateTimeField()

    secret_fields: ClassVar[frozenset[str]] = frozenset({"sealed_key"})

    class Meta:
        constraints = (UniquePerTenant(fields=("uri",), name="one_client_certificate"),)

    def __str__(self) -> str:
        return self.uri

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return fingerprint(bytes(self.certificate))


class ConnectionLease(ReferenceTable, models.Model):
    """A connection that is to run, and the process that runs it; read before a tenant is known."""

    connection = models.UUIDField(primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    revision = models.IntegerField()
    holder = models.UUIDField(null=True)

    def __str__(self) -> str:
        return f"{self.connection} at {self.revision}"


class Connector(models.Model):
    """A process that runs connections, and when it last said so, by the database's clock."""

    id = models.UUIDField(primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.id)
