"""Rate documents drawn by a number: all of a contract at any second, over two days in which clocks change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.billing.outcomes.documents import ASSETS, CATEGORIES, DAYS, PLACES, Json

_DAY_S = 86_400
_INTERVAL_S = 300


def drawn(seed: int) -> Json:
    """The document of a number; the same one each time."""
    return _Lot(seed).document()


class _Lot:
    """Draws the parts of one document."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.zone, self.day = self.chance.choice(PLACES)

    def document(self) -> Json:
        return {
            "rate": 1,
            "period": {"start": self.day.isoformat(), "end": (self.day + timedelta(days=2)).isoformat()},
            "as_of": self.received(),
            "contract": {
                "currency": self.chance.choice(("EUR", "JPY", "KWD")),
                "time_zone": self.zone,
                "rounding": self.chance.choice(("half_even", "half_up", "up", "down")),
                "correction_window": f"P{self.chance.randint(1, 6)}D",
                "fee": self.fee(),
                "clauses": [self.clause(f"clause {number}") for number in range(self.chance.randint(1, 2))],
                "caps": {
                    "period_percent": self.maybe(self.decimal(0, 30)),
                    "year_remaining_minor": self.maybe(self.chance.randint(0, 10**6)),
                },
            },
            "evidence": {asset: self.evidence() for asset in ASSETS},
            "exclusions": [self.claim() for _ in range(self.chance.choice((0, 3, 6)))],
        }

    # -- what everything is made of ---------------------------------------------------------------------------------

    def maybe(self, value: object) -> object:
        return self.chance.choice((value, None))

    def decimal(self, low: int, high: int, digits: int = 1) -> str:
        scale = 10**digits
        number = self.chance.randint(low * scale, high * scale)
        return f"{number // scale}.{number % scale:0{digits}d}"

    def duration(self, longest_s: int) -> str:
        """As often none or some minutes as any number of seconds."""
        any_s = self.chance.randint(0, longest_s)
        return f"PT{self.chance.choice((0, any_s // 60 * 60, any_s, any_s))}S"

    def received(self) -> str:
        """Whole days, so that some are received together; most of them in time."""
        return exact(datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC) + timedelta(days=self.late()))

    def late(self) -> int:
        return self.chance.choice((3, 3, 4, 4, 5, 6, 7, 8, 9))

    def moment(self, first_s: int = -_DAY_S, last_s: int = 3 * _DAY_S) -> datetime:
        """Seconds from the first midnight on, without a zone; on full minutes as often as not."""
        at = self.chance.randint(first_s, last_s)
        at = at // 60 * 60 if self.chance.random() < 0.5 else at
        return datetime(self.day.year, self.day.month, self.day.day) + timedelta(seconds=at)  # noqa: DTZ001

    def instant(self) -> str:
        """Local, or exact."""
        at = self.moment()
        return at.isoformat() if self.chance.random() < 0.5 else f"{at.isoformat()}Z"

    def span(self) -> tuple[str, str]:
        """Two exact moments in order, or two local ones on days of their own, so that they stay in order."""
        start = self.moment()
        if self.chance.random() < 0.6:
            end = start + timedelta(seconds=self.chance.randint(1, self.chance.choice((600, 7200, 40_000))))
            return f"{start.isoformat()}Z", f"{end.isoformat()}Z"
        end = datetime(start.year, start.month, start.day) + timedelta(  # noqa: DTZ001
            days=1, seconds=self.chance.randint(1, 20_000)
        )
        return start.isoformat(), end.isoformat()

    def some(self, among: Sequence[str], fewest: int = 1) -> list[str]:
        return self.chance.sample(among, self.chance.randint(fewest, len(among)))

    # -- the contract -----------------------------------------------------------------------------------------------

    def fee(self) -> Json:
        kind, minor = self.chance.choice(("flat", "per_asset", "metered")), self.chance.randint(0, 10**7)
        if kind == "flat":
            return {"kind": kind, "minor": minor}
        if kind == "per_asset":
            return {"kind": kind, "minor": minor, "prorate": self.chance.choice(("seconds", None))}
        bounds = sorted(self.chance.sample(range(1, 3000), self.chance.randint(0, 3)))
        tiers = [{"to": str(bound), "price": self.decimal(0, 5, 3)} for bound in bounds]
        tiers.append({"to": None, "price": self.decimal(0, 5, 3)})  # type: ignore[dict-item]
        return {"kind": kind, "unit": "m3", "mode": self.chance.choice(("graduated", "volume")), "tiers": tiers}

    def clause(self, name: str) -> Json:
        return {
            "id": name,
            "indicator": self.indicator(),
            "assets": self.some(ASSETS),
            "aggregate": self.chance.choice(("pooled", "mean", "worst", "per_asset")),
            "calendar": self.maybe(self.calendar()),
            "outages": {"minimum": self.duration(5000), "quantum": self.duration(3000)},
            "gaps": self.gaps(),
            "minimum_coverage": self.maybe(self.decimal(0, 100)),
            "exclusions": [
                {"category": category, "allowance": self.maybe(self.duration(20_000))}
                for category in self.some(CATEGORIES, 0)
            ],
            "remedies": [self.chance.choice((self.steps, self.tiers))() for _ in range(self.chance.randint(0, 3))],
        }

    def indicator(self) -> Json:
        kind = self.chance.choice(("availability", "availability", "throughput", "mean_rate", "response"))
        if kind == "response":
            named = {"of": "attended"} if self.chance.random() < 0.5 else {}
            return {
                "kind": kind,
                "within": f"PT{self.chance.choice((600, 3600, self.chance.randint(1, 40_000)))}S",
            } | named
        if kind == "throughput":
            hours = self.chance.choice(("committed", self.decimal(1, 60)))
            return {"kind": kind, "unit": "m3", "target": self.decimal(1, 40), "per": "h", "hours": hours}
        return {"kind": kind} | ({"interval": f"PT{_INTERVAL_S}S"} if kind == "mean_rate" else {})

    def calendar(self) -> Json:
        free = self.day + timedelta(days=self.chance.randint(-1, 2))
        return {
            "weekly": [self.window() for _ in range(self.chance.randint(1, 2))],
            "holidays": [free.isoformat()] if self.chance.random() < 0.3 else [],
        }

    def window(self) -> Json:
        opens, closes = (self.chance.randrange(1440) for _ in range(2))
        ends = "24:00" if opens == closes or self.chance.random() < 0.2 else f"{closes // 60:02d}:{closes % 60:02d}"
        return {"days": self.some(DAYS, 3), "from": f"{opens // 60:02d}:{opens % 60:02d}", "to": ends}

    def gaps(self) -> Json:
        policy = self.chance.choice(("as_up", "as_down", "exclude", "carry_forward"))
        if policy != "carry_forward":
            return {"policy": policy}
        return {"policy": policy, "carry": self.duration(8000), "then": self.chance.choice(("up", "down"))}

    def steps(self) -> Json:
        return {
            "kind": "steps",
            self.chance.choice(("below", "above")): self.decimal(0, 100),
            self.chance.choice(("credit", "bonus")): self.decimal(0, 3),
            "per": self.chance.choice(("0.1", "0.7", "1", "5")),
            "step": self.chance.choice(("full", "started")),
            "cap": self.maybe(self.decimal(0, 20)),
        }

    def tiers(self) -> Json:
        below = self.chance.sample(range(10, 1200), self.chance.randint(1, 4))
        return {
            "kind": "tiers",
            "tiers": [{"below": f"{one // 10}.{one % 10}", "credit": self.decimal(0, 100)} for one in below],
        }

    # -- evidence and claims ----------------------------------------------------------------------------------------

    def evidence(self) -> Json:
        service = self.span() if self.chance.random() < 0.4 else None
        return {
            "in_service": service and {"from": service[0], "to": self.maybe(service[1])},
            "initial": self.chance.choice(("up", "down", None)),
            "states": [self.state() for _ in range(self.chance.randint(0, 9))],
            "counters": [self.reading() for _ in range(self.chance.randint(0, 8))],
            "rates": self.rates(),
            "conditions": {"attended": [self.state() for _ in range(self.chance.randint(0, 5))]},
        }

    def state(self) -> Json:
        start, end = self.span()
        said = self.chance.choice(("up", "down", "unknown"))
        return {"from": start, "to": end, "state": said, "received": self.received()}

    def reading(self) -> Json:
        value = self.decimal(0, 900, self.chance.randint(1, 3))
        name = f"e{self.chance.randint(0, 8)}"
        return {"id": name, "at": self.instant(), "value": value, "received": self.received()}

    def rates(self) -> list[Json]:
        """Whole intervals; those known from the start are disjoint, what is received later lies over them."""
        found: list[Json] = []
        at = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC) - timedelta(
            seconds=self.chance.randint(0, 40_000)
        )
        for _ in range(self.chance.randint(0, 6)):
            at += timedelta(seconds=self.chance.randint(0, 20_000))
            end = at + timedelta(seconds=_INTERVAL_S * self.chance.randint(1, 40))
            found.append(self.rate(at, end))
            if self.chance.random() < 0.3:
                corrected = at + timedelta(seconds=self.chance.randint(-2000, 2000))
                found.append(self.rate(corrected, corrected + (end - at)) | {"received": self.received_once(found)})
            at = end
        return found

    def rate(self, start: datetime, end: datetime) -> Json:
        share = self.chance.choice(("0", "0.25", "0.333", "1"))
        return {"from": exact(start), "to": exact(end), "value": share}

    def received_once(self, found: Sequence[Json]) -> str:
        """A second of its own, so that no two contradict each other."""
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return exact(midnight + timedelta(days=self.late(), seconds=len(found)))

    def claim(self) -> Json:
        start, end = self.span()
        early = exact(datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC))
        return {
            "category": self.chance.choice((*CATEGORIES, *CATEGORIES, "unheard_of")),
            "assets": self.some(ASSETS),
            "from": start,
            "to": end,
            "approved": self.chance.choice((early, early, self.received(), None)),
            "withdrawn": self.chance.choice((None, None, self.received())),
        }


def exact(moment: datetime) -> str:
    """A moment with its offset, UTC."""
    return moment.isoformat().replace("+00:00", "Z")
