"""Something of an edge agent in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from twins.evidence.models import SiteRecord
from twins.gateways.edge.platform.models import EdgeAgent, EdgeConfiguration, SealedBatch, SealState, SiteKey
from twins.gateways.edge.platform.sealing import packed


def agent_at(gateway: UUID, twin: UUID, now: datetime) -> dict[str, dict[str, str | int | UUID]]:
    """An agent, its key, a configuration, a seal and a record of seals; the arguments of their addresses."""
    SiteRecord.objects.create(twin_id=twin, document={"site_record": 1, "gateways": []}, digest="5" * 64, made_at=now)
    EdgeAgent.objects.create(
        gateway=gateway, at=now, status={
            "version": "northwind 1", "key": "", "configuration": {"digest": None, "state": "none", "findings": []},
            "store": {"batches": 0, "bytes": 0, "limit": 1, "oldest_at": None, "dropped_readings": 0,
                      "dropped_batches": 0},
            "sources": [], "sent_at": "2026-11-21T12:00:00Z",
        },
    )  # fmt: skip
    key = SiteKey.objects.create(
        gateway=gateway, public_key=bytes(32), fingerprint="1" * 64, first_seen_at=now, approved_by="Northwind"
    ).id
    EdgeConfiguration.objects.create(
        gateway=gateway, number=7, document={"sources": []}, digest="2" * 64, saved_by="owner@meridian.example",
        saved_at=now,
    )  # fmt: skip
    SealedBatch.objects.create(
        gateway=gateway, fingerprint="1" * 64, sequence=17, previous="0" * 64, digest="3" * 64, body_digest="4" * 64,
        signature=bytes(64), body=packed(b'{"batch": "northwind"}'), batch="northwind", commit=1, readings=0,
        signals=[], first_at=now, last_at=now, received_at=now, state=SealState.KEPT,
    )  # fmt: skip
    return {
        **{name: {"gateway": gateway} for name in ("gateway-edge", "api:edge", "api:edge-configuration")},
        **{f"gateway-edge-{name}": {"gateway": gateway} for name in ("doing", "file", "seals", "configure")},
        **{f"gateway-edge-{name}": {"gateway": gateway, "number": 7} for name in ("version", "restore")},
        "gateway-edge-key": {"gateway": gateway, "key": key},
        **{f"api:{name}-list": {"gateway": gateway} for name in ("edge-version", "site-key", "seal")},
        **{f"api:edge-version-{name}": {"gateway": gateway, "number": 7} for name in ("detail", "restore")},
        "api:site-key-approve": {"gateway": gateway, "pk": key},
        "api:seal-body": {"gateway": gateway, "sequence": 17},
        "api:site-record": {"pk": twin, "digest": "5" * 64},
    }
