"""The seal that comes with a batch: judged and written in the commit of the batch's readings.

What is acknowledged as kept is therefore there with its readings, or neither is. A seal never stands against the
readings: they are taken, and what is wrong with it is told and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tenants.kernel.ids import new_id
from twins.gateways.edge.platform.models import KeyState, SealState
from twins.gateways.edge.signing import Seal, holds, seal_digest, seal_in
from twins.telemetry.instants import moment
from twins.telemetry.schemas import Delivery, Outcome

LEVEL = 3
"""Of zstd, for bodies that are kept."""

_KEY = """
SELECT k.public_key, k.state, k.sequence, k.head, known.state, known.code, known.reason
FROM twins_sitekey k LEFT JOIN LATERAL (
    SELECT s.state, s.code, s.reason FROM twins_sealedbatch s
    WHERE s.tenant_id = k.tenant_id AND s.gateway = k.gateway AND s.fingerprint = k.fingerprint
        AND s.digest = %(digest)s
    ORDER BY s.id LIMIT 1
) known ON true
WHERE k.tenant_id = %(tenant)s AND k.gateway = %(gateway)s AND k.fingerprint = %(key)s"""
_MOVE = """
UPDATE twins_sitekey SET sequence = %(sequence)s, head = %(digest)s
WHERE tenant_id = %(tenant)s AND gateway = %(gateway)s AND fingerprint = %(key)s"""
_KEEP = """
INSERT INTO twins_sealedbatch (tenant_id, id, gateway, fingerprint, sequence, previous, digest, body_digest, signature,
    body, batch, commit, readings, signals, first_at, last_at, received_at, state, code, reason)
VALUES (%(tenant)s, %(id)s, %(gateway)s, %(key)s, %(sequence)s, %(previous)s, %(digest)s, %(body_digest)s,
    %(signature)s, %(body)s, %(batch)s, %(commit)s, %(readings)s, %(signals)s, %(first_at)s, %(last_at)s, %(now)s,
    %(state)s, %(code)s, %(reason)s)"""

BREAKS: Mapping[str, tuple[str, str]] = {
    "seal.unreadable": ("the seal cannot be read", "Send it as docs/gateways.md says."),
    "seal.unknown_key": ("nobody has seen the key of this seal here", "Send the agent's status, which tells its key."),
    "seal.does_not_hold": ("the signature is not the key's for this body", "Send the bytes that were signed."),
    "seal.key_waiting": ("the key of this seal waits to be approved", "Approve it on the gateway's page."),
    "seal.key_retired": ("the key of this seal was replaced by another", "Let the agent sign with its newest key."),
    "seal.out_of_sequence": ("another seal had this number or a later one before", "Number each batch once, in order."),
    "seal.gap": ("batches that were sealed before this one have not come", "Look why the site left some out."),
}
"""What is wrong with a seal and what to do, by its code."""


class Verdict(NamedTuple):
    """What became of a seal.

    Attributes:
        code: Why it is broken; empty when it is kept.
        reason: The same as a sentence without its end.
    """

    code: str = ""
    reason: str = ""

    @classmethod
    def broken(cls, code: str, detail: str = "") -> Verdict:
        """The verdict of a code of `BREAKS`, with what there is to add."""
        return cls(code, ": ".join(filter(None, (BREAKS[code][0], detail)))[:400])

    @property
    def is_kept(self) -> bool:
        """Whether the batch counts as sealed by its site."""
        return not self.code

    def told(self) -> dict[str, Any]:
        """As the answer to the batch has it."""
        if self.is_kept:
            return {"kept": True}
        return {"kept": False, "code": self.code, "message": self.reason, "fix": BREAKS[self.code][1]}


class _Key(NamedTuple):
    """The site's key of a seal, and what is known of the seal itself."""

    public_key: bytes
    state: str
    sequence: int
    head: str
    known_state: str | None
    known_code: str | None
    known_reason: str | None


