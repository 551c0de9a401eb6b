"""What we hold Stripe to, without asking it: amounts, idempotency keys, signatures, and what an event is about.

Sources: docs.stripe.com/currencies, /api/idempotent_requests, /webhooks (as of API version 2026-10-28).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.kernel.canonical import canonical_json
from tenants.kernel.errors import OutturnError
from tenants.kernel.money import Money, exponent

MOST_ITEMS = 250
"""How many items an invoice at Stripe may have."""
TOLERANCE = timedelta(seconds=300)
AHEAD = timedelta(seconds=60)
"""How old a webhook's timestamp may be, and how far ahead of our clock."""
_LONGEST_TEXT = 500

LEAST: Mapping[str, int] = {
    "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "INR": 50, "JPY": 50,
    "MXN": 1000, "NOK": 300, "NZD": 50, "PLN": 200, "SEK": 300, "SGD": 50, "USD": 50,
}  # fmt: skip
"""The least that Stripe collects at once, as it counts it (docs.stripe.com/currencies, minimum charge amounts); what it
says of no other currency is not judged here."""
_WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_HUNDREDTHS_IN_NAME = frozenset({"ISK", "UGX"})
"""Without a minor unit, yet told to Stripe in hundredths."""
_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""In thousandths, of which the last digit must be nought."""
_ABOUT = ("invoice.", "invoice_payment.", "credit_note.", "charge.", "refund.", "payment_intent.")


class AmountError(OutturnError):
    """Stripe cannot be told an amount exactly."""

    code = "payment.amount_at_provider"
    status = 409


class BelowMinimumError(OutturnError):
    """An amount is less than Stripe collects at once."""

    code = "payment.below_minimum"
    status = 409


class SignatureError(OutturnError):
    """A webhook that is not proven to be Stripe's, or not of this moment."""

    code = "webhook.signature"


def to_stripe(minor: int, currency: str) -> int:
    """An amount in minor units of ISO 4217 as Stripe counts it, exactly.

    Raises:
        AmountError: Stripe does not take so small a part of the currency.
    """
    whole, rest = divmod(minor * _units(_digits(currency)), _units(exponent(currency)))
    step = 10 if currency in _TENS else 100 if currency in _HUNDREDTHS_IN_NAME else 1
    if rest or whole % step:
        raise AmountError(
            f"{Money(minor, currency)} cannot be asked for: Stripe takes no such part of this currency.",
            place="amount", kept="Nothing was asked for.",
            fix="Have this invoice paid by bank transfer, and record it.",
        )  # fmt: skip
    return whole


def from_stripe(amount: int, currency: str) -> int:
    """An amount as Stripe counts it in minor units of ISO 4217, exactly.

    Args:
        amount: What Stripe says.
        currency: In capital letters.

    Raises:
        AmountError: It is less than a minor unit.
    """
    whole, rest = divmod(amount * _units(exponent(currency)), _units(_digits(currency)))
    if rest:
        raise AmountError(
            f"Stripe tells {amount} of {currency}, which is no whole number of its minor units.", place="amount",
            kept="Nothing was recorded.", fix="Look at the payment at Stripe, and tell support.",
        )  # fmt: skip
    return whole


def refuse_small(minor: int, currency: str) -> None:
    """Refuse what is too little: Stripe would take it for paid, and have it paid with the customer's next invoice.

    Raises:
        BelowMinimumError: It is less than what Stripe says that it collects of this currency.
    """
    least = LEAST.get(currency, 0)
    if to_stripe(minor, currency) < least:
        raise BelowMinimumError(
            f"{Money(minor, currency)} is less than the {Money(from_stripe(least, currency), currency)} that Stripe "
            "collects at least: it would ask for it with the next invoice.", place="invoice",
            kept="It was not finalised.", fix="Have it paid by bank transfer, and delete the draft at Stripe.",
        )  # fmt: skip


def _units(digits: int) -> int:
    return int(10**digits)


def _digits(currency: str) -> int:
    """How many decimal digits Stripe counts a currency with."""
    if currency in _WHOLE:
        return 0
    return 2 if currency in _HUNDREDTHS_IN_NAME else exponent(currency)


