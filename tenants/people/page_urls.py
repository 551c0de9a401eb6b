"""The addresses of the pages of people, below ``admin/``."""

from __future__ import annotations

from django.urls import path

from tenants.people import pages

urlpatterns = [
    path("people/", pages.people, name="people"),
    path("people/invite/", pages.invite, name="invite"),
    path("people/invitations/", pages.invitations, name="invitations"),
    path("people/invitations/<uuid:invitation>/again/", pages.invitation_again, name="invitation-again"),
    path("people/invitations/<uuid:invitation>/revoke/", pages.invitation_revoke, name="invitation-revoke"),
    path("people/<uuid:membership>/", pages.member, name="member"),
    path("people/<uuid:membership>/role/", pages.member_role, name="member-role"),
    path("people/<uuid:membership>/places/", pages.member_places, name="member-places"),
    path("people/<uuid:membership>/remove/", pages.member_remove, name="member-remove"),
    path("security/", pages.security, name="security"),
]
