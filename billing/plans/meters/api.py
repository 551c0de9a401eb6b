"""Stripe's meters over the REST API, for the operator: what was metered, told and stands there."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request

from billing.plans.meters import selectors
from billing.plans.models import MeterTally
from billing.plans.selectors import require_operator
from tenants.edge.findings import FindingOutput
from tenants.scope.actors import Permission


class MeterTallyOutput(serializers.ModelSerializer[MeterTally]):
    """What an organisation used of a meter in a month: `counted` here, `told` to Stripe, and `seen` there.

    Whole numbers; `told` is null where nobody knows, `seen` where nobody has looked. `proven` is what a look proved to
    stand there of what was told a day ago or earlier.
    """

    organisation = serializers.UUIDField(source="account.organisation")
    slug = serializers.CharField(source="account.slug")
    counted = serializers.DecimalField(max_digits=40, decimal_places=0)
    proven = serializers.IntegerField(source="checked_value")
    finding = serializers.SerializerMethodField("finding_of")

    class Meta:
        model = MeterTally
        fields = (
            "id", "organisation", "slug", "type", "month", "counted", "told", "seen", "proven", "looked_at", "finding",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(FindingOutput(allow_null=True))
    def finding_of(self, tally: MeterTally) -> Any:
        """What is in the way; null where nothing is."""
        return tally.finding


class MeterTallyViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[MeterTally]):
    """Usage at Stripe's meters, by organisation, meter and month, the newest month first."""

    queryset = selectors.tallies()
    serializer_class = MeterTallyOutput
    needs: ClassVar = {"read": Permission.MONEY_READ}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After permissions: nobody but the operator learns that there is anything."""
        super().initial(request, *args, **kwargs)
        require_operator()
