"""Customers in the trash: registered here, for their own room stands below this one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tenants.custody.kinds import TrashKind
from tenants.customers.models import Customer
from tenants.limits.domain.plans import Meter
from tenants.scope.actors import Permission

CUSTOMER = TrashKind(
    key="customer", label=_("Customer"), model=Customer, needs=Permission.ORGANISATION_ADMINISTER, unique="name",
    unique_label=_("name"), meter=Meter.CUSTOMERS,
)  # fmt: skip
