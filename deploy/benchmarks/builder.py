"""How the builder behaves with a large twin: in a real Chromium on the real server, and over HTTP.

The twin is composed through the API, by the operations that a browser sends, of a type that is published for it. A move
is measured by the main thread's time (Chromium's ``TaskDuration``) and by the frames meanwhile, at full size with the
map in the corner and with the whole twin in view. Beside it: saving an edit, publishing, loading the draft, and
comparing two versions; and a twin ten times as large, in groups that are drawn as one box each.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
from django.test import Client

from deploy.benchmarks import Limits, Progress
from deploy.canvas import Canvas, bundle_gzip_kb, canvas
from deploy.stage import own_database, product
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.people.services import create_organisation
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant

DATA = None
TARGETS: dict[str, Limits] = {
    "drag_task_ms": {"at_most": 20},
    "drag_p95_frame_ms": {"at_most": 33.4},  # two frames at 60 Hz
    "pan_ms": {"at_most": 60},
    "drag_fit_ms": {"at_most": 80},
    "layout_s": {"at_most": 2},
    "first_paint_s": {"at_most": 1.8},
    "bundle_gzip_kb": {"at_most": 180},
    "axe_violations": {"at_most": 0},
    "publish_s": {"at_most": 3},
    "open_s": {"at_most": 1.5},
    "diff_s": {"at_most": 1},
    "save_s": {"at_most": 1},
    "edit_saved_ms": {"at_most": 800},  # 200 ms before it an edit waits for the ones that ride along
    "edit_answer_bytes": {"at_most": 4096},
}
_SLUG, _MOST_OPERATIONS, _GROUP = "measured", 5000, 200
_EDITS = 10
"""Edits a round that are saved one by one."""
_TRAIN, _ROW, _LINES, _AREA = 20, 4, 4, 10
"""Assets of a train and of one of its rows, links from one train to the next, and trains of an area."""
_TYPE = {
    "key": "measured-unit", "version": 1, "name": {"en": "Measured unit"},
    "properties": {
        "rated_power": {"type": "number", "unit": "kW", "minimum": "0"}, "serial_number": {"type": "text"},
    },
    "signals": {key: {"unit": "bar", "range": ["0", "16"], "rate": "PT5S"} for key in ("inlet_pressure", "pressure")},
    "ports": {"inlet": {"accepts": ["fluid"]}, "outlet": {"accepts": ["fluid"]}},
    "appearance": {"icon": "engine"},
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How large."""
    parser.add_argument("--nodes", type=int, default=2000, help="assets; there are about half as many links again")
    parser.add_argument("--large", type=int, default=20_000, help="assets of the twin that is opened collapsed")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Compose and measure in a database of its own."""
    nodes, large = (60, 400) if options.toy else (options.nodes, options.large)
    moves, rounds = (5, 1) if options.toy else (60, max(3, options.seeds))
    with own_database() as database:
        owner = User.objects.create_user("owner@measured.example")
        tenant = create_organisation(name=_SLUG, owner=owner.id, now=utc_now())
        Tenant.objects.filter(id=tenant.id).update(plan="enterprise")
        with scope(tenant.id):
            key = create_key(name="measured", role=Role.OWNER, now=utc_now())[1].text
        person = Client(HTTP_HOST="localhost")
        person.force_login(owner)
        session = person.cookies["sessionid"].value
        with product(database) as stage, _partner(stage.url, key) as partner:
            partner.post("asset-types/", json=_TYPE).raise_for_status()
            progress(0.05, "composing")
            twin = _Twin(partner, "Fleet")
            twin.compose(nodes, group=None)
            figures = _over_http(twin, nodes, rounds, progress)
            for number in range(rounds):
                progress(0.3 + 0.4 * number / rounds, "moving about on the canvas")
                with canvas(stage.url, f"/t/{_SLUG}/twins/{twin.slug}/canvas/", session) as shown:
                    _add(figures, _in_browser(shown, nodes, moves, last=number == rounds - 1))
            progress(0.75, "a twin ten times as large")
            figures |= {name: [value] for name, value in _large(partner, stage.url, session, large).items()}
    told = {name: round(statistics.median(values), 3) for name, values in figures.items()}
    return {
        "targets": TARGETS, "nodes": nodes, "links": sum(1 for _ in _pairs(nodes)), "large_nodes": large,
        "bundle_gzip_kb": round(bundle_gzip_kb("src/composer.tsx"), 1), **told,
    }  # fmt: skip


Figures = dict[str, list[float]]


def _add(figures: Figures, more: dict[str, float]) -> None:
    for name, value in more.items():
        figures.setdefault(name, []).append(value)


def _partner(url: str, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"{url}/api/v1/", headers=headers, timeout=120)


class _Twin:
    """A twin that is composed through the API."""

    def __init__(self, partner: httpx.Client, name: str) -> None:
        self._partner = partner
        made = partner.post("twins/", json={"name": name}).raise_for_status().json()
        self.id, self._revision = UUID(made["twin"]), made["revision"]
        self.slug = name.lower()
        self.assets: list[str] = []
        self._known: str | None = None
        self.answer_bytes = 0

    def compose(self, nodes: int, *, group: int | None) -> None:
        """Assets in rows, linked as in a plant, in groups of a size or in none."""
        self.assets = [str(new_id()) for _ in range(nodes)]
        self.edit([*_groups(nodes, group), *_assets(self.assets, group), *_links(self.assets)])

    def edit(self, operations: list[dict[str, Any]]) -> None:
        """Apply them, as many at once as the server takes."""
        for start in range(0, len(operations), _MOST_OPERATIONS):
            body: dict[str, Any] = {"operations": operations[start : start + _MOST_OPERATIONS]}
            body |= {"base_revision": self._revision} | ({"findings_mark": self._known} if self._known else {})
            answer = self._partner.post(f"twins/{self.id}/draft/operations/", json=body)
            told = answer.raise_for_status().json()
            self._revision, self._known = told["revision"], told["findings_mark"]
            self.answer_bytes = len(answer.content)

    def publish(self) -> None:
        """Publish the draft."""
        body = {"revision": self._revision, "note": "measured"}
        self._partner.post(f"twins/{self.id}/publish/", json=body).raise_for_status()

    def get(self, path: str) -> Any:
        """What an address below the twin answers."""
        return self._partner.get(f"twins/{self.id}/{path}").raise_for_status().json()


def _groups(nodes: int, size: int | None) -> Iterator[dict[str, Any]]:
    for number in range(0 if size is None else -(-nodes // size)):
        yield {"op": "add_group", "group": f"area_{number}", "name": f"Area {number + 1}", "collapsed": True}


def _assets(ids: list[str], size: int | None) -> Iterator[dict[str, Any]]:
    columns = max(1, round(len(ids) ** 0.5))
    for number, asset in enumerate(ids):
        at = [number % columns * 320, number // columns * 200]
        group = {} if size is None else {"group": f"area_{number // size}"}
        yield {"op": "add_asset", "asset": asset, "type": "measured-unit@1", "name": _name(number), "at": at, **group}


def _links(ids: list[str]) -> Iterator[dict[str, Any]]:
    """As in a plant: trains of machines that feed each other and the next train, one area beside the other."""
    for first, second in _pairs(len(ids)):
        ends = {"from": [ids[first], "outlet"], "to": [ids[second], "inlet"]}
        yield {"op": "link", "link": str(new_id()), "kind": "feeds", **ends}


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    """Of each train of 5 rows of 4, every asset feeds the next in its row and most one of the row below.

    The ends of four rows feed the train after it, up to the tenth.
    """
    for asset in range(count):
        row, column, train = asset % _TRAIN // _ROW, asset % _ROW, asset // _TRAIN
        if column < _ROW - 1:
            yield asset, asset + 1
            if row < _TRAIN // _ROW - 1:
                yield asset, asset + _ROW + 1
        elif row < _LINES and train % _AREA < _AREA - 1 and asset + _TRAIN < count:
            yield asset, asset + _TRAIN - _ROW + 1


def _name(number: int) -> str:
    return f"Unit {number + 1:05}"


def _over_http(twin: _Twin, nodes: int, rounds: int, progress: Progress) -> Figures:
    """Publishing, saving one edit, loading the draft, and comparing two versions, in seconds."""
    figures: Figures = {}
    for number in range(rounds):
        progress(0.1 + 0.2 * number / rounds, "saving, publishing, comparing")
        edits = [{"op": "move", "asset": asset, "at": [number, 10 * number]} for asset in twin.assets[: nodes // 10]]
        saved = _timed(lambda edits=edits: twin.edit(edits))  # type: ignore[misc]
        figures.setdefault("save_s", []).append(saved)
        figures.setdefault("publish_s", []).append(_timed(twin.publish))
        figures.setdefault("draft_s", []).append(_timed(lambda: twin.get("draft/")))
    saved, answer_bytes = _edits_saved(twin, _EDITS * rounds)
    figures |= {"edit_saved_ms": [saved], "edit_answer_bytes": [answer_bytes]}
    for _ in range(rounds):
        figures.setdefault("diff_s", []).append(_timed(lambda: twin.get(f"compare/?before=1&after={rounds}")))
    return figures


def _edits_saved(twin: _Twin, count: int) -> tuple[float, float]:
    """One edit after the other, a name each: within how many ms 95 % are saved, and bytes of the longest answer."""
    times, longest = [], 0
    for number in range(count):
        edit = {"op": "rename", "asset": twin.assets[number % len(twin.assets)], "name": f"Renamed {number}"}
        times.append(1000 * _timed(lambda edit=edit: twin.edit([edit])))  # type: ignore[misc]
        longest = max(longest, twin.answer_bytes)
    return statistics.quantiles(times, n=20)[-1], longest


def _in_browser(shown: Canvas, nodes: int, moves: int, *, last: bool) -> dict[str, float]:
    told = shown.open()
    told["open_again_s"] = shown.open()["open_s"]
    shown.go_to(_name(nodes // 2))
    near = shown.drag(moves)
    told["fit_s"] = shown.fit()
    far, pan = shown.drag(moves), shown.pan(moves)
    told |= {
        "drag_task_ms": near.task_ms, "drag_wall_ms": near.wall_ms, "drag_p95_frame_ms": near.p95_frame_ms,
        "drag_fit_ms": far.task_ms, "drag_fit_wall_ms": far.wall_ms, "drag_fit_p95_frame_ms": far.p95_frame_ms,
        "pan_ms": pan.task_ms, "pan_wall_ms": pan.wall_ms, "pan_p95_frame_ms": pan.p95_frame_ms,
        "layout_s": shown.tidy(),
    }  # fmt: skip
    return told | ({"axe_violations": shown.violations()} if last else {})


def _large(partner: httpx.Client, url: str, session: str, nodes: int) -> dict[str, float]:
    """Composing, publishing and opening a large twin whose groups are drawn as one box each."""
    twin = _Twin(partner, "Country")
    composed = _timed(lambda: twin.compose(nodes, group=_GROUP))
    saved, answer_bytes = _edits_saved(twin, _EDITS)
    published = _timed(twin.publish)
    with canvas(url, f"/t/{_SLUG}/twins/{twin.slug}/canvas/", session) as shown:
        opened = shown.open()
    return {
        "large_compose_s": composed, "large_publish_s": published, "large_open_s": opened["open_s"],
        "large_edit_saved_ms": saved, "large_edit_answer_bytes": answer_bytes,
    }  # fmt: skip


def _timed(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began
