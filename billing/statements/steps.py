"""How each amount of a statement came about, step by step in sentences, from the workings that are sealed with it.

The same for the statement's page and for the report: exact outcome, remedies, fee base, exact amount, rounding, caps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from billing.contracts.agreement import AgreementDocument
from billing.contracts.schemas import MeteredFeeDocument
from billing.contracts.shown import money_shown
from billing.outcomes.domain.fees import MINIMUM
from billing.outcomes.domain.figures import exact_text
from tenants.edge.formats import currency_shown, number_shown
from tenants.kernel.money import exponent

Json = Mapping[str, Any]
Steps = tuple[str, ...]

_ROUNDING = {
    "half_even": gettext_noop("to the nearest minor unit, a half to the even one"),
    "half_up": gettext_noop("to the nearest minor unit, a half away from zero"),
    "up": gettext_noop("away from zero"),
    "down": gettext_noop("towards zero"),
}


def line_steps(line: Json, outcome: Json, agreement: AgreementDocument) -> Steps:
    """How a line came about; nothing for a flat fee, for the difference of another period, and for what stands.

    Args:
        line: Of the statement.
        outcome: That of the run it was made of.
        agreement: The contract.
    """
    teller = _Teller(outcome, agreement)
    if line["kind"] == "fee":
        return tuple(teller.fee())
    if line["kind"] == "clause" and "of" not in line:  # else it says itself which version settled the clause
        return tuple(teller.clause(line["clause"]))
    return ()


def cap_steps(outcome: Json, agreement: AgreementDocument) -> Steps:
    """What the limits of the contract left of all credits; nothing where it has none."""
    return tuple(_Teller(outcome, agreement).caps())


class _Teller:
    """Tells of one outcome."""

    def __init__(self, outcome: Json, agreement: AgreementDocument) -> None:
        terms = agreement.terms
        self.outcome, self.names = outcome, agreement.assets
        self.currency: str = outcome["currency"]
        self.rounding = gettext(_ROUNDING[terms.rounding])
        self.unit = terms.fee.unit if isinstance(terms.fee, MeteredFeeDocument) else ""
        self.period_percent = terms.caps.period_percent

    def fee(self) -> Iterator[str]:
        """The parts of the fee, assets that cost the same together, and their sum."""
        fee = self.outcome["workings"]["fee"]
        alike: dict[tuple[str, str, str], list[str]] = {}
        for part in fee["parts"]:
            tier = "" if part["name"] in self.names else part["name"]
            alike.setdefault((tier, part["quantity"], part["price"]), []).append(part["name"])
        for (_, quantity, price), parts in alike.items():
            yield self.part(parts, Fraction(quantity), Fraction(price))
        if fee["parts"]:
            values = {"exact": self.exact(fee["exact"]), "how": self.rounding, "fee": self.money(fee["minor"])}
            yield gettext("Together %(exact)s, rounded %(how)s: %(fee)s.") % values

    def part(self, parts: Sequence[str], quantity: Fraction, price: Fraction) -> str:
        """One part of the fee, or assets that cost the same."""
        if parts[0] == MINIMUM:
            return gettext("Up to the minimum: %(amount)s.") % {"amount": self.exact(quantity * price)}
        values = {
            "what": self.assets(parts) if parts[0] in self.names else _tier(parts[0], self.unit),
            "quantity": f"{_number(len(parts) * quantity)} {self.unit}".strip(),
            "price": self.exact(price),
            "amount": self.exact(len(parts) * quantity * price),
        }
        return gettext("%(what)s: %(quantity)s × %(price)s = %(amount)s.") % values

    def assets(self, parts: Sequence[str]) -> str:
        """One by its name, several by their count."""
        return self.names[parts[0]] if len(parts) == 1 else _assets(len(parts))

    def clause(self, name: str) -> Iterator[str]:
        """The steps of one clause."""
        (told,) = (one for one in self.outcome["clauses"] if one["id"] == name)
        (found,) = (one for one in self.outcome["workings"]["clauses"] if one["id"] == name)
        values = {"ratio": told["ratio"], "percent": number_shown(told["percent"])}
        yield gettext("Reached exactly %(ratio)s, which is %(percent)s %%, cut off at six digits.") % values
        judged: list[Json] = found["judgements"]
        paid = [one for one in judged if Fraction(one["credit"]) or Fraction(one["bonus"])]
        if judged and judged[0]["asset"]:
            yield from (" ".join(self.judgement(one)) for one in paid)
            if free := len(judged) - len(paid):
                yield gettext("%(assets)s: no credit and no bonus.") % {"assets": _assets(free)}
        else:
            yield from (step for one in judged for step in self.judgement(one))
            if not paid:
                yield gettext("No credit and no bonus.")
        for kind in ("credit", "bonus"):
            yield from self.rounded(kind, sum((Fraction(one[kind]) for one in judged), Fraction(0)), found)
        if found["credit_minor"] and found["bonus_minor"]:
            values = {"bonus": self.money(found["bonus_minor"]), "credit": self.money(found["granted_minor"])}
            values["amount"] = self.money(told["amount_minor"])
            yield gettext("Bonus of %(bonus)s less credit of %(credit)s: %(amount)s.") % values

    def judgement(self, one: Json) -> Iterator[str]:
        """What the remedies make of one outcome: of the clause, or of one asset of it."""
        if one["asset"]:
            values = {"asset": self.names[one["asset"]], "percent": _number(Fraction(one["percent"]))}
            yield gettext("%(asset)s, %(percent)s %%:") % values
        for verdict in one["verdicts"]:
            yield from _steps(verdict) if "remedy" in verdict else _tiers(verdict)
        base = self.exact(one["base"])
        for kind, form in (
            ("credit", gettext_noop("%(percent)s %% of the fee base of %(base)s is a credit of %(amount)s.")),
            ("bonus", gettext_noop("%(percent)s %% of the fee base of %(base)s is a bonus of %(amount)s.")),
        ):
            percent = sum((Fraction(verdict[kind]) for verdict in one["verdicts"]), Fraction(0))
            if percent:
                yield gettext(form) % {"percent": _number(percent), "base": base, "amount": self.exact(one[kind])}

    def rounded(self, kind: str, exact: Fraction, found: Json) -> Iterator[str]:
        """What an exact credit or bonus is in whole minor units, and what the caps left of it."""
        if not exact:
            return
        forms = {
            "credit": gettext("Credit before rounding %(exact)s, rounded %(how)s: %(rounded)s."),
            "bonus": gettext("Bonus before rounding %(exact)s, rounded %(how)s: %(rounded)s."),
        }
        minor: int = found[f"{kind}_minor"]
        yield forms[kind] % {"exact": self.exact(exact), "how": self.rounding, "rounded": self.money(minor)}
        if kind == "credit" and found["granted_minor"] != minor:
            granted: int = found["granted_minor"]
            values = {"granted": self.money(granted), "forfeited": self.money(minor - granted)}
            yield gettext("The limits on credits leave %(granted)s of it; %(forfeited)s are forfeited.") % values

    def caps(self) -> Iterator[str]:
        """The limits on all credits together."""
        caps, percent = self.outcome["workings"]["caps"], self.period_percent
        if percent is not None:
            values = {"percent": number_shown(percent), "limit": self.money(caps["period_limit"])}
            yield gettext("Limit of the period, %(percent)s %% of the fee: %(limit)s.") % values
        if caps["year_limit"] is not None:
            yield gettext("Left of the limit of the contract year: %(limit)s.") % {
                "limit": self.money(caps["year_limit"])
            }
        if percent is not None or caps["year_limit"] is not None:
            values = {name: self.money(caps[name]) for name in ("asked", "granted", "forfeited")}
            yield gettext("Credits before limits %(asked)s: %(granted)s granted, %(forfeited)s forfeited.") % values

    def money(self, minor: int) -> str:
        """Whole minor units."""
        return money_shown(minor, self.currency)

    def exact(self, minor: str | Fraction) -> str:
        """Minor units that need not be whole, in major ones."""
        amount = Fraction(minor)
        if amount.denominator == 1:
            return self.money(int(amount))
        return f"{_number(amount / 10 ** exponent(self.currency))} {currency_shown(self.currency)}"


def _tiers(verdict: Json) -> Iterator[str]:
    tiers = [
        gettext("below %(below)s %% a credit of %(credit)s %%")
        % {name: _number(Fraction(tier[name])) for name in ("below", "credit")}
        for tier in verdict["tiers"]
    ]
    holding = verdict["holding"]
    told = gettext("Tiers: %(tiers)s.") % {"tiers": ", ".join(tiers)}
    if holding is None:
        yield f"{told} {gettext('None of them holds.')}"
    else:
        held = gettext("The tier below %(below)s %% holds.") % {"below": _number(Fraction(holding["below"]))}
        yield f"{told} {held}"


def _steps(verdict: Json) -> Iterator[str]:
    remedy, count = verdict["remedy"], verdict["steps"]
    distance = Fraction(verdict["distance"])
    values = {name: _number(Fraction(remedy[name])) for name in ("threshold", "per", "percent")}
    values |= {"distance": _number(distance), "count": str(count), "uncapped": _number(Fraction(verdict["uncapped"]))}
    if not distance:
        form = gettext("Not below %(threshold)s %%: no step.") if remedy["side"] == "below" else gettext(
            "Not above %(threshold)s %%: no step."
        )  # fmt: skip
        yield form % values
        return
    where = (
        gettext("%(distance)s below %(threshold)s %%,")
        if remedy["side"] == "below"
        else gettext("%(distance)s above %(threshold)s %%,")
    )
    steps = (
        ngettext("in %(count)s started step of %(per)s:", "in %(count)s started steps of %(per)s:", count)
        if remedy["started"]
        else ngettext("in %(count)s full step of %(per)s:", "in %(count)s full steps of %(per)s:", count)
    )
    yield f"{where} {steps} %(count)s × %(percent)s %% = %(uncapped)s %%." % values
    if remedy["cap"] is not None:
        limits = {"cap": _number(Fraction(remedy["cap"])), "left": _number(Fraction(verdict["percent"]))}
        yield gettext("At most %(cap)s %%: %(left)s %%.") % limits


def _assets(count: int) -> str:
    return ngettext("%(count)s asset", "%(count)s assets", count) % {"count": count}


def _tier(name: str, unit: str) -> str:
    """A tier of prices as the fee names it: ``0 to 100000``, or ``above 100000``."""
    low, _, high = name.removeprefix("above ").partition(" to ")
    form = gettext("%(low)s to %(high)s %(unit)s") if high else gettext("Above %(low)s %(unit)s")
    ends = {"low": _number(Fraction(low)), "high": _number(Fraction(high)) if high else ""}
    return form % {**ends, "unit": unit}


def _number(number: Fraction) -> str:
    """A number as a decimal where it is a short one, else cut off at six digits beside the exact fraction."""
    shown, *fraction = exact_text(number).split(" ")
    return " ".join([number_shown(f"{Decimal(shown):,f}"), *fraction])
