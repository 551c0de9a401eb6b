import { describe, expect, it } from "vitest";
import { grouped, markOf, within, type AlarmSpan } from "./spans.ts";

function span(alarm: string, start: string | null, end: string | null): AlarmSpan {
  return { alarm, name: "Hot", asset: "e1", asset_name: "Engine", signal: "t24", priority: "high", start, end };
}

const [NEW, OTHER, OLD] = [
  span("a", "2026-11-21T12:00:00Z", null),
  span("b", "2026-11-21T11:00:00Z", "2026-11-21T11:30:00Z"),
  span("a", null, "2026-11-21T10:00:00Z"),
];

describe("spans of alarms", () => {
  it("are cut to what is looked at", () => {
    const [from, to] = [Date.parse("2026-11-21T09:00:00Z"), Date.parse("2026-11-21T13:00:00Z")];
    expect(within(OLD, [from, to])).toEqual([from, Date.parse("2026-11-21T10:00:00Z")]);
    expect(within(NEW, [from, to])).toEqual([Date.parse("2026-11-21T12:00:00Z"), to]);
  });

  it("are told by alarm, each under one mark", () => {
    const all = [NEW, OTHER, OLD];
    expect(grouped(all)).toEqual([[NEW, OLD], [OTHER]]);
    expect(all.map((each) => markOf(each, all))).toEqual(["A1", "A2", "A1"]);
  });
});
