"""What a page shows of a report, and its files, alike for its customer and for guests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override

from billing.invoices.models import Invoice
from billing.invoices.selectors import invoice_of
from billing.payments.selectors import at_provider, standing_of
from billing.reports import selectors, verifier
from billing.reports.ahead import ahead_of
from billing.reports.bundles import Bundle
from billing.reports.document import amounts_svg, comparison_svg, timeline_svgs, trends_svg
from billing.reports.evidence import csv_pieces, parquet_pieces
from billing.reports.findings import found_shown
from billing.reports.models import Report
from tenants.edge.http import filed
from tenants.edge.streaming import streamed
from tenants.kernel.canonical import canonical_json
from tenants.kernel.collection import collection_paused

VERIFIER, PROOF = "verifier.py", "report.json"
_JSON = "application/json"


@collection_paused()
def shown(row: Report) -> dict[str, Any]:
    """What the page of a report is made of, once its proof has been checked.

    Raises:
        ProofError: It does not hold.
    """
    checks = selectors.checks_of(row)
    bundle = Bundle.read(selectors.proven_bundle(row, checks))
    made = invoice_of(row.statement_id)
    content = selectors.content_with(row, bundle, made)
    pictures = {"comparison": comparison_svg, "trends": trends_svg, "amounts": amounts_svg}
    return {
        "report": row,
        "bundle": bundle,
        "made": made,
        "content": content,
        "checks": [check._replace(found=found_shown(check.found)) for check in checks],
        "pdf_kind": pdf_kind(),
        "timelines": list(zip(content.timelines, map(SafeString, timeline_svgs(content)), strict=True)),
        **{name: SafeString(draw(content)) for name, draw in pictures.items()},
    }


def shown_to_house(found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is shown besides to those who sign in, for it tells more than the report: what is planned, what is open."""
    row, bundle, made = found["report"], found["bundle"], found["made"]
    ahead = ahead_of(row, bundle.agreement.assets, now=now)
    return {"ahead": ahead, "pay": None if made is None else _pay(made, now)}


def _pay(made: Invoice, now: datetime) -> dict[str, Any]:
    """What is open of an invoice, and where it is paid."""
    standing, there = standing_of(made), at_provider(made)
    return {
        "open": standing.open,
        "state": standing.state(made.due_on, now.date()),
        "url": there.pay_url if there is not None and standing.open > 0 else "",
    }


def file_of(request: HttpRequest, row: Report, kind: str) -> HttpResponseBase:
    """A file of a report: the proof, the document, the input of the computation, or the evidence as a table.

    The proof reaches back to the head of the size ``known``, if the address says one.

    Raises:
        Http404: There is no file of that name.
        ProofError: The report does not hold.
    """
    if kind in _TABLES:
        media_type, pieces = _TABLES[kind]
        content = streamed(request, pieces(Bundle.read(selectors.proven_bundle(row))))
        return filed(StreamingHttpResponse(content, content_type=media_type), f"{_name(row)}-{kind}")
    if kind == PROOF and "known" in request.GET:
        return _proof_since(request, row, request.GET["known"])
    make = _FILES.get(kind)
    if make is None:
        raise Http404
    data, media_type, ending = make(row)
    return filed(HttpResponse(data, content_type=media_type), f"{_name(row)}{ending}")


def has_file(kind: str) -> bool:
    """Whether there is a file of that name with each report."""
    return kind == VERIFIER or kind in _FILES or kind in _TABLES


def _proof_since(request: HttpRequest, row: Report, known: str) -> HttpResponseBase:
    """The proof from a head that the reader kept, or a page that says why there is none."""
    try:
        data = selectors.delivered_bundle(row, selectors.size_kept(known))
    except selectors.HeadUnknownError as error:
        return render(request, "reports/unreached.html", {"error": error}, status=error.status)
    return filed(HttpResponse(data, content_type=_JSON), f"{_name(row)}-{PROOF}")


def verifier_download() -> HttpResponseBase:
    """The verifier: one file of Python that customers run themselves."""
    return filed(HttpResponse(Path(verifier.__file__).read_bytes(), content_type="text/x-python"), VERIFIER)


def _name(row: Report) -> str:
    return f"{row.statement.contract.slug}-{row.statement.period_start:%Y-%m-%d}-v{row.statement.version}"


def pdf_kind() -> str:
    """The name of the document in the language of the page: what was kept is in English."""
    language = get_language() or settings.LANGUAGE_CODE
    return "report.pdf" if language == settings.LANGUAGE_CODE else f"report.{language}.pdf"


def _translated(row: Report, language: str) -> tuple[bytes, str, str]:
    """The document in a language that it is not kept in: made of the same proof, when it is asked for."""
    data = selectors.proven_bundle(row)
    with override(language):
        document = selectors.document_of(row, Bundle.read(data), data)
    return document, "application/pdf", f".{language}.pdf"


def _rate(row: Report) -> bytes:
    return canonical_json(Bundle.read(selectors.proven_bundle(row)).rate_document())


_FILES: Mapping[str, Callable[[Report], tuple[bytes, str, str]]] = {
    PROOF: lambda row: (selectors.delivered_bundle(row), _JSON, "-report.json"),
    "report.pdf": lambda row: (selectors.proven_pdf(row), "application/pdf", ".pdf"),
    "rate.json": lambda row: (_rate(row), _JSON, "-rate.json"),
    **{
        f"report.{code}.pdf": partial(_translated, language=code)
        for code, _own_name in settings.LANGUAGES
        if code != settings.LANGUAGE_CODE
    },
}
"""The files by the name that they have in addresses: content, media type, and how the name it is saved by ends."""
_TABLES: Mapping[str, tuple[str, Callable[[Bundle], Iterator[bytes]]]] = {
    "evidence.csv": ("text/csv; charset=utf-8", csv_pieces),
    "evidence.parquet": ("application/vnd.apache.parquet", parquet_pieces),
}
"""The evidence by its name in addresses, sent while it is written."""
