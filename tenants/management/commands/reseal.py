"""Put what is sealed under former secrets under the newest: ``manage.py reseal``, after OUTTURN_SECRET was changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tenants.kernel.sealing import SealBrokenError
from tenants.people.factors import people_with_factors, reseal_factors
from tenants.record.domain.keys import KeyUnreadableError
from tenants.record.services import rewrap_key
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.scope.sealed import sealed
from tenants.signon.services import reseal_secret


class Command(BaseCommand):
    help = "Seal every kept secret under the newest OUTTURN_SECRET, and print what was moved as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SECRET_IS_EPHEMERAL:
            raise CommandError("OUTTURN_SECRET is not set: nothing may be sealed under a secret that ends with this.")
        moves = {"log_keys": rewrap_key, "sign_on_secrets": reseal_secret, **sealed()}
        moved: Counter[str] = Counter(dict.fromkeys(("second_factors", *moves), 0))
        unreadable: list[str] = []
        for user in people_with_factors():
            _try(moved, "second_factors", partial(reseal_factors, user), f"person/{user}", unreadable)
        # A short scope for each: nobody waits long for a row, and what is done stays done if this ends early.
        for tenant in Tenant.objects.order_by("id"):
            for name, move in moves.items():
                with scope(tenant.id):
                    _try(moved, name, move, f"{name} of {tenant.slug}", unreadable)
        self.stdout.write(json.dumps({"moved": dict(moved), "unreadable": unreadable}))
        if unreadable:
            raise CommandError("Some secrets open under none of OUTTURN_SECRET and OUTTURN_FORMER_SECRETS.")


def _try(moved: Counter[str], name: str, move: Callable[[], int], place: str, unreadable: list[str]) -> None:
    try:
        moved[name] += move()
    except (KeyUnreadableError, SealBrokenError) as error:
        unreadable.append(f"{place}: {error.message}")
