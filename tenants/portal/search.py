"""What the palette of the top bar finds; each domain registers what can be looked for, and the actions it offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TypeVar, cast

from django.db.models import Model, QuerySet, Value
from django.db.models.functions import Length, Lower, StrIndex
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.portal.registry import admin_pages
from tenants.scope.actors import Actor, Permission

Row = TypeVar("Row", bound=Model)

ORDER = (
    _("Twin"), _("Asset"), _("Signal"), _("Contract"), _("Customer"), _("Gateway"), _("Asset type"), _("Invoice"),
    _("Report"), _("Action"),
)  # fmt: skip
"""The kinds of things, in the order in which they are told; the palette puts names that begin so before others."""
MOST_LETTERS = 80
"""What is typed beyond this is not looked at."""
MOST_OF_A_KIND = 6
"""Hits of one kind that are told; more letters bring out the rest."""

MOST_BEGINNINGS = 2
"""Actions that an empty overview offers."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is called, its page, and what tells it from its namesakes."""

    label: str
    url: str
    note: str = ""


Finder = Callable[[Actor, tuple[str, ...], int], Iterable[Hit]]
"""Called in the tenant's scope with who asks, the words (lower case, at least one) and how many hits are wanted at
most; its queries are the same however much there is."""


@dataclass(frozen=True, slots=True)
class Action:
    """A page that the rail does not show, such as one on which something is begun: its label, its view, who sees it."""

    label: str
    view: str
    needs: Permission


_finders: dict[str, tuple[Finder | str, Permission]] = {}
_actions: list[Action] = []


def register_finder(kind: str, finder: Finder | str, *, needs: Permission) -> None:
    """Let things of a kind be found by those who have a permission.

    A finder given as a dotted path is imported when somebody searches for the first time.

    Raises:
        ValueError: The kind has no place in the order.
    """
    if kind not in ORDER:
        raise ValueError(f"{kind} is none of {', '.join(ORDER)}")
    _finders[kind] = finder, needs


def register_action(action: Action) -> None:
    """Let a page be reached by its label."""
    _actions.append(action)


def beginnings(actor: Actor) -> list[Hit]:
    """What somebody can begin with in an organisation that has nothing yet: the first actions that they may do.

    Permissions are named in the order in which data goes, so what needs the first of them comes first; of several that
    need the same one, the first that was registered.
    """
    first = {each.needs: each for each in reversed(_actions) if actor.may(each.needs)}
    walk = [first[each] for each in Permission if each in first][:MOST_BEGINNINGS]
    return [Hit(gettext(each.label), reverse(each.view, args=[actor.slug])) for each in walk]


def hits(actor: Actor, text: str) -> list[tuple[str, Hit]]:
    """What a person may see whose name has all words of a text, kind after kind, the best of each first."""
    words = words_of(text)
    return [(kind, hit) for kind in ORDER for hit in _of_kind(kind, actor, words)] if words else []


def words_of(text: str) -> tuple[str, ...]:
    """The words to look for: lower case, without what cannot be printed, each once."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:MOST_LETTERS])
    return tuple(dict.fromkeys(printable.lower().split()))


def named(rows: QuerySet[Row], field: str, words: tuple[str, ...]) -> QuerySet[Row]:
    """The rows whose name has all words; the earlier the first stands in it and the shorter it is, the better."""
    for word in words:
        rows = rows.filter(**{f"{field}__icontains": word})
    return rows.order_by(StrIndex(Lower(field), Value(words[0])), Length(field), field)


def has_all(label: str, words: tuple[str, ...]) -> bool:
    """Whether a name has all words."""
    return all(word in label.lower() for word in words)


@require_safe
@page(needs=frozenset(Permission))
def search(request: HttpRequest) -> JsonResponse:
    """``{"results": [{"kind", "label", "url", "note"}]}`` for the words ``q``; everybody sees what their role may."""
    found = hits(actor_of(request), request.GET.get("q", ""))
    response = JsonResponse({"results": [{"kind": gettext(kind), **asdict(hit)} for kind, hit in found]})
    response["Cache-Control"] = "private, no-store"
    return response


def _of_kind(kind: str, actor: Actor, words: tuple[str, ...]) -> Iterable[Hit]:
    if kind == "Action":
        return _actions_named(actor, words)
    finder, needs = _finders.get(kind, (None, None))
    if finder is None or needs is None or not actor.may(needs):
        return ()
    find = cast("Finder", import_string(finder)) if isinstance(finder, str) else finder
    return find(actor, words, MOST_OF_A_KIND)


def _actions_named(actor: Actor, words: tuple[str, ...]) -> Iterable[Hit]:
    administration = [
        Action(str(each.label), each.view, each.needs) for _group, all_ in admin_pages(actor) for each in all_
    ]
    for action in sorted([*_actions, *administration], key=lambda each: each.label):
        label = gettext(action.label)
        if actor.may(action.needs) and has_all(label, words):
            yield Hit(label, reverse(action.view, args=[actor.slug]))
