"""Writes to the log and the audit trail. All of them act for the tenant in scope, in its transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from pydantic import JsonValue

from tenants.edge.context import client_address, request_id
from tenants.kernel.canonical import digest
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import id_before, new_id
from tenants.record.domain.heads import Head, sign_head
from tenants.record.domain.keys import NONCE_BYTES, KeyUnreadableError, unwrap_key, wrap_key
from tenants.record.domain.leaves import SALT_BYTES, Leaf
from tenants.record.domain.tree import LogDamagedError, NodeKey, append, root
from tenants.record.models import AuditEntry, Log, LogLeaf, TreeHead
from tenants.record.schemas import LoggedLeaf, NewEntry, SignedHead
from tenants.record.selectors import LogNodes, as_signed_head, node_place
from tenants.scope.changes import take_changes
from tenants.scope.context import required_tenant

AUDIT, HANDOVER = "audit_entry", "key_handover"
LONGEST_TRANSACTION = timedelta(days=1)
_gathered: ContextVar[list[NewEntry] | None] = ContextVar("outturn_gathered_leaves", default=None)


class NoSecretError(OutturnError):
    """The installation has no lasting secret to keep the log's key under."""

    code = "record.no_secret"
    status = 500


# Columns: many times as fast as the ORM's rows. Hashes (32 bytes) and salts (16) come as one value each, end to end:
# with arrays of them a batch takes half as long again. Kinds and places come as arrays written out here, for the driver
# writes them element by element. A cluster takes INSERT .. SELECT from a role under row-level security only with ON
# CONFLICT; a conflict cannot be while the log is locked, so a row that is missing afterwards is a fault.
_LEAVES = """
INSERT INTO tenants_logleaf (tenant_id, logged_at, id, kind, digest, salt, hash)
SELECT %s, %s, %s + at, kind, substring(digests FROM 32 * at + 1 FOR 32), substring(salts FROM 16 * at + 1 FOR 16),
       substring(hashes FROM 32 * at + 1 FOR 32)
FROM unnest(%s::text[]) WITH ORDINALITY AS entry (kind, place), CAST(place - 1 AS integer) AS at,
     (VALUES (%s::bytea, %s::bytea, %s::bytea)) AS columns (digests, salts, hashes)
ON CONFLICT DO NOTHING
"""
_NODES = """
INSERT INTO tenants_lognode (tenant_id, id, hash)
SELECT %s, node.id, substring(hashes FROM 32 * CAST(place - 1 AS integer) + 1 FOR 32)
FROM unnest(%s::bigint[]) WITH ORDINALITY AS node (id, place), (VALUES (%s::bytea)) AS columns (hashes)
ON CONFLICT DO NOTHING
"""


class _WritableLogNodes(LogNodes):
    """The nodes of the log in scope, for the batch that is being appended; its leaves are written as entries."""

    def put_many(self, nodes: Mapping[NodeKey, bytes]) -> None:
        """Write the inner nodes that the batch completes."""
        inner = {node_place(*key): value for key, value in nodes.items() if key[0]}
        if inner:
            _insert(_NODES, [_array(map(str, inner)), b"".join(inner.values())], len(inner))


def append_leaves(*, entries: Sequence[NewEntry], now: datetime) -> list[LoggedLeaf]:
    """Append documents to the log, in the transaction that writes them: both are committed, or neither.

    The log stays locked until that transaction ends, so append late in it, and once for many: see
    ``appended_together``.

    Returns:
        The entries with their indexes, in the order given; none within ``appended_together``, for they have none yet.

    Raises:
        NoSecretError: This is the first entry, and OUTTURN_SECRET is not set.
    """
    if not entries:
        return []
    gathered = _gathered.get()
    if gathered is not None:
        gathered += entries
        return []
    log = _locked_log(now=now)
    salts = secrets.token_bytes(SALT_BYTES * len(entries))
    leaves = [
        Leaf(entry.kind, entry.digest, salts[SALT_BYTES * at : SALT_BYTES * (at + 1)])
        for at, entry in enumerate(entries)
    ]
    hashes = [leaf.hash for leaf in leaves]
    columns = [
        _array([leaf.kind for leaf in leaves]),
        bytes.fromhex("".join([leaf.digest for leaf in leaves])),
        salts,
        b"".join(hashes),
    ]
    _insert(_LEAVES, [now, log.size, *columns], len(leaves))
    size = append(_WritableLogNodes(), log.size, hashes)
    Log.objects.filter(id=log.id).update(size=size)
    return [LoggedLeaf(log.size + offset, leaf) for offset, leaf in enumerate(leaves)]


