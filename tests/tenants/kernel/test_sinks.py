"""Files that are sent while they are written."""

from __future__ import annotations

from tenants.kernel.sinks import EmptiedSink


def test_what_was_written_is_taken_once_and_counted_for_good() -> None:
    sink = EmptiedSink()
    assert sink.writable()
    assert [sink.write(b"abc"), sink.write(memoryview(b"de"))] == [3, 2]
    assert (sink.size, sink.taken(), sink.size, sink.taken()) == (5, b"abcde", 0, b"")
    sink.write(b"f")
    assert (sink.tell(), sink.taken()) == (6, b"f")
