"""The calls to Stripe about its meters, one function for each: what is made is looked for first.

Nothing here reads or writes a row; what went wrong becomes a `Later` or a `Blocked`, as for payments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import stripe
from stripe import StripeClient

from billing.payments.stripe_calls import Blocked, Done, Later, StepBlockedError, Task, guarded, perform
from billing.payments.stripe_domain import idempotency_key
from billing.plans.domain.meters import MOST

CUSTOMER, VALUE = "stripe_customer_id", "value"
"""Under which names an event carries whose it is and how much."""
_LONGEST_TITLE = 200


class MeterAtStripeError(StepBlockedError):
    """A meter at Stripe cannot be told, as it stands."""

    code = "meter.at_stripe"


class NoWholeNumberError(StepBlockedError):
    """A summary says something that was never told by us."""

    code = "meter.no_whole_number"


@dataclass(frozen=True, slots=True)
class Event:
    """A telling as it is sent.

    Attributes:
        name: What the meter's events are called.
        identifier: What this one is called: Stripe takes it once a day.
        customer: The customer at Stripe.
        value: A whole number; negative where less was used than was told.
        at: The moment it is for.
        turn: How many failures Stripe would repeat under the keys before.
    """

    name: str
    identifier: str
    customer: str
    value: int
    at: datetime
    turn: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Stripe has refused usage after it took it, and the tellings that it names: a few of all."""

    code: str
    message: str
    identifiers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What a report of errors says.

    Attributes:
        meter: The meter at Stripe; nothing where no meter has such a name.
        refusals: What went wrong.
    """

    meter: str
    refusals: Sequence[Refusal]


def tell(client: StripeClient, event: Event) -> Done | Later | Blocked:
    """Tell a meter something, or find that it was told."""
    return guarded(lambda: _tell(client, event))


def _tell(client: StripeClient, event: Event) -> Done:
    key = event.identifier if not event.turn else f"{event.identifier}/{event.turn}"
    try:
        client.v1.billing.meter_events.create(
            params={
                "event_name": event.name, "identifier": event.identifier, "timestamp": int(event.at.timestamp()),
                "payload": {CUSTOMER: event.customer, VALUE: str(event.value)},
            },
            options={"idempotency_key": key},
        )  # fmt: skip
    except stripe.InvalidRequestError as error:
        # That it knows the identifier proves that the event arrived.
        said = error.user_message or ""
        if event.identifier not in said or "already exists" not in said:
            raise
    return Done(event.identifier)


def keep_meter(client: StripeClient, *, name: str, title: str, formula: str, turn: int) -> Done | Later | Blocked:
    """Find the meter whose events are called so, or make it; refuse one that would reckon or charge otherwise."""
    return guarded(lambda: _keep_meter(client, name, title, formula, turn))


def _keep_meter(client: StripeClient, name: str, title: str, formula: str, turn: int) -> Done:
    known = [
        each
        for each in client.v1.billing.meters.list(params={"limit": 100}).auto_paging_iter()
        if each.event_name == name
    ]
    active = next((each for each in known if each.status == "active"), None)
    if active is None and known:
        raise MeterAtStripeError(
            f"The meter “{known[0].display_name}” ({name}) is deactivated at Stripe.", place=name,
            kept="What was used waits to be told.", fix="Reactivate it at Stripe, then look again.",
        )  # fmt: skip
    if active is None:
        asked: Any = {
            "display_name": title[:_LONGEST_TITLE], "event_name": name, "default_aggregation": {"formula": formula},
            "customer_mapping": {"type": "by_id", "event_payload_key": CUSTOMER},
            "value_settings": {"event_payload_key": VALUE},
        }  # fmt: skip
        key = hashlib.sha256(f"meter/{name}/{formula}/{turn}".encode()).hexdigest()
        return Done(client.v1.billing.meters.create(params=asked, options={"idempotency_key": key}).id)
    _refuse_unfit(active, formula)
    _refuse_price(client, active)
    return Done(active.id)


def _refuse_unfit(meter: stripe.billing.Meter, formula: str) -> None:
    is_like = (meter.default_aggregation.formula, meter.customer_mapping.event_payload_key,
               meter.value_settings.event_payload_key, meter.event_time_window)  # fmt: skip
    if is_like != (formula, CUSTOMER, VALUE, None):
        raise MeterAtStripeError(
            f"The meter “{meter.display_name}” ({meter.event_name}) reckons in another way than ours.",
            place=meter.event_name, kept="What was used waits to be told.",
            fix=f"It has to reckon by {formula}, of single events with {CUSTOMER} and {VALUE}. Tell support.",
        )  # fmt: skip


def _refuse_price(client: StripeClient, meter: stripe.billing.Meter) -> None:
    """Usage is charged by our own invoice: with a price at Stripe it would be charged a second time."""
    asked: Any = {"active": True, "recurring": {"meter": meter.id}, "limit": 1}
    found = client.v1.prices.list(params=asked).data
    if found:
        raise MeterAtStripeError(
            f"The price {found[0].id} at Stripe charges by the meter “{meter.display_name}”.", place=meter.event_name,
            kept="What was used waits to be told; our own invoices charge it as ever.",
            fix="End its subscriptions and archive the price at Stripe, then look again.",
        )  # fmt: skip


def find_customer(
    client: StripeClient, *, tenant: UUID, customer: UUID, name: str, since: datetime, turn: int
) -> Done | Later | Blocked:
    """The customer whom invoices ask, found or made under the key that invoices share."""
    params: Mapping[str, Any] = {"customer": str(customer), "name": name[:_LONGEST_TITLE]}
    step = f"customer/{customer}"
    return perform(client, Task(
        operation="customer", name="customer", params=params, key=idempotency_key(customer, 0, step, params, turn),
        invoice="", tenant=str(tenant), issued_at=since, known={},
    ))  # fmt: skip


def sums(
    client: StripeClient, *, meter: str, customer: str, spans: Sequence[tuple[datetime, datetime]]
) -> list[int] | Later | Blocked:
    """What stands at Stripe of a customer in some spans of whole minutes."""
    return guarded(lambda: [_sum(client, meter, customer, start, end) for start, end in spans])


def _sum(client: StripeClient, meter: str, customer: str, start: datetime, end: datetime) -> int:
    if start >= end:
        return 0
    found = client.v1.billing.meters.event_summaries.list(meter, params={
        "customer": customer, "start_time": int(start.timestamp()), "end_time": int(end.timestamp()),
    }).data  # fmt: skip
    value = found[0].aggregated_value if found else 0
    if abs(value) > MOST or value != int(value):
        raise NoWholeNumberError(
            f"Stripe tells {value:g} of {meter}, which is no whole number of at most 15 digits.", place=meter,
            kept="Nothing was told.",
            fix="Find out who else tells this meter, and end that.",
        )  # fmt: skip
    return int(value)


def read_report(client: StripeClient, event: str) -> Report | Later | Blocked:
    """What a report of errors says, read from Stripe."""
    return guarded(lambda: _report(client.v2.core.events.retrieve(event).to_dict()))


def _report(event: Mapping[str, Any]) -> Report:
    reason = (event.get("data") or {}).get("reason") or {}
    about = event.get("related_object") or {}
    refusals = [
        Refusal(
            str(each.get("code", "")), str((samples or [{}])[0].get("error_message", ""))[:300],
            # An idempotency key is the identifier too, with a mark behind it in later turns.
            [str((one.get("request") or {}).get("identifier", "")).partition("/")[0] for one in samples],
        )
        for each in reason.get("error_types") or [] for samples in [each.get("sample_errors") or []]
    ]  # fmt: skip
    return Report(str(about.get("id", "")), refusals)
