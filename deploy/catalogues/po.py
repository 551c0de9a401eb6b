"""Catalogues as files: the text that people edit (``.po``), and what gettext reads (``.mo``)."""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PLURAL_FORMS = "nplurals=2; plural=(n != 1);"
"""Of English and German alike."""
_MAGIC = 0x950412DE


class Key(NamedTuple):
    """What a string is looked up by: its context (empty for most), itself, and its plural (empty for most)."""

    context: str
    text: str
    plural: str


@dataclass(slots=True)
class Message:
    """A string of a catalogue.

    Attributes:
        key: What it is looked up by.
        told: Its translation; of a string with a plural both forms.
        places: The files it stands in.
        is_fuzzy: Whether somebody marked the translation as not to be relied on.
    """

    key: Key
    told: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    is_fuzzy: bool = False

    @property
    def is_told(self) -> bool:
        """Whether every form is translated."""
        return len(self.told) == (2 if self.key.plural else 1) and all(self.told) and not self.is_fuzzy


class CatalogueError(Exception):
    """A line of a catalogue cannot be read."""


@dataclass(slots=True)
class _Draft:
    """An entry while its lines are read."""

    fields: dict[str, str] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    is_fuzzy: bool = False
    last: str = ""


def read(path: Path) -> dict[Key, Message]:
    """The strings of a catalogue, in its order, without its header.

    Raises:
        CatalogueError: A line is none of a catalogue, or a string stands in it twice.
    """
    found: dict[Key, Message] = {}
    draft = _Draft()
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            _keep(draft, found, f"{path.name}, line {number}")
            draft = _Draft()
        else:
            _take(draft, line.strip(), f"{path.name}, line {number}")
    return found


def _take(draft: _Draft, line: str, place: str) -> None:
    if line.startswith("#:"):
        draft.places += line[2:].split()
    elif line.startswith("#,"):
        draft.is_fuzzy |= "fuzzy" in line
    elif not line.startswith("#"):
        name, _, text = line.partition(" ") if line[0] != '"' else (draft.last, "", line)
        try:
            draft.fields[name] = draft.fields.get(name, "") + str(ast.literal_eval(text))
        except (SyntaxError, ValueError):
            raise CatalogueError(f"{place}: {line} is no line of a catalogue.") from None
        draft.last = name


def _keep(draft: _Draft, found: dict[Key, Message], place: str) -> None:
    fields = draft.fields
    if not fields.get("msgid"):
        return
    key = Key(fields.get("msgctxt", ""), fields["msgid"], fields.get("msgid_plural", ""))
    if key in found:
        raise CatalogueError(f"{place}: {key.text!r} stands in the catalogue twice.")
    names = ("msgstr[0]", "msgstr[1]") if key.plural else ("msgstr",)
    told = tuple(fields.get(name, "") for name in names)
    found[key] = Message(key, told, tuple(draft.places), draft.is_fuzzy)


def write(path: Path, language: str, messages: Iterable[Message]) -> None:
    """Write a catalogue for people: each string with where it stands, in the order given."""
    parts = [_entry("", "", _header(language))]
    for each in messages:
        lines = [f"#: {place}" for place in each.places]
        lines += ["#, fuzzy"] if each.is_fuzzy else []
        lines += [f"msgctxt {_quoted(each.key.context)}"] if each.key.context else []
        lines.append(f"msgid {_quoted(each.key.text)}")
        told = each.told or ("",)
        if each.key.plural:
            lines.append(f"msgid_plural {_quoted(each.key.plural)}")
            lines += [f"msgstr[{form}] {_quoted(text)}" for form, text in enumerate((*told, "")[:2])]
        else:
            lines.append(f"msgstr {_quoted(told[0])}")
        parts.append("\n".join(lines))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _entry(comment: str, text: str, told: str) -> str:
    return f"{comment}msgid {_quoted(text)}\nmsgstr {_quoted(told)}"


def _header(language: str) -> str:
    return (
        f"Language: {language}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
        f"Content-Transfer-Encoding: 8bit\nPlural-Forms: {PLURAL_FORMS}\n"
    )


def _quoted(text: str) -> str:
    """A text as catalogues have it, a line of its own for each line in it."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    lines = shown.split("\n")
    if len(lines) == 1:
        return f'"{shown}"'
    whole = [f"{line}\\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return "\n".join(['""', *(f'"{line}"' for line in whole)])


def compiled(language: str, messages: Mapping[Key, Message]) -> bytes:
    """What gettext reads: the strings that are translated, sorted by their bytes. The same bytes for the same strings.

    The format is that of GNU gettext, revision 0: two tables of length and offset, then the texts, each closed by NUL.
    """
    pairs = {b"": _header(language).encode()}
    for each in messages.values():
        if each.is_told:
            key = f"{each.key.context}\x04{each.key.text}" if each.key.context else each.key.text
            name = f"{key}\x00{each.key.plural}" if each.key.plural else key
            pairs[name.encode()] = "\x00".join(each.told).encode()
    names = sorted(pairs)
    count, start = len(names), 28
    texts = [*names, *(pairs[name] for name in names)]
    offset, table = start + 16 * count, []
    for text in texts:
        table.append(struct.pack("<II", len(text), offset))
        offset += len(text) + 1
    head = struct.pack("<7I", _MAGIC, 0, count, start, start + 8 * count, 0, start + 16 * count)
    return head + b"".join(table) + b"".join(text + b"\x00" for text in texts)
