"""The forms of the pages about people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from allauth.account import forms as account
from allauth.mfa.base import forms as factors
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.kernel.networks import NetworkError, read_networks
from tenants.limits.registry import customers
from tenants.people.entry import MOST_HOURS, Policy
from tenants.people.places import twin_places
from tenants.people.schemas import Place
from tenants.people.selectors import permissions_of, role_names, roles, sites
from tenants.scope.actors import Actor, Permission, Role


class RoleForm(forms.Form):
    """What somebody is to be in the organisation.

    Args:
        actor: Who asks; roles with rights that they do not have are not offered.
    """

    role = forms.ChoiceField(label=_("Role"))
    customer = forms.ChoiceField(
        label=_("Customer"), required=False, help_text=_("For the role “Customer”: whose reports they read.")
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {str(each.id): frozenset(map(Permission, each.permissions)) for each in roles()}
        offered = [
            (role, name) for role, name in role_names().items()
            if (own[role] if role in own else permissions_of(role)) <= actor.permissions
        ]  # fmt: skip
        known = [(str(key), name) for key, name in customers().items()]
        if not known:
            offered = [each for each in offered if each[0] != Role.CUSTOMER]
            del self.fields["customer"]
        else:
            self.fields["customer"].choices = [("", "–"), *known]  # type: ignore[attr-defined]
        self.fields["role"].choices = offered  # type: ignore[attr-defined]

    def chosen_customer(self) -> UUID | None:
        """The customer, if one was chosen and the role asks for it."""
        text = self.cleaned_data.get("customer")
        return UUID(text) if text and self.cleaned_data["role"] == Role.CUSTOMER else None


class PlacesForm(forms.Form):
    """Where a membership holds: a choice of sites and twins, or everywhere when none is chosen."""

    places = forms.MultipleChoiceField(
        label=_("Only in these places"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: everywhere. Held to places, somebody sees and does only what stands there."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(Place(site=each.id)), f"{each.space.name} · {each.name}") for each in sites()]
        choices += [(str(Place(twin=each.twin)), each.name) for each in twin_places()]
        self.fields["places"].choices = choices  # type: ignore[attr-defined]

    def chosen(self) -> Sequence[Place]:
        """The places."""
        return [Place.parse(each) for each in self.cleaned_data["places"]]


class InviteForm(PlacesForm, RoleForm):
    """Whom to invite, as what, and where."""

    email = forms.EmailField(label=_("Email"), max_length=254)
    field_order = ("email", "role", "customer", "places")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.fields["places"].choices:  # type: ignore[attr-defined]
            del self.fields["places"]

    def chosen(self) -> Sequence[Place]:
        """The places; none when there are none to choose from."""
        return super().chosen() if "places" in self.fields else ()


class SecurityForm(forms.Form):
    """The rules of entry.

    Args:
        kept: The rules as they are.
    """

    second_factor = forms.BooleanField(
        label=_("Everybody needs a second factor"), required=False,
        help_text=_("Who has none is led to set one up when they come next. Single sign-on counts: the provider asks."),
    )  # fmt: skip
    session_hours = forms.IntegerField(
        label=_("Ask who they are again after"), required=False, min_value=1, max_value=MOST_HOURS,
        help_text=_("Empty: a session lasts until its cookie ends, two weeks."),
    )  # fmt: skip
    networks = forms.CharField(
        label=_("Allowed networks"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One to a line, such as 203.0.113.0/24 or 2001:db8::/32. Empty: from anywhere. API keys, too."),
    )  # fmt: skip

    def __init__(self, *args: Any, kept: Policy, **kwargs: Any) -> None:
        kwargs["initial"] = {**kept.as_dict(), "networks": "\n".join(kept.networks)}
        super().__init__(*args, **kwargs)
        self.fields["session_hours"].unit = _("hours")  # type: ignore[attr-defined]

    def clean_networks(self) -> tuple[str, ...]:
        """The networks as they are kept.

        Raises:
            ValidationError: A line is none.
        """
        try:
            return tuple(read_networks(self.cleaned_data["networks"].splitlines()))
        except NetworkError as error:
            raise forms.ValidationError(error.told) from error

    def policy(self) -> Policy:
        """The rules that were filled in; single sign-on has a page of its own."""
        return Policy(**self.cleaned_data)


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc] # allauth is not typed for us
    """A new passkey; unless they say otherwise it signs its person in by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("What to call it")
        self.fields["name"].max_length = 60
        self.fields["name"].widget.attrs.pop("placeholder", None)
        self.fields["passwordless"].label = _("Sign in with it alone, without a password")
        self.fields["passwordless"].help_text = _("It asks for your fingerprint, face or PIN then.")
        self.fields["passwordless"].initial = True


class _Plain:
    """Our labels in place of allauth's, and no placeholder that says them again."""

    labels: ClassVar[Mapping[str, Any]] = {"oldpassword": _("Current password"), "remember": _("Keep me signed in")}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


class _PlainNew(_Plain):
    labels: ClassVar[Mapping[str, Any]] = {
        **_Plain.labels, "password1": _("New password"), "password2": _("New password, again"),
    }  # fmt: skip


class LoginForm(_Plain, account.LoginForm):  # type: ignore[misc] # allauth is not typed for us
    """Signing in."""


class SignupForm(_Plain, account.SignupForm):  # type: ignore[misc]
    """A new account."""

    labels: ClassVar[Mapping[str, Any]] = {"password2": _("Password, again")}

    def try_save(self, request: HttpRequest) -> Any:
        """The new account; for an address that has one nothing, which takes as long, so that time does not tell."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class AddEmailForm(_Plain, account.AddEmailForm):  # type: ignore[misc]
    """Another address of one's account."""


class ChangePasswordForm(_PlainNew, account.ChangePasswordForm):  # type: ignore[misc]
    """Another password in place of the one that is there."""


class SetPasswordForm(_PlainNew, account.SetPasswordForm):  # type: ignore[misc]
    """A first password."""


class ResetPasswordForm(_Plain, account.ResetPasswordForm):  # type: ignore[misc]
    """Where the link to a new password is to be mailed."""


class ResetPasswordKeyForm(_PlainNew, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password by a mailed link."""


class ReauthenticateForm(_Plain, account.ReauthenticateForm):  # type: ignore[misc]
    """The password again, before what concerns the account's safety."""


class FactorForm(_Plain, factors.AuthenticateForm):  # type: ignore[misc]
    """The code that is asked for beside the password."""


class FactorAgainForm(_Plain, factors.ReauthenticateForm):  # type: ignore[misc]
    """A code again, before what concerns the account's safety."""


class AppForm(_Plain, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an authenticator app."""

    labels: ClassVar[Mapping[str, Any]] = {"code": _("The code it shows")}


class NameForm(forms.Form):
    """What a person is called."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, required=False, help_text=_("Colleagues see it beside your address.")
    )
