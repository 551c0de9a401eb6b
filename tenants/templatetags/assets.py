"""Template tags that lead from a page to what Vite has built in ``static/dist``."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


class Chunk(TypedDict, total=False):
    """One entry of Vite's manifest; paths are relative to ``static/dist``."""

    file: str
    css: list[str]
    imports: list[str]
    isEntry: bool
    name: str


@dataclass(frozen=True, eq=False)
class Build:
    """One build of the pages' scripts, styles and icons."""

    chunks: dict[str, Chunk]
    sprite: str
    icons: frozenset[str]


@lru_cache(maxsize=2)
def _read(path: str, modified_ns: int) -> Build:
    manifest = Path(path)
    chunks: dict[str, Chunk] = json.loads(manifest.read_text(encoding="utf-8"))
    sprite = chunks["src/icons.svg"]["file"]
    drawn = (manifest.parent / sprite).read_text(encoding="utf-8")
    return Build(chunks, static(sprite), frozenset(re.findall(r'<symbol id="([^"]+)"', drawn)))


def build() -> Build:
    """What Vite has built, by its manifest in `settings.ASSETS_MANIFEST`; read again only after a new build.

    Raises:
        ImproperlyConfigured: The pages have not been built.
    """
    path = settings.ASSETS_MANIFEST
    try:
        return _read(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 (a page has sixty icons: no Path for each)
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"The pages' scripts and styles are not built: there is no {path}. Run `make build`, "
            "or `npm ci && npm run build` in static/."
        ) from None


def _entry(chunks: dict[str, Chunk], name: str) -> tuple[str, Chunk]:
    for key, chunk in chunks.items():
        if chunk.get("isEntry") and chunk.get("name") == name:
            return key, chunk
    known = ", ".join(sorted(chunk["name"] for chunk in chunks.values() if chunk.get("isEntry")))
    raise ImproperlyConfigured(f"static/dist has no entry point {name!r}; it has {known}. Run `make build` again.")


def _with_imports(chunks: dict[str, Chunk], key: str, seen: dict[str, Chunk]) -> dict[str, Chunk]:
    """The chunk and everything it imports at once, dependencies first, each once."""
    if key not in seen:
        for imported in chunks[key].get("imports", []):
            _with_imports(chunks, imported, seen)
        seen[key] = chunks[key]
    return seen


@register.simple_tag
def island(name: str) -> SafeString:
    """The style sheets, preloads and script of one entry point: ``{% island "composer" %}``.

    Raises:
        ImproperlyConfigured: The pages have not been built, or have no such entry point.
    """
    chunks = build().chunks
    key, entry = _entry(chunks, name)
    needed = _with_imports(chunks, key, {})
    sheets = dict.fromkeys(sheet for chunk in needed.values() for sheet in chunk.get("css", []))
    return format_html(
        '{}{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="stylesheet" href="{}">', ((static(sheet),) for sheet in sheets)),
        format_html_join(
            "",
            '<link rel="modulepreload" href="{}">',
            ((static(chunk["file"]),) for chunk in needed.values() if chunk is not entry),
        ),
        static(entry["file"]),
    )


@register.simple_tag
def icon_sprite() -> str:
    """The address of the sprite that holds the icons of ``static/src/icons.json``."""
    return build().sprite


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One icon of the sprite, a plain box for a name that it lacks (asset types bring names of their own).

    Without a label it is decoration, and screen readers pass over it.
    """
    found = build()
    return _drawn(found.sprite, name if name in found.icons else "box", str(label))


@lru_cache(maxsize=1024)
def _drawn(sprite: str, name: str, label: str) -> SafeString:
    role = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', role, sprite, name)
