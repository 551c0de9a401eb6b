"""Somebody in front of the product, who works with the mouse or with nothing but the keyboard."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

MOST_STEPS = 400
"""So many times is Tab pressed before something counts as out of reach."""


class Mouse:
    """Points and clicks; types where there is text to write."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        """Press a button, or follow a link."""
        what.click()

    def write(self, where: Locator, text: str) -> None:
        """Replace what stands in a field."""
        where.click()
        self._type(text)

    def choose(self, where: Locator, label: str) -> None:
        """Choose from a list."""
        where.select_option(label=label)

    def select(self, asset: str) -> None:
        """Select an asset on the canvas."""
        node(self.page, asset).click()

    def add(self, type_: str) -> None:
        """Add an asset of a type."""
        self.page.get_by_role("complementary", name="Asset types").get_by_role("button", name=type_).click()

    def undo(self) -> None:
        """Take the last step back."""
        self.page.get_by_role("button", name="Undo", exact=True).click()

    def shows(self, name: str) -> None:
        """Take a picture for the guide, when ``OUTTURN_PICTURES`` names the folder that they go into."""
        if folder := os.environ.get("OUTTURN_PICTURES"):
            self.page.screenshot(path=Path(folder, f"{name}.png"))

    def _type(self, text: str) -> None:
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Tab")


class Keyboard(Mouse):
    """Has no mouse: goes everywhere with Tab, and by the keys that the canvas has."""

    def press(self, what: Locator) -> None:
        """Press a button, or follow a link."""
        self.reach(what)
        self.page.keyboard.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        """Replace what stands in a field."""
        self.reach(where)
        self._type(text)

    def choose(self, where: Locator, label: str) -> None:
        """Choose from a list."""
        self.reach(where)
        self.page.keyboard.type(label)

    def select(self, asset: str) -> None:
        """Select an asset on the canvas."""
        self._on_canvas("/")
        expect(self.page.locator("[data-find]")).to_be_focused()
        self.page.keyboard.type(asset)
        self.page.keyboard.press("Enter")
        expect(node(self.page, asset)).to_be_focused()

    def add(self, type_: str) -> None:
        """Add an asset of a type."""
        self._on_canvas("a")
        self.page.keyboard.type(type_)
        self.page.keyboard.press("Enter")

    def undo(self) -> None:
        """Take the last step back."""
        self._on_canvas("Control+z")

    def shows(self, name: str) -> None:
        """The pictures are those of the mouse's way."""

    def reach(self, what: Locator) -> None:
        """Go on with Tab until it has the focus."""
        expect(what).to_be_visible()
        goal = what.element_handle()
        for _ in range(MOST_STEPS):
            if self.page.evaluate("goal => document.activeElement === goal", goal):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} cannot be reached with Tab")

    def _on_canvas(self, keys: str) -> None:
        """Press keys that the canvas knows; the focus goes out of a field first, whose keys they would be."""
        if self.page.evaluate(
            "!document.activeElement.closest('.composer') || document.activeElement.matches('input')"
        ):
            self.reach(self.page.get_by_role("toolbar", name="Tools of the canvas").get_by_role("button").first)
        self.page.keyboard.press(keys)


def node(page: Page, name: str) -> Locator:
    """An asset on the canvas."""
    return page.locator(".react-flow__node-asset").filter(has_text=name)
