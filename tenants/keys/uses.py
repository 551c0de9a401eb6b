"""The use of keys as the tenant reads it: when and from where last, and in the audit each hour and address.

Written after the request, in a short transaction of its own, so that no request waits for another's key.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Q

from tenants.kernel.errors import NotAllowedError
from tenants.keys.models import ApiKey
from tenants.record.models import AuditEntry
from tenants.record.services import record_audit
from tenants.scope.actors import Actor
from tenants.scope.context import scope

EVERY = timedelta(minutes=1)
"""How often the last use of a key is written at most."""
USED, REFUSED = "key.used", "key.refused"
_MOST = 20_000

_Use = tuple[UUID, str, str, datetime]
_told: OrderedDict[_Use, None] = OrderedDict()
"""What this process has seen told: it asks the database once for each key, address and hour."""

logger = logging.getLogger(__name__)


class ForeignNetworkError(NotAllowedError):
    """A key is used from where it is not taken.

    Args:
        address: The network address it came from.
    """

    code = "key.network"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"this key is not taken from {address or 'an unknown address'}", place="Authorization",
            fix="Use it from one of its networks, or have an administrator make a key for this one.",
        )  # fmt: skip


def note_use(*, key: ApiKey, by: Actor, now: datetime, action: str = USED) -> None:
    """Note that a key was used, or refused for where it came from; needs no scope.

    The last use is written at most once a minute. The audit gets one entry for each key, address and hour, however many
    requests and processes there were: the writes made with a key have entries of their own.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    use = (key.id, by.address, action, hour)
    is_due = action == USED and (key.last_used_at is None or key.last_used_at <= now - EVERY)
    is_new = use not in _told
    if not is_due and not is_new:
        return
    try:
        with scope(by.tenant):
            # The row is the lock under which two processes agree who tells.
            ApiKey.objects.select_for_update().filter(id=key.id).values_list("id").first()
            if is_due:
                late = Q(last_used_at=None) | Q(last_used_at__lte=now - EVERY)
                ApiKey.objects.filter(late, id=key.id).update(last_used_at=now, last_used_from=by.address)
            if is_new and not _is_told(use):
                record_audit(action=action, subject=f"key/{key.id}", by=by.name, now=now)
    except DatabaseError:
        logger.exception("the use of a key could not be noted")
        return
    _told[use] = None
    if len(_told) > _MOST:
        _told.popitem(last=False)


def _is_told(use: _Use) -> bool:
    key, address, action, hour = use
    this_hour = AuditEntry.objects.filter(subject=f"key/{key}", at__gte=hour, at__lt=hour + timedelta(hours=1))
    return this_hour.filter(action=action, address=address).exists()
