"""The signature under the contract in its report: the customer reads what they accepted, in the words of that day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from html import escape

import pytest
from django.test import Client

from billing.contracts import wording
from billing.contracts.models import ContractAcceptance
from billing.reports import selectors
from billing.reports.links import make_link
from billing.reports.selectors import ProofError, content_of
from billing.reports.services import Settlement, settle_period
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.reports.test_links import actor
from tests.billing.signing import accept
from tests.billing.world import BY, House, a_fleet, agreement, at, body, published, written
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}
EARLIER = "Each amount is rounded once, to the cent, as merchants do."
TODAY = "Each amount is rounded once, to the nearest minor unit, a half to the even one."
WHO = "Nora Winter (reader@meridian.example)"
IN_THESE_WORDS = f"{WHO} accepted it for Northwind Air on 2 Jan 2026 01:00, in these words."
WORD_FOR_WORD = (
    f"This is the text that {WHO} accepted for Northwind Air on 2 Jan 2026 01:00, word for word. The same contract is "
    "told in other words today; what was signed is what holds."
)


@dataclass(frozen=True)
class Signed:
    """A settled month of a contract that was accepted, the acceptance, and the path of a link for a guest."""

    done: Settlement
    answer: ContractAcceptance
    link: str

    @property
    def path(self) -> str:
        return f"/t/meridian/reports/{self.done.report.id}/"


def a_signed(cast: Cast, while_signing: AbstractContextManager[object]) -> Signed:
    """A contract that Northwind accepts on 2 January 2026, settled for November."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        wanted = agreement(fleet, acceptance="required", time_zone="Europe/Berlin")
        contract = published(wanted | {"customer": str(cast.northwind)})
        with while_signing:
            answer = accept(contract)
        start, end = at("2026-10-31T23:00"), at("2026-11-30T23:00")
        done = settle_period(contract=contract.id, start=start, end=end, by=BY, now=at("2026-12-05"))
        _link, address = make_link(report=done.report.id, name="Bank", days=1, by=actor(cast), now=utc_now())
    return Signed(done, answer, "/" + address.split("/", 3)[3])


@pytest.fixture
def today(cast: Cast) -> Signed:
    """Accepted in the words that the software has."""
    return a_signed(cast, nullcontext())


@pytest.fixture
def earlier(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Signed:
    """Accepted while the software told one of its terms in other words."""
    with ExitStack() as undoing:
        undoing.callback(monkeypatch.undo)
        monkeypatch.setitem(wording._ROUNDING, "half_even", "to the cent, as merchants do")
        return a_signed(cast, undoing)


def test_a_text_signed_earlier_is_what_page_and_guest_read(cast: Cast, earlier: Signed, sign_in: SignIn) -> None:
    text = earlier.answer.text
    assert EARLIER in text
    assert TODAY not in text
    for client, path in ((sign_in(cast.reader), earlier.path), (Client(), earlier.link)):
        page = body(client, path)
        assert escape(WORD_FOR_WORD) in page
        assert f'<pre class="to-sign" tabindex="0" lang="en">{escape(text)}</pre>' in page
        assert f'<code class="digest">{hashlib.sha256(text.encode()).hexdigest()}</code>' in page
        assert TODAY not in page
    text_file = f"/t/meridian/agreed/{earlier.done.statement.contract_id}/versions/1.txt"
    assert text_file in body(sign_in(cast.reader), earlier.path)
    assert text_file not in body(Client(), earlier.link)
    assert sign_in(cast.reader).get(text_file).content == text.encode()


def test_it_is_what_the_documents_say_in_both_languages(cast: Cast, earlier: Signed, sign_in: SignIn) -> None:
    kept = written(bytes(earlier.done.report.pdf))
    german = written(sign_in(cast.reader).get(earlier.path + "report.de.pdf").content)
    for said in (kept, german):
        assert EARLIER in said
        assert TODAY not in said
        assert earlier.answer.document["text_digest"] in said
        for line in earlier.answer.text.split():
            assert line in said, line
    assert WORD_FOR_WORD in kept
    assert "am 02.01.2026, 01:00" in german
    assert "in der Sprache, in der er unterzeichnet wurde" in german
    assert "in der Sprache" not in kept


def test_in_german_it_stays_in_its_language_and_that_is_said(cast: Cast, earlier: Signed) -> None:
    page = Client().get(earlier.link, headers=GERMAN).content.decode()
    assert f'<pre class="to-sign" tabindex="0" lang="en">{escape(earlier.answer.text)}</pre>' in page
    assert "Diesen Wortlaut hat Nora Winter (reader@meridian.example) für Northwind Air am 02.01.2026, 01:00" in page
    assert "Er steht hier in der Sprache, in der er unterzeichnet wurde." in page


def test_a_text_that_is_still_written_so_is_told_in_sentences(cast: Cast, today: Signed, sign_in: SignIn) -> None:
    page, document = body(sign_in(cast.reader), today.path), written(bytes(today.done.report.pdf))
    assert f"<li>{TODAY}</li>" in page
    assert "to-sign" not in page
    assert escape(IN_THESE_WORDS) in page
    for said in (TODAY, IN_THESE_WORDS, today.answer.document["text_digest"]):
        assert said in document


def test_a_contract_that_nobody_had_to_accept_has_no_signature(cast: Cast, house: House, sign_in: SignIn) -> None:
    report = house.done.report
    with scope(cast.meridian.id):
        assert content_of(report, bytes(report.bundle)).signature is None
    page = body(sign_in(cast.reader), f"/t/meridian/reports/{report.id}/")
    assert f"<li>{TODAY}</li>" in page
    assert "SHA-256 of the text" not in page


@pytest.mark.parametrize("kept", [None, "Another text.\n"])
def test_a_text_that_is_not_the_accepted_one_is_not_delivered(
    cast: Cast, today: Signed, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    monkeypatch.setattr(selectors, "answer_text", lambda _digest: kept)
    report = today.done.report
    with scope(cast.meridian.id), pytest.raises(ProofError, match="is not the one that was accepted") as refused:
        content_of(report, bytes(report.bundle))
    assert (refused.value.code, refused.value.place) == ("report.not_proven", "report")
    assert refused.value.fix == "Tell support the report's number."
