"""Writes about end customers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.customers import registry
from tenants.customers.models import Customer
from tenants.customers.schemas import CustomerDetails
from tenants.customers.selectors import customer as customer_by_id
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.limits.domain.plans import Meter
from tenants.limits.services import require
from tenants.record.services import record_audit
from tenants.scope.actors import Actor


class CustomerNameError(OutturnError):
    """A name with nothing in it."""

    code = "customer.name"


class CustomerTakenError(ConflictError):
    """Another customer has the name, or the number."""

    code = "customer.taken"


def create_customer(
    *,
    name: str,
    now: datetime,
    details: CustomerDetails | None = None,
    by: Actor | None = None,
    is_limited: bool = True,
) -> Customer:
    """A new end customer of the tenant in scope.

    Args:
        name: What it is called; no other customer is called so.
        now: The moment.
        details: What else is known of it.
        by: Who makes it, for the audit; None for work of our own.
        is_limited: Whether the tenant's limit holds for it.

    Raises:
        CustomerNameError: The name is empty.
        CustomerTakenError: Another customer has the name, or the number.
        LimitReachedError: The tenant may have no more.
    """
    with transaction.atomic():
        if is_limited:
            require(Meter.CUSTOMERS, now=now)
        row = Customer(created_at=now)
        _write(row, name, details or CustomerDetails())
        if by is not None:
            record_audit(
                action="customer.created", subject=f"customer/{row.id}", by=by.name, now=now, details={"name": row.name}
            )
    return row


def change_customer(*, customer: UUID, name: str, details: CustomerDetails, by: Actor, now: datetime) -> Customer:
    """Another name and other details for an end customer; what is sealed or invoiced keeps those of its time.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        CustomerNameError: The name is empty.
        CustomerTakenError: Another customer has the name, or the number.
    """
    with transaction.atomic():
        row = customer_by_id(customer)
        _write(row, name, details)
        record_audit(
            action="customer.changed", subject=f"customer/{row.id}", by=by.name, now=now, details={"name": row.name}
        )
    return row


def remove_customer(*, customer: UUID, by: Actor, now: datetime) -> None:
    """Put an end customer into the trash: its people see nothing from then on.

    Raises:
        CustomerNotFoundError: The tenant has no such customer.
        ConflictError: Something stands against it, such as a contract; the message says what.
    """
    row = customer_by_id(customer)
    registry.removal()(kind="customer", thing=row.id, by=by.name, now=now)


def _write(row: Customer, name: str, details: CustomerDetails) -> None:
    row.name = name.strip()
    if not row.name:
        raise CustomerNameError("a customer has a name", place="name", fix="Say what it is called.")
    for field, value in asdict(details).items():
        setattr(row, field, value.strip())
    others = Customer.objects.exclude(id=row.id)
    if others.filter(name=row.name).exists():
        raise CustomerTakenError(f"there is a customer “{row.name}”", place="name", fix="Choose another name.")
    if row.number and others.filter(number=row.number).exists():
        raise CustomerTakenError(
            f"another customer has the number {row.number}", place="number", fix="Choose another number."
        )
    row.save()
