"""The addresses of the embedded PostgreSQL, apart from all that it takes to run it: the broker is told them too."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode

from deploy.embedded.places import Home

DATABASE = "outturn"
ROLES = {
    "DATABASE_URL": "outturn_app",
    "DATABASE_OWNER_URL": "outturn_owner",
    "DATABASE_INGEST_URL": "outturn_ingest",
}


def database_addresses(home: Home) -> dict[str, str]:
    """The variables that tell how to reach the database, each as another role."""
    return {variable: database_address(home, DATABASE, role) for variable, role in ROLES.items()}


def database_address(home: Home, database: str, role: str) -> str:
    """An address for libpq: ``postgresql:///DATABASE?host=FOLDER&user=ROLE&password=PASSWORD``, percent-encoded."""
    parts = {"host": str(socket_folder(home)), "user": role, "password": home.secret(role)}
    return f"postgresql:///{database}?" + urlencode(parts, safe="/", quote_via=quote)


def socket_folder(home: Home) -> Path:
    """Where PostgreSQL's socket is."""
    folder, _ = home.postgres()
    return home.socket_folder(folder / "socket", ".s.PGSQL.5432")
