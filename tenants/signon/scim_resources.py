"""Provisioned people and groups as SCIM resources (RFC 7643), and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    InvalidValueException,
    Meta,
    Patch,
    ResourceType,
    Schema,
    ScimPolicy,
    ServiceProviderConfig,
    Sort,
    User,
)  # fmt: skip

from tenants.signon.models import ScimGroup, ScimUser
from tenants.signon.selectors import base_url

Person = User[EnterpriseUser]
LENIENT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What Entra ID and Okta send beside the standard."""
MOST_RESULTS = 200
MOST_START = 10**9
"""A later first result is read as this one, behind which there is nothing either."""
_OWN = ("id", "meta", "userName", "externalId", "active", "groups", "password")
"""What a stored document leaves out: it has columns, is computed, or is a secret we do not take."""


def as_person(row: ScimUser, groups: Iterable[ScimGroup] = ()) -> User[EnterpriseUser]:
    """A provisioned person as a resource."""
    own = {
        "id": str(row.id), "userName": row.document.get("userName", row.user_name), "active": row.is_active,
        "externalId": row.external_id or None, "meta": _meta("User", row.id, row.created_at, row.changed_at),
        "groups": [
            {"value": str(group.id), "display": group.name, "$ref": f"{base_url()}/Groups/{group.id}", "type": "direct"}
            for group in groups
        ] or None,
    }  # fmt: skip
    return Person.model_validate({**row.document, **own}, scim_policy=LENIENT)


def document_of(person: User[EnterpriseUser]) -> dict[str, Any]:
    """What is stored of a person beside the columns, and the name as it was written: its column is in lower case."""
    document = {name: value for name, value in person.model_dump().items() if name not in _OWN}
    return {**document, "userName": person.user_name}


def as_group(row: ScimGroup, members: Sequence[Mapping[str, str]] | None) -> Group:
    """A group as a resource; None for members leaves them out."""
    values = {
        "id": str(row.id), "displayName": row.name, "externalId": row.external_id or None,
        "meta": _meta("Group", row.id, row.created_at, row.changed_at),
        "members": [
            {**member, "$ref": f"{base_url()}/Users/{member['value']}", "type": "User"} for member in members
        ] if members else None,
    }  # fmt: skip
    return Group.model_validate(values, scim_policy=LENIENT)


def address_of(person: User[EnterpriseUser]) -> str:
    """The address of mail that makes a person's account: the primary one, the first, or the user's name."""
    emails = [email for email in person.emails or [] if email.value]
    chosen = next((email for email in emails if email.primary), emails[0] if emails else None)
    return str(chosen.value if chosen else person.user_name or "").strip().lower()


def name_of(person: User[EnterpriseUser]) -> str:
    """What a person is called."""
    name = person.name
    parts = [name.given_name, name.family_name] if name else []
    whole = person.display_name or (name.formatted if name else None) or " ".join(filter(None, parts))
    return whole[:120]


def member_ids(group: Group) -> set[UUID]:
    """The ids of a group's members.

    Raises:
        InvalidValueException: One of them is none, or names a group.
    """
    found = set()
    for member in group.members or []:
        try:
            found.add(UUID(str(member.value)))
        except ValueError:
            raise InvalidValueException(detail=f"{str(member.value)[:80]!r} is not the id of a user") from None
    return found


def provider_config() -> ServiceProviderConfig:
    """What we can do (RFC 7643, section 5)."""
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=False),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken, name="Bearer token", primary=True,
                description="The provisioning token from the page “Single sign-on” of your organisation.",
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=f"{base_url()}/ServiceProviderConfig"),
    )  # fmt: skip


def resource_types() -> list[ResourceType]:
    """The kinds of resources."""
    kinds = [ResourceType.from_resource(Person), ResourceType.from_resource(Group)]
    for kind in kinds:
        kind.meta = Meta(resource_type="ResourceType", location=f"{base_url()}/ResourceTypes/{kind.id}")
    return kinds


def schemas() -> list[Schema]:
    """The schemas of the resources."""
    found = [User.to_schema(), EnterpriseUser.to_schema(), Group.to_schema()]
    for schema in found:
        schema.meta = Meta(resource_type="Schema", location=f"{base_url()}/Schemas/{schema.id}")
    return found


def shown(resource: Any, parameters: Any = None) -> dict[str, Any]:
    """A resource as it is answered, with the attributes that were asked for."""
    dumped: dict[str, Any] = resource.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=parameters, scim_policy=LENIENT
    )
    return dumped


def _meta(kind: str, id_: UUID, created: datetime, changed: datetime) -> dict[str, Any]:
    return {
        "resourceType": kind, "created": created, "lastModified": changed,
        "location": f"{base_url()}/{kind}s/{id_}",
    }  # fmt: skip
