"""How the builder behaves in a real browser: what a move costs, when the first thing is seen, what axe finds."""

from __future__ import annotations

import gzip
import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.chromium import QUIET, installed_chromium
from deploy.frontend import STATIC
from tenants.kernel.errors import OutturnError

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_AXE = STATIC / "node_modules" / "axe-core" / "axe.min.js"
_PATIENCE_MS = 120_000
_STARTING_MS = 2_000
"""For so long a browser that was just started is busy with itself; a person's has been there before our page."""
_STANDING = """() => {
    const nodes = [...document.querySelectorAll('.react-flow__node')]
    if (!nodes.length || !nodes.every(node => node.checkVisibility({ visibilityProperty: true }))) return false
    const isDrawn = window.standing === true
    window.standing = true
    return isDrawn && performance.now()
}"""
"""Asked before each frame is drawn: what was there before the last one has been drawn with it. A locator that waits
asks ever more rarely, in the end twice a second, which is no measure."""
_WATCH = """() => {
    const seen = { frames: [], over: false }
    let last = performance.now()
    const next = now => {
        seen.frames.push(now - last)
        last = now
        if (!seen.over) requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
    window.measured = seen
}"""
_SEEN = "() => { window.measured.over = true; return window.measured.frames.slice(1) }"


class BrowserError(OutturnError):
    """There is no browser to measure in."""

    code = "deploy.browser"
    status = 503


@dataclass(frozen=True, slots=True)
class Moves:
    """What moving the pointer with the button down costs.

    Attributes:
        task_ms: Time of the main thread a move.
        wall_ms: Real time a move.
        p95_frame_ms: 95 % of the frames meanwhile come within this time of the one before.
    """

    task_ms: float
    wall_ms: float
    p95_frame_ms: float


