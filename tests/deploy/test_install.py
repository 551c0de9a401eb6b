from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.install import install, main


def _wheel(folder: Path) -> tuple[Path, str]:
    """A wheel of one module, and its SHA-256."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "ANSWER = 42\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_environment_is_made_once_and_follows_its_file(tmp_path: Path) -> None:
    environment, requirements = tmp_path / "venv", tmp_path / "runtime.txt"
    python = environment / "bin" / "python"
    wheel, digest = _wheel(tmp_path)
    requirements.write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    assert install(requirements, environment) is True
    found = subprocess.run(
        [python, "-c", "import tiny; print(tiny.ANSWER)"], capture_output=True, text=True, check=True
    )
    assert found.stdout == "42\n"
    assert install(requirements, environment) is False

    requirements.write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            install(requirements, environment)

    requirements.write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    assert install(requirements, environment) is False
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert install(requirements, environment) is True
    assert subprocess.run([python, "-c", "import tiny"], check=False).returncode == 0


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))
    with pytest.raises(SystemExit, match=r"Outturn needs Python 3\.11 or newer"):
        main("runtime")
