"""The tenant's end customers to read."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Count, QuerySet

from tenants.customers.models import Customer
from tenants.edge.lists import choices_of
from tenants.kernel.errors import NotFoundError
from tenants.limits.domain.plans import Meter
from tenants.limits.schemas import WHOLE
from tenants.people.models import Membership
from tenants.people.selectors import members
from tenants.scope.context import required_tenant


class CustomerNotFoundError(NotFoundError):
    """The tenant has no such customer."""

    code = "customer.not_found"


def customers() -> QuerySet[Customer]:
    """The end customers of the tenant in scope, by name."""
    return Customer.objects.all()


def customers_counted() -> Mapping[Meter, Mapping[UUID, int]]:
    """How many end customers the tenant has."""
    return {Meter.CUSTOMERS: {WHOLE: Customer.objects.count()}}


def customer_names() -> dict[UUID, str]:
    """What the end customers of the tenant in scope are called."""
    return dict(Customer.objects.values_list("id", "name"))


def customer_choices() -> list[tuple[str, str]]:
    """The end customers as what a list is narrowed by."""
    return choices_of(Customer.objects.order_by("name"), "name")


def customer(customer_id: UUID) -> Customer:
    """One end customer.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
    """
    found = customers().filter(id=customer_id).first()
    if found is None:
        raise CustomerNotFoundError(
            "there is no such customer", place="customer", fix="Choose one from the list of customers."
        )
    return found


def locked_customer(customer_id: UUID) -> Customer:
    """One end customer, held until the transaction ends: what is owed by it is decided by one at a time.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
    """
    Customer.objects.select_for_update(no_key=True).filter(id=customer_id).first()
    return customer(customer_id)


def people_of(customer_id: UUID) -> QuerySet[Membership]:
    """The people of one end customer, by address."""
    return members(required_tenant("people")).filter(customer=customer_id)


def people_counted() -> dict[UUID, int]:
    """How many people each end customer has; one without any is not in it."""
    rows = Membership.objects.filter(tenant_id=required_tenant("people")).exclude(customer=None)
    counted = rows.values_list("customer").annotate(number=Count("id")).order_by()
    return {customer_id: number for customer_id, number in counted if customer_id is not None}


def customer_name(customer_id: UUID) -> str | None:
    """What an end customer is called; None when the tenant has no such customer."""
    return Customer.objects.filter(id=customer_id).values_list("name", flat=True).first()
