"""Addresses of single sign-on outside any organisation's pages."""

from __future__ import annotations

from django.urls import path

from tenants.signon import pages

urlpatterns = [
    path("", pages.find, name="sign-on-find"),
    path("<slug:slug>/", pages.start, name="sign-on"),
    path("<slug:slug>/callback/", pages.callback, name="sign-on-callback"),
]
