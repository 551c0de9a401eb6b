"""The pages of health: remaining life by twin, one asset, a model's card, and asking for models and predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Case, F, FloatField, Q, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from analytics.health import selectors, services
from analytics.health.charts import LOW_FLIGHTS, driver_bars, life_bar
from analytics.health.histories import last_renewals
from analytics.health.models import Prediction
from analytics.health.requests import EARLIEST, LATEST, PredictRequest, TrainRequest
from analytics.health.words import driver_words, signal_names
from tenants.edge.forms import SHELL, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listed, Listing
from tenants.edge.permissions import page
from tenants.jobs.models import JobState
from tenants.jobs.selectors import jobs
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.portal.jobs import ACTIVE, card
from tenants.portal.overview import Tile
from tenants.scope.actors import Permission
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, published_twins, twins

NOBODY = ""
BEHIND = 1e6
"""More flights than any life has: what is outdated is sorted behind it."""
LIVES = (("few", _("Less than %d flights") % LOW_FLIGHTS), ("renewed", _("Restored since")))
TOP_DRIVERS = 2
HISTORY = 50


class _HealthForm(forms.Form):
    """Common to both: choices of twins, and a day from which to look back."""

    day = forms.DateField(
        required=False, label="As of", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Only readings before that day count; those until now, when it is empty.",
    )  # fmt: skip

    def clean_day(self) -> date | None:
        """A day on which there can be readings."""
        day: date | None = self.cleaned_data["day"]
        if day is not None and not EARLIEST.date() < day < LATEST.date():
            raise forms.ValidationError("Enter a valid day between 1970 and 2100.")
        return day

    def as_of(self) -> datetime | None:
        """The moment that is meant."""
        day = self.cleaned_data["day"]
        return day and datetime(day.year, day.month, day.day, tzinfo=UTC)


class TrainForm(_HealthForm):
    """What a model is to learn from."""

    twin = forms.ChoiceField(
        label="Histories", help_text="A twin whose assets all ran to failure: the last reading of each is its end."
    )
    fleet = forms.ChoiceField(
        required=False, label="Fleet", help_text="Predicted for with the model as soon as it is there."
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=0, help_text="The same seed and histories give the same model."
    )
    field_order = ("twin", "fleet", "day", "seed")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(each.id), each.name) for each in twins()]
        self.fields["twin"].choices = choices  # type: ignore[attr-defined]
        self.fields["fleet"].choices = [(NOBODY, "Nobody yet"), *choices]  # type: ignore[attr-defined]


class PredictForm(_HealthForm):
    """For whom to predict, and with what."""

    twin = forms.ChoiceField(label="Fleet")
    model = forms.ChoiceField(required=False, help_text="The newest for the type of the assets, when none is chosen.")
    field_order = ("twin", "model", "day")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(each.id), f"{each.asset_type} {each.digest[:8]}") for each in selectors.models()[:HISTORY]]
        self.fields["twin"].choices = [(str(each.id), each.name) for each in twins()]  # type: ignore[attr-defined]
        self.fields["model"].choices = [(NOBODY, "The newest"), *names]  # type: ignore[attr-defined]


@require_safe
@page(needs=Permission.HEALTH_READ)
def fleets(request: HttpRequest) -> HttpResponse:
    """The assets of one twin, those with the least remaining life first."""
    actor, wanted = actor_of(request), request.GET.get("twin", "")
    predicted = twins().filter(published__gt=0, id__in=selectors.twins_predicted())
    choices = [{"name": name, "twin": str(twin)} for twin, name in predicted.values_list("id", "name")]
    chosen = next((each for each in choices if each["twin"] == wanted), choices[0] if choices else None)
    document = published_twin(UUID(chosen["twin"])) if chosen else None
    listed = None if document is None else _listed(request, actor.slug, document)
    if listed is not None and listed.csv is not None:
        return listed.csv
    running, failed = _jobs()
    context = {
        "choices": [{**each, "active": each is chosen} for each in choices],
        "twin": chosen,
        "listing": listed,
        "models": selectors.models()[:HISTORY],
        "running": [card(job, actor) for job in running],
        "failed": failed and card(failed, actor),
        "can_operate": actor.may(Permission.HEALTH_OPERATE),
        "few": LOW_FLIGHTS,
    }
    return render(request, "health/list.html", context)


def _jobs() -> tuple[list[Any], Any]:
    """The jobs of health under way; and the last one, if it failed."""
    found = list(jobs().filter(kind__in=(services.TRAIN_JOB, services.PREDICT_JOB))[:20])
    running = [job for job in found if job.state in ACTIVE]
    failed = found[0] if found and found[0].state == JobState.FAILED else None
    return running, failed


def _listed(request: HttpRequest, slug: str, document: TwinDocument) -> Listed:
    """The assets of a twin, the least life first; those restored since come last, for little is known of them."""
    assets = {UUID(key): asset.name for key, asset in document.assets.items()}
    latest, renewed = selectors.latest_of(UUID(document.twin), assets), last_renewals([document], utc_now())
    known = list(latest.values_list("id", "asset", "since", "high"))
    outdated = [id_ for id_, asset, since, _high in known if since != renewed.get(asset)]
    longest = max((high for *_others, high in known), default=1.0)
    rank = Case(When(id__in=outdated, then=F("value") + BEHIND), default=F("value"), output_field=FloatField())

    def decorate(rows: list[Any]) -> list[Any]:
        names = {kind: signal_names(kind) for kind in {each.model.asset_type for each in rows}}
        return [
            {**_row(each, longest, names[each.model.asset_type], renewed.get(each.asset)), "name": assets[each.asset]}
            for each in rows
        ]

    lives = {"few": Q(rank__lt=LOW_FLIGHTS), "renewed": Q(id__in=outdated)}
    listing = Listing(
        name=f"health-{document.twin}", caption=_("Remaining life"), order="rank", kept=("twin",), decorate=decorate,
        find=lambda word: Q(asset__in=[id_ for id_, name in assets.items() if word.lower() in name.lower()]),
        columns=_columns(slug),
        filters=(Filter("life", _("Life"), LIVES, lambda rows, value: rows.filter(lives[value])),),
    )  # fmt: skip
    return listing.page(request, latest.annotate(rank=rank))


def _columns(slug: str) -> tuple[Column, ...]:
    def cell(key: str, label: Any, **options: Any) -> Column:
        return Column(key, label, **{"value": lambda row: row[key], **options})

    return (
        cell("name", _("Asset"), template="health/_asset.html"),
        cell("value", _("Flights left"), sort="rank", kind="number", template="health/_value.html"),
        cell("low", _("At least"), is_shown=False),
        cell("high", _("At most"), is_shown=False),
        cell("coverage", _("In so many cases"), unit="%", is_shown=False),
        cell("bar", _("Interval"), template="health/_interval.html", is_filed=False),
        cell("drivers", _("What moves it most"), template="health/_drivers.html",
             value=lambda row: "; ".join(f"{each['name']} {each['effect']}" for each in row["drivers"])),
        cell("flights", _("Flown"), sort="flights", kind="number"),
        cell("as_of", _("As of"), sort="as_of", kind="moment"),
        cell("renewed", _("Restored since"), is_shown=False),
        cell("model_name", _("Model"), kind="code", link=lambda row: reverse("model", args=[slug, row["model"]])),
    )  # fmt: skip


def _row(prediction: Prediction, longest: float, names: Mapping[str, str], renewed: datetime | None) -> dict[str, Any]:
    outdated = selectors.is_outdated(prediction, renewed)
    return {
        "asset": prediction.asset,
        "value": _flights(prediction.value, prediction.cap),
        "low": _flights(prediction.low, prediction.cap),
        "high": _flights(prediction.high, prediction.cap),
        "is_open": prediction.cap is not None and prediction.high >= prediction.cap,
        "since": prediction.since,
        "renewed": renewed if outdated else None,
        "coverage": f"{100 * prediction.coverage:.0f}",
        "few": prediction.value < LOW_FLIGHTS and not outdated,
        "bar": life_bar(prediction.value, prediction.low, prediction.high, longest=longest),
        "drivers": [driver_words(each, names) for each in prediction.drivers[:TOP_DRIVERS]],
        "as_of": prediction.as_of,
        "flights": prediction.flights,
        "model": prediction.model_id,
        "model_name": prediction.model.digest[:8],
    }


def _flights(count: float, cap: float | None) -> str:
    """So many, or at least so many where the model tells no lives apart any more."""
    return f"{count:.0f}+" if cap is not None and count >= cap else f"{count:.0f}"


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.HEALTH_OPERATE)
def train(request: HttpRequest) -> HttpResponse:
    """Ask for a model; the list shows how far it is."""
    form = TrainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values, actor = form.cleaned_data, actor_of(request)
        asked = TrainRequest(
            twin=UUID(values["twin"]), fleet=UUID(values["fleet"]) if values["fleet"] else None, as_of=form.as_of(),
            seed=values["seed"],
        )  # fmt: skip
        try:
            services.start_training(request=asked, by=actor.name, now=utc_now())
            return redirect("health", actor.slug)
        except OutturnError as error:
            form.add_error(None, error.told)
    return show_form(
        request, form, title=_("Train a model"), submit=_("Train"), frame=SHELL,
        back=(_("Health"), reverse("health", args=[actor_of(request).slug])),
        intro=_("The model learns from every asset of the first twin. You see how far it is, and can stop it."),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.HEALTH_OPERATE)
def predict(request: HttpRequest) -> HttpResponse:
    """Ask for predictions; the list shows how far they are."""
    form = PredictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values, actor = form.cleaned_data, actor_of(request)
        asked = PredictRequest(
            twin=UUID(values["twin"]), model=UUID(values["model"]) if values["model"] else None,
            as_of=form.as_of() or utc_now(),
        )  # fmt: skip
        try:
            services.start_predicting(request=asked, by=actor.name, now=utc_now())
            return redirect("health", actor.slug)
        except OutturnError as error:
            form.add_error(None, error.told)
    return show_form(
        request, form, title=_("Predict remaining life"), submit=_("Predict"), frame=SHELL,
        back=(_("Health"), reverse("health", args=[actor_of(request).slug])),
        intro=_("Every asset of the fleet gets a prediction with its interval and its reasons."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.HEALTH_READ)
def asset(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """The remaining life of one asset: what it was computed from, and how it was seen before."""
    document = next((each for each in published_twins() if str(asset_id) in each.assets), None)
    if document is None:
        raise Http404
    found = document.assets[str(asset_id)]
    predictions = list(selectors.predictions_of(asset_id)[:HISTORY])
    names = signal_names(found.type)
    longest = max((each.high for each in predictions), default=1.0)
    renewed = last_renewals([document], utc_now()).get(asset_id)
    rows = [_row(each, longest, names, renewed) for each in predictions]
    drivers = predictions[0].drivers if predictions else []
    context = {
        "asset": found,
        "twin": document,
        "rows": rows,
        "now": rows[0] if rows else None,
        "drivers": [
            {**driver_words(each, names), "bar": bar} for each, bar in zip(drivers, driver_bars(drivers), strict=True)
        ],
        "can_operate": actor_of(request).may(Permission.HEALTH_OPERATE),
    }
    return render(request, "health/asset.html", context)


@require_safe
@page(needs=Permission.HEALTH_READ)
def model_card(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """What a model was trained on, how well it does, and where it ends."""
    try:
        found = selectors.model(model_id)
    except NotFoundError:
        raise Http404 from None
    config, training = found.metadata["config"], found.metadata["training"]
    names = signal_names(found.asset_type)
    context = {
        "model": found,
        "config": config,
        "training": training,
        "units": len(training["units"]),
        "signals": [names.get(key, key) for key in config["signals"]],
        "coverage": f"{100 * config['coverage']:.0f}",
        "metrics": found.metrics,
        "metadata": json.dumps(found.metadata, indent=2, ensure_ascii=False),
    }
    return render(request, "health/model.html", context)


def tiles(slug: str) -> list[Tile]:
    """How many assets have little life left, for the overview; nothing where nothing was ever predicted."""
    latest = list(selectors.all_latest_predictions())
    if not latest:
        return []
    renewed = last_renewals(published_twins(), utc_now())
    values = [each.value for each in latest if not selectors.is_outdated(each, renewed.get(each.asset))]
    few = sum(value < LOW_FLIGHTS for value in values)
    note = f"of {len(values)} assets have less than {LOW_FLIGHTS} flights left"
    return [Tile("Little remaining life", str(few), note, reverse("health", args=[slug]))]
