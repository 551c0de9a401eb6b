"""The catalogues are whole for end customers, agree with their sources, and are what gettext reads."""

from __future__ import annotations

import gettext
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from deploy.catalogues import DOMAINS, catalogue, languages
from deploy.catalogues.__main__ import build
from deploy.catalogues.extract import ExtractError, keys_of, strings
from deploy.catalogues.po import CatalogueError, Key, Message, compiled, read, write
from tests.deploy.catalogues.face import FACE, SETTLING, is_of_the_face

_FILLED = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


def filled(text: str) -> list[str]:
    """What is filled into a text, sorted."""
    return sorted(match.group(0) for match in _FILLED.finditer(text.replace("%%", "")))


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_an_end_customer_sees_is_all_in_german(domain: str) -> None:
    known = read(catalogue("de", domain))
    missing = [
        f"{key.text!r} of {places[0]}"
        for key, places in strings(domain).items()
        if (domain == "sentences" or any(map(is_of_the_face, places)))
        and not (key in known and known[key].is_told)
    ]  # fmt: skip
    assert missing == [], "translate them in locale/de; `python -m deploy.catalogues update` takes up what is new"


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_translation_is_filled_with_what_its_text_is_filled_with(domain: str) -> None:
    for key, message in read(catalogue("de", domain)).items():
        for form, told in enumerate(message.told):
            if told:
                wanted = filled(key.plural if form else key.text)
                assert sorted(set(filled(told))) == sorted(set(wanted)), key.text
                assert told.count("<") == key.text.count("<"), key.text
                assert (told.endswith("\n"), told != told.strip()) == (key.text.endswith("\n"), False), key.text


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_text_is_asked_for_with_and_without_a_plural(domain: str) -> None:
    """Pages hand a text to the browser under one key, and gettext knows the two apart in memory alone."""
    asked = [(key.context, key.text) for key in strings(domain)]
    assert sorted({each for each in asked if asked.count(each) > 1}) == []


def test_each_pattern_of_the_face_names_files_with_strings() -> None:
    places = {place for domain in DOMAINS for found in strings(domain).values() for place in found}
    assert [pattern for pattern in (*FACE, *SETTLING) if not any(fnmatch(place, pattern) for place in places)] == []
    assert is_of_the_face("templates/reports/_body.html")
    assert not is_of_the_face("templates/composer/list.html")


@pytest.mark.parametrize("domain", DOMAINS)
def test_gettext_reads_what_is_compiled(domain: str, tmp_path: Path) -> None:
    known = read(catalogue("de", domain))
    (tmp_path / "x.mo").write_bytes(compiled("de", known))
    with (tmp_path / "x.mo").open("rb") as file:
        found = gettext.GNUTranslations(file)
    for key, message in known.items():
        if not message.is_told:
            continue
        if key.plural:
            assert [found.ngettext(key.text, key.plural, count) for count in (1, 2)] == list(message.told)
        elif key.context:
            assert found.pgettext(key.context, key.text) == message.told[0]
        else:
            assert found.gettext(key.text) == message.told[0]


def test_what_was_compiled_is_of_the_catalogues_as_they_are() -> None:
    build()
    assert build() == 0
    for language in languages():
        for domain in DOMAINS:
            path = catalogue(language, domain)
            assert path.with_suffix(".mo").read_bytes() == compiled(language, read(path))


def test_a_catalogue_is_written_as_it_was_read(tmp_path: Path) -> None:
    messages = [
        Message(Key("", 'Say "hello"\\n', ""), ("Sag „hallo“",), ("a.py", "b.html")),
        Message(Key("deed", "Share", ""), ("Teilen",)),
        Message(Key("", "%(n)s day", "%(n)s days"), ("%(n)s Tag", "%(n)s Tage")),
        Message(Key("", "Two\nlines\n", ""), ("Zwei\nZeilen\n",), (), is_fuzzy=True),
        Message(Key("", "New", ""), ("",)),
    ]
    write(tmp_path / "x.po", "de", messages)
    found = read(tmp_path / "x.po")
    assert list(found.values()) == messages
    assert [message.is_told for message in found.values()] == [True, True, True, False, False]
    write(tmp_path / "y.po", "de", found.values())
    assert (tmp_path / "x.po").read_bytes() == (tmp_path / "y.po").read_bytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('msgid "a"\nmsgstr b\n', "msgstr b is no line of a catalogue"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', "'a' stands in the catalogue twice"),
    ],
)
def test_what_is_no_catalogue(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.po").write_text(text)
    with pytest.raises(CatalogueError, match=told):
        read(tmp_path / "x.po")


def test_strings_are_found_where_they_stand(tmp_path: Path) -> None:
    template, program, script = (tmp_path / name for name in ("x.html", "x.py", "x.ts"))
    template.write_text(
        '{% load i18n %}{% translate "Up to 5 %" %}{% translate "Share" context "deed" %}'
        "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"
    )
    program.write_text('_("a")\npgettext("c", "b")\nngettext("1", "2", n)\n_(name)\n')
    script.write_text('gettext("now"); ngettext("{count} byte", "{count} bytes", 3); gettext(text)')
    assert list(keys_of(template)) == [
        Key("", "Up to 5 %%", ""), Key("deed", "Share", ""), Key("", "%(n)s day", "%(n)s days"),
    ]  # fmt: skip
    assert set(keys_of(program)) == {Key("", "a", ""), Key("c", "b", ""), Key("", "1", "2")}
    assert list(keys_of(script)) == [Key("", "now", ""), Key("", "{count} byte", "{count} bytes")]


@pytest.mark.parametrize("call", ['_(f"{n} days")', '_("a" + b)', 'ngettext("1", f"{n}", n)'])
def test_a_string_that_is_put_together_is_refused(tmp_path: Path, call: str) -> None:
    (tmp_path / "x.py").write_text(call)
    with pytest.raises(ExtractError, match="is a constant; fill it in afterwards"):
        list(keys_of(tmp_path / "x.py"))
