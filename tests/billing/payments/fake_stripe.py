"""Stripe as far as we use it, on the loopback: it remembers, replays what has an idempotency key for 24 hours, searches
with a lag, pages by threes, signs its webhooks, and fails where it is told to."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.billing.payments import fake_sums
from tests.billing.payments.fake_meters import FakeMeters, Unfit

Json = dict[str, Any]
KEY, WEBHOOK_SECRET = "sk_test_meridian4242", "whsec_meridian4242"
KEPT_FOR, SEARCH_LAG, PAGE = timedelta(hours=24), timedelta(seconds=60), 3
_NUMBERS = itertools.count(1)
"""What Stripe calls things is unlike in all accounts."""
FAULTS = ("429", "500", "502 after", "cut before", "cut after", "hang before", "hang after")


class Refused(Exception):  # noqa: N818 - an answer
    """What Stripe answers to a request that cannot be done."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class Gone(Exception):  # noqa: N818 - no answer
    """The connection ends without an answer; `hangs` until the client gives up."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self.hangs = hangs


@dataclass
class FakeStripe:
    """The account of one tenant. `faults` are taken one for each request; then all goes well."""

    now: datetime
    objects: dict[str, Json] = field(default_factory=dict)
    kept: dict[str, tuple[datetime, str, int, Json]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    refunds_are: str = "succeeded"
    forbidden: set[str] = field(default_factory=set)
    events: list[Json] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    meters: FakeMeters = field(init=False)

    def __post_init__(self) -> None:
        self.meters = FakeMeters(lambda: self.now, lambda: {each["id"] for each in self.all("customer")})

    # -- what a test looks at, and what customers do --------------------------------------------------------------

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind in the order they were made."""
        return [each for each in self.objects.values() if each["object"] == kind]

    def pay(self, invoice: str) -> Json:
        """The customer pays what remains."""
        found = self.objects[invoice]
        if found["status"] != "open":
            raise Refused(f"the invoice is {found['status']}")
        intent = self._intent(found, "succeeded")
        paid = {
            "invoice": invoice, "status": "paid", "amount_paid": found["amount_remaining"],
            "amount_requested": found["amount_remaining"], "currency": found["currency"],
            "status_transitions": {"paid_at": self._stamp()},
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        }  # fmt: skip
        payment = self._make("inpay", "invoice_payment", paid)
        found |= {"amount_paid": found["amount_paid"] + found["amount_remaining"], "amount_remaining": 0}
        found["status"] = "paid"
        self._tell("invoice_payment.paid", payment)
        self._tell("payment_intent.succeeded", intent)
        self._tell("invoice.paid", found)
        return payment

    def fail(self, invoice: str) -> None:
        """The customer's bank refuses."""
        self._ask(invoice, "failed")
        self._tell("invoice.payment_failed", self.objects[invoice])

    def debit(self, invoice: str) -> None:
        """The customer has their bank account debited, which takes days."""
        self._ask(invoice, "pending")

    def _ask(self, invoice: str, outcome: str) -> None:
        found = self.objects[invoice]
        intent = self._intent(found, outcome)
        asked = {
            "invoice": invoice, "status": "open", "amount_paid": None, "amount_requested": found["amount_remaining"],
            "currency": found["currency"], "status_transitions": {"paid_at": None},
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        }  # fmt: skip
        self._make("inpay", "invoice_payment", asked)

    def signed(self, event: Json, at: datetime | None = None, secret: str = WEBHOOK_SECRET) -> tuple[bytes, str]:
        """The body of a webhook and its header, signed at a moment."""
        body, stamp = json.dumps(event).encode(), str(int((at or self.now).timestamp()))
        digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return body, f"t={stamp},v1={digest}"

    def _intent(self, invoice: Json, outcome: str) -> Json:
        charge_amount = invoice["amount_remaining"]
        intent = self._make("pi", "payment_intent", {"amount": charge_amount, "metadata": {}})
        charge = {
            "payment_intent": intent["id"], "status": outcome, "amount": charge_amount,
            "currency": invoice["currency"], "failure_message": "card declined" if outcome == "failed" else None,
        }  # fmt: skip
        self._tell(f"charge.{outcome}", self._make("ch", "charge", charge))
        return intent

    def _make(self, prefix: str, kind: str, fields: Json) -> Json:
        made = {"id": f"{prefix}_{next(_NUMBERS):06}", "object": kind, "created": self._stamp(), **fields}
        self.objects[made["id"]] = made
        return made

    def _tell(self, kind: str, thing: Json) -> None:
        data = {"object": json.loads(json.dumps(thing))}
        event = {"id": f"evt_{next(_NUMBERS):06}", "object": "event", "type": kind, "created": self._stamp()}
        self.events.append({**event, "data": data})

    def _stamp(self) -> int:
        return int(self.now.timestamp())

    # -- the API --------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, params: Json, key: str, bearer: str) -> tuple[int, Json, Json]:
        """The status, the body and the headers that a request is answered with, after the fault that is next."""
        with self.lock:
            self.asked.append((method, path))
            fault = self.faults.pop(0) if self.faults else ""
            if fault in ("cut before", "hang before"):
                raise Gone(hangs=fault.startswith("hang"))
            if fault == "429":
                return 429, _error("rate_limit_error", "Too many requests"), {"Retry-After": "2"}
            if bearer != f"Bearer {KEY}":
                return 401, _error("invalid_request_error", "Invalid API Key provided"), {}
            if path.strip("/").split("/")[1] in self.forbidden:
                return 403, _error("invalid_request_error", "The key has no such permission"), {}
            done = self._once(method, path, params, key, fault)
            if fault in ("cut after", "hang after"):
                raise Gone(hangs=fault.startswith("hang"))
            # A proxy in front fails although the request was done: nothing of that is kept under the key.
            return (502, _error("api_error", "Bad gateway"), {}) if fault == "502 after" else done

    def _once(self, method: str, path: str, params: Json, key: str, fault: str) -> tuple[int, Json, Json]:
        digest = json.dumps([method, path, params], sort_keys=True)
        known = self.kept.get(key) if key else None
        if known is not None and self.now < known[0] + KEPT_FOR:
            if known[1] != digest:
                return 400, _error("idempotency_error", "Keys can only be used with the same parameters"), {}
            return known[2], known[3], {"Idempotent-Replayed": "true"}
        try:
            if fault == "500":
                status, body = 500, _error("api_error", "Something went wrong")
            elif fault == "400":
                status, body = 400, _error("invalid_request_error", "Not as things stand")
            else:
                status, body = 200, json.loads(json.dumps(self._do(method, path.strip("/").split("/")[1:], params)))
        except Refused as refused:
            status, body = refused.status, _error(refused.kind, str(refused))
        except Unfit as unfit:
            status, body = unfit.status, _error("invalid_request_error", str(unfit))
        if key and method == "POST":
            self.kept[key] = (self.now, digest, status, body)
        return status, body, {}

    def _do(self, method: str, parts: list[str], params: Json) -> Json:
        name, rest = parts[0], parts[1:]
        if name in ("billing", "prices", "core"):
            return self.meters.do(method, parts, params, self._make)
        if method == "GET" and not rest:
            return self._list(name, params)
        if rest == ["search"]:
            return self._search(params)
        if len(rest) == 1:
            return self._one(self._found(rest[0]), params)
        if len(rest) == 2:
            deeds: dict[str, Callable[[Json, Json], Json]] = {
                "finalize": self._finalize, "pay": self._pay, "void": self._void
            }  # fmt: skip
            return deeds[rest[1]](self._found(rest[0]), params)
        makers: dict[str, Callable[[Json], Json]] = {
            "customers": lambda given: self._make("cus", "customer", {"email": None, "balance": 0, **given}),
            "invoices": self._invoice, "invoiceitems": self._item, "credit_notes": self._credit,
            "refunds": self._refund,
        }  # fmt: skip
        return makers[name](params)

    def _found(self, thing: str) -> Json:
        if thing not in self.objects:
            raise Refused(f"No such object: {thing}", 404)
        return self.objects[thing]

    def _one(self, thing: Json, given: Json) -> Json:
        thing |= given
        if thing["object"] == "invoice" and thing["status"] == "draft":
            fake_sums.preview(thing, self._found(thing["customer"]))
        return thing

    def _list(self, name: str, params: Json) -> Json:
        kinds = {"invoiceitems": "invoiceitem"}
        rows = self.all(kinds.get(name, name.removesuffix("s")))[::-1]
        for field_ in ("customer", "invoice", "payment_intent"):
            rows = [each for each in rows if field_ not in params or each.get(field_) == params[field_]]
        if "payment" in params:
            rows = [each for each in rows if each["payment"] == params["payment"]]
        since = int(params.get("created", {}).get("gte", 0))
        rows = [each for each in rows if each["created"] >= since]
        ids = [each["id"] for each in rows]
        first = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
        size = min(int(params.get("limit", 10)), PAGE)
        page, has_more = rows[first : first + size], first + size < len(rows)
        return {"object": "list", "url": f"/v1/{name}", "data": page, "has_more": has_more}

    def _search(self, params: Json) -> Json:
        _, wanted = params["query"].removeprefix("metadata['outturn_customer']").split(":")
        indexed = (self.now - SEARCH_LAG).timestamp()
        rows = [
            each for each in self.all("customer")
            if f"'{each['metadata'].get('outturn_customer')}'" == wanted and each["created"] <= indexed
        ]  # fmt: skip
        return {"object": "search_result", "url": "/v1/customers/search", "data": rows[:1], "has_more": False}

    def _invoice(self, given: Json) -> Json:
        if given["collection_method"] == "send_invoice" and not self._found(given["customer"])["email"]:
            raise Refused("Missing email: an invoice that is sent needs a customer with a valid one")
        made = {
            **given, "status": "draft", "total": 0, "amount_due": 0, "amount_paid": 0, "amount_remaining": 0,
            "starting_balance": 0, "hosted_invoice_url": None,
        }  # fmt: skip
        return self._make("in", "invoice", made)

    def _item(self, given: Json) -> Json:
        invoice = self._found(given["invoice"])
        if invoice["status"] != "draft":
            raise Refused("The invoice is no longer editable")
        if given["currency"] != invoice["currency"]:
            raise Refused("The currency of an invoice item must be the invoice's")
        invoice["total"] += int(given["amount"])
        return self._make("ii", "invoiceitem", {**given, "amount": int(given["amount"])})

    def _finalize(self, invoice: Json, _: Json) -> Json:
        if invoice["status"] != "draft":
            raise Refused("This invoice is already finalized")
        url = f"https://invoice.stripe.example/{invoice['id']}"
        fake_sums.finalise(invoice, self._found(invoice["customer"]))
        invoice["hosted_invoice_url"] = url
        self._tell("invoice.finalized", invoice)
        return invoice

    def _pay(self, invoice: Json, given: Json) -> Json:
        if invoice["status"] != "open" or given.get("paid_out_of_band") != "true":
            raise Refused("Invoice is not open")
        self._refuse_under_way(invoice)
        invoice |= {"status": "paid", "amount_remaining": 0}
        self._make("inpay", "invoice_payment", {
            "invoice": invoice["id"], "status": "paid", "amount_paid": invoice["total"], "currency": "usd",
            "status_transitions": {"paid_at": self._stamp()}, "payment": {"type": "payment_record"},
        })  # fmt: skip
        self._tell("invoice.paid", invoice)
        return invoice

    def _void(self, invoice: Json, _: Json) -> Json:
        if invoice["status"] != "open":
            raise Refused("You can only void open invoices")
        self._refuse_under_way(invoice)
        invoice |= {"status": "void", "amount_remaining": 0}
        self._tell("invoice.voided", invoice)
        return invoice

    def _refuse_under_way(self, invoice: Json) -> None:
        intents = {
            each["payment"].get("payment_intent")
            for each in self.all("invoice_payment") if each["invoice"] == invoice["id"]
        }  # fmt: skip
        charges = (each for each in self.all("charge") if each["payment_intent"] in intents)
        if any(each["status"] == "pending" for each in charges):
            raise Refused("A payment of this invoice is processing")

    def _credit(self, given: Json) -> Json:
        invoice, amount = self._found(given["invoice"]), int(given["amount"])
        if invoice["status"] != "open" or amount > invoice["amount_remaining"]:
            raise Refused("A credit note may not exceed what remains")
        invoice["amount_remaining"] -= amount
        invoice["amount_due"] -= amount
        if not invoice["amount_remaining"]:
            invoice["status"] = "paid"
        made = self._make("cn", "credit_note", {**given, "amount": amount})
        self._tell("credit_note.created", made)
        return made

    def _refund(self, given: Json) -> Json:
        intent, amount = self._found(given["payment_intent"]), int(given["amount"])
        disputes = [each for each in self.all("dispute") if each["payment_intent"] == intent["id"]]
        if not all(each["is_charge_refundable"] for each in disputes):
            raise Refused("The charge has been charged back")
        back = sum(each["amount"] for each in self.all("refund") if each["payment_intent"] == intent["id"])
        if back + amount > intent["amount"]:
            raise Refused("Refund amount is greater than unrefunded amount")
        made = {**given, "amount": amount, "status": self.refunds_are, "failure_reason": None}
        self._tell("refund.created", refund := self._make("re", "refund", made))
        return refund


