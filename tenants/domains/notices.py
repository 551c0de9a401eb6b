"""Mail to administrators about a domain that misses its record or has lapsed."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from tenants.domains.domain import State, challenge_name, challenge_text
from tenants.domains.models import Domain
from tenants.domains.selectors import lapses_at
from tenants.edge.mail import send_to_all
from tenants.people.selectors import administrator_addresses
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant


def tell_administrators(row: Domain) -> None:
    """Mail owners and administrators, once the transaction is through, what has become of a domain and how to mend it.

    The link leads to the product's own host: the domain's may be the one that is gone.
    """
    tenant = Tenant.objects.get(id=required_tenant("a notice"))
    page = f"{settings.BASE_URL}{reverse('domain', args=[tenant.slug, row.id])}"
    lapses = lapses_at(row)
    if row.state == State.LAPSED or lapses is None:
        subject = f"{row.name} has lapsed"
        what = (
            f"The record that proved {row.name} has been gone for seven days. {tenant.name} does not use it any more."
        )
    else:
        subject = f"The record of {row.name} is gone"
        what = (
            f"The record that proves {row.name} is gone. Without it the domain lapses on {lapses:%Y-%m-%d %H:%M} UTC."
        )
    lost = [text for text, is_lost in ((_WEB, row.is_web), (_MAIL, row.is_mail)) if is_lost]
    mend = f"To mend it, set this TXT record again and press “Check now”:\n\n{challenge_name(row.name)}\n"
    body = "\n\n".join([what, *lost, f"{mend}{challenge_text(row.token)}", page])
    to = administrator_addresses(tenant.id)
    transaction.on_commit(partial(send_to_all, tenant.brand, subject=subject, body=body, to=to))


_WEB = "Its pages are not shown there once it has lapsed; they stay at our own address."
_MAIL = "Single sign-on counts the domain as declared, not as proven, once it has lapsed."
