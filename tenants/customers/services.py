"""Writes about end customers."""

from __future__ import annotations

from datetime import datetime

from tenants.customers.models import Customer


def create_customer(*, name: str, now: datetime) -> Customer:
    """A new end customer of the tenant in scope."""
    return Customer.objects.create(name=name.strip(), created_at=now)
