import { describe, expect, it } from "vitest";
import { addressOf, DAY, panned, viewOf, zoomed } from "./address.ts";
import { lineOf, question, type SignalHistory } from "./data.ts";

const ENGINE = "0198a0b0-0000-7000-8000-000000000001";
const NOW = Date.UTC(2026, 0, 2);

function history(columns: SignalHistory["columns"], gaps: [number, number][] = []): SignalHistory {
  return { asset: ENGINE, asset_name: "Engine", key: "t24", name: "Temperature", unit: "K", columns, gaps };
}

describe("the address", () => {
  it("shows the last day of the usual signals when it says nothing", () => {
    const view = viewOf(new URLSearchParams(), [`${ENGINE}/t24`], NOW);
    expect(view.stretch).toEqual([NOW - DAY, NOW]);
    expect(view.signals).toEqual([`${ENGINE}/t24`]);
  });

  it("comes back as it went", () => {
    const asked = viewOf(
      new URLSearchParams(
        `signal=${ENGINE}/t24&signal=${ENGINE}/t30&from=2026-01-01T00:00:00Z&to=2026-01-01T06:00:00Z&past=604800&view=table`,
      ),
      [],
      NOW,
    );
    expect(asked.past).toBe(7 * DAY);
    expect(viewOf(new URLSearchParams(addressOf(asked)), [], NOW)).toEqual(asked);
    const none = { ...asked, signals: [], span: 3_600_000, stretch: [NOW - 3_600_000, NOW] as [number, number] };
    expect(viewOf(new URLSearchParams(addressOf(none)), [`${ENGINE}/t24`], NOW)).toEqual(none);
  });

  it("leaves out what is no signal, and a stretch that ends before it begins", () => {
    const view = viewOf(new URLSearchParams("signal=javascript:1&from=2026-01-02&to=2026-01-01&span=-5"), [], NOW);
    expect([view.signals, view.span]).toEqual([[], 1000]);
  });

  it("pans and zooms", () => {
    expect(panned([0, 100], 0.25)).toEqual([25, 125]);
    expect(zoomed([0, 4000], 0.5)).toEqual([1000, 3000]);
    expect(zoomed([0, 1000], 0.5)).toEqual([0, 1000]);
  });
});

describe("a line", () => {
  it("is lifted over a gap between points, and tells what is doubtful", () => {
    const line = lineOf(
      history({ at: [0, 1000, 9000, 10_000, 11_000], value: [1, 2, 3, 4, 5], quality: [0, 0, 2, 1, 0] }, [
        [1000, 9000],
      ]),
    );
    expect(line.times).toEqual([0, 1, 5, 9, 10, 11]);
    expect(line.values).toEqual([1, 2, null, 3, 4, 5]);
    expect(line.doubtful).toEqual([[9, 10]]);
  });

  it("joins points that left-out ones stood between", () => {
    expect(lineOf(history({ at: [0, 9000], value: [1, 2], quality: [0, 0] })).values).toEqual([1, 2]);
  });

  it("goes through the means of buckets, moved to the period it is compared with", () => {
    const line = lineOf(
      history(
        {
          start: [0, 2000, 8000],
          end: [2000, 4000, 10_000],
          avg: [1, 2, 3],
          min: [0, 1, 2],
          max: [2, 3, 4],
          count: [5, 6, 7],
          doubtful: [1, 2, 0],
        },
        [[4000, 8000]],
      ),
      (moment) => moment + 100,
    );
    expect(line.times).toEqual([101, 103, 106, 109]);
    expect(line.values).toEqual([1, 2, null, 3]);
    expect(line.low).toEqual([0, 1, null, 2]);
    expect(line.doubtful).toEqual([[100, 104]]);
  });

  it("is asked for by name and time", () => {
    expect(question(["a/b"], [0, 1000], { n: "5" })).toBe(
      "n=5&signal=a%2Fb&start=1970-01-01T00%3A00%3A00.000Z&end=1970-01-01T00%3A00%3A01.000Z",
    );
  });
});
