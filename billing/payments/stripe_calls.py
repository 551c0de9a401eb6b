"""The calls to Stripe, one function for each operation: each looks for what it would make before it makes it.

Nothing here reads or writes a row. What Stripe refuses becomes a `Blocked`, what may pass a `Later`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import stripe
from django.conf import settings
from stripe import StripeClient

from billing.payments.stripe_domain import from_stripe, refuse_small, to_stripe
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.money import Money

_SLACK = timedelta(days=1)
"""By how much Stripe's clock and ours may differ when we look for what we made."""
_TRY_AGAIN = "Correct it at Stripe, then let the step be tried again."


class StepBlockedError(OutturnError):
    """A step that a person must decide on."""

    code = "payment.blocked"
    status = 409


class MismatchError(StepBlockedError):
    """What stands at Stripe is not what the invoice says."""

    code = "payment.mismatch"


class NoEmailError(StepBlockedError):
    """The customer has no address, without which Stripe makes no invoice."""

    code = "payment.no_email"


class BalanceError(StepBlockedError):
    """The balance that Stripe keeps of a customer would change, or has changed, what an invoice asks for."""

    code = "payment.balance_at_provider"


@dataclass(frozen=True, slots=True)
class Task:
    """A step with all that its call needs.

    Attributes:
        operation: What is to be done.
        name: The step's name within its invoice.
        params: What the step says.
        key: Its idempotency key.
        invoice: The id of our invoice.
        tenant: The id of the tenant.
        issued_at: When our invoice was issued: nothing of it was made before.
        known: What earlier steps have made, by their names.
        email: Where the customer is reached, for the draft.
        left: What is open of our invoice, in minor units, for a credit.
        seen: The payments at Stripe that this takes into account, by what they are called there.
    """

    operation: str
    name: str
    params: Mapping[str, Any]
    key: str
    invoice: str
    tenant: str
    issued_at: datetime
    known: Mapping[str, str]
    email: str = ""
    left: int = 0
    seen: frozenset[str] = frozenset()

    @property
    def metadata(self) -> dict[str, str]:
        """What everything that is made carries, and is found by."""
        return {"outturn_tenant": self.tenant, "outturn_invoice": self.invoice, "outturn_step": self.name}

    @property
    def since(self) -> int:
        """The earliest time of anything that was made for it, seconds since 1970."""
        return int((self.issued_at - _SLACK).timestamp())

    def amount(self) -> int:
        """The amount as Stripe counts it."""
        return to_stripe(self.params["minor"], self.params["currency"])


@dataclass(frozen=True, slots=True)
class Done:
    """A step was done, now or before: what was made is called so."""

    object_id: str
    pay_url: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """A step may pass when it is tried again.

    Attributes:
        why: What a person reads meanwhile.
        after_s: How long Stripe wants us to wait, if it said.
        is_final: Whether Stripe has kept a failure of its own, which it would repeat under the same key.
    """

    why: Finding
    after_s: float = 0.0
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step waits for a person."""

    why: Finding


Outcome = Done | Later | Blocked
Result = TypeVar("Result")


@contextmanager
def stripe_client(key: str) -> Iterator[StripeClient]:
    """A client that tries nothing again by itself: when to, the outbox decides."""
    with closing(stripe.RequestsClient(timeout=settings.OUTTURN_STRIPE_SECONDS)) as http:
        bases: Any = {"api": settings.OUTTURN_STRIPE_URL}
        yield StripeClient(key, base_addresses=bases, http_client=http, max_network_retries=0)


def perform(client: StripeClient, task: Task) -> Outcome:
    """Do a step, or find that it was done."""
    return guarded(lambda: _OPERATIONS[task.operation](client, task))


def guarded(call: Callable[[], Result]) -> Result | Later | Blocked:
    """What came of a call, whatever Stripe or the network did."""
    try:
        return call()
    except OutturnError as error:
        return Blocked(Finding(error.code, error.place, error.message, error.fix))
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        return Later(_found("payment.unreachable", error, "It is tried again by itself."), _retry_after(error))
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        return Later(_found("payment.key_refused", error, "Enter a key in force in the settings."), 3600.0)
    except stripe.StripeError as error:
        status = error.http_status or 500
        if status >= 500 or status in (409, 425):
            is_replayed = _header(error, "idempotent-replayed") == "true"
            why = _found("payment.unreachable", error, "It is tried again by itself.")
            return Later(why, _retry_after(error), is_final=is_replayed)
        return Blocked(_found("payment.refused_by_provider", error, _TRY_AGAIN))


def tag(thing: Any, name: str) -> str:
    """What an object at Stripe carries under a name of ours; nothing when it is not ours."""
    return str(thing.metadata[name]) if thing.metadata and name in thing.metadata else ""


def _found(code: str, error: stripe.StripeError, fix: str) -> Finding:
    said = (error.user_message or "no answer").splitlines()[0][:300]
    return Finding(code, "stripe", f"Stripe: {said}", fix)


def _header(error: stripe.StripeError, name: str) -> str:
    return {key.lower(): value for key, value in (error.headers or {}).items()}.get(name, "")


def _retry_after(error: stripe.StripeError) -> float:
    text = _header(error, "retry-after")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else 0.0


def _customer(client: StripeClient, task: Task) -> Done:
    """The tenant's customer: one at Stripe, however many invoices."""
    ours = task.params["customer"]
    # The search finds what is older than some minutes, the list what was made just now.
    wanted = f"metadata['outturn_customer']:'{ours}'"
    old = client.v1.customers.search(params={"query": wanted, "limit": 1}).data
    if old:
        return Done(old[0].id)
    new = client.v1.customers.list(params={"created": {"gte": task.since}, "limit": 100})
    for each in new.auto_paging_iter():
        if tag(each, "outturn_customer") == ours:
            return Done(each.id)
    made = client.v1.customers.create(
        params={
            "name": task.params["name"], "metadata": {"outturn_tenant": task.tenant, "outturn_customer": ours},
        },
        options={"idempotency_key": task.key},
    )  # fmt: skip
    return Done(made.id)


