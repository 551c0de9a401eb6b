"""A line to a platform that is far away: all that is sent over it takes its time, in both directions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 256 * 1024


@contextmanager
def far_from(url: str, *, round_trip_s: float) -> Iterator[str]:
    """Another address of the same server, from which each byte needs half of this to get there, or back."""
    parts = urlsplit(url)
    line = _Line(str(parts.hostname), int(parts.port or 80), round_trip_s / 2)
    thread = threading.Thread(target=line.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{line.port()}"
    finally:
        line.close()
        thread.join()


class _Line:
    def __init__(self, host: str, port: int, delay_s: float) -> None:
        self._host, self._port, self._delay_s = host, port, delay_s
        self._loop = asyncio.new_event_loop()
        self._ready, self._here = threading.Event(), 0
        self._stop = asyncio.Event()

    def run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def port(self) -> int:
        self._ready.wait()
        return self._here

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self._here = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        writers = [back]
        try:
            far, there = await asyncio.open_connection(self._host, self._port)
            writers.append(there)
            ways = [asyncio.create_task(self._way(near, there)), asyncio.create_task(self._way(far, back))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):  # the server is away, or the line is taken down
            pass
        finally:
            for writer in writers:
                writer.close()

    async def _way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what comes, each piece after its time; those that follow are under way meanwhile."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        taking = asyncio.create_task(self._take(reader, line))
        try:
            with suppress(OSError):
                while (piece := await line.get())[1]:
                    await asyncio.sleep(piece[0] - self._loop.time())
                    writer.write(piece[1])
                    await writer.drain()
        finally:
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, line: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(_CHUNK)
            except OSError:
                data = b""
            line.put_nowait((self._loop.time() + self._delay_s, data))
