"""What holds for the project as a whole: sizes, licences, lock files, no shortcuts around the architecture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOMAINS = ("tenants", "twins", "billing", "analytics", "deploy")
ONE_FILE_BY_DESIGN = {"billing/reports/verifier.py"}  # a customer downloads and runs it
LOCKS = ("deploy/requirements/runtime.txt", "deploy/requirements/development.txt", "static/package-lock.json")
WEAK_COPYLEFT = re.compile(r"LGPL|Lesser", re.IGNORECASE)
STRONG_COPYLEFT = re.compile(r"\b(A?GPL|BUSL|SSPL)|Affero|GNU General|Business Source", re.IGNORECASE)
PERMISSIVE_TOO = re.compile(r"\bOR\b|MPL|Mozilla|EPL|Eclipse", re.IGNORECASE)


def code() -> Iterator[Path]:
    for domain in DOMAINS:
        yield from (path for path in (ROOT / domain).rglob("*.py") if "migrations" not in path.parts)


def test_a_file_over_400_lines_is_two_things() -> None:
    long = {
        f"{path.relative_to(ROOT)}: {lines}"
        for path in [*code(), *(ROOT / "static" / "src").rglob("*.ts*"), *(ROOT / "tests").rglob("*.py")]
        if (lines := len(path.read_text().splitlines())) > 400 and str(path.relative_to(ROOT)) not in ONE_FILE_BY_DESIGN
    }
    assert long == set()


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\bapps\.get_model\(",
        r"django\.dispatch|post_save|pre_save|post_delete",
        r"\b(TODO|FIXME|XXX)\b",
        r"time\.sleep\(\d{2}",
        r"asyncio\.wait_for\(",  # Python 3.11 loses a cancellation that meets its end; asyncio.timeout does not
    ],
)
def test_what_no_file_says(forbidden: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in code() if re.search(forbidden, path.read_text())]
    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|--index-url|--extra-index-url|\"resolved\"", text)


@pytest.mark.parametrize("name", LOCKS[:2])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    requirements = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    loose = [each.splitlines()[0] for each in requirements if "==" not in each or "--hash=sha256:" not in each]
    assert loose == []


def test_runtime_licences_are_permissive_or_weak_copyleft() -> None:
    names = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[.*\])?==", (ROOT / LOCKS[0]).read_text(), re.MULTILINE)
    assert len(names) > 50
    strong = []
    for name in names:
        try:
            data = distribution(name).metadata
        except PackageNotFoundError:  # for another system than this one
            continue
        licence = " ".join(data.get_all("License-Expression") or data.get_all("License") or [])
        words = " ".join([licence[:200], *(each for each in data.get_all("Classifier") or [] if "License" in each)])
        if STRONG_COPYLEFT.search(WEAK_COPYLEFT.sub("", words)) and not PERMISSIVE_TOO.search(words):
            strong.append(f"{name}: {words}")
    assert strong == []