def _invoice(client: StripeClient, task: Task) -> Done:
    """The draft, without items that wait for the customer from elsewhere."""
    customer = task.known["customer"]
    made = client.v1.invoices.list(params={"customer": customer, "created": {"gte": task.since}, "limit": 100})
    for each in made.auto_paging_iter():
        if tag(each, "outturn_invoice") == task.invoice:
            return Done(str(each.id))
    _keep_email(client, customer, task.email)
    draft = client.v1.invoices.create(
        params={
            "customer": customer, "currency": task.params["currency"].lower(), "collection_method": "send_invoice",
            "days_until_due": task.params["days"], "auto_advance": False, "description": task.params["number"],
            "pending_invoice_items_behavior": "exclude", "metadata": task.metadata,
        },
        options={"idempotency_key": task.key},
    )  # fmt: skip
    return Done(str(draft.id))


def _keep_email(client: StripeClient, customer: str, email: str) -> None:
    """Tell Stripe where a customer is reached; an address that is there already stays."""
    # One that was deleted there has no such field, and is refused with the draft.
    if getattr(client.v1.customers.retrieve(customer), "email", None):
        return
    if not email:
        raise NoEmailError(
            "Stripe makes no invoice for a customer without an email address.", place="customer",
            kept="No draft was made.",
            fix="Enter the email of the contact at the customer, then let the step be tried again.",
        )  # fmt: skip
    client.v1.customers.update(customer, params={"email": email})


def _item(client: StripeClient, task: Task) -> Done:
    """One line, or the tax."""
    invoice = task.known["invoice"]
    amount = task.amount()
    made = client.v1.invoice_items.list(params={"invoice": invoice, "limit": 100})
    for each in made.auto_paging_iter():
        if tag(each, "outturn_step") == task.name:
            return Done(each.id)
    item = client.v1.invoice_items.create(
        params={
            "customer": task.known["customer"], "invoice": invoice, "amount": amount,
            "currency": task.params["currency"].lower(), "description": task.params["text"], "metadata": task.metadata,
        },
        options={"idempotency_key": task.key},
    )  # fmt: skip
    return Done(item.id)


def _finalise(client: StripeClient, task: Task) -> Done:
    """Make the draft an invoice that can be paid, if it comes to what ours does, to the last unit."""
    invoice = client.v1.invoices.retrieve(task.known["invoice"])
    if invoice.status == "draft":
        count = sum(1 for _ in client.v1.invoice_items.list(
            params={"invoice": str(invoice.id), "limit": 100}).auto_paging_iter())  # fmt: skip
        _refuse_difference(task, invoice, count)
        refuse_small(task.params["minor"], task.params["currency"])
        _refuse_balance(task, invoice)
        invoice = client.v1.invoices.finalize_invoice(
            str(invoice.id), params={"auto_advance": False}, options={"idempotency_key": task.key}
        )
    if invoice.status not in ("open", "paid"):
        raise StepBlockedError(
            f"The invoice is {invoice.status} at Stripe.", place="invoice",
            fix="Have it paid by bank transfer; it is not made a second time.",
        )  # fmt: skip
    if invoice.status == "paid" and not any(each.amount_paid for each in _payments(client, invoice)):
        raise BalanceError(
            "Stripe has marked the invoice as paid without a payment, and asks for it with the customer's next one.",
            place="invoice",
            fix="Set the balance of the customer at Stripe to nought, and have the invoice paid by bank transfer.",
        )  # fmt: skip
    _refuse_balance(task, invoice)
    return Done(str(invoice.id), invoice.hosted_invoice_url or "")


