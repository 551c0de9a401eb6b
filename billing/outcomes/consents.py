"""The word of a customer that was given elsewhere, in a mail or a call: who of them agreed, when, and how one knows.

It is recorded by one of the organisation's own people, on whose word it rests; whatever it decides says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tenants.kernel.errors import OutturnError

FEWEST_LETTERS, MOST_NAME, MOST_HOW = 5, 120, 500
_FIRST_DAY = date(1900, 1, 1)
_AHEAD = timedelta(hours=14)
"""How far the clocks of the earth are ahead of UTC at most: where it is tomorrow already, tomorrow is today."""


class ConsentError(OutturnError):
    """What is recorded does not say who agreed, when, or how."""

    code = "consent.invalid"
    status = 422


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody of the customer agreed.

    Attributes:
        who: Their name.
        on: The day on which they did.
        how: By what one knows: a mail, a call, minutes of a meeting.
    """

    who: str
    on: date
    how: str

    def as_json(self) -> dict[str, str]:
        """As documents carry it."""
        return {"who": self.who, "on": self.on.isoformat(), "how": self.how}


def checked(consent: Consent, now: datetime) -> Consent:
    """The consent without white space around its words.

    Raises:
        ConsentError: A name or the way is missing, too short or too long, or the day is still to come.
    """
    who, how = consent.who.strip(), consent.how.strip()
    if not 2 <= len(who) <= MOST_NAME:
        raise _refused("Nobody of the customer is named.", "who", f"Give a name of 2 to {MOST_NAME} characters.")
    if not _FIRST_DAY <= consent.on <= (now + _AHEAD).date():
        raise _refused("Nobody can have agreed on that day.", "on", "Give the day on which they did.")
    if not FEWEST_LETTERS <= len(how) <= MOST_HOW:
        raise _refused(
            "It is not said how the customer agreed.", "how",
            f"Name the mail, the call or the meeting, in {FEWEST_LETTERS} to {MOST_HOW} characters.",
        )  # fmt: skip
    return Consent(who, consent.on, how)


def _refused(message: str, place: str, fix: str) -> ConsentError:
    return ConsentError(message, place=place, kept="Nothing was recorded.", fix=fix)
