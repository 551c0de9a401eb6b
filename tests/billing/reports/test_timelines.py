"""The period of a report under every clause that measures time: pictures, outages, and what each of them rests on."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from django.utils.translation import override

from billing.reports.bundles import Bundle
from billing.reports.content import report_content
from billing.reports.document import timeline_svgs
from billing.reports.outages import SHORT
from billing.reports.schemas import Bar, Content, TimelineRow
from billing.reports.timelines import MOST_ROWS, folded
from tenants.kernel.canonical import digest
from tests.billing.outcomes.documents import Json, a_state
from tests.billing.reports.settled import ASSETS, CLAUSES, CONTRACT, Case

KNOWN = "2026-04-01T00:00:00Z"
UPTIME, LOADING, ENERGY, COLD = CLAUSES
REPAIR = UPTIME | {"id": "repair", "indicator": {"kind": "response", "within": "PT4H"}, "remedies": []}


def content_of(case: Case) -> Content:
    """What the report of a case says, settled as it is now."""
    case.settle()
    return report_content(Bundle.read(case.report()), None)


def told(content: Content) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """The timelines: clauses, the one that is disputed, and asset, span and hours of each outage."""
    return [
        (one.title, one.clause, [(row.asset, row.span, row.hours) for row in one.outages]) for one in content.timelines
    ]


OUTAGES = [
    ("E-1", "15 Mar 2026 09:00 to 15 Mar 2026 15:30", "6.50"),
    ("E-1", "29 Mar 2026 10:00 to 29 Mar 2026 12:00", "2.00"),
    ("E-2", "20 Mar 2026 09:00 to 20 Mar 2026 13:00", "4.00"),
]


class TestWhichAreDrawn:
    def test_each_clause_that_measures_time_has_its_own_and_the_others_none(self) -> None:
        content = content_of(Case())
        assert told(content) == [("Uptime", "uptime", OUTAGES), ("Cold", "cold", [])]
        assert [[row.names for row in one.rows] for one in content.timelines] == [[("E-1",), ("E-2",)], [("E-1",)]]
        labels = [ET.fromstring(picture).get("aria-label") for picture in timeline_svgs(content)]
        assert labels == [f"What the time of each asset counted as: {name}" for name in ("Uptime", "Cold")]

    def test_the_second_clauses_outages_are_told_though_the_first_has_none(self) -> None:
        case = Case(clauses=[COLD, UPTIME])
        case.segments[0]["conditions"]["cold"] = [a_state("2026-02-01T00:00:00Z", "2026-04-30T00:00:00Z", "up", KNOWN)]
        assert told(content_of(case)) == [("Cold", "cold", []), ("Uptime", "uptime", OUTAGES)]

    def test_clauses_that_cut_the_period_alike_are_drawn_once(self) -> None:
        assert told(content_of(Case(clauses=[UPTIME, COLD, REPAIR]))) == [
            ("Uptime and Repair", "", OUTAGES), ("Cold", "cold", []),
        ]  # fmt: skip
        with override("de"):
            assert content_of(Case(clauses=[UPTIME, REPAIR])).timelines[0].title == "Uptime und Repair"

    def test_the_same_assets_under_another_calendar_are_drawn_again(self) -> None:
        always = UPTIME | {"id": "always", "calendar": None}
        assert [one.title for one in content_of(Case(clauses=[UPTIME, always])).timelines] == ["Uptime", "Always"]

    def test_two_conditions_are_told_apart_though_they_held_at_the_same_time(self) -> None:
        case = Case(clauses=[COLD])
        dry = COLD | {"id": "dry", "indicator": {"kind": "availability", "of": "dry"}}
        case.contract["terms"]["clauses"].append(dry)
        for each in (*case.segments, *case.assumed):
            each["conditions"] = each["conditions"] | {"dry": each["conditions"]["cold"]}
        assert [(one.title, one.clause) for one in content_of(case).timelines] == [("Cold", "cold"), ("Dry", "dry")]

    def test_one_clause_alone_needs_no_name(self) -> None:
        assert told(content_of(Case(clauses=[UPTIME]))) == [("", "", OUTAGES)]

    def test_where_no_clause_measures_time_the_period_is_drawn_and_no_outage_counts(self) -> None:
        content = content_of(Case(clauses=[LOADING, ENERGY]))
        assert told(content) == [("Loading", "loading", [])]
        assert [one.counts for one in content.timelines] == [False]


class TestWhatTheyRestOn:
    def test_each_names_what_was_reported_when_and_the_segment(self) -> None:
        case = Case(clauses=[UPTIME])
        case.segments[0]["rule"], case.segments[1]["rule"] = {"name": "flights"}, {"name": "signals"}
        (timeline,) = content_of(case).timelines
        segments = [digest(one) for one in case.segments]
        assert [(row.reported, row.received, row.digests) for row in timeline.outages] == [
            ("Down, by a failure or a visit that was reported", "15 Mar 2026 16:00", (segments[0],)),
            ("Down, by a failure or a visit that was reported", "29 Mar 2026 13:00", (segments[0],)),
            ("Nothing is known; the contract counts that as down", "21 Mar 2026 01:00", (segments[1],)),
        ]
        assert [(one.asset, one.digest) for one in timeline.sealed] == [("E-1", segments[0]), ("E-2", segments[1])]
        assert timeline.outages[0].shorts == ((segments[0][:SHORT], segments[0]),)

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ({"name": "signals"}, "Down, by the signals or by a failure or a visit that was reported"),
            ({"words": "of the type"}, "Down, as it was reported"),
        ],
    )
    def test_the_kind_of_evidence_is_that_of_the_segments_rule(self, rule: Json, said: str) -> None:
        case = Case(clauses=[UPTIME])
        case.segments[0]["rule"] = rule
        assert content_of(case).timelines[0].outages[0].reported == said

    def test_one_that_several_reports_tell_of_names_the_first_and_the_last(self) -> None:
        case = Case(clauses=[UPTIME])
        case.segments[1]["states"] = [
            a_state("2026-03-11T06:00:00Z", "2026-03-11T07:00:00Z", received="2026-03-11T08:00:00Z"),
            a_state("2026-03-11T07:00:00Z", "2026-03-11T08:00:00Z", received="2026-03-11T08:00:00Z"),
            a_state("2026-03-11T08:00:00Z", "2026-03-11T10:00:00Z", received="2026-03-12T08:00:00Z"),
        ]
        (row,) = [row for row in content_of(case).timelines[0].outages if row.asset == "E-2"]
        assert (row.hours, row.received) == ("4.00", "11 Mar 2026 09:00 to 12 Mar 2026 09:00, 2 reports")

    def test_an_asset_that_was_down_to_begin_with_has_no_report(self) -> None:
        case = Case(clauses=[UPTIME | {"calendar": None}])
        case.segments[1] |= {"initial": "down", "states": []}
        (row,) = [row for row in content_of(case).timelines[0].outages if row.asset == "E-2"]
        assert (row.reported, row.received, row.digests) == ("Down from the start", "–", (digest(case.segments[1]),))

    def test_a_condition_is_named(self) -> None:
        case = Case(clauses=[COLD | {"gaps": {"policy": "as_down"}}])
        case.segments[0]["conditions"]["cold"] = [
            a_state("2026-02-01T00:00:00Z", "2026-03-21T00:00:00Z", "up", KNOWN),
            a_state("2026-03-21T00:00:00Z", "2026-03-21T06:00:00Z", "down", "2026-03-22T00:00:00Z"),
            a_state("2026-03-21T06:00:00Z", "2026-04-30T00:00:00Z", "up", KNOWN),
        ]
        (row,) = content_of(case).timelines[0].outages
        assert (row.reported, row.received, row.hours) == (
            "cold did not hold, by the signals", "22 Mar 2026 01:00", "6.00"
        )  # fmt: skip

    def test_one_that_a_dispute_brought_names_the_correction_beside_the_segment(self) -> None:
        case = Case(clauses=[UPTIME])
        case.corrections = [
            {
                "correction": "c", "contract": CONTRACT, "dispute": "d" * 64, "asset": ASSETS[0], "of": None,
                "from": "2026-03-10T08:00:00Z", "to": "2026-03-10T10:00:00Z", "state": "down",
                "decided_by": "finance", "decided_at": "2026-04-02T00:00:00Z",
            }
        ]  # fmt: skip
        row = content_of(case).timelines[0].outages[0]
        assert (row.span, row.reported, row.received) == (
            "10 Mar 2026 09:00 to 10 Mar 2026 11:00", "Down, as a dispute was decided", "2 Apr 2026 02:00"
        )  # fmt: skip
        assert row.digests == (digest(case.segments[0]), digest(case.corrections[0]))


class TestManyAssets:
    UP, DOWN = (Bar(0, 1, "up"),), (Bar(0, 0.5, "up"), Bar(0.5, 1, "down"))

    def test_few_are_drawn_each_by_itself(self) -> None:
        rows = [(f"E-{number}", self.UP) for number in range(MOST_ROWS)]
        assert folded(rows) == [TimelineRow((name,), self.UP) for name, _ in rows]

    def test_of_many_those_that_went_alike_are_one_row_below_the_others(self) -> None:
        rows = [(f"E-{number}", self.DOWN if number == 7 else self.UP) for number in range(MOST_ROWS + 1)]
        others = tuple(name for name, bars in rows if bars == self.UP)
        assert folded(rows) == [TimelineRow(("E-7",), self.DOWN), TimelineRow(others, self.UP)]
