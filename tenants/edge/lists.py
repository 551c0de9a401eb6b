"""Lists as pages show them: searched, filtered, sorted, paged by a cursor and exported, all of it told by the address.

A page of a list takes two queries however long the list is: the rows, and how many there are up to a bound.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any, cast
from urllib.parse import urlencode

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from tenants.edge.formats import count_shown
from tenants.edge.parsers import is_keepable
from tenants.kernel.cells import as_cell
from tenants.kernel.clock import isoformat
from tenants.kernel.money import Money

SHOWN = 50
MOST_COUNTED = 10_000
"""A longer list is said to have more than this many rows; counting a million on every page would help nobody."""
MOST_EXPORTED = 100_000
"""Rows of one CSV file; the export of the organisation's data has everything."""
MOST_LETTERS = 120
MOST_CHOICES = 200
"""A filter with more choices than this is not offered: the search finds what nobody would look for in such a list."""
_AT_ONCE = 2000
"""Rows of a file that are read and decorated together."""
_STYLES = {"number": "numeric", "money": "numeric text-nowrap", "whole": "text-nowrap", "code": "text-nowrap"}

Rows = QuerySet[Any]
Options = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list.

    Attributes:
        key: Its name in addresses, and the row's attribute (with ``__`` between steps) unless `value` is given.
        label: Its heading.
        sort: The field it sorts by, never null; empty for a column that cannot be sorted by.
        kind: How it is shown: ``text``, ``whole`` (on one line), ``code``, ``number``, ``money`` (a `Money`; the file
            has its amount), ``day``, ``moment``, ``age`` or ``status``.
        value: What the cell shows of a row.
        word: The word beside a status, when the usual one does not fit.
        link: The address that the cell opens.
        is_shown: Whether it stands on the page; else in the exported file only.
        is_filed: Whether it stands in the exported file; else on the page only.
        unit: What its numbers count, beside the heading.
        template: What shows its cells when no kind does; it is given the ``row`` and all that the page has.
    """

    key: str
    label: Any
    sort: str = ""
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    word: Callable[[Any], Any] | None = None
    link: Callable[[Any], str | None] | None = None
    is_shown: bool = True
    is_filed: bool = True
    unit: Any = ""
    template: str = ""

    def of(self, row: Any) -> Any:
        """The value of a row."""
        return self.value(row) if self.value is not None else _step(row, self.key)


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice that narrows a list.

    Attributes:
        key: Its name in addresses.
        label: What it is about.
        choices: The values and their words, or what gives them in the tenant's scope: never many more than
            `MOST_CHOICES`.
        apply: The rows that a value leaves.
    """

    key: str
    label: Any
    choices: Sequence[tuple[str, Any]] | Callable[[], Sequence[tuple[str, Any]]]
    apply: Callable[[Rows, str], Rows]


