"""Files of the front end come from the server itself, everything else from the application behind it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from deploy.assets import Assets

SCRIPT = b"export const answer = 42;\n" * 40
Answer = tuple[int, dict[bytes, bytes], bytes]


async def others(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"another's"})


@pytest.fixture
def assets(tmp_path: Path) -> Iterator[Assets]:
    """A front end of one script, which was compressed when it was built, and one file that has no hash in its name."""
    built = tmp_path / "dist" / "assets"
    built.mkdir(parents=True)
    (built / "canvas-1a2b3c4d.js").write_bytes(SCRIPT)
    (built / "canvas-1a2b3c4d.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "dist" / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not built")
    with override_settings(STATICFILES_DIRS=[tmp_path / "dist"]):
        yield Assets(others)


async def ask(assets: Assets, path: str, method: str = "GET", **headers: str) -> Answer:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await assets({"type": "http", "path": path, "method": method, "headers": told}, None, send)  # type: ignore[arg-type]
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


SCRIPT_PATH = "/static/assets/canvas-1a2b3c4d.js"


async def test_a_built_file_is_kept_for_ever_and_tells_the_browser_what_to_enforce(assets: Assets) -> None:
    status, headers, body = await ask(assets, SCRIPT_PATH)
    assert (status, body) == (200, SCRIPT)
    assert headers[b"cache-control"] == b"max-age=315360000, public, immutable"
    assert headers[b"content-type"] == b'text/javascript; charset="utf-8"'
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cross-origin-resource-policy"] == b"same-origin"
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert b"access-control-allow-origin" not in headers


async def test_who_takes_it_gets_it_compressed(assets: Assets) -> None:
    status, headers, body = await ask(assets, SCRIPT_PATH, accept_encoding="gzip, br")
    assert (status, gzip.decompress(body)) == (200, SCRIPT)
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"vary"] == b"Accept-Encoding"


async def test_who_has_it_is_told_so(assets: Assets) -> None:
    _, headers, _ = await ask(assets, SCRIPT_PATH)
    status, _, body = await ask(assets, SCRIPT_PATH, if_none_match=headers[b"etag"].decode())
    assert (status, body) == (304, b"")


async def test_a_part_of_it_can_be_asked_for(assets: Assets) -> None:
    status, headers, body = await ask(assets, SCRIPT_PATH, range="bytes=7-11")
    assert (status, body) == (206, b"const")
    assert headers[b"content-range"] == f"bytes 7-11/{len(SCRIPT)}".encode()


async def test_nothing_but_its_head_can_be_asked_for(assets: Assets) -> None:
    status, headers, body = await ask(assets, SCRIPT_PATH, "HEAD")
    assert (status, headers[b"content-length"], body) == (200, str(len(SCRIPT)).encode(), b"")


async def test_nothing_can_be_sent_to_it(assets: Assets) -> None:
    status, headers, body = await ask(assets, SCRIPT_PATH, "POST")
    assert (status, headers[b"allow"], body) == (405, b"GET, HEAD", b"")


async def test_what_has_no_hash_in_its_name_is_soon_asked_for_again(assets: Assets) -> None:
    _, headers, body = await ask(assets, "/static/favicon.svg")
    assert (headers[b"cache-control"], body) == (b"max-age=60, public", b"<svg/>")


@pytest.mark.parametrize(
    "path", ["/", "/static/", "/static/assets/gone.js", "/static/../secret.txt", "/static/assets/canvas-1a2b3c4d.js.gz"]
)
async def test_everything_else_is_for_the_application(assets: Assets, path: str) -> None:
    assert await ask(assets, path) == (418, {}, b"another's")
