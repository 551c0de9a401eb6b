"""What an end customer sees, and the pages beside it: the files whose strings are all there in every language."""

from __future__ import annotations

from fnmatch import fnmatch

FACE = (
    "templates/[45]??.html", "templates/bare.html", "templates/page.html", "templates/shell.html",
    "templates/parts/*", "templates/reports/*", "templates/disputes/*",
    "templates/invoices/list.html", "templates/invoices/detail.html", "templates/invoices/_party.html",
    "templates/dunning/_invoice.html", "billing/dunning/letters.py",
    "templates/payments/_how.html", "templates/payments/_invoice.html",
    "templates/contracts/agreed*.html", "templates/contracts/_answer.html", "templates/contracts/_category.html",
    "templates/contracts/_claimed.html", "templates/contracts/_objection.html", "templates/contracts/_verdict.html",
    "templates/account/*.html", "templates/account/messages/*", "templates/mfa/*.html",
    "templates/mfa/messages/*", "templates/usersessions/*",
    "templates/people/account.html", "templates/people/invitation.html", "templates/people/leave.html",
    "templates/people/no_invitation.html", "templates/people/not_from_here.html",
    "templates/people/second_factor.html", "templates/people/standing.html",
    "templates/portal/home.html", "templates/signon/confined.html", "templates/signon/find.html",
    "templates/signon/refused.html", "templates/domains/entrance.html", "templates/domains/handover.html",
    "templates/lifecycle/banner.html", "templates/lifecycle/line.html", "templates/lifecycle/refused.html",
    "billing/contracts/acceptance_pages.py", "billing/contracts/shown.py", "billing/disputes/*.py",
    "billing/invoices/pages.py", "billing/outcomes/objection_pages.py", "billing/payments/models.py",
    "billing/reports/*.py", "billing/statements/lists.py", "billing/statements/retold.py", "billing/templatetags/*.py",
    "tenants/edge/*.py", "tenants/people/account_pages.py", "tenants/people/adapters.py",
    "tenants/people/forms.py", "tenants/people/services.py", "tenants/portal/pages.py",
    "tenants/lifecycle/banner.py",
    "templates/sharing/view.html", "templates/sharing/_values.html", "templates/sharing/signal.html",
    "twins/sharing/*.py", "templates/dashboards/shared.html", "templates/dashboards/shared_list.html",
    "tenants/portal/registry.py", "tenants/portal/search.py", "tenants/portal/shell.py",
    "tenants/templatetags/*.py",
    "static/src/common/*", "static/src/dashboards/*", "static/src/report/*", "static/src/shell/*", "static/src/tiles/*",
    "deploy/catalogues/sentences.py",
)  # fmt: skip
"""Patterns of files; a ``*`` spans folders too."""

SETTLING = (
    "templates/contracts/*", "templates/customers/*", "templates/invoices/*", "templates/payments/*",
    "templates/dunning/*", "templates/statements/*", "templates/people/*.html", "templates/portal/admin.html",
    "templates/portal/overview.html",
    "billing/apps.py", "billing/contracts/*.py", "billing/dunning/*.py", "billing/invoices/*.py",
    "billing/outcomes/*.py", "billing/payments/*.py", "billing/simulation/*.py", "billing/statements/*.py",
    "tenants/customers/*.py", "tenants/people/*.py", "tenants/portal/registrations.py",
)  # fmt: skip
"""What the organisation's own people see of contracts, statements, invoices, payments, customers and each other."""


def is_of_the_face(place: str) -> bool:
    """Whether what stands in a file is seen by an end customer, or by who settles with them."""
    return any(fnmatch(place, pattern) for pattern in (*FACE, *SETTLING))