@dataclass(slots=True)
class Listed:
    """What the address asks of a list: what ``parts/list.html`` shows, or the file in `csv`."""

    caption: Any
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)
    chips: list[dict[str, Any]] = field(default_factory=list)
    words: str = ""
    searchable: bool = False
    sort: str = ""
    count: str = ""
    pager: dict[str, Any] = field(default_factory=dict)
    csv_url: str = ""
    clear_url: str = ""
    form_url: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)
    csv: HttpResponse | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter holds rows back."""
        return bool(self.words or self.chips)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to list at all, so that the page says how to begin."""
        return not self.rows and not self.is_narrowed


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of list.

    Attributes:
        name: What the exported file is called.
        caption: What the list is of.
        columns: Its columns.
        order: The field that it is sorted by unless asked otherwise, with ``-`` for the greatest first; never null.
            This and what columns sort by are fields of the database, or what the rows were annotated with.
        search: The fields in which words are looked for; each word must be in one of them.
        find: Where else a word is looked for: the rows that have it.
        filters: What narrows it.
        kept: What an address says beside all this, such as which of several lists it is; it stays in all addresses.
        decorate: What rows are shown as, in their order: adds what lies elsewhere to all of them at once. Columns and
            templates are then given these; it is asked for a page, or for some thousand rows of a file.
    """

    name: str
    caption: Any
    columns: tuple[Column, ...]
    order: str
    search: tuple[str, ...] = ()
    find: Callable[[str], Q] | None = None
    filters: tuple[Filter, ...] = ()
    kept: tuple[str, ...] = ()
    decorate: Callable[[list[Any]], Sequence[Any]] | None = None

    def page(self, request: HttpRequest, rows: Rows, *, actions: Callable[[Any], Any] | None = None) -> Listed:
        """The part of a list that an address asks for; what it does not understand it leaves aside.

        Args:
            request: Whose address says ``q``, the filters, ``sort``, ``after`` or ``before``, and ``format=csv``.
            rows: All that the viewer may see, in the tenant's scope.
            actions: What the last cell of a row offers: context for the template that the page names.
        """
        given = request.GET
        words = given.get("q", "").strip()[:MOST_LETTERS]
        options = {each.key: _options(each) for each in self.filters}
        rows, chosen = self._narrowed(rows, words, given, options)
        asked = given.get("sort", "")
        sort = asked if self._sortable(asked) else ""
        order = sort or self.order
        listed = Listed(self.caption, words=words, searchable=bool(self.search or self.find), sort=sort)
        if given.get("format") == "csv":
            listed.csv = self._csv(rows.order_by(order, _tie(order)))
            return listed
        found, listed.pager = _slice(request, rows, order)
        shown = [column for column in self.columns if column.is_shown]
        listed.columns = [self._heading(request, column, order) for column in shown]
        listed.rows = [
            {"cells": [_cell(column, row) for column in shown], "row": row, "actions": actions and actions(row)}
            for row in self._decorated(found)
        ]
        listed.filters, listed.chips = self._choices(request, chosen, options)
        listed.count = _count(rows)
        listed.csv_url = _address(request, {"format": "csv"}, without=("after", "before"))
        listed.kept = [(name, given[name]) for name in self.kept if name in given]
        listed.form_url = request.path
        listed.clear_url = f"?{urlencode(listed.kept)}" if listed.kept else request.path
        return listed

    def _decorated(self, rows: list[Any]) -> Sequence[Any]:
        return rows if self.decorate is None or not rows else self.decorate(rows)

    def _narrowed(self, rows: Rows, words: str, given: Any, options: Options) -> tuple[Rows, dict[str, str]]:
        for word in words.replace("\x00", "").split():
            found = self.find(word) if self.find is not None else Q()
            rows = rows.filter(reduce(or_, (Q(**{f"{name}__icontains": word}) for name in self.search), found))
        chosen = {}
        for each in self.filters:
            value = given.get(each.key, "")
            if value in options[each.key]:
                rows, chosen[each.key] = each.apply(rows, value), value
        return rows, chosen

    def _sortable(self, asked: str) -> bool:
        return bool(asked) and any(column.sort == asked.removeprefix("-") for column in self.columns)

    def _heading(self, request: HttpRequest, column: Column, order: str) -> dict[str, Any]:
        is_sorted, is_falling = column.sort == order.removeprefix("-") and bool(column.sort), order.startswith("-")
        turned = column.sort if not is_sorted or is_falling else f"-{column.sort}"
        return {
            "key": column.key,
            "label": column.label,
            "unit": column.unit,
            "numeric": column.kind in ("number", "money"),
            "style": _STYLES.get(column.kind, ""),
            "sort_url": _address(request, {"sort": turned}, without=("after", "before")) if column.sort else None,
            "sorted": ("descending" if is_falling else "ascending") if is_sorted else None,
        }

    def _choices(
        self, request: HttpRequest, chosen: dict[str, str], options: Options
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        filters, chips = [], []
        for each in self.filters:
            words, value = options[each.key], chosen.get(each.key, "")
            if words:
                filters.append({"key": each.key, "label": each.label, "options": list(words.items()), "value": value})
            if value:
                without = _address(request, {}, without=(each.key, "after", "before"))
                chips.append({"label": each.label, "word": words[value], "url": without})
        return filters, chips

    def _csv(self, rows: Rows) -> HttpResponse:
        text = io.StringIO()
        writer = csv.writer(text)
        columns = [column for column in self.columns if column.is_filed]
        writer.writerow([f"{column.label} {column.unit}".strip() for column in columns])
        for together in _parts(rows[:MOST_EXPORTED].iterator(chunk_size=_AT_ONCE)):
            for row in self._decorated(together):
                writer.writerow([_plain(column.of(row)) for column in columns])
        response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.name}.csv"'
        response["Cache-Control"] = "private, no-store"
        return response


def choices_of(rows: QuerySet[Any], name: str) -> list[tuple[str, str]]:
    """The choices of a filter by rows of another table; one more than are offered when there are so many.

    Args:
        rows: The rows, in order.
        name: The column in which they are called something.
    """
    return [(str(id_), called) for id_, called in rows.values_list("id", name)[: MOST_CHOICES + 1]]


def _options(each: Filter) -> dict[str, Any]:
    found = dict(each.choices() if callable(each.choices) else each.choices)
    return found if len(found) <= MOST_CHOICES else {}


def _parts(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while together := list(islice(rows, _AT_ONCE)):
        yield together


def _step(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)
    return row


def _cell(column: Column, row: Any) -> dict[str, Any]:
    value = column.of(row)
    url = column.link(row) if column.link is not None else None
    word = column.word(row) if column.word is not None else None
    return {"kind": column.kind, "value": value, "url": url, "word": word, "template": column.template}


def _plain(value: Any) -> str:
    """A cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return isoformat(value)
    if isinstance(value, Money):
        value = value.amount
    return str(as_cell(str(value)))


