"""Many gateways from one table: looked at line by line first, then made all together or not at all."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants.customers.selectors import customer_names
from tenants.edge.parsers import is_keepable
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.secrets import Token
from tenants.people.selectors import sites
from tenants.record.services import record_audit
from twins.gateways.models import Gateway
from twins.gateways.schemas import GatewayTerms, Origin
from twins.gateways.services import add_gateways

COLUMNS = ("name", "serial", "customer", "site")
MOST_LINES = 1000
LARGEST_FILE = 512 * 1024
LONGEST = 120


class TableError(OutturnError):
    """The table cannot be read, or lines of it cannot become gateways; nothing was made."""

    code = "gateways.table"
    status = 422


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, as it was written, and what is wrong with it.

    Attributes:
        number: In the file, counted from 1; the heading is line 1.
        terms: What it comes to; of a line with findings, what could be read.
    """

    number: int
    cells: Mapping[str, str]
    terms: GatewayTerms
    findings: tuple[Finding, ...] = ()


def read_table(text: str) -> list[Line]:
    """The lines of a CSV file with a heading, each with what is wrong with it.

    Columns are `COLUMNS`, in any order, of which only ``name`` must be there; commas, semicolons or tabs between them.
    Customers and sites are named as they are called, or by their ids.

    Raises:
        TableError: It is no such table, or a too long one.
    """
    rows = _rows(text)
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    unknown = [cell for cell in heading if cell not in COLUMNS]
    if "name" not in heading or unknown or len(set(heading)) < len(heading):
        strange = f"; not “{unknown[0][:40]}”" if unknown else ""
        raise TableError(
            f"the first line must name the columns: {', '.join(COLUMNS)}{strange}", place="file",
            kept="Nothing was made.", fix="Begin with the line name,serial,customer,site.",
        )  # fmt: skip
    written = [(number, row) for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    if not 0 < len(written) <= MOST_LINES:
        raise TableError(
            f"the file has {len(written)} gateways", place="file", kept="Nothing was made.",
            fix=f"Send 1 to {MOST_LINES:,} at once.",
        )  # fmt: skip
    return look_at(
        [(number, dict(zip(heading, (cell.strip() for cell in row), strict=False))) for number, row in written]
    )


def look_at(written: Sequence[tuple[int, Mapping[str, str]]]) -> list[Line]:
    """What lines of a table come to, and what is wrong with each; those of the tenant in scope."""
    known = _Known(
        customers=_by_name(customer_names()), sites=_by_name(dict(sites().values_list("id", "name"))),
        names=set(Gateway.objects.values_list("name", flat=True)),
        serials=set(Gateway.objects.exclude(serial="").values_list("serial", flat=True)),
        written={
            column: Counter(cells.get(column, "") for _, cells in written) for column in ("name", "serial")
        },
    )  # fmt: skip
    return [_line(number, cells, known) for number, cells in written]


def check_lines(lines: Sequence[Line]) -> None:
    """Refuse lines of which any cannot become a gateway.

    Raises:
        TableError: With what is wrong, line by line.
    """
    findings = [finding for line in lines for finding in line.findings]
    if findings:
        broken = sum(1 for line in lines if line.findings)
        raise TableError(
            f"{broken} of {len(lines)} lines cannot become gateways", place="file", kept="Nothing was made.",
            fix="Mend the lines, and send the table again.", findings=findings[:MOST_LINES],
        )  # fmt: skip


def make_gateways(*, lines: Sequence[Line], by: str, now: datetime) -> list[tuple[Gateway, Token]]:
    """Make a gateway of each line, all or none; their tokens are told this once.

    Raises:
        LimitReachedError: The tenant, or a customer, may not have so many.
        TableError: Something is wrong with a line.
    """
    check_lines(lines)
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = add_gateways(wanted=[line.terms for line in lines], origin=Origin.FILE, now=now)
        except IntegrityError as error:
            raise TableError(
                "somebody has made a gateway of the same name or serial meanwhile", place="file",
                kept="Nothing was made.", fix="Look at the table again.",
            ) from error  # fmt: skip
        record_audit(
            action="gateway.many_made", subject="gateways", by=by, now=now,
            details={"count": len(made), "first": made[0][0].name, "last": made[-1][0].name},
        )  # fmt: skip
    return made


@dataclass(frozen=True, slots=True)
class _Known:
    customers: Mapping[str, UUID]
    sites: Mapping[str, UUID]
    names: set[str]
    serials: set[str]
    written: Mapping[str, Counter[str]]


def _rows(text: str) -> list[list[str]]:
    text = text.removeprefix("\ufeff")
    if len(text) > LARGEST_FILE or not is_keepable(text):
        raise TableError(
            "the file is too large, or no text", place="file", kept="Nothing was made.",
            fix=f"Send a CSV file in UTF-8 of at most {LARGEST_FILE // 1024} kB.",
        )  # fmt: skip
    first = text.partition("\n")[0]
    between = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=between, strict=True))
    except csv.Error as error:
        raise TableError(
            f"the file cannot be read: {error}", place="file", kept="Nothing was made.",
            fix="Save it as CSV, with quotation marks in pairs.",
        ) from error  # fmt: skip


def _by_name(names: Mapping[UUID, str]) -> dict[str, UUID]:
    """Things by their name in small letters and by their id; a name that two of them have names neither."""
    counted = Counter(name.lower() for name in names.values())
    unique = {name.lower(): id_ for id_, name in names.items() if counted[name.lower()] == 1}
    return unique | {str(id_): id_ for id_ in names}


def _line(number: int, cells: Mapping[str, str], known: _Known) -> Line:
    name, serial = cells.get("name", ""), cells.get("serial", "")
    customer, of_customer = _place(number, "customer", cells, known.customers)
    site, of_site = _place(number, "site", cells, known.sites)
    findings = (
        *_of_word(number, "name", name, known.names, known), *_of_word(number, "serial", serial, known.serials, known),
        *of_customer, *of_site,
    )  # fmt: skip
    if not name:
        findings = (_finding(number, "name", "no_name", "it has no name", "Give it one."), *findings)
    terms = GatewayTerms(name[:LONGEST], serial[:LONGEST], customer, site)
    return Line(number, {column: cells.get(column, "") for column in COLUMNS}, terms, findings)


def _of_word(number: int, column: str, value: str, taken: set[str], known: _Known) -> Iterator[Finding]:
    """What is wrong with a name or a serial."""
    if len(value) > LONGEST:
        message = f"its {column} has more than {LONGEST} letters"
        yield _finding(number, column, "too_long", message, "Shorten it.")
    elif value and value in taken:
        message = f"there is a gateway of the {column} {value}"
        yield _finding(number, column, f"{column}_taken", message, "Choose another.")
    elif value and known.written[column][value] > 1:
        message = f"several lines have the {column} {value}"
        yield _finding(number, column, f"{column}_twice", message, "Make them differ.")


def _place(
    number: int, column: str, cells: Mapping[str, str], there: Mapping[str, UUID]
) -> tuple[UUID | None, tuple[Finding, ...]]:
    """What a customer's or a site's name stands for, and what is wrong with it."""
    value = cells.get(column, "")
    found = there.get(value.lower())
    if not value or found is not None:
        return found, ()
    message = f"there is no {column} {value[:LONGEST]}, or several"
    return None, (_finding(number, column, f"unknown_{column}", message, "Name one of the list, or none."),)


def _finding(number: int, column: str, code: str, message: str, fix: str) -> Finding:
    return Finding(f"gateways.{code}", f"{number}/{column}", message, fix)
