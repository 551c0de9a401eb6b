"""The addresses of a person's own pages."""

from __future__ import annotations

from django.urls import include, path

from tenants.people import account_pages as pages

urlpatterns = [
    path("account/", pages.account, name="account"),
    path("language/", pages.choose_language, name="language"),
    path("account/second-factor/", pages.second_factor, name="second-factor"),
    path("account/organisations/<slug:slug>/leave/", pages.leave_organisation, name="leave"),
    path("account/sessions/<int:session>/end/", pages.end_session, name="end-session"),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/", include("allauth.account.urls")),
    path("invitations/", pages.invitation, name="invitation"),
    path("invitations/<str:token>/", pages.invitation_link, name="invitation-link"),
]