def _refuse_difference(task: Task, invoice: stripe.Invoice, count: int) -> None:
    wanted, currency = task.amount(), task.params["currency"]
    if (invoice.total, invoice.currency.upper(), count) != (wanted, currency, task.params["items"]):
        raise MismatchError(
            f"The draft at Stripe comes to {invoice.total} {invoice.currency.upper()} in {count} items, the invoice to "
            f"{wanted} {currency} in {task.params['items']}.", place="invoice", kept="It was not finalised.",
            fix="Take out at Stripe what is not of this invoice, then let the step be tried again.",
        )  # fmt: skip


def _refuse_balance(task: Task, invoice: stripe.Invoice) -> None:
    """What is on a customer's balance is of other invoices, and would be paid twice, or not at all."""
    if invoice.amount_due == invoice.total and not invoice.starting_balance:
        return
    minor, currency = task.params["minor"], task.params["currency"]
    asked = Money(from_stripe(invoice.amount_due, currency), currency)
    says, fix = "asks", "Void it at Stripe, and have the invoice paid by bank transfer; it is not made again."
    if invoice.status == "draft":
        says = "would ask"
        fix = "Set the balance of the customer at Stripe to nought, then let the step be tried again."
    raise BalanceError(
        f"Stripe {says} for {asked}, with the balance of its customer; it comes to {Money(minor, currency)}.",
        place="invoice", fix=fix,
    )  # fmt: skip


def _payments(client: StripeClient, invoice: stripe.Invoice) -> Iterator[stripe.InvoicePayment]:
    """The payments of an invoice, through or not."""
    found = client.v1.invoice_payments.list(params={"invoice": str(invoice.id), "limit": 100})
    return found.auto_paging_iter()


def _credit(client: StripeClient, task: Task) -> Done:
    """A credit note over a part of what is open; none where Stripe asks for nothing, and nothing is owed back."""
    invoice = client.v1.invoices.retrieve(task.known["invoice"])
    amount = task.amount()
    made = client.v1.credit_notes.list(params={"invoice": str(invoice.id), "limit": 100})
    for each in made.auto_paging_iter():
        if tag(each, "outturn_step") == task.name:
            return Done(each.id)
    if invoice.status == "void" or (invoice.status == "paid" and _left(client, task, invoice) >= 0):
        return Done("")
    if invoice.status != "open" or invoice.amount_remaining < amount:
        raise StepBlockedError(
            "Less than this credit is open at Stripe: it was paid meanwhile.", place="invoice",
            fix="Pay the customer the difference back.",
        )  # fmt: skip
    note = client.v1.credit_notes.create(
        params={"invoice": str(invoice.id), "amount": amount, "memo": task.params["text"], "metadata": task.metadata},
        options={"idempotency_key": task.key},
    )
    return Done(note.id)


def _left(client: StripeClient, task: Task, invoice: stripe.Invoice) -> int:
    """What is open of ours in minor units, with the payments that were not seen yet."""
    return task.left - sum(
        from_stripe(each.amount_paid or 0, task.params["currency"]) for each in _payments(client, invoice)
        if each.payment.type == "payment_intent" and each.status == "paid" and each.id not in task.seen
    )  # fmt: skip


def _refund(client: StripeClient, task: Task) -> Done:
    """Pay some of a payment back."""
    intent = task.params["payment_intent"]
    made = client.v1.refunds.list(params={"payment_intent": intent, "limit": 100})
    for each in made.auto_paging_iter():
        if tag(each, "outturn_step") == task.name:
            return Done(each.id)
    refund = client.v1.refunds.create(
        params={"payment_intent": intent, "amount": task.amount(), "metadata": task.metadata},
        options={"idempotency_key": task.key},
    )
    return Done(refund.id)


def _close(client: StripeClient, task: Task) -> Done:
    """Let the invoice ask for nothing more."""
    invoice = client.v1.invoices.retrieve(task.known["invoice"])
    if invoice.status == "open":
        options: Any = {"idempotency_key": task.key}
        if task.params["is_paid"]:
            client.v1.invoices.pay(str(invoice.id), params={"paid_out_of_band": True}, options=options)
        else:
            client.v1.invoices.void_invoice(str(invoice.id), options=options)
    return Done(str(invoice.id))


_OPERATIONS: Mapping[str, Callable[[StripeClient, Task], Done]] = {
    "customer": _customer, "invoice": _invoice, "item": _item, "finalise": _finalise, "credit": _credit,
    "refund": _refund, "close": _close,
}  # fmt: skip
