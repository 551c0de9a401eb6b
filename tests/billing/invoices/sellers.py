"""Legal entities and billing data of the stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from billing.invoices.models import LegalEntity
from billing.invoices.parties import create_entity, save_profile, set_rate
from billing.invoices.schemas import EntityDetails, ProfileDetails
from tests.billing.world import BY, SIGNED

MERIDIAN = EntityDetails(
    name="Meridian Engines GmbH", prefix="ME", street="Werftstraße 5", postcode="22525", city="Hamburg", country="DE",
    vat_id="DE123456789", registration="HRB 12345",
)  # fmt: skip
PAID_TO = replace(MERIDIAN, account="DE89370400440532013000", bank="COBADEFFXXX")
AT_HOME = ProfileDetails(
    street="Rollfeld 1", postcode="85356", city="München", country="DE", vat_id="DE987654321", reference="PO-7"
)
IN_FRANCE = ProfileDetails(
    street="1 rue du Vol", postcode="31000", city="Toulouse", country="FR", vat_id="FR12345678901"
)
IN_AMERICA = ProfileDetails(street="1 Runway Road", postcode="60666", city="Chicago", country="US")
RATES = (("16", date(2020, 7, 1)), ("19", date(2021, 1, 1)))


def a_seller(details: EntityDetails = MERIDIAN) -> LegalEntity:
    """Meridian's legal entity with the German rates."""
    row = create_entity(details=details, by=BY, now=SIGNED)
    for percent, day in RATES:
        set_rate(entity_id=row.id, percent=percent, valid_from=day, by=BY, now=SIGNED)
    return row


def billed_at(customer: UUID, details: ProfileDetails) -> None:
    """What tax needs to know of a customer."""
    save_profile(customer=customer, details=details, by=BY, now=SIGNED)
