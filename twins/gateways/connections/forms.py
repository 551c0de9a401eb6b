"""The forms of the way to a connection: where it goes, how it is secured, and what it reads."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from twins.gateways.connections.models import Kind
from twins.gateways.field.certificates import spaced
from twins.gateways.field.opcua_found import Endpoint
from twins.gateways.field.opcua_settings import Identity, Mode, Policy

_POLICIES = {
    Policy.NONE: _("No security"), Policy.BASIC256_SHA256: "Basic256Sha256",
    Policy.AES128_SHA256_RSA_OAEP: "Aes128-Sha256-RsaOaep", Policy.AES256_SHA256_RSA_PSS: "Aes256-Sha256-RsaPss",
}  # fmt: skip
_MODES = {Mode.NONE: _("readable by anybody on the way"), Mode.SIGN: _("signed"),
          Mode.SIGN_AND_ENCRYPT: _("signed and encrypted")}  # fmt: skip
_IDENTITIES = {Identity.ANONYMOUS: _("Nobody in particular"), Identity.USER: _("A user name and password"),
               Identity.CERTIFICATE: _("A user's certificate")}  # fmt: skip


class AddressForm(forms.Form):
    """Where a new connection goes."""

    name = forms.CharField(max_length=120, help_text=_("What stands there, such as “Pump house PLC”."))
    kind = forms.ChoiceField(choices=Kind.choices, label=_("It speaks"))
    address = forms.CharField(
        max_length=400,
        help_text=_("OPC UA: opc.tcp://10.20.0.5:4840. Modbus TCP: 10.20.0.7, or 10.20.0.7:502."),
    )
    later = forms.BooleanField(
        required=False, label=_("Make it even if nobody answers there now"),
        help_text=_("Otherwise nothing is made before the server or device has answered."),
    )  # fmt: skip


class OpcUaForm(forms.Form):
    """What may be changed of a connection to an OPC UA server."""

    name = forms.CharField(max_length=120)
    address = forms.CharField(max_length=400)
    publishing_ms = forms.IntegerField(
        min_value=20, max_value=3_600_000, label=_("Sent every"), help_text=_("How often the server sends changes.")
    )
    sampling_ms = forms.IntegerField(
        min_value=0, max_value=86_400_000, label=_("Looked at every"),
        help_text=_("How often the server looks at each node; 0 for as often as it can."),
    )  # fmt: skip
    queue = forms.IntegerField(
        min_value=1, max_value=10_000, label=_("Values kept"),
        help_text=_("How many values of a node the server keeps between two sendings."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("publishing_ms", "sampling_ms"):
            self.fields[name].unit = "ms"  # type: ignore[attr-defined]


class ModbusForm(forms.Form):
    """What may be changed of a connection to a Modbus device."""

    name = forms.CharField(max_length=120)
    address = forms.CharField(max_length=400)
    timeout_s = forms.FloatField(min_value=0.1, max_value=30, label=_("Patience"), help_text=_("For one answer."))
    gap = forms.IntegerField(
        min_value=0, max_value=100, label=_("Read along"),
        help_text=_("How many registers that nobody asked for may be read along to save a request."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timeout_s"].unit = "s"  # type: ignore[attr-defined]


class SecurityForm(forms.Form):
    """How a connection to an OPC UA server is secured, and as whom it signs in.

    Args:
        endpoints: What the server offers.
        trusted: Fingerprints that are trusted already.
    """

    endpoint = forms.ChoiceField(label=_("Security"), widget=forms.RadioSelect)
    trust = forms.BooleanField(required=False)
    identity = forms.ChoiceField(
        label=_("Sign in as"), choices=[(each.value, word) for each, word in _IDENTITIES.items()]
    )
    user = forms.CharField(max_length=200, required=False, label=_("User name"))
    password = forms.CharField(
        max_length=400, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to keep the one that was entered before."),
    )  # fmt: skip
    certificate = forms.CharField(
        max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        label=_("User's certificate (PEM)"),
    )  # fmt: skip
    private_key = forms.CharField(
        max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        label=_("Its private key (PEM)"),
    )  # fmt: skip

    def __init__(self, *args: Any, endpoints: list[Endpoint], trusted: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trusted = frozenset(trusted)
        ordered = sorted(endpoints, key=lambda one: (list(Mode).index(one.mode), list(Policy).index(one.policy)))[::-1]
        self.fields["endpoint"].choices = [(endpoint_key(one), security_word(one.policy, one.mode)) for one in ordered]  # type: ignore[attr-defined]
        shown = {one.fingerprint: one for one in endpoints if one.fingerprint and one.mode is not Mode.NONE}
        if not shown or set(shown) <= self._trusted:
            del self.fields["trust"]
            return
        one = next(iter(shown.values()))
        until = one.expires_at.strftime("%-d %B %Y") if one.expires_at else "?"
        self.fields["trust"].label = _("I have compared the server's certificate, and trust it")
        # The subject is the server's word: it is escaped, for help stands in the page as it is.
        self.fields["trust"].help_text = _(
            "Fingerprint (SHA-256): %(print)s. It names %(subject)s and holds until %(until)s. From now on only a "
            "server with this certificate is read."
        ) % {"print": spaced(one.fingerprint), "subject": escape(one.subject), "until": until}

    def clean(self) -> dict[str, Any]:
        """Refuse security whose certificate nobody has compared."""
        values = super().clean() or {}
        _policy, mode, print_ = (values.get("endpoint") or "None|None|").split("|")
        if mode != Mode.NONE and print_ not in self._trusted and not values.get("trust"):
            self.add_error(
                "trust" if "trust" in self.fields else "endpoint",
                _("Compare the fingerprint with the server's own, and tick this."),
            )
        return values


def endpoint_key(endpoint: Endpoint) -> str:
    """What a choice of an endpoint is called in the form: policy, mode and the fingerprint that the person saw."""
    return f"{endpoint.policy}|{endpoint.mode}|{'' if endpoint.mode is Mode.NONE else endpoint.fingerprint}"


def security_word(policy: str, mode: str) -> str:
    """How messages are secured, for people."""
    return f"{_POLICIES[Policy(policy)]}: {_MODES[Mode(mode)]}"
