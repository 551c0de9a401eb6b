"""Who runs the installation; only whoever has its command line decides that."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.utils import is_mfa_enabled

from tenants.kernel.errors import NotFoundError
from tenants.lifecycle.models import Operator
from tenants.people.models import User


def operators() -> list[tuple[str, bool]]:
    """The addresses of the operators, and whether each has a second factor."""
    rows = Operator.objects.select_related("user").order_by("user__email")
    return [(row.user.email, is_mfa_enabled(row.user)) for row in rows]


def add_operator(*, address: str, now: datetime) -> Operator:
    """Make a person an operator; nothing changes for one who is.

    Raises:
        NotFoundError: Nobody has this address.
    """
    user = User.objects.filter(email=address.strip().lower(), is_active=True).first()
    if user is None:
        raise NotFoundError(f"nobody has the address {address[:254]}", place="address", fix="They sign up first.")
    return Operator.objects.get_or_create(user=user, defaults={"added_at": now})[0]


def remove_operator(*, address: str) -> None:
    """Make a person an operator no more; any access to an organisation ends with that.

    Raises:
        NotFoundError: No operator has this address.
    """
    gone, _ = Operator.objects.filter(user__email=address.strip().lower()).delete()
    if not gone:
        raise NotFoundError(f"no operator has the address {address[:254]}", place="address", fix="Look at the list.")
