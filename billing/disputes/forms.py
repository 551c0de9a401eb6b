"""The forms of disputes: what is disputed, what is said, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import override
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.disputes.domain.files import KINDS, MOST_BYTES, AttachedFile, AttachmentError, read_file
from billing.disputes.services import MOST_LETTERS
from billing.outcomes.consents import FEWEST_LETTERS, MOST_HOW, MOST_NAME, Consent
from tenants.edge.retelling import retold
from tenants.kernel.calendars import UnknownZoneError, time_zone

HELD = (("up", _("It was up")), ("down", _("It was down")), ("excluded", _("The time should not count")))
_FORMAT = "%Y-%m-%dT%H:%M:%S"


class FilesInput(forms.FileInput):
    """Takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Files of the kinds that are taken, read."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[AttachedFile]:
        """The files.

        Raises:
            ValidationError: One is not taken.
        """
        found = []
        for one in data or ():
            try:
                found.append(read_file(one.name, one.read(MOST_BYTES + 1)))
            except AttachmentError as error:
                raise ValidationError(retold(error)) from None
        return found


def _files() -> FilesField:
    endings = ",".join(f".{ending}" for ending in KINDS)
    return FilesField(
        required=False, label=_("Files"), widget=FilesInput(attrs={"accept": endings, "multiple": True}),
        help_text=_("PDF, pictures, text, CSV, JSON, XLSX or DOCX: at most 5 MB each, 7 MB at a time, 20 in all."),
    )  # fmt: skip


def _words(label: Any, help_text: Any = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=MOST_LETTERS, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows})
    )


class ActForm(forms.Form):
    """A form of a page that has several: `act` says which was sent, and `tag` is the field that says so."""

    act = ""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **({"auto_id": f"id_{self.act}_%s"} | more))

    @property
    def tag(self) -> SafeString:
        """The hidden field that tells this form from the others of its page."""
        return format_html('<input type="hidden" name="act" value="{}">', self.act)


class SayForm(ActForm):
    """What is said, and attached."""

    act = "say"
    text = _words(_("What you say"))
    attached = _files()


class WhyForm(ActForm):
    """Why a step is taken."""

    why = _words(_("Why"), rows=2)

    def __init__(self, act: str, *args: Any, **more: Any) -> None:
        self.act = act
        super().__init__(*args, **more)


class CategoryMixin(forms.Form):
    """A form that may say as what time is excluded."""

    def set_categories(self, categories: Sequence[str]) -> None:
        """Offer the categories; the field goes where there is nothing to choose."""
        if len(categories) > 1:
            self.fields["category"].choices = [("", "—"), *((one, one) for one in categories)]  # type: ignore[attr-defined]
        else:
            del self.fields["category"]


