"""Addresses that payment providers call, outside any organisation's own: what they send is signed."""

from __future__ import annotations

from django.urls import path

from billing.payments import webhooks

urlpatterns = [path("stripe/<uuid:tenant>/", webhooks.stripe_webhook, name="stripe-webhook")]
"""Each tenant has an endpoint, and a secret, of its own."""