def hold_log(*, now: datetime) -> None:
    """Hold the log until the transaction ends, for whoever is to hold something else that others take after it.

    Raises:
        NoSecretError: The tenant has no log yet, and OUTTURN_SECRET is not set.
    """
    _locked_log(now=now)


@contextmanager
def appended_together(*, now: datetime) -> Iterator[None]:
    """Append what is logged meanwhile in one batch at the end; nothing when the work fails.

    It stands within the transaction that writes the documents. No head is sealed and no leaf asked for meanwhile.
    """
    entries: list[NewEntry] = []
    token = _gathered.set(entries)
    try:
        yield
    finally:
        _gathered.reset(token)
    append_leaves(entries=entries, now=now)


def seal_head(*, now: datetime) -> SignedHead:
    """Log the audit entries that are not in it yet, and sign a head of the log; the same head if nothing was added.

    Raises:
        KeyUnreadableError: The log was made under a secret that is no more among those of the installation.
        NoSecretError: The tenant has no log yet, and OUTTURN_SECRET is not set.
    """
    _locked_log(now=now)
    _log_audit_entries(now=now)
    log = Log.objects.get()
    known = TreeHead.objects.filter(size=log.size).first()
    if known is not None:
        return as_signed_head(known)
    head = Head(log.origin, log.size, root(LogNodes(), log.size))
    key = unwrap_key(bytes(log.wrapped_key), secrets=settings.SEALING_KEYS, origin=log.origin)
    row = TreeHead.objects.create(size=head.size, root=head.root, note=sign_head(head, key), sealed_at=now)
    return as_signed_head(row)


def seal_news(*, now: datetime) -> SignedHead | None:
    """Seal a head if anything was written since the last one; else None, and nothing is locked or written.

    Raises:
        KeyUnreadableError: The log was made under a secret that is no more among those of the installation.
        NoSecretError: The tenant has no log yet, and OUTTURN_SECRET is not set.
    """
    size = Log.objects.values_list("size", flat=True).first() or 0
    is_sealed = not size or TreeHead.objects.filter(size=size).exists()
    if is_sealed and not _unlogged_audit_entries().exists():
        return None
    return seal_head(now=now)


def rewrap_key() -> bool:
    """Encrypt the key of the log under the newest secret of the installation; whether it was under a former one.

    Raises:
        KeyUnreadableError: The log was made under a secret that is no more among those of the installation.
    """
    log = Log.objects.select_for_update().first()
    if log is None:
        return False
    wrapped = bytes(log.wrapped_key)
    try:
        unwrap_key(wrapped, secrets=settings.SEALING_KEYS[:1], origin=log.origin)
    except KeyUnreadableError:
        key = unwrap_key(wrapped, secrets=settings.SEALING_KEYS, origin=log.origin)
        Log.objects.filter(id=log.id).update(wrapped_key=wrapped_for(key, log.origin))
        return True
    return False


