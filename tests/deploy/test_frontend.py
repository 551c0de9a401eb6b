from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from deploy.frontend import BuildError, build, clean, install

BUILD = "const fs = require('fs'); fs.mkdirSync('dist'); fs.copyFileSync('src/page.js', 'dist/page.js')"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A front end without packages, whose build copies one file, beside a template."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text("one")
    tmp_path /= "static"
    tmp_path.mkdir()
    package = {"name": "pages", "version": "1.0.0"}
    script = {"build": "node build.cjs"}
    (tmp_path / "package.json").write_text(json.dumps({**package, "scripts": script}))
    (tmp_path / "package-lock.json").write_text(
        json.dumps({**package, "lockfileVersion": 3, "requires": True, "packages": {"": package}})
    )
    (tmp_path / "build.cjs").write_text(BUILD)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/page.js").write_text("1")
    (tmp_path / "node_modules").mkdir()
    return tmp_path


def test_it_is_built_when_something_has_changed_and_only_then(static: Path) -> None:
    assert build(static) is True
    assert (static / "dist/page.js").read_text() == "1"
    assert build(static) is False
    (static / "src/page.js").write_text("2")
    (static / "dist/page.js").unlink()
    (static / "build.cjs").write_text(BUILD.replace("fs.mkdirSync('dist'); ", ""))
    assert build(static) is True
    assert (static / "dist/page.js").read_text() == "2"
    (static.parent / "templates/page.html").write_text("two")
    assert build(static) is True
    assert build(static) is False
    clean(static)
    assert not (static / "dist").exists()
    assert (static / "src/page.js").exists()


def test_who_can_read_it_gets_what_was_built_compressed(static: Path) -> None:
    text = "export const words = 'again and again';\n" * 100
    (static / "src/page.js").write_text(text)
    assert build(static) is True
    packed = (static / "dist/page.js.gz").read_bytes()
    assert gzip.decompress(packed).decode() == text
    assert len(packed) < len(text) / 10


def test_a_build_that_fails_is_not_taken_for_done(static: Path) -> None:
    (static / "build.cjs").write_text(f"{BUILD}; process.exit(3)")
    with pytest.raises(BuildError, match="`npm run build` ended with status 3"):
        build(static)
    assert not (static / "dist/.built").exists()


def test_packages_are_installed_once_for_each_lock_file(static: Path) -> None:
    assert install(static) is True
    assert install(static) is False
    lock = static / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert install(static) is True
    lock.write_text("{")
    with pytest.raises(BuildError, match=r"`npm ci .*` ended with status 1"):
        install(static)
