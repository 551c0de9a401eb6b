"""The pages of single sign-on below an organisation's administration."""

from __future__ import annotations

from django.urls import path

from tenants.signon import admin

urlpatterns = [
    path("", admin.sign_on, name="single-sign-on"),
    path("check/", admin.check, name="single-sign-on-check"),
    path("enforce/", admin.enforce, name="single-sign-on-enforce"),
    path("people/<uuid:identity>/cut/", admin.cut, name="single-sign-on-cut"),
    path("tokens/", admin.new_token, name="single-sign-on-token"),
    path("tokens/<uuid:token>/withdraw/", admin.withdraw_token, name="single-sign-on-token-withdraw"),
]
