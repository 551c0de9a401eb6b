"""What stands above every page, on a phone: it leaves the page its room, and opens where one looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Cast
from tests.tenants.lifecycle.test_notices import a_notice

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


def test_three_things_to_know_take_two_lines_and_one_is_open_at_a_time(
    cast: Cast, open_page: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    for title in ("Readings arrive late", "Statements cannot be made", "Reports cannot be fetched"):
        a_notice(title=title, text=f"{title}, and we have found why.")
    page = open_page("/t/meridian/", cast.owner, theme="dark", width=360)
    banners = page.get_by_role("region", name="What you should know")
    box = banners.bounding_box()
    assert box is not None
    assert box["height"] < 80
    accessible(page)
    banners.get_by_text("2 more", exact=True).click()
    summaries, texts = banners.locator("details[name=banner] > summary"), banners.get_by_text("and we have found why")
    expect(summaries).to_have_count(3)
    for number in range(3):
        summaries.nth(number).focus()
        page.keyboard.press("Enter")
        expect(texts.nth(number)).to_be_visible()
        expect(banners.locator("details[name=banner][open]")).to_have_count(1)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
