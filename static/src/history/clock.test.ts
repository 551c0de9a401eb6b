import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY } from "./address.ts";
import { before, offsetInWords, ticks, tickTexts } from "./clock.ts";

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = "Europe/Berlin";
});
afterAll(() => {
  process.env.TZ = zone;
});

const iso = (moments: number[]): string[] => moments.map((each) => new Date(each).toISOString());

describe("a period before", () => {
  it("is at the same time of the clock, over both changes of it", () => {
    const [spring, autumn] = [Date.parse("2026-03-30T07:00:00Z"), Date.parse("2026-10-26T08:00:00Z")];
    expect(iso([before(spring, 7 * DAY), before(autumn, 7 * DAY)])).toEqual([
      "2026-03-23T08:00:00.000Z",
      "2026-10-19T07:00:00.000Z",
    ]);
    expect(before(spring, DAY)).toBe(Date.parse("2026-03-29T07:00:00Z"));
  });

  it("is as long ago as it says when that is no whole days", () => {
    expect(before(10_000_000, 3_600_000)).toBe(6_400_000);
  });
});

describe("ticks", () => {
  it("stand at round times of the clock", () => {
    expect(iso(ticks([Date.parse("2026-11-21T15:13:20Z"), Date.parse("2026-11-21T15:28:20Z")], 4))).toEqual([
      "2026-11-21T15:15:00.000Z",
      "2026-11-21T15:20:00.000Z",
      "2026-11-21T15:25:00.000Z",
    ]);
  });

  it("stay at midnight and noon through the day that has 25 hours", () => {
    const found = ticks([Date.parse("2026-10-24T22:00:00Z"), Date.parse("2026-10-26T23:00:00Z")], 5);
    expect(iso(found)).toEqual([
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T11:00:00.000Z",
      "2026-10-25T23:00:00.000Z",
      "2026-10-26T11:00:00.000Z",
    ]);
    expect(tickTexts(found, "de")).toEqual(["00:00<br>25. Okt. 2026", "12:00", "00:00<br>26. Okt. 2026", "12:00"]);
  });

  it("of months and years are their first days", () => {
    const found = ticks([Date.parse("2025-02-10T00:00:00Z"), Date.parse("2026-02-10T00:00:00Z")], 5);
    expect(tickTexts(found, "en")).toEqual(["Apr 2025", "Jul 2025", "Oct 2025", "Jan 2026"]);
  });

  it("tell the offset", () => {
    expect([offsetInWords(7_200_000), offsetInWords(-12_600_000), offsetInWords(0)]).toEqual([
      "UTC+02:00",
      "UTC−03:30",
      "UTC",
    ]);
  });
});
