"""People over the REST API: members, invitations, and what somebody may do."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotAllowedError, NotFoundError
from tenants.people import invitations as inviting
from tenants.people import members as writing
from tenants.people import selectors
from tenants.people.models import Invitation, Membership, MembershipPlace
from tenants.people.schemas import Place
from tenants.people.standing import standing_of_actor, standing_of_member, verdicts
from tenants.scope.actors import Actor, Permission

MOST_ASKED = 200
ADMINISTERING = {"read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER}


class PlaceField(serializers.Serializer[Any]):
    """A place: a site or a twin."""

    site = serializers.UUIDField(required=False)
    twin = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse none and both.

        Raises:
            ValidationError: Not exactly one is named.
        """
        if len(attrs) != 1:
            raise serializers.ValidationError("Name a site or a twin, one of them.")
        return attrs


class MemberOutput(serializers.ModelSerializer[Membership]):
    """A member of the organisation."""

    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    places = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ("id", "email", "name", "role", "customer", "places", "created_at")
        read_only_fields = fields

    @extend_schema_field(PlaceField(many=True, allow_null=True))
    def get_places(self, row: Membership) -> list[dict[str, str]] | None:
        """The places that the membership is held to; null for everywhere."""
        if not row.is_held:
            return None
        held: dict[UUID, list[Place]] | None = self.context.get("places")
        found = _places_of([row.id])[row.id] if held is None else held[row.id]
        return [{"site": str(each.site)} if each.site else {"twin": str(each.twin)} for each in found]


class MemberInput(serializers.Serializer[Any]):
    """What a member is to be; what is left out stays as it is."""

    role = serializers.CharField(max_length=36, required=False)
    customer = serializers.UUIDField(required=False, allow_null=True)
    places = PlaceField(many=True, required=False, allow_null=True)


class InvitationOutput(serializers.ModelSerializer[Invitation]):
    """An open invitation; its token stands in the mail only."""

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "customer", "places", "invited_by", "created_at", "sent_at", "expires_at")
        read_only_fields = fields


class InvitationInput(serializers.Serializer[Any]):
    """Whom to invite, as what, and where."""

    email = serializers.EmailField(max_length=254)
    role = serializers.CharField(max_length=36)
    customer = serializers.UUIDField(required=False, allow_null=True)
    places = PlaceField(many=True, required=False)


class QuestionInput(serializers.Serializer[Any]):
    """Whether something may be done, at a twin or at all."""

    permission = serializers.ChoiceField(choices=[each.value for each in Permission])
    twin = serializers.UUIDField(required=False, allow_null=True)


class CheckInput(serializers.Serializer[Any]):
    """Questions about oneself or, for who administers the organisation, about a member."""

    member = serializers.UUIDField(required=False, allow_null=True)
    questions = serializers.ListField(child=QuestionInput(), min_length=1, max_length=MOST_ASKED)


class VerdictOutput(serializers.Serializer[Any]):
    """Whether it may be done, and why."""

    permission = serializers.ChoiceField(choices=[each.value for each in Permission])
    twin = serializers.UUIDField(allow_null=True)
    allowed = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class CheckOutput(serializers.Serializer[Any]):
    """The answers, in the order of the questions."""

    answers = VerdictOutput(many=True)


class MemberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Membership]):
    """The people of the organisation."""

    queryset = Membership.objects.none()
    serializer_class = MemberOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = ADMINISTERING

    def get_queryset(self) -> Any:
        """The members of the caller's organisation, and of no other: memberships are not under row-level security."""
        actor = self.request.auth
        return selectors.members(actor.tenant) if isinstance(actor, Actor) else Membership.objects.none()

    def list(self, request: Request, *_: Any, **__: Any) -> Response:
        """Who belongs to the organisation."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        held = _places_of([row.id for row in rows if row.is_held])
        return self.get_paginated_response(MemberOutput(rows, many=True, context={"places": held}).data)

    @extend_schema(request=MemberInput, responses={200: MemberOutput})
    def partial_update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a member's role or places; it holds from their next request on."""
        row, wanted, now = self.get_object(), MemberInput(data=request.data), utc_now()
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        actor = _actor(request)
        if "role" in values or "customer" in values:
            role = values.get("role", row.role)
            customer = values.get("customer", row.customer if role == row.role else None)
            row = writing.change_role(membership=row.id, role=role, customer=customer, by=actor, now=now)
        if "places" in values:
            row = writing.hold_to_places(membership=row.id, places=_asked(values["places"]), by=actor, now=now)
        return Response(MemberOutput(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """End a membership; the API keys of the organisation stay in force."""
        writing.remove_member(membership=self.get_object().id, by=_actor(request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Invitation]
):
    """Invitations that are neither used nor withdrawn."""

    queryset = inviting.invitations()
    serializer_class = InvitationOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = ADMINISTERING

    @extend_schema(request=InvitationInput, responses={201: InvitationOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Invite somebody by mail."""
        wanted = InvitationInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        row = inviting.invite(
            email=values["email"], role=values["role"], customer=values.get("customer"),
            places=_asked(values.get("places")) or (), by=_actor(request), now=utc_now(),
        )  # fmt: skip
        return Response(InvitationOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Withdraw an invitation: its link works no more."""
        inviting.revoke_invitation(invitation=self.get_object().id, by=_actor(request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AnybodyInside(BasePermission):
    """Lets everybody in who acts for the organisation, whatever they may do there."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether somebody acts."""
        return isinstance(request.auth, Actor)


class CheckPermissionsView(APIView):
    """What somebody may do, and why (after Eclipse Ditto's ``checkPermissions``)."""

    permission_classes = (AnybodyInside,)

    @extend_schema(request=CheckInput, responses={200: CheckOutput}, operation_id="check_permissions")
    def post(self, request: Request, **_: Any) -> Response:
        """Answer questions about the caller or, for who administers the organisation, about a member."""
        wanted = CheckInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        actor, member = _actor(request), wanted.validated_data.get("member")
        standing = standing_of_actor(actor) if member is None else standing_of_member(_member(actor, member))
        asked = [(Permission(each["permission"]), each.get("twin")) for each in wanted.validated_data["questions"]]
        return Response(CheckOutput({"answers": verdicts(standing, asked)}).data)


def _actor(request: Request) -> Actor:
    actor = request.auth
    assert isinstance(actor, Actor)
    return actor


def _member(actor: Actor, membership: UUID) -> Membership:
    if not actor.may(Permission.ORGANISATION_ADMINISTER):
        raise NotAllowedError("what others may do is for administrators to see", place="member")
    row = selectors.members(actor.tenant).filter(id=membership).first()
    if row is None:
        raise NotFoundError("there is no such member", place="member")
    return row


def _asked(places: list[dict[str, UUID]] | None) -> list[Place] | None:
    return None if places is None else [Place(**each) for each in places]


def _places_of(memberships: list[UUID]) -> dict[UUID, list[Place]]:
    found: dict[UUID, list[Place]] = {each: [] for each in memberships}
    rows = MembershipPlace.objects.filter(membership__in=memberships) if memberships else ()
    for row in rows:
        found[row.membership].append(Place(site=row.site_id, twin=row.twin))
    return found
