"""Use of a type by things that name its key and no version, such as a rule for all pumps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db import connection

from tenants.scope.context import required_tenant
from twins.catalog.selectors import is_only_version
from twins.catalog.use import Instance, Use, Uses


class NamingKeys:
    """Things that name keys: any version serves them, so that they use one that is the only version of its key.

    Args:
        seen: Those that name a key, as far as the asker may see them.
        count: How many there are at all: SQL that is given the ``tenant`` and the ``key``.
    """

    def __init__(self, seen: Callable[[str], Iterable[Use]], count: str) -> None:
        self._seen, self._count = seen, count

    def uses(self, ref: str) -> Uses:
        """What names the key of a type that has no other version."""
        if not is_only_version(ref):
            return Uses(())
        key = ref.partition("@")[0]
        seen = tuple(self._seen(key))
        with connection.cursor() as cursor:
            cursor.execute(self._count, {"tenant": required_tenant("uses"), "key": key})
            (every,) = cursor.fetchone()
        return Uses(seen, every - len(seen))

    def instances(self, _ref: str) -> Sequence[Instance]:
        """None: they hold no assets."""
        return ()
