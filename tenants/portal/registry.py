"""The entries of the left rail; each domain registers its own pages when its app is ready."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from tenants.scope.actors import Actor, Permission, Role

ORDER = (
    _("Overview"), _("Twins"), _("Dashboards"), _("Catalogue"), _("Gateways"), _("Alarms"), _("Health"), _("Plans"),
    _("Contracts"), _("Statements"), _("Reports"), _("Assets"), _("Disputes"), _("Admin"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A page kind in the rail: its label, icon (a Tabler icon's name), the name of its view and who sees it.

    `for_customers` keeps it to the people of end customers.
    """

    label: str
    icon: str
    view: str
    needs: Permission
    for_customers: bool = False


_entries: dict[tuple[str, bool], Entry] = {}


def register_page(entry: Entry) -> None:
    """Put a page into the rail; one of the same name for customers stands in theirs.

    Raises:
        ValueError: Its label has no place in the rail's order.
    """
    if entry.label not in ORDER:
        raise ValueError(f"{entry.label} is none of {', '.join(ORDER)}")
    _entries[entry.label, entry.for_customers] = entry


def entries() -> list[Entry]:
    """The registered pages in the rail's order."""
    places = ((label, for_customers) for label in ORDER for for_customers in (False, True))
    return [_entries[place] for place in places if place in _entries]


@dataclass(frozen=True, slots=True)
class Bell:
    """What waits for somebody, in the top bar of every page: the page it opens, and the view that tells how many.

    Its icon and its label stand there until that view has answered.
    """

    view: str
    count: str
    needs: Permission
    label: Any
    icon: str = "bell"


_bells: list[Bell] = []


def register_bell(bell: Bell) -> None:
    """Put a bell into the top bar; asked for after the page has come, so that no page waits for it."""
    _bells.append(bell)


def bells(actor: Actor) -> list[Bell]:
    """The bells that somebody sees."""
    return [bell for bell in _bells if actor.may(bell.needs)]


@dataclass(frozen=True, slots=True)
class PersonalPage:
    """A page about all organisations in which a person has one role, in their own menu: it lies outside of each."""

    label: Any
    icon: str
    view: str
    role: Role


_personal: list[PersonalPage] = []


def register_personal_page(page: PersonalPage) -> None:
    """Put a page into the menu of those who have its role somewhere."""
    _personal.append(page)


def personal_pages(roles: Collection[str]) -> list[PersonalPage]:
    """The pages for somebody who has these roles, one in each organisation."""
    return [page for page in _personal if page.role in roles]


GROUPS = ("organisation", "access", "data", "money", "platform")


@dataclass(frozen=True, slots=True)
class AdminPage:
    """A page of the administration: its label, icon, the name of its view, who sees it, and the group it stands in.

    `shown` says to whom of those there is such a page at all; None to all.
    """

    label: Any
    icon: str
    view: str
    needs: Permission
    group: str
    shown: Callable[[Actor], bool] | None = None


_admin: list[AdminPage] = []


def register_admin_page(page: AdminPage) -> None:
    """Put a page into the administration, after those of its group that are there.

    Raises:
        ValueError: There is no such group.
    """
    if page.group not in GROUPS:
        raise ValueError(f"{page.group} is none of {', '.join(GROUPS)}")
    _admin.append(page)


def admin_pages(actor: Actor) -> list[tuple[str, list[AdminPage]]]:
    """The pages of the administration that somebody may see, by group."""
    seen = [page for page in _admin if actor.may(page.needs) and (page.shown is None or page.shown(actor))]
    return [(group, found) for group in GROUPS if (found := [page for page in seen if page.group == group])]
