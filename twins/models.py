"""Every model of the domain, where Django looks for them."""

from twins.alarms.models import (
    Alarm,
    AlarmChannel,
    AlarmDelivery,
    AlarmEvent,
    AlarmFlood,
    AlarmMemory,
    AlarmRule,
    AlarmRuleVersion,
    Escalation,
    EscalationChain,
    OnCallSchedule,
)
from twins.catalog.models import AssetTypeVersion
from twins.composer.models import DraftOperation, Twin, TwinVersion
from twins.dashboards.models import Dashboard, DashboardRevision, DashboardShare
from twins.evidence.models import AssetEvent, EvidenceSegment, SiteRecord
from twins.gateways.connections.models import (
    ClientCertificate,
    Connection,
    ConnectionLease,
    ConnectionState,
    Connector,
)
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, SealedBatch, SiteKey
from twins.gateways.imports.models import FileImport
from twins.gateways.models import (
    Authority,
    AuthorityAnchor,
    Gateway,
    GatewayToken,
    ProvisioningDigest,
    ProvisioningKey,
)
from twins.gateways.sparkplug.models import SparkplugBirth, SparkplugNode
from twins.history.models import Annotation
from twins.live.models import Watermark
from twins.sharing.models import SharedView
from twins.telemetry.models import (
    Batch,
    Chunk,
    CommitCount,
    Compaction,
    LateReadings,
    LatestReading,
    ReadingLog,
    Rollup,
    SetAside,
    Signal,
    Substitution,
    Traffic,
    UnboundKey,
    WriterSession,
)

__all__ = [
    "Alarm",
    "AlarmChannel",
    "AlarmDelivery",
    "AlarmEvent",
    "AlarmFlood",
    "AlarmMemory",
    "AlarmRule",
    "AlarmRuleVersion",
    "Annotation",
    "AssetEvent",
    "AssetTypeVersion",
    "Authority",
    "AuthorityAnchor",
    "Batch",
    "Chunk",
    "ClientCertificate",
    "CommitCount",
    "Compaction",
    "Connection",
    "ConnectionLease",
    "ConnectionState",
    "Connector",
    "Dashboard",
    "DashboardRevision",
    "DashboardShare",
    "DraftOperation",
    "EdgeAgent",
    "EdgeConfiguration",
    "Escalation",
    "EscalationChain",
    "EvidenceSegment",
    "FileImport",
    "Gateway",
    "GatewayToken",
    "LateReadings",
    "LatestReading",
    "OnCallSchedule",
    "ProvisioningDigest",
    "ProvisioningKey",
    "ReadingLog",
    "Rollup",
    "SealedBatch",
    "SetAside",
    "SharedView",
    "Signal",
    "SiteKey",
    "SiteRecord",
    "SparkplugBirth",
    "SparkplugNode",
    "Substitution",
    "Traffic",
    "Twin",
    "TwinVersion",
    "UnboundKey",
    "Watermark",
    "WriterSession",
]
