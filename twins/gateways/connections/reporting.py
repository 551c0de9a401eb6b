"""What a connection reads goes through the ordinary intake, in the name of its gateway; and how it goes is kept."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import count
from typing import Any

import msgspec
import numpy as np

from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import OutturnError
from tenants.kernel.ids import new_id
from tenants.lifecycle.domain import StateRefusedError
from tenants.limits.domain.standing import LimitReachedError
from twins.gateways.connections.models import Going
from twins.gateways.connections.schemas import Plan, Standing
from twins.gateways.credentials import Credentials
from twins.gateways.errors import ShutOutError, UnknownTokenError
from twins.gateways.field.samples import Sample, SampleQuality, Trouble
from twins.gateways.field.troubles import GAP, Pauses
from twins.telemetry.errors import BusyError, UnavailableError
from twins.telemetry.instants import moment
from twins.telemetry.intake import Intake

LARGEST_BATCH = 5_000
MOST_EVENTS = 20
MOST_TROUBLES = 200
"""Points in trouble that are kept by name; all are counted."""
_PASSING = (BusyError, UnavailableError, LimitReachedError, StateRefusedError, ShutOutError, UnknownTokenError)
"""Why a batch is not taken at present: it is kept, and the source waits with it."""

logger = logging.getLogger("outturn.connect")


class Report:
    """The sink of one connection.

    A batch is handed to the intake until it is durable: as long as it cannot be, the source waits and reads no further.

    Args:
        plan: The connection.
        places: The key of each place that troubles name.
        intake: Where readings go.
        credentials: Says whether the gateway may send.
    """

    def __init__(self, plan: Plan, places: Mapping[str, str], intake: Intake, credentials: Credentials) -> None:
        self._plan, self._keys, self._intake, self._credentials = plan, places, intake, credentials
        self._places = {key: place for place, key in places.items()}
        self._name, self._numbers = new_id().hex, count(1)
        self._state, self._why, self._since = Going.CONNECTING, Trouble("", "", ""), utc_now()
        self._last: datetime | None = None
        self._samples = 0
        self._troubles: dict[str, dict[str, str]] = {}
        self._events: deque[dict[str, str]] = deque(maxlen=MOST_EVENTS)
        self.is_urgent = True
        """Whether something happened that people should see at once."""

    async def samples(self, samples: Sequence[Sample]) -> None:
        """Hand samples on; returns when they are durable."""
        for start in range(0, len(samples), LARGEST_BATCH):
            part = samples[start : start + LARGEST_BATCH]
            await self._deliver(part)
            self._samples += len(part)
        self._become(Going.CONNECTED, Trouble("", "", ""))
        self._last = moment(max(sample.at for sample in samples))
        if self._troubles:
            for sample in samples:
                if sample.quality is not SampleQuality.BAD:
                    place = self._places.get(sample.key) or self._places.get(sample.key.rpartition("[")[0], "")
                    self._troubles.pop(place, None)

    async def trouble(self, trouble: Trouble) -> None:
        """Keep a trouble: with a point, with the whole, or over already."""
        if trouble.code == GAP:
            self._happened(trouble)
        elif not trouble.place:
            self._become(Going.FAILING, trouble)
        else:
            key = self._keys.get(trouble.place, "")
            self._troubles[trouble.place] = {**asdict(trouble), "key": key, "at": isoformat(utc_now())}
            self.is_urgent = True

    def standing(self) -> Standing:
        """How it goes, to be noted."""
        self.is_urgent = False
        why = self._why
        return Standing(
            self._state.value, why.code, why.message[:500], why.fix[:500], self._since, self._last, self._samples,
            len(self._troubles), list(self._troubles.values())[:MOST_TROUBLES], list(self._events),
        )  # fmt: skip

    async def _deliver(self, samples: Sequence[Sample]) -> None:
        name = f"c.{self._name}.{next(self._numbers)}"
        body, pauses = encoded(name, samples), Pauses()
        while True:
            try:
                source = await self._credentials.of_gateway(self._plan.gateway)
                await self._intake.take(source, body)
            except _PASSING as error:
                self._become(Going.FAILING, Trouble(error.code, f"readings wait: {error.message}", error.fix))
                await asyncio.sleep(pauses.next())
            except OutturnError as error:
                logger.exception("a batch of connection %s was refused for good", self._plan.connection)
                self._happened(Trouble(error.code, f"{len(samples)} readings were refused: {error.message}", error.fix))
                return
            else:
                return

    def _become(self, state: Going, why: Trouble) -> None:
        if (state, why.code) == (self._state, self._why.code):
            self._why = why
            return
        self._state, self._why, self._since = state, why, utc_now()
        name, told = self._plan.name, f": {why.message}" if why.message else ""
        logger.log(
            logging.WARNING if state is Going.FAILING else logging.INFO, "connection %s (%s) is %s%s", name,
            self._plan.connection, state.value, told,
        )  # fmt: skip
        self._happened(why if why.code else Trouble("connection.connected", "connected", ""))

    def _happened(self, what: Trouble) -> None:
        self._events.appendleft({"at": isoformat(utc_now()), "code": what.code, "message": what.message})
        self.is_urgent = True


def encoded(name: str, samples: Sequence[Sample]) -> bytes:
    """A batch as the intake takes it."""
    at = np.fromiter((sample.at for sample in samples), np.int64, len(samples)).astype("datetime64[us]")
    rows: list[dict[str, Any]] = [
        {"key": sample.key, "at": when + "Z", "value": sample.value}
        if sample.quality is SampleQuality.GOOD
        else {"key": sample.key, "at": when + "Z", "value": sample.value, "quality": sample.quality.value}
        for sample, when in zip(samples, np.datetime_as_string(at).tolist(), strict=True)
    ]
    return msgspec.json.encode({"batch": name, "readings": rows})
