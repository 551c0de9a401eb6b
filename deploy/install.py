"""Install what a requirements file names into ``.venv``: ``python3 -m deploy.install runtime`` (or ``development``).

It runs on the standard library of whatever Python 3.11 or newer the machine has, and does nothing when the
environment was made of the same file by the same Python before.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".venv"
REQUIREMENTS = PROJECT / "deploy" / "requirements"
_OLDEST = (3, 11)


def install(requirements: Path, environment: Path) -> bool:
    """Make the environment if there is none that works, and install the packages into it.

    Args:
        requirements: The file that names the packages, their versions and hashes.
        environment: The folder of the environment.

    Returns:
        Whether there was anything to do.

    Raises:
        subprocess.CalledProcessError: The environment cannot be made or a package not be installed.
    """
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp, python = environment / f".{requirements.stem}-installed", environment / "bin" / "python"
    works = _works(python)
    if works and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return False
    if not works:
        venv.create(environment, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, "--quiet", "--requirement", str(requirements)], check=True)
    stamp.write_text(digest, encoding="utf-8")
    return True


def _works(python: Path) -> bool:
    """Whether the environment's Python runs, is new enough and has pip: one whose Python was replaced does not."""
    question = f"import pip, sys; sys.exit(sys.version_info < {_OLDEST})"
    return (
        python.exists() and subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0
    )


def main(kind: str) -> None:
    """Install one kind, telling that it takes a while; end with status 1 and a reason when it cannot be done."""
    if sys.version_info < _OLDEST:
        sys.exit(f"Outturn needs Python {_OLDEST[0]}.{_OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
    try:
        print(f"Python packages for {kind}: ", end="", flush=True)
        print("installed." if install(REQUIREMENTS / f"{kind}.txt", ENVIRONMENT) else "as they should be.")
    except subprocess.CalledProcessError as error:
        if "ensurepip" in error.cmd:
            shutil.rmtree(ENVIRONMENT)
            sys.exit("Python cannot make environments here; on Debian and Ubuntu install the package python3-venv.")
        sys.exit(f"pip ended with status {error.returncode}; run the same command again when the cause is mended.")


if __name__ == "__main__":
    main(sys.argv[1])