@contextmanager
def canvas(url: str, path: str, session: str) -> Iterator[Canvas]:
    """A page of the product in a browser of its own, for a person who is signed in.

    Args:
        url: Of the web server.
        path: Of the page.
        session: The key of the person's session.

    Raises:
        BrowserError: Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the development's requirements
    except ImportError as error:
        fix = "Set it up with `python -m deploy.install development`."
        raise BrowserError("Playwright is not installed.", fix=fix) from error
    program = installed_chromium()
    if program is None:
        raise BrowserError("There is no Chromium.", fix="Install one, or set OUTTURN_CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        context = browser.new_context(
            base_url=url, viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
        )
        context.set_default_timeout(_PATIENCE_MS)
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        page = context.new_page()
        page.wait_for_timeout(_STARTING_MS)
        yield Canvas(page, path)
        browser.close()


class Canvas:
    """The canvas of a twin."""

    def __init__(self, page: Page, path: str) -> None:
        self._page, self._path = page, path
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")

    def open(self) -> dict[str, float]:
        """Open it: when the first thing was painted, and when assets were there to be worked on, in seconds."""
        self._page.goto(self._path)
        stood = self._page.wait_for_function(_STANDING)
        paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        told = {
            "first_paint_s": self._page.evaluate(paint) / 1000,
            "open_s": stood.json_value() / 1000,
        }
        self._page.wait_for_load_state("networkidle")  # what is loaded afterwards is not in the way of the next figure
        return told

    def go_to(self, name: str) -> None:
        """Bring an asset to the middle of the window at full size."""
        find = self._page.locator("[data-find]")
        find.fill(name)
        find.press("Enter")
        self._page.locator(".react-flow__node.selected").wait_for()
        self._zoom_to(1.0)

    def fit(self) -> float:
        """Bring the whole twin into view; how long it took until it was drawn, in seconds."""
        began = self._page.evaluate("performance.now()")
        self._page.locator(".composer").press("f")
        self._settled()
        return float(self._page.evaluate("performance.now()") - began) / 1000

    def drag(self, moves: int) -> Moves:
        """Drag the asset nearest to the middle of the window in a circle, and put it down."""
        x, y = self._page.evaluate(
            """() => {
                const middle = [innerWidth / 2, innerHeight / 2]
                const nodes = [...document.querySelectorAll('.react-flow__node-asset')]
                const boxes = nodes.map(one => one.getBoundingClientRect())
                const places = boxes.map(box => [box.x + box.width / 2, box.y + box.height / 4])
                const far = ([x, y]) => Math.hypot(x - middle[0], y - middle[1])
                return places.sort((one, other) => far(one) - far(other))[0]
            }"""
        )
        return self._moved(x, y, moves)

    def pan(self, moves: int) -> Moves:
        """Take hold of the canvas itself where nothing lies, and move it about."""
        x, y = self._page.evaluate(
            """() => {
                const pane = document.querySelector('.react-flow__pane').getBoundingClientRect()
                for (let y = pane.top + 8; y < pane.bottom - 8; y += 3)
                    for (let x = pane.left + 8; x < pane.right - 8; x += 3)
                        if (document.elementFromPoint(x, y)?.classList.contains('react-flow__pane')) return [x, y]
                throw new Error('nothing of the pane is free')
            }"""
        )
        return self._moved(x, y, moves)

    def tidy(self) -> float:
        """Lay everything out; how long it took, in seconds."""
        said = "document.getElementById('announcer').textContent"
        began = self._page.evaluate("performance.now()")
        self._page.locator(".composer").press("t")
        self._page.wait_for_function(f"() => /laid out|lay out:/.test({said})")
        took = float(self._page.evaluate("performance.now()") - began) / 1000
        self._page.locator("[data-save=saved]").wait_for()
        return took

    def violations(self) -> int:
        """How many things axe finds, in the light and the dark theme together."""
        self._page.evaluate(_AXE.read_text(encoding="utf-8"))
        found = 0
        for theme in ("light", "dark"):
            self._page.emulate_media(color_scheme=theme)
            self._settled()
            found += self._page.evaluate(
                "() => axe.run({resultTypes: ['violations'], preload: false})"
                ".then(found => found.violations.flatMap(each => each.nodes).length)"
            )
        return found

    def _moved(self, x: float, y: float, moves: int) -> Moves:
        mouse = self._page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 5, y + 5)
        self._settled()
        self._page.evaluate(_WATCH)
        task, began = self._task_s(), self._page.evaluate("performance.now()")
        for number in range(moves):
            mouse.move(x + 5 + 4 * (number % 20), y + 5 + 3 * (number % 15))
        wall = self._page.evaluate("performance.now()") - began
        task = self._task_s() - task
        frames = self._page.evaluate(_SEEN)
        mouse.up()
        self._settled()
        p95 = statistics.quantiles(frames, n=20)[-1] if len(frames) > 1 else wall
        return Moves(task * 1000 / moves, wall / moves, p95)

    def _zoom_to(self, wanted: float) -> None:
        """By the wheel, as a person does: each notch changes the zoom a little."""
        self._settled()
        box = self._page.locator(".react-flow__pane").bounding_box()
        assert box is not None
        self._page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for _ in range(60):
            zoom = float(
                self._page.evaluate(
                    "new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).a"
                )
            )
            if abs(zoom - wanted) < 0.02:
                return
            self._page.mouse.wheel(0, -20 if zoom < wanted else 20)
            self._settled()

    def _task_s(self) -> float:
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    def _settled(self) -> None:
        self._page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def bundle_gzip_kb(entry: str) -> float:
    """What a page has to load of the built front end for an island, compressed, in kB of 1,000 bytes.

    Args:
        entry: The source that it begins with, such as ``src/composer.tsx``; what is loaded later does not count.
    """
    dist = STATIC / "dist"
    manifest: dict[str, Any] = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    wanted, files = [entry], {}
    while wanted:
        part = manifest[wanted.pop()]
        if part["file"] not in files:
            files[part["file"]] = len(gzip.compress((dist / part["file"]).read_bytes(), mtime=0))
            wanted += part.get("imports", [])
    return sum(files.values()) / 1000


def is_built() -> bool:
    """Whether the front end was built."""
    return Path(STATIC, "dist", "manifest.json").exists()
