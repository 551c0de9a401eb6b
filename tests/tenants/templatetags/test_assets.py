from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.test import override_settings

from tenants.portal.registry import entries
from tenants.templatetags.assets import icon, icon_sprite, island
from tenants.templatetags.parts import LOOKS

MANIFEST: dict[str, Any] = {
    "src/shell.ts": {"file": "assets/shell-1.js", "name": "shell", "isEntry": True, "css": ["assets/shell-1.css"]},
    "src/composer.tsx": {
        "file": "assets/composer-1.js",
        "name": "composer",
        "isEntry": True,
        "imports": ["_dom.js", "_retry.js"],
        "dynamicImports": ["src/composer/layout.ts"],
        "css": ["assets/composer-1.css"],
    },
    "_dom.js": {"file": "assets/dom-1.js", "name": "dom"},
    "_retry.js": {"file": "assets/retry-1.js", "name": "retry", "imports": ["_dom.js"], "css": ["assets/retry-1.css"]},
    "src/composer/layout.ts": {"file": "assets/layout-1.js", "name": "layout", "isDynamicEntry": True},
    "src/icons.svg": {"file": "assets/icons-1.svg", "src": "src/icons.svg"},
}


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Path]:
    """A build of the front end, in a folder of the test's own."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(MANIFEST), encoding="utf-8")
    (tmp_path / "assets").mkdir()
    sprite = '<svg><symbol id="box"></symbol><symbol id="bell"></symbol></svg>'
    (tmp_path / "assets" / "icons-1.svg").write_text(sprite, encoding="utf-8")
    with override_settings(ASSETS_MANIFEST=manifest):
        yield manifest


@pytest.mark.usefixtures("built")
def test_island_brings_what_the_entry_needs_at_once_each_once() -> None:
    assert island("composer") == (
        '<link rel="stylesheet" href="/static/assets/retry-1.css">'
        '<link rel="stylesheet" href="/static/assets/composer-1.css">'
        '<link rel="modulepreload" href="/static/assets/dom-1.js">'
        '<link rel="modulepreload" href="/static/assets/retry-1.js">'
        '<script type="module" src="/static/assets/composer-1.js"></script>'
    )


@pytest.mark.usefixtures("built")
def test_island_is_a_template_tag_without_anything_inline() -> None:
    page = Template('{% load assets %}{% island "shell" %}').render(Context())
    assert page == (
        '<link rel="stylesheet" href="/static/assets/shell-1.css">'
        '<script type="module" src="/static/assets/shell-1.js"></script>'
    )


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", ["layout", "dom", "nothing", ""])
def test_island_names_the_entry_points_there_are(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"no entry point {name!r}; it has composer, shell.")):
        island(name)


def test_a_missing_build_is_told_with_its_remedy(tmp_path: Path) -> None:
    missing = override_settings(ASSETS_MANIFEST=tmp_path / "manifest.json")
    with (
        missing,
        pytest.raises(ImproperlyConfigured, match=r"are not built: there is no .*manifest\.json\. Run `make build`"),
    ):
        island("shell")


def test_a_new_build_is_seen(built: Path) -> None:
    assert icon_sprite() == "/static/assets/icons-1.svg"
    (built.parent / "assets" / "icons-2.svg").write_text('<svg><symbol id="box"></symbol></svg>', encoding="utf-8")
    built.write_text(json.dumps(MANIFEST | {"src/icons.svg": {"file": "assets/icons-2.svg"}}), encoding="utf-8")
    os.utime(built, ns=(1, 1))
    assert (
        icon("bell") == '<svg class="icon" aria-hidden="true"><use href="/static/assets/icons-2.svg#box"></use></svg>'
    )


@pytest.mark.usefixtures("built")
def test_an_icon_is_decoration_unless_it_is_named() -> None:
    use = '<use href="/static/assets/icons-1.svg#bell"></use></svg>'
    assert icon("bell") == f'<svg class="icon" aria-hidden="true">{use}'
    assert icon("bell", "An <alarm>") == f'<svg class="icon" role="img" aria-label="An &lt;alarm&gt;">{use}'


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", ["unheard-of", "", '"><script>'])
def test_an_unknown_icon_is_a_box(name: str) -> None:
    assert icon(name) == '<svg class="icon" aria-hidden="true"><use href="/static/assets/icons-1.svg#box"></use></svg>'


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    known = set(json.loads((settings.BASE_DIR / "static/src/icons.json").read_text(encoding="utf-8")))
    named = {look.icon for look in LOOKS.values()} | {entry.icon for entry in entries()}
    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        named |= set(re.findall(r'(?:\{% icon |icon=)"([^"]+)"', template.read_text(encoding="utf-8")))
    assert named - known == set()
