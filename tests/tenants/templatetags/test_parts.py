from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from tenants.templatetags.parts import age, beside, control, moment, status_look

NOON = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


class PumpForm(forms.Form):
    name = forms.CharField(help_text="As people call it.")
    flow = forms.DecimalField(min_value=0, required=False)
    kind = forms.ChoiceField(choices=[("a", "A")], required=False)
    days = forms.MultipleChoiceField(choices=[("mo", "Monday")], widget=forms.CheckboxSelectMultiple, required=False)
    notify = forms.BooleanField(required=False)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def rendered(part: str, **context: Any) -> str:
    return Template(f'{{% include "parts/{part}.html" %}}').render(Context(context))


def test_a_status_has_icon_tone_and_word() -> None:
    look = status_look("down")
    assert (look.icon, look.tone, str(look.word)) == ("circle-x", "bad", "Down")


def test_an_unknown_status_is_shown_as_it_is() -> None:
    assert tuple(status_look("thawing")) == ("circle-dashed", "unknown", "thawing")


def test_times_are_utc_until_the_browser_knows_better() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert (
        moment(east) == '<viewer-time><time datetime="2026-03-01T12:00:05Z">2026-03-01 12:00 UTC</time></viewer-time>'
    )
    assert age(NOON) == '<live-age><time datetime="2026-03-01T12:00:05Z">2026-03-01 12:00 UTC</time></live-age>'
    assert (moment(None), age(None)) == ("–", "–")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        moment(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("name", "style"),
    [("name", "form-control"), ("kind", "form-select"), ("notify", "form-check-input"), ("flow", "form-control")],
)
def test_inputs_have_our_look(name: str, style: str) -> None:
    assert f'class="{style}"' in control(PumpForm()[name])


def test_a_wrong_input_is_tied_to_its_error() -> None:
    form = PumpForm({"name": "", "flow": "-1"})
    assert 'class="form-control is-invalid"' in control(form["flow"])
    page = rendered("field", field=form["name"])
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'id="id_name_helptext"' in page
    assert 'id="id_name_error"' in page


def test_errors_are_summed_up_with_the_way_to_their_field() -> None:
    page = rendered("fields", form=PumpForm({"name": "", "flow": "-1"}))
    assert '<a href="#id_name">Name</a>: This field is required.' in page
    assert '<a href="#id_flow">Flow</a>: Ensure this value is greater than or equal to 0.' in page
    assert 'value="-1"' in page


def test_a_sound_form_has_no_summary() -> None:
    assert "form-summary" not in rendered("fields", form=PumpForm())


def test_a_unit_stands_in_the_field_and_optional_ones_say_so() -> None:
    form = PumpForm()
    form.fields["flow"].unit = "m³/h"  # type: ignore[attr-defined]
    page = rendered("field", field=form["flow"])
    assert '<span aria-hidden="true">m³/h</span>' in page
    assert "optional" in page
    assert "optional" not in rendered("field", field=form["name"])


def test_a_list_of_boxes_has_a_legend() -> None:
    page = rendered("field", field=PumpForm()["days"])
    assert '<legend class="form-label">Days</legend>' in page


def test_a_hidden_field_is_only_itself() -> None:
    assert rendered("field", field=PumpForm()["secret"]).strip() == '<input type="hidden" name="secret" id="id_secret">'


def test_progress_is_a_number_that_scripts_can_read_in_any_language() -> None:
    job = {"id": "7", "name": "Train", "state": "working", "active": True, "progress": 0.425, "status_url": "/jobs/7/"}
    with translation.override("de"):
        page = rendered("progress", job=job)
    assert 'value="0.425"' in page
    assert 'hx-get="/jobs/7/" hx-trigger="every 2s"' in page


def test_a_finished_job_is_not_asked_for_again() -> None:
    page = rendered("progress", job={"id": "7", "name": "Train", "state": "done", "active": False, "status_url": "/x/"})
    assert "hx-get" not in page
    assert "<progress" not in page


def test_a_figure_without_a_value_is_a_dash() -> None:
    assert "–" in rendered("figure", label="Availability", value=None, unit="%")
    assert '98.84<span class="unit">%</span>' in rendered("figure", label="Availability", value="98.84", unit="%")


def test_cells_go_with_their_columns() -> None:
    assert beside(["a"], ["one", "two"]) == [("one", "a"), ("two", None)]


def test_a_table_says_what_is_sorted_and_links_its_rows() -> None:
    page = rendered(
        "table",
        caption="Twins",
        columns=[
            {"label": "Name", "sorted": "ascending", "sort_url": "?sort=name"},
            {"label": "Assets", "numeric": True},
        ],
        rows=[{"url": "/twins/north/", "cells": [{"value": "North"}, {"value": 12}]}],
    )
    assert 'aria-sort="ascending"' in page
    assert '<a href="/twins/north/">North</a>' in page
    assert '<td data-label="Assets" class="numeric">' in page
