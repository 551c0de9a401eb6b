from __future__ import annotations

from typing import Any

from django.test import RequestFactory

from billing.contracts.lists import SHOWN, list_page


def test_the_pages_of_a_list_keep_what_it_is_filtered_by() -> None:
    rows: Any = list(range(3 * SHOWN))
    request = RequestFactory().get("/", {"q": "Northwind & Co", "page": "2"})
    listed = list_page(request, rows)
    assert listed["rows"] == rows[SHOWN : 2 * SHOWN]
    assert listed["pager"] == {
        "previous_url": "?q=Northwind+%26+Co&page=1",
        "next_url": "?q=Northwind+%26+Co&page=3",
        "shown": "51–100",
        "total": 150,
    }
    first = list_page(RequestFactory().get("/"), rows)
    assert (first["pager"]["previous_url"], first["pager"]["next_url"]) == (None, "?page=2")