class UpholdForm(CategoryMixin, WhyForm):
    """Granting what is asked for; what one asked for oneself needs that the customer agreed elsewhere."""

    category = forms.ChoiceField(label=_("Excluded as"))
    who = forms.CharField(label=_("Who of the customer agreed"), min_length=2, max_length=MOST_NAME)
    on = forms.DateField(label=_("On which day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    how = forms.CharField(
        label=_("How"), min_length=FEWEST_LETTERS, max_length=MOST_HOW,
        help_text=_("The mail, the call or the meeting. The report says that you recorded it, and whom you name."),
    )  # fmt: skip
    field_order = ("category", "who", "on", "how", "why")

    def __init__(self, *args: Any, categories: Sequence[str], needs_consent: bool, **more: Any) -> None:
        super().__init__("upheld", *args, **more)
        self.set_categories(categories)
        if not needs_consent:
            for name in ("who", "on", "how"):
                del self.fields[name]

    @property
    def consent(self) -> Consent | None:
        """What was recorded of the customer's consent, where it is needed."""
        given = self.cleaned_data
        return Consent(given["who"], given["on"], given["how"]) if "who" in given else None


class SpanForm(ActForm):
    """A form with an interval; its times are those of ``zone``, which the browser fills in."""

    start = forms.DateTimeField(label=_("From"))
    end = forms.DateTimeField(label=_("To"))
    zone = forms.CharField(max_length=64, widget=forms.HiddenInput(attrs={"data-viewer-zone": True}))

    def __init__(self, zone: ZoneInfo, span: tuple[datetime, datetime] | None, *args: Any, **more: Any) -> None:
        self.own_zone = zone
        super().__init__(*args, **more)
        self.fields["zone"].initial = zone.key
        for name, moment in zip(("start", "end"), span or (None, None), strict=True):
            attributes = {"type": "datetime-local", "step": "1"}
            if moment is not None and not self.is_bound:
                attributes["data-instant"] = utc_text(moment)
                self.fields[name].initial = moment.astimezone(zone).replace(tzinfo=None)
            self.fields[name].widget = forms.DateTimeInput(attributes, format=_FORMAT)
            named = format_html("<span data-viewer-zone>{}</span>", self._zone().key)
            self.fields[name].help_text = format_html(gettext("On the clocks of {zone}."), zone=named)

    def full_clean(self) -> None:
        """Read the times on the clocks of the zone; those that these show twice, or never, are refused."""
        with override(self._zone()):
            super().full_clean()

    def clean_zone(self) -> str:
        """The zone, if there is one of that name."""
        name: str = self.cleaned_data["zone"]
        try:
            return time_zone(name).key
        except UnknownZoneError as error:
            raise forms.ValidationError(error.told) from None

    def _zone(self) -> ZoneInfo:
        try:
            return time_zone(self.data.get("zone", self.own_zone.key))
        except UnknownZoneError:
            return self.own_zone


class OfferForm(CategoryMixin, SpanForm):
    """A middle way."""

    act = "offered"
    held = forms.ChoiceField(label=_("The time counts as"), choices=HELD)
    category = forms.ChoiceField(label=_("Excluded as"), required=False)
    why = _words(_("Why"), rows=2)
    field_order = ("held", "category", "start", "end", "why")

    def __init__(self, *args: Any, categories: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.set_categories(categories)
        if not categories:
            self.fields["held"].choices = HELD[:2]  # type: ignore[attr-defined]


class NewDisputeForm(SpanForm):
    """What is disputed of a statement."""

    act = "open"
    assets = forms.MultipleChoiceField(label=_("Assets"), widget=forms.CheckboxSelectMultiple)
    held = forms.ChoiceField(label=_("What was the case"), choices=HELD, widget=forms.RadioSelect)
    clause = forms.ChoiceField(
        label=_("Clause"), required=False,
        help_text=_("Choose one where the contract measures several things; else leave it."),
    )  # fmt: skip
    reason = _words(
        _("Reason"), _("What happened, and how you know. The other side reads it, and it stays in the log."), rows=5
    )
    attached = _files()
    field_order = ("assets", "start", "end", "held", "clause", "reason", "attached", "zone")

    def __init__(self, agreement: AgreementDocument, given: Mapping[str, Any], *args: Any, **more: Any) -> None:
        super().__init__(time_zone(agreement.terms.time_zone), given.get("span"), *args, **more)
        named = sorted(agreement.assets.items(), key=lambda one: one[1])
        self.fields["assets"].choices = named  # type: ignore[attr-defined]
        self.fields["assets"].initial = given.get("assets") or ([named[0][0]] if len(named) == 1 else [])
        clauses = [(one.id, one.id) for one in agreement.terms.clauses]
        self.fields["clause"].choices = [("", _("All that measure the assets themselves")), *clauses]  # type: ignore[attr-defined]
        self.fields["clause"].initial = given.get("clause", "")
        if not any(clause.exclusions for clause in agreement.terms.clauses):
            self.fields["held"].choices = HELD[:2]  # type: ignore[attr-defined]
