"""Every model of the domain, where Django looks for them."""

from twins.catalog.models import AssetTypeVersion
from twins.composer.models import DraftOperation, Twin, TwinVersion
from twins.evidence.models import AssetEvent, EvidenceSegment
from twins.gateways.models import Gateway, GatewayToken
from twins.sharing.models import SharedView
from twins.telemetry.models import (
    Batch,
    CommitCount,
    LatestReading,
    Reading,
    SetAside,
    Signal,
    Traffic,
    UnboundKey,
    WriterSession,
)

__all__ = [
    "AssetEvent",
    "AssetTypeVersion",
    "Batch",
    "CommitCount",
    "DraftOperation",
    "EvidenceSegment",
    "Gateway",
    "GatewayToken",
    "LatestReading",
    "Reading",
    "SetAside",
    "SharedView",
    "Signal",
    "Traffic",
    "Twin",
    "TwinVersion",
    "UnboundKey",
    "WriterSession",
]
