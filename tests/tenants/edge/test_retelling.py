"""What services refuse, told in the language of the page and unchanged where programs read it."""

from __future__ import annotations

import pytest
from django import forms
from django.utils.translation import override

from tenants.edge.forms import put_error
from tenants.edge.retelling import retell, retold
from tenants.kernel.errors import OutturnError

LATE = "The correction window of the statement closed at 2026-12-05; nothing changes it now."


@pytest.mark.parametrize(
    ("sentence", "german"),
    [
        ("The same is disputed already.", "Dasselbe ist bereits beanstandet."),
        ("there is no such link", "Diesen Link gibt es nicht"),
        (LATE, "Die Berichtigungsfrist der Abrechnung ist am 2026-12-05 abgelaufen; jetzt ändert sie nichts mehr."),
        ("Only the provider can do this.", "Das kann nur der Anbieter."),
        ("Version 2 was accepted on 2026-01-02.", "Version 2 wurde am 2026-01-02 angenommen."),
        (
            "3 periods are settled already, under another version, from 1 May 2026 on.",
            "3 Leistungszeiträume sind bereits unter einer anderen Version abgerechnet, vom 1 May 2026 an.",
        ),
        ("Nobody has ever written this.", "Nobody has ever written this."),
        ("", ""),
    ],
)  # fmt: skip
def test_both_languages(sentence: str, german: str) -> None:
    assert retell(sentence) == sentence
    with override("de"):
        assert retell(sentence) == german


def test_a_refusal_stands_at_its_field() -> None:
    class Form(forms.Form):
        name = forms.CharField()

    error = OutturnError("a link has a name", place="name", fix="Say for whom it is, in at most 120 letters.")
    assert retold(error) == "a link has a name. Say for whom it is, in at most 120 letters."
    with override("de"):
        form = Form({"name": "x"})
        put_error(form, error)
        assert form.errors["name"] == [
            "Ein Link hat einen Namen. Geben Sie in höchstens 120 Zeichen an, für wen er ist."
        ]
    assert error.told == "a link has a name. Say for whom it is, in at most 120 letters."
