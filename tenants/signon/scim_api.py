"""SCIM 2.0 (RFC 7644) under ``/scim/v2/``: the organisation is known by the provisioning token, nothing else."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError
from rest_framework.exceptions import ParseError
from scim2_models import (
    Context,
    Error,
    ForbiddenException,
    Group,
    InvalidSyntaxException,
    ListResponse,
    NotFoundException,
    PatchOp,
    SCIMException,
    SearchRequest,
    UnauthorizedException,
)  # fmt: skip

from tenants.edge.parsers import StrictJSONParser
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.changes import watched_changes
from tenants.scope.context import scope
from tenants.scope.models import Tenant, TenantState
from tenants.signon import scim_resources as resources
from tenants.signon import scim_services as services
from tenants.signon.models import ScimGroup, ScimUser
from tenants.signon.scim_resources import LENIENT, MOST_RESULTS, MOST_START, Person
from tenants.signon.scim_search import found_groups, found_users
from tenants.signon.selectors import may_provision, token_in_force
from tenants.signon.services import admit_token, use_provisioning_token

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/scim+json"
READABLE = frozenset({CONTENT_TYPE, "application/json"})
_Model = TypeVar("_Model")


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose token is in force, inside its organisation's scope."""

    request: HttpRequest
    by: str

    def body(self, model: type[_Model], context: Context) -> _Model:
        """The body as a resource or a message.

        Raises:
            SCIMException: It is no JSON object, or of another media type.
            ValidationError: It does not fit the schema.
        """
        if self.request.content_type not in READABLE:
            error = SCIMException(detail=f"send {CONTENT_TYPE}")
            error.status = 415
            raise error
        try:
            value = StrictJSONParser().parse(io.BytesIO(self.request.body), parser_context={"encoding": "utf-8"})
        except (ParseError, RecursionError):
            raise InvalidSyntaxException(detail="the body is not JSON") from None
        validated: _Model = model.model_validate(value, scim_ctx=context, scim_policy=LENIENT)  # type: ignore[attr-defined]
        return validated

    def query(self) -> SearchRequest[Any]:
        """What a search asks for.

        Raises:
            ValidationError: It does not fit.
        """
        names = ("filter", "startIndex", "count", "attributes", "excludedAttributes")
        given = {name: self.request.GET[name] for name in names if self.request.GET.get(name)}
        return SearchRequest.model_validate(given, scim_ctx=Context.SEARCH_REQUEST, scim_policy=LENIENT)


Answer = Callable[..., HttpResponse]


def _endpoint(**methods: Answer) -> Callable[..., HttpResponseBase]:
    """A view that knows these methods: the token first, then the organisation's scope, then the method."""

    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        answer = methods.get((request.method or "").lower())
        if answer is None:
            response = _failed(Error(status=405, detail=f"{request.method} is not possible here"))
            response["Allow"] = ", ".join(name.upper() for name in methods)
            return response
        try:
            return _answered(request, answer, arguments)
        except (SCIMException, ValidationError, OutturnError) as error:
            return _failed(_described(error))

    return csrf_exempt(view)


def _answered(request: HttpRequest, answer: Answer, arguments: dict[str, Any]) -> HttpResponse:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    holder = admit_token(text.strip()) if kind.lower() == "bearer" and text.strip() else None
    if holder is None:
        raise UnauthorizedException(detail="send the provisioning token of your organisation as a bearer token")
    _check_open(holder.tenant)
    with scope(holder.tenant.id):
        access = token_in_force(holder.access, now=utc_now())
        if access is None:
            raise UnauthorizedException(detail="this provisioning token is not in force any more")
        use_provisioning_token(access=access, now=utc_now())
        with watched_changes(), transaction.atomic():
            return answer(Call(request, by=f"SCIM {access.prefix}…"), **arguments)


def _check_open(tenant: Tenant) -> None:
    if tenant.state in (TenantState.SUSPENDED, TenantState.CLOSED):
        raise ForbiddenException(detail=f"the organisation is {tenant.get_state_display().lower()}")
    if not may_provision(tenant):
        raise ForbiddenException(detail="the organisation's plan has no provisioning by SCIM")


def _described(error: Exception) -> Error:
    if isinstance(error, ValidationError):
        return Error.from_validation_errors(error)[0]
    if isinstance(error, SCIMException):
        return error.to_error()
    assert isinstance(error, OutturnError)
    return Error(status=error.status, detail=error.told.strip(" ."))


def _failed(error: Error) -> HttpResponse:
    response = _answer(error.model_dump(), status=error.status or 400)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="outturn"'
    return response


