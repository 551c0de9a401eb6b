"""What a report says of the customer's signature under the contract, in the language of the page.

The sentences of a contract are made by the words of the software, which change with its releases. What binds is the
text that the customer accepted: it was kept, and its digest stands in the log with the name of who accepted it.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from billing.contracts.shown import moment_shown
from billing.contracts.wording import text_to_sign
from billing.reports.bundles import Bundle
from billing.reports.schemas import Signature


def signature_under(bundle: Bundle, text: str | None, zone: ZoneInfo) -> Signature | None:
    """How the contract of a report was accepted, with the accepted text where it is not what is written today.

    Args:
        bundle: The proof bundle, verified.
        text: The text that was accepted, by the digest in the bundle; None where the contract needed nobody to.
        zone: The zone of the contract.
    """
    acceptance = bundle.acceptance
    if acceptance is None or text is None:
        return None
    moment = moment_shown(datetime.fromisoformat(acceptance["accepted_at"]), zone)
    values = {"name": acceptance["name"], "by": acceptance["accepted_by"], "moment": moment}
    values["customer"] = bundle.agreement.parties.customer
    if text == text_to_sign(bundle.agreement):
        told = gettext("%(name)s (%(by)s) accepted it for %(customer)s on %(moment)s, in these words.") % values
        return Signature(told, acceptance["text_digest"], "")
    told = gettext(
        "This is the text that %(name)s (%(by)s) accepted for %(customer)s on %(moment)s, word for word. The same "
        "contract is told in other words today; what was signed is what holds."
    )
    return Signature(told % values, acceptance["text_digest"], text)
