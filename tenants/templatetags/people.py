"""Template tags of the pages and mails about people."""

from __future__ import annotations

from django import template

from tenants.people.domain import browser_name

register = template.Library()


@register.filter
def browser(description: str) -> str:
    """What people call a browser that describes itself so."""
    return browser_name(description)
