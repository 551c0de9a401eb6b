"""The drafts that this process saved last, so that who edits one again does not wait for it to be read and judged anew.

A draft at a revision never changes, so what is here is never wrong; another process reads it from its row.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from threading import Lock
from uuid import UUID

from django.db import transaction

from twins.composer.models import Twin
from twins.composer.selectors import Draft, draft_of

MOST_PARTS = 100_000
"""Parts of all drafts that are held together; one alone may have more."""


class Recent:
    """Drafts by their twins, those used last; the others make room.

    Args:
        most_parts: Assets, links, bindings, groups and notes of all drafts together.
    """

    def __init__(self, most_parts: int) -> None:
        self._most_parts = most_parts
        self._drafts: OrderedDict[UUID, Draft] = OrderedDict()
        self._lock = Lock()

    def find(self, row: Twin) -> Draft | None:
        """The draft in a twin's row, if it is held as it is there."""
        with self._lock:
            found = self._drafts.get(row.id)
        at = (row.revision, row.published or None)
        return found if found is not None and (found.revision, found.published_version) == at else None

    def hold(self, draft: Draft) -> None:
        """Hold a draft in place of an older one."""
        with self._lock:
            self._drafts[draft.twin] = draft
            self._drafts.move_to_end(draft.twin)
            while len(self._drafts) > 1 and sum(map(_parts, self._drafts.values())) > self._most_parts:
                self._drafts.popitem(last=False)


_recent = Recent(MOST_PARTS)


def held_draft(row: Twin) -> Draft:
    """The draft of a twin that is held (`locked_twin`); what is found in it may be of before a type was published."""
    return _recent.find(row) or draft_of(row)


def hold_later(draft: Draft) -> None:
    """Hold a draft for its next edit, once this transaction has been committed."""
    transaction.on_commit(partial(_recent.hold, draft))


def _parts(draft: Draft) -> int:
    of = draft.document
    return len(of.assets) + len(of.links) + len(of.bindings) + len(of.groups) + len(of.notes)
