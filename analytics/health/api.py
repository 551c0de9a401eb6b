"""Health models and predictions over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.health import selectors, services
from analytics.health.models import ModelVersion, Prediction
from analytics.health.requests import PredictRequest, TrainRequest
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.parsers import asked
from tenants.jobs.api import JobOutput
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class ModelOutput(serializers.ModelSerializer[ModelVersion]):
    """A trained model of remaining life."""

    metadata = serializers.DictField(help_text="On what and how it was trained.")
    metrics = serializers.DictField(help_text="In flights, on histories that it was not shown.")

    class Meta:
        model = ModelVersion
        fields = ("id", "twin", "asset_type", "digest", "metadata", "metrics", "trained_by", "trained_at")
        read_only_fields = fields


class DriverOutput(serializers.Serializer[Any]):
    """What one signal contributes to a prediction."""

    signal = serializers.CharField()
    flights = serializers.FloatField(help_text="Negative shortens the remaining life.")
    direction = serializers.ChoiceField(choices=["shortens", "lengthens"])
    feature = serializers.CharField()
    deviation = serializers.FloatField(allow_null=True, help_text="Standard deviations from the training set's mean.")
    text = serializers.CharField()


class PredictionOutput(serializers.ModelSerializer[Prediction]):
    """The remaining life of an asset in flights, with the interval that holds the truth in a share `coverage`."""

    drivers = DriverOutput(many=True)

    class Meta:
        model = Prediction
        fields = (
            "id", "twin", "asset", "model", "as_of", "value", "low", "high", "coverage", "cap", "beyond_share",
            "beyond_mean", "flights", "since", "drivers", "predicted_at",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs: ClassVar = {
            "cap": {"help_text": "An interval that reaches it says `at least so many`."},
            "beyond_share": {"help_text": "How many of the lives that the model spoke of alike reached the cap."},
            "beyond_mean": {"help_text": "Flights that those lasted beyond the cap, on average."},
            "flights": {"help_text": "Flown since the asset was new, or since it was last restored."},
            "since": {"help_text": "When the last shop visit or repair that restored it had ended."},
        }


class TrainInput(serializers.Serializer[Any]):
    """A model to be trained on assets that all ran to failure."""

    twin = serializers.UUIDField(help_text="Whose assets: the history of each ends with its failure.")
    fleet = serializers.UUIDField(required=False, help_text="A twin to predict for as soon as the model is there.")
    as_of = serializers.DateTimeField(required=False, help_text="For the fleet: readings before it count; else now.")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    cap = serializers.FloatField(min_value=10, max_value=10_000, required=False, help_text="In flights.")
    folds = serializers.IntegerField(min_value=2, max_value=20, required=False)
    rounds = serializers.IntegerField(min_value=1, max_value=5000, required=False)


class PredictInput(serializers.Serializer[Any]):
    """Predictions for every asset of a twin."""

    twin = serializers.UUIDField()
    model = serializers.UUIDField(required=False, help_text="The newest for the type of the assets, if absent.")
    as_of = serializers.DateTimeField(required=False, help_text="Only readings strictly before it count; else now.")


class ModelViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ModelVersion]):
    """Models of remaining life: trained by a job, never changed."""

    queryset = selectors.models()
    serializer_class = ModelOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.HEALTH_READ, "write": Permission.HEALTH_OPERATE}

    @extend_schema(request=TrainInput, responses={202: JobOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for a model; the job's result names it."""
        wanted = TrainInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        train, by = asked(TrainRequest, dict(wanted.validated_data)), actor_of(request._request).name
        job = services.start_training(request=train, by=by, now=utc_now())
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)


class PredictionViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Prediction]
):
    """Predictions of remaining life: made by a job for all assets of a twin, never changed."""

    queryset = selectors.predictions()
    serializer_class = PredictionOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.HEALTH_READ, "write": Permission.HEALTH_OPERATE}

    @extend_schema(request=PredictInput, responses={202: JobOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for predictions; the job's result counts them."""
        wanted = PredictInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        predict = asked(PredictRequest, {"as_of": utc_now(), **wanted.validated_data})
        job = services.start_predicting(request=predict, by=actor_of(request._request).name, now=utc_now())
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)