def _answer(document: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = HttpResponse(json.dumps(document, default=str), status=status, content_type=CONTENT_TYPE)
    if location := document.get("meta", {}).get("location"):
        response["Location"] = location
    return response


def _listed(found: Sequence[Any], total: int, start: int, query: Any = None) -> HttpResponse:
    shown = [resources.shown(each, query) for each in found]
    return _answer({
        "schemas": [str(ListResponse.__schema__)], "totalResults": total, "startIndex": start,
        "itemsPerPage": len(shown), "Resources": shown,
    })  # fmt: skip


def _page(query: SearchRequest[Any]) -> tuple[int, int]:
    """The first result, from 1, and how many; what lies outside is brought inside (RFC 7644, section 3.4.2.4)."""
    count = MOST_RESULTS if query.count is None else min(max(query.count, 0), MOST_RESULTS)
    return min(max(query.start_index or 1, 1), MOST_START), count


# -- people ----------------------------------------------------------------------------------------------------------


def _user_shown(row: ScimUser, query: Any = None, *, status: int = 200) -> HttpResponse:
    person = resources.as_person(row, services.groups_of([row.id]).get(row.id, ()))
    return _answer(resources.shown(person, query), status=status)


def _users(call: Call) -> HttpResponse:
    query = call.query()
    start, count = _page(query)
    rows, total = found_users(query.filter, start=start, count=count)
    groups = services.groups_of([row.id for row in rows])
    return _listed([resources.as_person(row, groups.get(row.id, ())) for row in rows], total, start, query)


def _create_user(call: Call) -> HttpResponse:
    person = call.body(Person, Context.RESOURCE_CREATION_REQUEST)
    return _user_shown(services.create_user(person=person, by=call.by, now=utc_now()), status=201)


def _read_user(call: Call, user: UUID) -> HttpResponse:
    row = ScimUser.objects.filter(id=user).first()
    if row is None:
        raise NotFoundException(detail=f"there is no user {user}")
    return _user_shown(row, call.query())


def _replace_user(call: Call, user: UUID) -> HttpResponse:
    person = call.body(Person, Context.RESOURCE_REPLACEMENT_REQUEST)
    return _user_shown(services.replace_user(user=user, person=person, by=call.by, now=utc_now()))


def _patch_user(call: Call, user: UUID) -> HttpResponse:
    patch = call.body(PatchOp[Person], Context.RESOURCE_PATCH_REQUEST)
    return _user_shown(services.patch_user(user=user, patch=patch, by=call.by, now=utc_now()))


def _delete_user(call: Call, user: UUID) -> HttpResponse:
    services.delete_user(user=user, by=call.by, now=utc_now())
    return HttpResponse(status=204)


# -- groups ----------------------------------------------------------------------------------------------------------


def _group_shown(row: ScimGroup, query: Any = None, *, status: int = 200) -> HttpResponse:
    return _answer(resources.shown(resources.as_group(row, services.members(row)), query), status=status)


def _groups(call: Call) -> HttpResponse:
    query = call.query()
    start, count = _page(query)
    rows, total = found_groups(query.filter, start=start, count=count)
    left_out = {str(each).lower() for each in query.excluded_attributes or ()}
    shown = [resources.as_group(row, None if "members" in left_out else services.members(row)) for row in rows]
    return _listed(shown, total, start, query)


def _create_group(call: Call) -> HttpResponse:
    group = call.body(Group, Context.RESOURCE_CREATION_REQUEST)
    return _group_shown(services.create_group(group=group, by=call.by, now=utc_now()), status=201)


def _read_group(call: Call, group: UUID) -> HttpResponse:
    return _group_shown(services.group_row(group), call.query())


def _replace_group(call: Call, group: UUID) -> HttpResponse:
    wanted = call.body(Group, Context.RESOURCE_REPLACEMENT_REQUEST)
    return _group_shown(services.replace_group(group_id=group, group=wanted, by=call.by, now=utc_now()))


def _patch_group(call: Call, group: UUID) -> HttpResponse:
    patch = call.body(PatchOp[Group], Context.RESOURCE_PATCH_REQUEST)
    return _group_shown(services.patch_group(group_id=group, patch=patch, by=call.by, now=utc_now()))


def _delete_group(call: Call, group: UUID) -> HttpResponse:
    services.delete_group(group_id=group, by=call.by, now=utc_now())
    return HttpResponse(status=204)


# -- what we can do --------------------------------------------------------------------------------------------------


def _config(call: Call) -> HttpResponse:
    return _answer(resources.shown(resources.provider_config()))


def _described_kinds(found: Callable[[], Sequence[Any]]) -> tuple[Answer, Answer]:
    def all_of(call: Call) -> HttpResponse:
        kinds = found()
        return _listed(kinds, len(kinds), 1)

    def one(call: Call, name: str) -> HttpResponse:
        kind = next((each for each in found() if str(each.id) == name), None)
        if kind is None:
            raise NotFoundException(detail=f"there is no {name[:200]}")
        return _answer(resources.shown(kind))

    return all_of, one


_types, _type = _described_kinds(resources.resource_types)
_schemas, _schema = _described_kinds(resources.schemas)

users = _endpoint(get=_users, post=_create_user)
user = _endpoint(get=_read_user, put=_replace_user, patch=_patch_user, delete=_delete_user)
groups = _endpoint(get=_groups, post=_create_group)
group = _endpoint(get=_read_group, put=_replace_group, patch=_patch_group, delete=_delete_group)
service_provider_config = _endpoint(get=_config)
resource_types = _endpoint(get=_types)
resource_type = _endpoint(get=_type)
schemas = _endpoint(get=_schemas)
schema = _endpoint(get=_schema)


@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """An address that SCIM does not have here, ids of another form among them."""
    return _failed(Error(status=404, detail="there is no such resource"))
