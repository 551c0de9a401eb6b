"""Line protocol: keys, values and times as senders write them, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twins.gateways import lines
from twins.gateways.errors import MessageTooLargeError
from twins.gateways.lines import MOST_LINES, MOST_POINTS, decode_lines, unread_lines
from twins.telemetry.errors import BrokenMessageError
from twins.telemetry.schemas import NO_TIME, Message

NOW_US = 1_768_464_000_000_000
NS = 1_700_000_000_000_000_000


def read(text: str | bytes, precision: str = "ns") -> Message:
    body = text.encode() if isinstance(text, str) else text
    return decode_lines(body, precision=precision, now_us=NOW_US)


def points(message: Message) -> list[tuple[str, int, float]]:
    return [
        (message.keys[int(key)], at, value)
        for key, at, value in zip(message.key, message.at.tolist(), message.value.tolist(), strict=True)
    ]


def asides(message: Message) -> list[tuple[str, str, str]]:
    return [(one.key, one.code, one.excerpt) for one in message.broken]


def test_a_line_of_telegrafs() -> None:
    message = read(f"cpu,cpu=cpu0,host=web usage_idle=98.5,usage_user=1 {NS}\n")
    assert points(message) == [
        ("cpu,cpu=cpu0,host=web.usage_idle", NS // 1000, 98.5),
        ("cpu,cpu=cpu0,host=web.usage_user", NS // 1000, 1.0),
    ]
    assert message.broken == ()
    assert (message.quality == 0).all()


def test_kinds_of_values() -> None:
    message = read(f'm i=-3i,u=4u,f=-1.5e-3,g=.5,h=2.,p=+7,t=T,f1=false,s="a b,c=d" {NS}')
    assert [(key, value) for key, _, value in points(message)] == [
        ("m.i", -3.0), ("m.u", 4.0), ("m.f", -0.0015), ("m.g", 0.5), ("m.h", 2.0), ("m.p", 7.0), ("m.t", 1.0),
        ("m.f1", 0.0),
    ]  # fmt: skip
    assert asides(message) == [("m.s", "reading.text", '"a b,c=d"')]
    assert message.broken[0].at.tolist() == [NS // 1000]


@pytest.mark.parametrize("value", ["x", "1_0", "1.5i", "-3ux", "--1", "1e", "0x10", "\u0663", "1i2"])
def test_what_is_no_number_is_set_aside_alone(value: str) -> None:
    message = read(f"m a={value},b=2 {NS}\nm c=3 {NS}")
    assert [(key, number) for key, _, number in points(message)] == [("m.b", 2.0), ("m.c", 3.0)]
    assert asides(message) == [("m.a", "reading.not_a_number", value)]


@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "+Inf"])
def test_what_is_not_finite_is_set_aside_alone(value: str) -> None:
    message = read(f"m a={value},b=2 {NS}")
    assert [key for key, _, _ in points(message)] == ["m.b"]
    assert asides(message) == [("m.a", "reading.not_finite", value)]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("cpu,host=b,cpu=0 idle=1", "cpu,cpu=0,host=b.idle"),
        (r"my\ disk,path=/Program\ Files free=1", r"my\ disk,path=/Program\ Files.free"),
        (r"a\,b,c\=d=e\,f g\ h=1", r"a\,b,c\=d=e\,f.g\ h"),
        (r"a=b x=1", "a=b.x"),
        (r"a\=b x=1", "a=b.x"),
        (r"win,path=C:\Data free=1", r"win,path=C:\Data.free"),
        ("Gerät,ort=Köln wärme=1", "Gerät,ort=Köln.wärme"),
        ('m,q="x" a=1', 'm,q="x".a'),
    ],
)
def test_the_key_is_the_same_however_it_is_written(written: str, key: str) -> None:
    for _ in range(2):  # the second time it is known
        assert points(read(f"{written} {NS}")) == [(key, NS // 1000, 1.0)]


@pytest.mark.parametrize(
    ("precision", "written"),
    [("ns", NS), ("us", NS // 1000), ("u", NS // 1000), ("ms", NS // 10**6), ("s", NS // 10**9)],
)
def test_units_of_time(precision: str, written: int) -> None:
    assert points(read(f"m a=1 {written}", precision)) == [("m.a", NS // 1000, 1.0)]


def test_a_point_without_a_time_was_measured_when_it_came() -> None:
    message = read(f"m a=1\nm b=2 {NS}\nm c=3 ")
    assert [(key, at) for key, at, _ in points(message)] == [("m.a", NOW_US), ("m.b", NS // 1000), ("m.c", NOW_US)]


def test_the_name_of_a_batch_comes_from_its_content() -> None:
    assert read("m a=1 1").batch == read("m a=1 1").batch
    assert len({read("m a=1 1").batch, read("m a=1 2").batch, read("m a=1 1", "s").batch}) == 3
    assert read("m a=1 1").batch.isalnum()
    later = decode_lines(b"m a=1", precision="ns", now_us=NOW_US + 1)
    assert later.batch != read("m a=1").batch  # the same words at another time are another point


@pytest.mark.parametrize(
    "line",
    [
        "no fields", "m ", "m,tag a=1", "m,=b a=1", "m a", "m a=", "m =1", ",t=1 a=1", "m a=1 soon", "m a=1 5 6",
        'm a="open', "m a=1,,b=2", "m\x00 a=1", f"m a=1 {10**30}", "m a=1 9223372036854775808000", "m a=1 1_0",
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_set_aside_alone(line: str) -> None:
    message = read(f"m x=1 {NS}\n{line}\nm y=2 {NS}")
    assert [key for key, _, _ in points(message)] == ["m.x", "m.y"]
    ((key, code, excerpt),) = asides(message)
    assert (key, code) == ("", "line.unreadable")
    assert excerpt.startswith("line 2: ")
    assert message.broken[0].at.tolist() == [NO_TIME]
    assert unread_lines(message.broken) == (1, excerpt)
    with pytest.raises(BrokenMessageError):
        read(line)


def test_empty_lines_comments_and_line_ends_of_windows() -> None:
    assert [key for key, _, _ in points(read(f"# said\r\n\r\n  m a=1 {NS}\r\n\n"))] == ["m.a"]
    assert points(read("")) == []


def test_a_text_may_go_on_in_the_next_line() -> None:
    message = read(f'm s="one\ntwo \\" three",b=2 {NS}\nm c=3 {NS}')
    assert [key for key, _, _ in points(message)] == ["m.b", "m.c"]
    assert asides(message) == [("m.s", "reading.text", '"one\ntwo \\" three"')]
    broken = read(f'm s="one\nm c=3 {NS}\nm d="x" {NS}')
    assert [key for key, _, _ in points(broken)] == ["m.c"]
    assert [one[1] for one in asides(broken)] == ["line.unreadable", "reading.text"]


def test_bytes_that_are_no_text_concern_their_line_only() -> None:
    message = read(b"\xff\xfe a=1 5\nm a=2 6000")
    assert points(message) == [("m.a", 6, 2.0)]
    assert [one[1] for one in asides(message)] == ["line.unreadable"]


def test_there_is_an_end_to_everything() -> None:
    with pytest.raises(MessageTooLargeError, match="lines"):
        read("m a=1\n" * (MOST_LINES + 1))
    with pytest.raises(MessageTooLargeError, match="values"):
        read("m " + ",".join(["a=1"] * (MOST_POINTS * 3)))
    wide = ",".join(f"f{n}=1" for n in range(40))
    with pytest.raises(MessageTooLargeError, match="values"):
        read(f"m {wide} 1\n" * (MOST_POINTS // 40 + 1))


def test_what_is_remembered_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST_SHAPES", 10)
    lines._shapes.clear()
    for number in range(100):
        read(f"m{number} a=1 {NS}")
    assert len(lines._shapes) <= 10


_WORD = st.text(st.characters(codec="ascii", exclude_characters='\n\r\x00,= \\"#'), min_size=1, max_size=5)
_LINES = st.lists(
    st.tuples(_WORD, st.dictionaries(_WORD, _WORD, max_size=3), st.dictionaries(
        _WORD, st.sampled_from(["1", "2.5", "3i", "t", "x", '"s"', "nan", "1e400", "5=1"]), min_size=1, max_size=4
    ), st.sampled_from(["", " 1", " 99", " x", " -7"])), max_size=6,
)  # fmt: skip


@given(_LINES)
def test_what_is_known_is_read_as_what_is_new(found: list[tuple[str, dict[str, str], dict[str, str], str]]) -> None:
    text = "\n".join(
        m + "".join(f",{k}={v}" for k, v in tags.items()) + " " + ",".join(f"{k}={v}" for k, v in fields.items()) + time
        for m, tags, fields, time in found
    )

    def outcome() -> object:
        try:
            message = read(text)
        except BrokenMessageError as error:
            return error.message
        return points(message), asides(message)

    lines._shapes.clear()
    assert outcome() == outcome()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        message = read(body)
    except BrokenMessageError:
        return
    assert message.at.size == message.value.size == message.key.size == len(message.keys)
