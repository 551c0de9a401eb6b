"""The tenant's end customers to read."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from tenants.customers.models import Customer


def customers() -> QuerySet[Customer]:
    """The end customers of the tenant in scope, by name."""
    return Customer.objects.all()


def customer_name(customer_id: UUID) -> str | None:
    """What an end customer is called; None when the tenant has no such customer."""
    return Customer.objects.filter(id=customer_id).values_list("name", flat=True).first()
