"""What is known of an end customer, and what other rooms tell of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What is known of an end customer beside its name.

    Attributes:
        number: The tenant's own for it.
        address: Where its invoices go, line by line.
        contact_name: Who is asked there.
        contact_email: Where they are reached.
    """

    number: str = ""
    address: str = ""
    contact_name: str = ""
    contact_email: str = ""
