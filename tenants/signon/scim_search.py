"""Searching provisioned people and groups by SCIM filters (RFC 7644, section 3.4.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from scim2_models import Group, InvalidFilterException, ScimFilter
from scim2_models.path import CompareOperator, Comparison

from tenants.scope.models import PerTenant
from tenants.signon.models import ScimGroup, ScimUser
from tenants.signon.scim_resources import Person, as_group, as_person
from tenants.signon.scim_services import groups_of, members

_Row = TypeVar("_Row", bound=PerTenant)
LONGEST = 1000
"""Letters of a filter that are read."""


def found_users(text: str | None, *, start: int, count: int) -> tuple[list[ScimUser], int]:
    """A page of the people who fit a filter, and how many fit.

    Raises:
        InvalidFilterException: The filter cannot be read.
    """
    rows = ScimUser.objects.order_by("id")
    if not text:
        return list(rows[start - 1 : start - 1 + count]), rows.count()
    wanted = ScimFilter[Person](_checked(text))
    rows = _narrowed(rows, wanted, _user_column)
    groups = groups_of([row.id for row in rows]) if "groups" in text.lower() else {}
    return _cut([row for row in rows if wanted.match(as_person(row, groups.get(row.id, ())))], start, count)


def found_groups(text: str | None, *, start: int, count: int) -> tuple[list[ScimGroup], int]:
    """A page of the groups that fit a filter, and how many fit.

    Raises:
        InvalidFilterException: The filter cannot be read.
    """
    rows = ScimGroup.objects.order_by("id")
    if not text:
        return list(rows[start - 1 : start - 1 + count]), rows.count()
    wanted = ScimFilter[Group](_checked(text))
    rows = _narrowed(rows, wanted, _group_column)
    asks_members = "members" in text.lower()
    return _cut(
        [row for row in rows if wanted.match(as_group(row, members(row) if asks_members else None))], start, count
    )


def _checked(text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidFilterException(detail=f"a filter has {LONGEST} letters at most")
    if "\x00" in text or "\\u0000" in text:
        raise InvalidFilterException(detail="a filter holds no NUL")
    return text


def _narrowed(rows: QuerySet[_Row], wanted: ScimFilter[Any], column: Callable[[str, str], Q | None]) -> QuerySet[_Row]:
    """The rows that the database can tell by an index; what is left is matched by the filter itself."""
    test = wanted.ast
    if isinstance(test, Comparison) and test.op == CompareOperator.eq and isinstance(test.value, str):
        condition = column(str(test.attr_path).lower(), test.value)
        if condition is not None:
            return rows.filter(condition)
    return rows


def _user_column(name: str, value: str) -> Q | None:
    match name.rpartition(":")[2]:
        case "username":
            return Q(user_name=value.strip().lower())
        case "externalid":
            return Q(external_id=value)
        case "emails" | "emails.value":
            return Q(document__emails__icontains=value.strip())
    return None


def _group_column(name: str, value: str) -> Q | None:
    match name.rpartition(":")[2]:
        case "displayname":
            return Q(name__iexact=value)
        case "externalid":
            return Q(external_id=value)
    return None


def _cut(found: list[_Row], start: int, count: int) -> tuple[list[_Row], int]:
    return found[start - 1 : start - 1 + count], len(found)