def record_audit(
    *, action: str, subject: str, by: str, now: datetime, details: Mapping[str, JsonValue] | None = None
) -> AuditEntry:
    """Write down what somebody did; the next sealed head vouches for it.

    In a request the entry tells of the rows written since the last entry, and where the request came from.

    Args:
        action: What was done, dotted and in the past tense: ``contract.published``.
        subject: What it was done to: ``contract/0198…``.
        by: Who did it: an address of mail, or the name of a key.
        now: When.
        details: What else belongs to it, as JSON.
    """
    entry = AuditEntry(
        id=new_id(), at=now, by=by, action=action, subject=subject, details=dict(details or {}), changes=take_changes(),
        address=client_address(), request_id=request_id(),
    )  # fmt: skip
    entry.digest = bytes.fromhex(digest(audit_document(entry)))
    entry.save(force_insert=True)
    return entry


def audit_document(entry: AuditEntry) -> dict[str, JsonValue]:
    """What is logged of an audit entry; what it has nothing of is left out."""
    optional = {"changes": entry.changes, "address": entry.address, "request": entry.request_id}
    return {
        "id": str(entry.id),
        "at": isoformat(entry.at),
        "by": entry.by,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        **{name: value for name, value in optional.items() if value},
    }


def handover_document(note: str) -> dict[str, JsonValue]:
    """What is logged when a key of the log hands over to the next: the note that both have signed."""
    return {HANDOVER: note}


def _log_audit_entries(*, now: datetime) -> None:
    """Log what was written since the last head."""
    digests = _unlogged_audit_entries().order_by("id").values_list("digest", flat=True)
    append_leaves(entries=[NewEntry(AUDIT, bytes(value).hex()) for value in digests], now=now)


def _unlogged_audit_entries() -> QuerySet[AuditEntry]:
    """What was written since the last head; entries of transactions that were still open then are found too.

    The ids tell when a row was made, on one clock, whatever moment an entry is of.
    """
    entries = AuditEntry.objects.filter(~Exists(LogLeaf.objects.filter(digest=OuterRef("digest"))))
    last = TreeHead.objects.order_by("-size").values_list("id", flat=True).first()
    if last is not None:
        entries = entries.filter(id__gte=id_before(last, LONGEST_TRANSACTION))
    return entries


def _array(values: Iterable[str]) -> str:
    """An array of kinds or numbers, one at least and none with a quote in it, as PostgreSQL reads it."""
    return '{"' + '","'.join(values) + '"}'


def _insert(statement: str, values: Sequence[Any], rows: int) -> None:
    """Insert so many rows, whose columns are among the values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [required_tenant("the log"), *values])
        if cursor.rowcount != rows:
            raise LogDamagedError(
                f"{rows - cursor.rowcount} rows stand where the log is to grow.",
                place="log",
                kept="Nothing was written.",
                fix="Restore the log from its backup; do not append to it before.",
            )


def _locked_log(*, now: datetime) -> Log:
    """The tenant's log, made at first use, locked until the transaction ends."""
    log = Log.objects.select_for_update().first()
    if log is None:
        # Two may come here at once: the second waits for the first, then finds its row.
        Log.objects.bulk_create([_new_log(now=now)], ignore_conflicts=True)
        log = Log.objects.select_for_update().get()
    return log


def _new_log(*, now: datetime) -> Log:
    if settings.SECRET_IS_EPHEMERAL:
        raise NoSecretError(
            "A log cannot be begun without a lasting secret for its key.",
            place="OUTTURN_SECRET",
            kept="Nothing was written.",
            fix="Set OUTTURN_SECRET, or start with `manage.py up`, which keeps one.",
        )
    address = urlsplit(settings.BASE_URL)
    origin = f"{address.netloc}{address.path.rstrip('/')}/log/{required_tenant('a log')}"
    key = Ed25519PrivateKey.generate()
    return Log(
        origin=origin,
        public_key=key.public_key().public_bytes_raw(),
        wrapped_key=wrapped_for(key, origin),
        created_at=now,
    )


def wrapped_for(key: Ed25519PrivateKey, origin: str) -> bytes:
    """The key of a log as it is kept: under the newest secret of the installation."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return wrap_key(key, secret=settings.SEALING_KEYS[0], origin=origin, nonce=nonce)