class Sealing:
    """A seal on its way into the database: what `twins.telemetry.extras.Extra` asks for.

    Args:
        seal: The seal; None when it cannot be read.
        fault: Why it cannot be read.
        body: What it is of, not packed.

    Attributes:
        verdict: What became of it, once the batch is durable; None when it was there already without a word of it.
    """

    def __init__(self, seal: Seal | None, fault: str, body: bytes) -> None:
        self._seal, self._fault, self._body = seal, fault, body
        self._digest = seal_digest(body, sequence=seal.sequence, previous=seal.previous) if seal else ""
        self.verdict: Verdict | None = None

    async def write(
        self, connection: Any, delivery: Delivery, outcome: Outcome, *, is_fresh: bool, now: datetime
    ) -> None:
        """Judge the seal against the last one of its key, and write it down."""
        if self._seal is None:
            self.verdict = Verdict.broken("seal.unreadable", self._fault)
            if is_fresh:
                await connection.execute(_KEEP, self._row(delivery, outcome, now))
            return
        cursor = await connection.execute(_KEY, self._place(delivery) | {"digest": self._digest})
        row = await cursor.fetchone()
        key = None if row is None else _Key(*row)
        self.verdict = verdict = self._judged(key)
        has_held = verdict.code not in ("seal.unknown_key", "seal.does_not_hold")
        if (key is not None and has_held and key.known_state) or not (has_held or is_fresh):
            return
        if key is not None and has_held and self._seal.sequence > key.sequence:
            moved = {"sequence": self._seal.sequence, "digest": self._digest}
            await connection.execute(_MOVE, self._place(delivery) | moved)
        row = self._row(delivery, outcome, now) | {"digest": self._digest if has_held else ""}
        await connection.execute(_KEEP, row)

    def _judged(self, key: _Key | None) -> Verdict:
        seal = self._seal
        assert seal is not None
        if key is None:
            return Verdict.broken("seal.unknown_key")
        if not holds(seal, self._body, Ed25519PublicKey.from_public_bytes(bytes(key.public_key))):
            return Verdict.broken("seal.does_not_hold")
        return Verdict(key.known_code or "", key.known_reason or "") if key.known_state else _in_chain(seal, key)

    def _place(self, delivery: Delivery) -> dict[str, Any]:
        key = self._seal.key if self._seal else ""
        return {"tenant": delivery.source.tenant, "gateway": delivery.source.gateway, "key": key}

    def _row(self, delivery: Delivery, outcome: Outcome, now: datetime) -> dict[str, Any]:
        verdict, seal, readings = self.verdict, self._seal, delivery.normalised.readings
        assert verdict is not None
        return self._place(delivery) | {
            "id": new_id(),
            "sequence": seal.sequence if seal else 0,
            "previous": seal.previous if seal else "",
            "digest": self._digest,
            "body_digest": hashlib.sha256(self._body).hexdigest(),
            "signature": seal.signature if seal else b"",
            "body": packed(self._body) if verdict.is_kept else b"",
            "batch": delivery.batch,
            "commit": outcome.commit,
            "readings": readings.size,
            "signals": np.unique(readings.signal).tolist(),
            "first_at": moment(int(readings.at.min())) if readings.size else now,
            "last_at": moment(int(readings.at.max())) if readings.size else now,
            "now": now,
            "state": SealState.KEPT.value if verdict.is_kept else SealState.BROKEN.value,
            "code": verdict.code,
            "reason": verdict.reason,
        }


def _in_chain(seal: Seal, key: _Key) -> Verdict:
    """What a seal that holds is after the last one of its key."""
    if seal.sequence <= key.sequence:
        return Verdict.broken("seal.out_of_sequence", f"{seal.sequence} came after {key.sequence}")
    if key.state != KeyState.APPROVED:
        return Verdict.broken("seal.key_waiting" if key.state == KeyState.WAITING else "seal.key_retired")
    if seal.previous != key.head or seal.sequence != key.sequence + 1:
        return Verdict.broken("seal.gap", f"{seal.sequence} came after {key.sequence}")
    return Verdict()


def sealing_of(headers: Mapping[str, str], body: bytes) -> Sealing | None:
    """The seal that came with a batch; None when there is none."""
    try:
        seal = seal_in(headers)
    except ValueError as error:
        return Sealing(None, str(error), body)
    return None if seal is None else Sealing(seal, "", body)


def packed(body: bytes) -> bytes:
    """A body as it is kept."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


def unpacked(kept: bytes) -> bytes:
    """A body as it was signed."""
    return zstandard.ZstdDecompressor().decompress(kept)
