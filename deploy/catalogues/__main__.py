"""``python -m deploy.catalogues`` compiles the catalogues; with ``update`` it takes up what the sources ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy.catalogues import DOMAINS, catalogue, languages
from deploy.catalogues.extract import ExtractError, strings
from deploy.catalogues.po import CatalogueError, Message, compiled, read, write


def update() -> None:
    """Bring the catalogues in line with the sources: what is new waits for a translation, what is gone goes."""
    for domain in DOMAINS:
        found = strings(domain)
        for language in languages():
            path = catalogue(language, domain)
            known = read(path)
            messages = []
            for key, places in found.items():
                old = known.get(key, Message(key))
                messages.append(Message(key, old.told, tuple(places), old.is_fuzzy))
            write(path, language, messages)


def build() -> int:
    """Compile each catalogue that changed since.

    Returns:
        How many were compiled.
    """
    done = 0
    for language in languages():
        for domain in DOMAINS:
            path = catalogue(language, domain)
            data, target = compiled(language, read(path)), path.with_suffix(".mo")
            if not target.exists() or target.read_bytes() != data:
                _put(target, data)
                done += 1
    return done


def _put(target: Path, data: bytes) -> None:
    """Write a file as a whole: whoever reads it meanwhile has the old one."""
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(target)


def main(deed: str | None) -> None:
    """Compile, after taking up new strings when asked to; end with status 1 and a reason when it cannot be done."""
    try:
        if deed == "update":
            update()
        print("Catalogues: ", end="", flush=True)
        print("compiled." if build() else "as they should be.")
    except (CatalogueError, ExtractError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
