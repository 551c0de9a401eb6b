"""The words of the document around its figures, in the language that is spoken, by the names its template has."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext, pgettext

from billing.reports.schemas import ClausePart, Content


def sentences_of(content: Content) -> dict[str, str]:
    """All headings and sentences of the document."""
    return _head(content) | _parts(content) | _money(content) | _proof(content)


def _head(content: Content) -> dict[str, str]:
    values = {
        "provider": content.provider, "customer": content.customer, "period": content.period,
        "version": content.version, "sealed": content.sealed_at, "as_of": content.as_of, "zone": content.zone,
    }  # fmt: skip
    return {
        "description": gettext("Outcome report for %(customer)s, statement version %(version)s") % values,
        "bundle": gettext(
            "The proof bundle: statement, contract, run and evidence with their places in the signed log"
        ),
        "lead": gettext("Outcome report for %(customer)s, %(period)s") % values,
        "sealed": gettext(
            "From %(provider)s. Statement version %(version)s, sealed %(sealed)s on what was known at %(as_of)s. "
            "Times are those of %(zone)s."
        ) % values,
        "period": gettext("The period"),
        "period_picture": gettext(
            "What the time of each asset counted as; the table of outages and exclusions says the same."
        ),
    }  # fmt: skip


def clause_sentence(clause: ClausePart) -> str:
    """What is told of one clause under its heading."""
    values = {
        "guarantee": clause.guarantee[:1].upper() + clause.guarantee[1:], "exact": clause.exact,
        "coverage": clause.coverage, "status": clause.status, "amount": clause.amount,
    }  # fmt: skip
    return gettext(
        "%(guarantee)s. Exact outcome %(exact)s, %(coverage)s %% of committed time is known, status %(status)s, "
        "amount %(amount)s."
    ) % values  # fmt: skip


def _parts(content: Content) -> dict[str, str]:
    """The words of what was measured: clauses, outages, exclusions, corrections, comparisons."""
    unrated = ngettext(
        "%(count)s piece of evidence or exclusion is recorded and did not count; the proof names it.",
        "%(count)s pieces of evidence or exclusions are recorded and did not count; the proof names each.",
        content.unrated,
    )
    return {
        "asset": gettext("Asset"), "assets": gettext("Assets"), "time": gettext("Time"), "hours": gettext("Hours"),
        "committed": gettext("Committed"), "down": gettext("Down"), "excluded": gettext("Excluded"),
        "unknown": gettext("Unknown"), "outcome": gettext("Outcome"), "volume": gettext("Volume"),
        "no_incident": gettext("No asset had an incident in committed time."),
        "incidents": gettext("Incidents; the clock runs while an asset is down in committed time."),
        "began": gettext("Began"), "stopped": gettext("Clock stopped"), "clock": pgettext("incident", "Clock"),
        "result": gettext("Result"),
        **_outages(),
        "exclusions": gettext("What was excluded, and why"), "no_exclusion": gettext("Nothing was claimed."),
        "category": gettext("Category"), "claimed": gettext("Claimed"), "decision": gettext("Decision"),
        "unrated": unrated % {"count": content.unrated},
        "corrections": gettext("What was corrected"),
        "corrected": gettext("Decided about a dispute: it goes over the evidence that was received before."),
        "counts_as": gettext("Counts as"), "decided": gettext("Decided"),
        "comparisons": gettext("Beside what could have been"),
        "compared": gettext("The same contract, rated by the same engine on evidence that is assumed."),
        "comparison_picture": gettext("The outcomes as bars beside the guarantee; the table below has the figures."),
    }  # fmt: skip


def _outages() -> dict[str, str]:
    """The words of the tables of outages."""
    return {
        "outages": gettext("Outages that counted"), "no_outage": gettext("No asset was down in committed time."),
        "counts_nothing": gettext("No clause of this contract measures time, so none counts."),
        "reported": gettext("Reported"), "received": gettext("Received"), "segment": gettext("Sealed segment"),
        "rests_on": gettext(
            "Each stands in a sealed segment of evidence. The first digits of its digest stand beside it; the whole "
            "segment is in report.json."
        ),
    }  # fmt: skip


def _money(content: Content) -> dict[str, str]:
    """The words of what it comes to, of the months before, and of what was planned."""
    invoice = content.invoice
    told = "" if invoice is None else gettext("%(title)s %(number)s, issued %(issued)s, due %(due)s.") % {
        "title": invoice.title, "number": invoice.number, "issued": invoice.issued, "due": invoice.due,
    }  # fmt: skip
    return {
        "fee": gettext("Fee"), "total": gettext("Total"), "difference": gettext("Difference"),
        "comes_to": gettext("What it comes to"), "line": gettext("Line"), "amount": gettext("Amount"),
        "invoice": told, "net": gettext("Net"), "to_pay": gettext("To be paid"),
        "open_before": gettext("What is open of it, and how it is paid, stands on the"),
        "open_link": gettext("page of this report"),
        "open_after": gettext("Whoever pays names the number %(number)s.")
        % {"number": "" if invoice is None else invoice.number},
        "history": gettext("The last months"),
        "history_of": gettext(
            "What each clause reached, and what it came to, in the newest version of each statement when this document "
            "was made."
        ),
        "trends_picture": gettext("What each clause reached month by month; the table below has the figures."),
        "amounts_picture": gettext("Fee and total month by month; the table below has the figures."),
        "of_period": gettext("Period"), "version": gettext("Version"), "by_outcome": gettext("By the outcome"),
        "of_earlier": gettext("Of earlier months"),
        "ahead": gettext("Planned ahead"), "state": gettext("State"),
        "ahead_of": gettext(
            "Times in which assets of this contract will not count, as far as they were claimed when the report was "
            "made."
        ),
        "nothing_ahead": gettext("Nothing was planned for the assets of this contract when the report was made."),
    }  # fmt: skip


def _proof(content: Content) -> dict[str, str]:
    """The words of the contract's sentences and of how to check the document."""
    entries = gettext("%(log)s, %(entries)s entries")
    return {
        "in_words": gettext("The contract in words"),
        "as_signed": pgettext(
            "shown beside a text that stays in English", "These are the words that both sides have agreed on."
        ),
        "stays": pgettext("shown beside a text that stays in English", "It stays in the language it was signed in."),
        "text_digest": gettext("SHA-256 of the text"),
        "check": gettext("How to check this report"),
        "check_file": gettext(
            "The file report.json is attached to this document and is the proof itself: the statement, the contract, "
            "the outcome run and every segment of evidence, each with its place in the log of %(provider)s. With "
            "verifier.py, one file of Python that opens no connection, anybody can check it:"
        ) % {"provider": content.provider},
        "check_rate": gettext(
            "The rate document beside it is the whole input of the computation; any implementation of the contract's "
            "rules gives the same outcome for it."
        ),
        "what": gettext("What"), "digest": gettext("Its digest or name"), "log": gettext("Log"), "key": gettext("Key"),
        "statement": gettext("Statement"), "run": gettext("Outcome run"), "contract": gettext("Contract"),
        "engine": gettext("Engine"),
        "log_entries": entries % {"log": content.proof.log, "entries": content.proof.entries},
    }  # fmt: skip