def idempotency_key(statement: UUID, version: int, name: str, params: Mapping[str, Any], turn: int) -> str:
    """The key under which a step is done at most once: the same call has the same key, another has another.

    Args:
        statement: The statement that is invoiced.
        version: Its version.
        name: The step within the invoice: a line, or an operation.
        params: What the call says.
        turn: How often the provider has kept an answer that is not to be heard again: that it failed itself, or a
            refusal that a person has mended the cause of.
    """
    parts = [str(statement), version, name, dict(params), turn]
    return hashlib.sha256(canonical_json(parts)).hexdigest()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an invoice at the provider; negative where the customer is credited."""

    name: str
    text: str
    minor: int


def items(lines: Sequence[Mapping[str, Any]], tax: int, tax_text: str) -> list[Item]:
    """The lines of an invoice and its tax, without what is nought; too many are told as one, so that the sum stays.

    Args:
        lines: Lines of a statement, ``text`` and ``minor`` each.
        tax: The tax in minor units.
        tax_text: What the tax is called.
    """
    found = [Item(f"line-{at}", line["text"], line["minor"]) for at, line in enumerate(lines) if line["minor"]]
    most = MOST_ITEMS - 1
    if len(found) > most:
        rest = found[most - 1 :]
        found = [*found[: most - 1], Item("rest", f"{len(rest)} more lines", sum(each.minor for each in rest))]
    if tax:
        found.append(Item("tax", tax_text, tax))
    return [Item(each.name, each.text[:_LONGEST_TEXT], each.minor) for each in found]


def verify_signature(header: str, body: bytes, secret: str, now: datetime) -> None:
    """Refuse a webhook that was not signed with the secret, or not within the last minutes.

    Stripe's own library takes a timestamp of any time in the future; a stolen body could so be kept for later.

    Args:
        header: ``Stripe-Signature``: ``t=`` seconds since 1970, and ``v1=`` hexadecimal HMAC-SHA-256 of the timestamp,
            a full stop and the body; several while a secret is being changed.
        body: The body as it came.
        secret: The endpoint's secret.
        now: By our clock.

    Raises:
        SignatureError: It does not hold.
    """
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    stamps = [value for key, value in parts if key == "t"]
    given = [value for key, value in parts if key == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12) or not given:
        raise _refused("it has no signature that can be read", "Send it with the header Stripe-Signature.")
    expected = hmac.new(secret.encode(), stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in given):
        raise _refused("its signature does not hold", "Enter the signing secret of this endpoint in the settings.")
    age = now.timestamp() - int(stamps[0])
    if age > TOLERANCE.total_seconds():
        raise _refused(f"it was signed {age:.0f} s ago", "Send it again; each try is signed anew.")
    if age < -AHEAD.total_seconds():
        raise _refused(f"it was signed {-age:.0f} s in the future", "Set the clocks right, and send it again.")


def _refused(why: str, fix: str) -> SignatureError:
    return SignatureError(f"This webhook is not taken: {why}.", place="Stripe-Signature", kept="Nothing.", fix=fix)


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about, as far as it says.

    Attributes:
        ours: The id of our invoice in the metadata.
        invoice: The invoice at Stripe.
        intent: The payment intent.
    """

    ours: str = ""
    invoice: str = ""
    intent: str = ""


def about(event: Mapping[str, Any]) -> About | None:
    """What an event is about; None for a kind that tells nothing of invoices, or has not the form of one."""
    kind, data = event.get("type"), event.get("data")
    thing = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(kind, str) or not kind.startswith(_ABOUT) or not isinstance(thing, Mapping):
        return None
    is_invoice = thing.get("object") == "invoice"
    paid = thing.get("payment")
    intent = thing.get("id") if thing.get("object") == "payment_intent" else thing.get("payment_intent")
    if intent is None and isinstance(paid, Mapping):
        intent = paid.get("payment_intent")
    meta = thing.get("metadata")
    ours = meta.get("outturn_invoice") if isinstance(meta, Mapping) else None
    return About(*_texts(ours, thing.get("id") if is_invoice else thing.get("invoice"), intent))


def _texts(*values: Any) -> Iterator[str]:
    """Ids as text: an expanded object is named by its id, and nothing by nothing."""
    for value in values:
        name = value.get("id") if isinstance(value, Mapping) else value
        yield name if isinstance(name, str) and len(name) <= 120 else ""