def _count(rows: Rows) -> str:
    count = rows.order_by()[: MOST_COUNTED + 1].count()
    return f"{count_shown(MOST_COUNTED)}+" if count > MOST_COUNTED else count_shown(count)


def _tie(order: str) -> str:
    return "-pk" if order.startswith("-") else "pk"


def _slice(request: HttpRequest, rows: Rows, order: str) -> tuple[list[Any], dict[str, Any]]:
    """The rows that a cursor names, and the cursors around them: a keyset, so rows that come or go move no others."""
    back = request.GET.get("before", "")
    mark = _mark(rows, order, back or request.GET.get("after", ""))
    toward = _turned(order) if back and mark else order
    found = _found(rows if mark is None else rows.filter(_beyond(toward, *mark)), toward)
    if mark is not None and not found:  # what lay there is gone: the list begins anew
        mark, toward = None, order
        found = _found(rows, order)
    more = len(found) > SHOWN
    found = found[:SHOWN]
    if back and mark:
        found.reverse()
    has_previous = more if back and mark else mark is not None
    has_next = True if back and mark else more
    pager = {
        "previous_url": _address(request, {"before": _cursor(found[0], order)}, without=("after",))
        if found and has_previous
        else None,
        "next_url": _address(request, {"after": _cursor(found[-1], order)}, without=("before",))
        if found and has_next
        else None,
    }
    return found, pager


def _found(rows: Rows, order: str) -> list[Any]:
    return list(rows.order_by(order, _tie(order))[: SHOWN + 1])


def _turned(order: str) -> str:
    return order[1:] if order.startswith("-") else f"-{order}"


def _beyond(order: str, value: Any, key: Any) -> Q:
    name, step = order.removeprefix("-"), "lt" if order.startswith("-") else "gt"
    # The first condition says nothing more, but it is the one that an index begins at.
    return Q(**{f"{name}__{step}e": value}) & (Q(**{f"{name}__{step}": value}) | Q(**{f"pk__{step}": key}))


def _cursor(row: Model, order: str) -> str:
    value = _step(row, order.removeprefix("-"))
    text = json.dumps([value, row.pk], cls=DjangoJSONEncoder)
    # The encoder keeps milliseconds only; a moment between two of them would be met again or left out.
    if isinstance(value, datetime):
        text = json.dumps([value.isoformat(), str(row.pk)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _mark(rows: Rows, order: str, cursor: str) -> tuple[Any, Any] | None:
    """What a cursor stands for; None for one that nobody gave out."""
    try:
        value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        mark = _field(rows, order.removeprefix("-")).to_python(value), rows.model._meta.pk.to_python(key)
    except (binascii.Error, UnicodeError, ValueError, TypeError, ValidationError, FieldDoesNotExist):
        return None
    except (OverflowError, RecursionError):
        return None
    return mark if all(map(_can_be_asked_for, mark)) else None


def _can_be_asked_for(value: Any) -> bool:
    """Whether PostgreSQL takes a value: no moment that is none in UTC, no text that it could not keep."""
    if isinstance(value, datetime):
        return MINYEAR < value.year < MAXYEAR
    return value is not None and is_keepable(value)


def _field(rows: Rows, path: str) -> Field[Any, Any]:
    if path in rows.query.annotations:
        return rows.query.annotations[path].output_field
    model: type[Model] = rows.model
    *steps, last = path.split("__")
    for step in steps:
        model = cast("type[Model]", model._meta.get_field(step).related_model)
    return cast("Field[Any, Any]", model._meta.pk if last == "pk" else model._meta.get_field(last))


def _address(request: HttpRequest, changes: dict[str, str], *, without: Iterable[str] = ()) -> str:
    """The same list with something else asked of it."""
    wanted = request.GET.copy()
    for name in (*without, "format"):
        wanted.pop(name, None)
    for name, value in changes.items():
        wanted[name] = value
    return f"?{wanted.urlencode()}" if wanted else request.path
