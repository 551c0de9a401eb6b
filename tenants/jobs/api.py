"""Jobs over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.jobs import selectors
from tenants.jobs.models import Job
from tenants.jobs.services import cancel_job
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Actor, Permission


class JobOutput(serializers.ModelSerializer[Job]):
    """A job as partners see it."""

    attempts = serializers.IntegerField(
        read_only=True, help_text="How often it was begun: more than once when a worker died in the middle of it."
    )

    class Meta:
        model = Job
        fields = (
            "id", "kind", "state", "progress", "message", "cancel_requested", "result", "error", "energy_j",
            "created_by", "created_at", "started_at", "finished_at", "attempts",
        )  # fmt: skip
        read_only_fields = fields


class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Job]):
    """Long work: how far it is and what came out."""

    queryset = selectors.jobs()
    serializer_class = JobOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ORGANISATION_READ, "write": Permission.ORGANISATION_OPERATE}

    def get_queryset(self) -> QuerySet[Job]:
        """The jobs that the caller may see; none while the schema is drawn."""
        actor = self.request.auth if getattr(self, "request", None) else None
        return selectors.jobs_seen_by(actor) if isinstance(actor, Actor) else Job.objects.none()

    @extend_schema(request=None, responses=JobOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Ask a job to stop; one that has not begun ends at once."""
        cancel_job(job=self.get_object().id, now=utc_now())
        return Response(JobOutput(self.get_object()).data)
