"""The strings that the sources ask a catalogue for: in templates, in Python and in what runs in the browser."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from deploy.catalogues import PROJECT
from deploy.catalogues.po import Key
from deploy.catalogues.sentences import forms

_STRING = r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(\s*u?({_STRING})(?:\s*,\s*u?({_STRING}))?(?:\s*,\s*u?({_STRING}))?")
_TEXT = r'"(?:\\.|[^"\\])*"'
_IN_SCRIPT = re.compile(rf"\b(n?gettext)\(\s*({_TEXT})(?:\s*,\s*({_TEXT}))?")
_PLAIN = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop"})
_COUNTED = frozenset({"ngettext", "ngettext_lazy"})
_WITH_CONTEXT = frozenset({"pgettext", "pgettext_lazy"})
_ROOMS = ("analytics", "billing", "deploy", "tenants", "twins")

Found = dict[Key, list[str]]
"""Strings, each with the files it stands in."""


class ExtractError(Exception):
    """A string is put together while the program runs, so that no catalogue can have it."""


def strings(domain: str) -> Found:
    """All strings of a domain, in the order of the files.

    Raises:
        ExtractError: A call has no constant text.
    """
    found: Found = {}
    if domain == "sentences":
        for place, key in forms():
            found.setdefault(key, [])
            if place not in found[key]:
                found[key].append(place)
        return found
    for path in sorted(_scripts() if domain == "djangojs" else _sources()):
        place = path.relative_to(PROJECT).as_posix()
        for key in keys_of(path):
            places = found.setdefault(key, [])
            if place not in places:
                places.append(place)
    return found


def keys_of(path: Path) -> Iterator[Key]:
    """The strings of one file.

    Raises:
        ExtractError: A call has no constant text.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from _of_program(text, path)
    elif path.suffix in (".ts", ".tsx"):
        yield from _of_script(text)
    else:
        yield from _of_template(text, path)


def _sources() -> Iterator[Path]:
    yield from (path for path in (PROJECT / "templates").rglob("*") if path.suffix in (".html", ".txt"))
    for room in _ROOMS:
        yield from (PROJECT / room).rglob("*.py")


def _scripts() -> Iterator[Path]:
    for path in (PROJECT / "static" / "src").rglob("*.ts*"):
        if ".test." not in path.name:
            yield path


def _of_template(text: str, path: Path) -> Iterator[Key]:
    from django.utils.translation.template import templatize  # noqa: PLC0415 (compiling needs no Django)

    for match in _IN_TEMPLATE.finditer(templatize(text, origin=str(path))):
        function, *given = match.groups()
        texts = [ast.literal_eval(each) for each in given if each is not None]
        context = texts.pop(0) if "p" in function else ""
        yield Key(context, texts[0], texts[1] if function.startswith("n") else "")


def _of_script(text: str) -> Iterator[Key]:
    for function, one, many in _IN_SCRIPT.findall(text):
        yield Key("", json.loads(one), json.loads(many) if function == "ngettext" else "")


def _of_program(text: str, path: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            function = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if function in _PLAIN and len(node.args) == 1:
                if not isinstance(
                    node.args[0], ast.Name | ast.Attribute | ast.Subscript
                ):  # a text that was marked where it stands
                    yield Key("", _constant(node.args[0], path), "")
            elif function in _COUNTED:
                yield Key("", _constant(node.args[0], path), _constant(node.args[1], path))
            elif function in _WITH_CONTEXT:
                yield Key(_constant(node.args[0], path), _constant(node.args[1], path), "")


def _constant(node: ast.expr, path: Path) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ExtractError(f"{path}, line {node.lineno}: the text of a translation is a constant; fill it in afterwards.")
