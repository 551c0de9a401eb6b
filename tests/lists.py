"""Lists as people walk them: page by page, sorted both ways, narrowed, and as a file."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

_ROW = re.compile(r"<tr>\s*<td data-label=[^>]*>(.*?)</td>", re.DOTALL)
_NEXT = re.compile(r'rel="next" href="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")
MOST_QUERIES = 20
"""Those of the page around it are among them."""
FORGED = ("W10", "WzFd", "bnVsbA", "WyJ4IiwieSJd", "%00", "x" * 4000)


def page(client: Client, path: str) -> str:
    """What a page shows."""
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def shown(text: str) -> list[str]:
    """What the first cells of the list's rows say."""
    listed, foot, _ = text.partition('<div id="list">')[2].partition('<div class="list-foot">')
    if not foot:
        return []
    return [" ".join(html.unescape(_TAG.sub(" ", cell)).split()) for cell in _ROW.findall(listed)]


def walked(client: Client, path: str) -> list[str]:
    """What the first cells say on all pages, from the first to the last."""
    bare, text = path.partition("?")[0], page(client, path)
    found = shown(text)
    while following := _NEXT.search(text):
        text = page(client, bare + html.unescape(following[1]))
        found += shown(text)
    return found


def filed(client: Client, path: str) -> list[dict[str, str]]:
    """The rows of the file, each by its headings."""
    response = client.get(f"{path}{'&' if '?' in path else '?'}format=csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8", path
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def check_order(client: Client, path: str, sorts: Iterable[str], *, count: int) -> None:
    """Each sort has every row once on its pages, and the other way round the other way round."""
    for sort in sorts:
        there, back = (walked(client, f"{path}?sort={way}{sort}") for way in ("", "-"))
        assert len(there) == count, sort
        assert there == back[::-1], sort
        assert sorted(there) == sorted(walked(client, path)), sort


def check_cursors(client: Client, path: str) -> None:
    """A place in the list that nobody gave out is the beginning."""
    first = shown(page(client, path))
    for side in ("after", "before"):
        for cursor in FORGED:
            assert shown(page(client, f"{path}?{side}={cursor}")) == first, cursor


def check_queries(client: Client, path: str, grow: Callable[[], None]) -> None:
    """A page takes as many queries when there are many more rows, and so does a file."""
    numbers = []
    for _ in range(2):
        for address in (path, f"{path}?format=csv"):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            numbers.append(len(queries))
        if len(numbers) == 2:
            grow()
    assert numbers[:2] == numbers[2:], path
    assert max(numbers) <= MOST_QUERIES, [query["sql"][:150] for query in queries]
