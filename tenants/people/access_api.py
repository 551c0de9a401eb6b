"""Roles, spaces and sites over the REST API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.permissions import Needs
from tenants.kernel.clock import utc_now
from tenants.people import selectors
from tenants.people.models import CustomRole, Site, Space, SpaceKind
from tenants.people.places import standing_at
from tenants.people.roles import change_role, create_role, delete_role
from tenants.people.sites import create_space, delete_site, delete_space, place_twin, save_site
from tenants.scope.actors import Permission

GIVEN = [each.value for each in Permission if each != Permission.ORGANISATION_OWN]


class RoleOutput(serializers.ModelSerializer[CustomRole]):
    """A role of the organisation's own."""

    permissions = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = CustomRole
        fields = ("id", "name", "description", "permissions", "created_at")
        read_only_fields = fields


class RoleInput(serializers.Serializer[Any]):
    """What a role is called and may do."""

    name = serializers.CharField(max_length=60)
    description = serializers.CharField(max_length=200, allow_blank=True, default="")
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=GIVEN), min_length=1, max_length=len(GIVEN)
    )


class RoleViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[CustomRole]
):  # fmt: skip
    """Roles of the organisation's own making."""

    queryset = selectors.roles()
    serializer_class = RoleOutput
    lookup_value_converter = "uuid"
    needs = Needs.ADMINISTERING

    @extend_schema(request=RoleInput, responses={201: RoleOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a role of permissions that the caller has."""
        role = create_role(**_asked_role(request), by=actor_of(request), now=utc_now())
        return Response(RoleOutput(role).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RoleInput, responses={200: RoleOutput})
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Let a role be called and allow something else, from the next request of its people on."""
        role = change_role(role=self.get_object().id, **_asked_role(request), by=actor_of(request), now=utc_now())
        return Response(RoleOutput(role).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take away a role that nobody has."""
        delete_role(role=self.get_object().id, by=actor_of(request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SpaceOutput(serializers.ModelSerializer[Space]):
    """A space."""

    class Meta:
        model = Space
        fields = ("id", "name", "kind", "created_at")
        read_only_fields = fields


class SpaceInput(serializers.Serializer[Any]):
    """What a new space is called and for."""

    name = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=SpaceKind.choices)


class SpaceViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Space]
):  # fmt: skip
    """Spaces of the organisation: what runs, and what is tried out apart from it."""

    queryset = selectors.spaces()
    serializer_class = SpaceOutput
    lookup_value_converter = "uuid"
    needs = Needs.ADMINISTERING

    @extend_schema(request=SpaceInput, responses={201: SpaceOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a space."""
        wanted = SpaceInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        kind = SpaceKind(values["kind"])
        space = create_space(name=values["name"], kind=kind, by=actor_of(request).name, now=utc_now())
        return Response(SpaceOutput(space).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take away a space without sites."""
        delete_space(space=self.get_object().id, by=actor_of(request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SiteOutput(serializers.ModelSerializer[Site]):
    """A site, with the twins that stand there."""

    space = serializers.UUIDField(source="space_id", read_only=True)
    twins = serializers.SerializerMethodField()

    class Meta:
        model = Site
        fields = ("id", "space", "name", "address", "time_zone", "twins", "created_at")
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_twins(self, row: Site) -> list[str]:
        """The ids of the twins."""
        standing = self.context.get("standing")
        found = standing_at({row.id}) if standing is None else standing.get(row.id, ())
        return sorted(map(str, found))


class SiteInput(serializers.Serializer[Any]):
    """The facts about a site."""

    space = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    address = serializers.CharField(max_length=200, allow_blank=True, default="")
    time_zone = serializers.CharField(max_length=64, default="UTC")


class PlacementInput(serializers.Serializer[Any]):
    """Where a twin is to stand: at a site, or at none."""

    twin = serializers.UUIDField()
    site = serializers.UUIDField(allow_null=True)


class SiteViewSet(Idempotent, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Site]):
    """Sites of the organisation."""

    queryset = selectors.sites()
    serializer_class = SiteOutput
    lookup_value_converter = "uuid"
    needs = Needs.ADMINISTERING

    def list(self, request: Request, **_: Any) -> Response:
        """The sites, with the twins that stand at each."""
        rows = self.paginate_queryset(self.get_queryset()) or []
        context = {"standing": selectors.twins_by_site()}
        return self.get_paginated_response(SiteOutput(rows, many=True, context=context).data)

    @extend_schema(request=SiteInput, responses={201: SiteOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a site."""
        return Response(SiteOutput(_saved(request, None)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SiteInput, responses={200: SiteOutput})
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change the facts about a site."""
        return Response(SiteOutput(_saved(request, self.get_object().id)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take away a site where no twin stands and to which nobody is held."""
        delete_site(site=self.get_object().id, by=actor_of(request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PlacementViewSet(Idempotent, viewsets.GenericViewSet[Site]):
    """Where twins stand."""

    queryset = selectors.sites()
    serializer_class = PlacementInput
    needs = Needs.ADMINISTERING

    @extend_schema(request=PlacementInput, responses={204: None})
    def create(self, request: Request, **_: Any) -> Response:
        """Put a twin at a site, or at none; who is held to sites sees it from now on, or no more."""
        wanted = PlacementInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        place_twin(**wanted.validated_data, by=actor_of(request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _asked_role(request: Request) -> dict[str, Any]:
    wanted = RoleInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    permissions = [Permission(each) for each in wanted.validated_data["permissions"]]
    return {**wanted.validated_data, "permissions": permissions}


def _saved(request: Request, site: UUID | None) -> Site:
    wanted = SiteInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    return save_site(site=site, **wanted.validated_data, by=actor_of(request).name, now=utc_now())
