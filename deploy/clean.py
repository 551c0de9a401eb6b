"""Remove what the demonstration made and what was built: ``python -m deploy.clean``. Sources and ``.venv`` stay."""

from __future__ import annotations

import shutil
import sys

from deploy import catalogues, frontend
from deploy.embedded.locks import FileLock
from deploy.embedded.places import Home, ServerError, told


def remove_home(home: Home) -> None:
    """Remove the folder of the servers with all their data, and their places outside it.

    Raises:
        ServerError: They run, or the folder holds what is not ours.
    """
    if not home.path.exists():
        return
    if not home.marker.exists():
        raise ServerError(
            f"{home.path} was not made by Outturn, or held something before",
            kept="Nothing was removed",
            fix="Remove what you do not need by hand",
        )
    with FileLock(home.run / "users") as users:
        if not users.take():
            raise ServerError(f"Something runs in {home.path}", kept="Nothing was removed", fix="Stop it first")
        for folder in (*home.outside, home.path):
            if folder.exists():
                shutil.rmtree(folder)


def main() -> None:
    """Clean up; end with status 1 and a reason when that would break something."""
    try:
        remove_home(Home.named())
    except ServerError as error:
        sys.exit(told(error))
    frontend.clean()
    catalogues.clean()


if __name__ == "__main__":
    main()
