"""What the product stands on is looked at, and what does not belong there is found."""

from __future__ import annotations

import json
from email.message import Message
from pathlib import Path

import pytest

from deploy.audit import (
    EXCEPTIONS,
    PROJECT,
    REQUIREMENTS,
    faults,
    licence,
    licence_faults,
    lock_faults,
    locked_names,
    npm_advisories,
    npm_lock_faults,
    permitted,
    python_advisories,
)

HASH = "--hash=sha256:" + "a" * 64


def test_the_product_is_as_it_should_be() -> None:
    assert faults() == []


def test_every_exception_is_of_a_package_we_have() -> None:
    assert set(EXCEPTIONS) <= set(locked_names(REQUIREMENTS / "runtime.txt"))
    assert all(reason.endswith(".") for reason in EXCEPTIONS.values())


@pytest.mark.parametrize(
    ("expression", "is_permitted"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("BUSL-1.1", False),
        ("EPL-2.0 OR BSD-3-Clause", True),
        ("GPL-2.0-only OR (MIT AND Zlib)", True),
        ("MIT AND GPL-3.0-only", False),
        ("", False),
    ],
)
def test_licences(expression: str, is_permitted: bool) -> None:
    assert permitted(expression) is is_permitted


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        ([("Classifier", "License :: OSI Approved"), ("License", "BSD")], "BSD-3-Clause"),
        ([("Classifier", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"),
          ("Classifier", "License :: OSI Approved :: MIT License")], "GNU General Public License v3 (GPLv3) AND MIT"),
        ([("License", "BSD 3-Clause OR Apache-2.0")], "BSD-3-Clause OR Apache-2.0"),
        ([("Classifier", "Programming Language :: Python")], ""),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_the_metadata(headers: list[tuple[str, str]], told: str) -> None:
    about = Message()
    for name, value in headers:
        about[name] = value
    assert licence(about) == told


def test_what_is_not_installed_is_not_looked_at() -> None:
    assert licence_faults(["there-is-no-such-distribution"]) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f"idna==3.6 {HASH}", None),
        (f"idna==3.6 ; sys_platform == 'win32' {HASH} {HASH}", None),
        ("# a comment", None),
        ("idna==3.6", "has no hash"),
        ("idna==3.6 --hash=md5:abc", "has no hash"),
        (f"idna>=3.6 {HASH}", "does not pin a version"),
        (f"idna {HASH}", "does not pin a version"),
        ("--index-url https://packages.example/simple", "names a place to fetch from"),
        (f"idna @ https://packages.example/idna.whl {HASH}", "names a place to fetch from"),
    ],
)
def test_lines_of_a_lock(tmp_path: Path, line: str, fault: str | None) -> None:
    lock = tmp_path / "runtime.txt"
    lock.write_text(line.replace(" --hash", " \\\n    --hash") + "\n")
    found = list(lock_faults(lock))
    assert len(found) == (fault is not None)
    assert all(str(fault) in each for each in found)


def test_packages_of_the_front_end(tmp_path: Path) -> None:
    sound = {"integrity": "sha512-x", "license": "MIT"}
    packages = {
        "": {"license": "Apache-2.0"},
        "node_modules/sound": sound,
        "node_modules/tool": sound | {"license": "GPL-3.0", "dev": True},
        "node_modules/placed": sound | {"resolved": "https://packages.example/placed.tgz"},
        "node_modules/loose": sound | {"integrity": "sha1-x"},
        "node_modules/@scope/closed": sound | {"license": "GPL-3.0"},
    }
    lock = tmp_path / "package-lock.json"
    lock.write_text(json.dumps({"packages": packages}))
    assert list(npm_lock_faults(lock)) == [
        "package-lock.json: placed names a place to fetch from",
        "package-lock.json: loose has no digest",
        "package-lock.json: @scope/closed: its licence “GPL-3.0” is not on the list of deploy/audit.py",
    ]


def test_reports_of_known_flaws_are_read() -> None:
    told = {
        "dependencies": [
            {"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]},
            {"name": "h11", "version": "1", "vulns": []},
            {"name": "own", "version": "1", "skip_reason": "not found"},
        ]
    }
    assert python_advisories(told) == (["idna 3.6: PYSEC-2024-60, mended in 3.7"], 1)
    assert npm_advisories({"vulnerabilities": {"a": {"severity": "high"}}}) == ["a: high"]


def test_make_check_runs_it() -> None:
    assert "python -m deploy.audit\n" in (PROJECT / "Makefile").read_text()