def _error(kind: str, message: str) -> Json:
    return {"error": {"type": kind, "message": message}}


def decoded(text: str) -> Json:
    """A form with brackets as the document it stands for."""
    found: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = name.replace("]", "").split("[")
        place = found
        for each in path:
            place = place.setdefault(each, {})
        place[last] = value
    return found


@dataclass
class Serving:
    """The fake behind an address; `stripe` may be replaced by a new one."""

    stripe: FakeStripe = field(default_factory=lambda: FakeStripe(datetime(2026, 12, 5, tzinfo=UTC)))

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer goes out in one piece: two would wait for each other's confirmation, 40 ms each time.
            wbufsize, disable_nagle_algorithm = -1, True

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self._answer("GET", parts.path, parts.query)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                self._answer("POST", self.path, body)

            def _answer(self, method: str, path: str, form: str) -> None:
                key, bearer = self.headers.get("Idempotency-Key", ""), self.headers.get("Authorization", "")
                try:
                    status, body, headers = outer.stripe.answer(method, path, decoded(form), key, bearer)
                except Gone as gone:
                    if gone.hangs:
                        with suppress(OSError):
                            self.connection.recv(1)  # until the client gives up
                    self.close_connection = True
                    return
                sent = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(sent))}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(sent)
                    self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=10)
